#!/bin/bash

# Allow user supplied pre userdata code
echo first
echo second


# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca 'Q0VSVElGSUNBVEU=' --apiserver-endpoint 'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com' --enable-docker-bridge 'false' --kubelet-extra-args '' 'learning'

# Allow user supplied userdata code
if true; then
  echo joined
fi