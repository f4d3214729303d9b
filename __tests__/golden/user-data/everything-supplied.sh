#!/bin/bash

# Allow user supplied pre userdata code
echo "${HOME} 준비"

# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca 'Q0VSVElGSUNBVEU=' --apiserver-endpoint 'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com' --enable-docker-bridge 'true' --kubelet-extra-args '--node-labels=team=a,owner='\''kim'\'' --max-pods=20' 'learning'

# Allow user supplied userdata code
echo '100%{done}'