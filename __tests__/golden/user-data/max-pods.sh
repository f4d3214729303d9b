#!/bin/bash

# Allow user supplied pre userdata code


# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca 'Q0VSVElGSUNBVEU=' --apiserver-endpoint 'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com' --enable-docker-bridge 'false' --use-max-pods 'false' --kubelet-extra-args '--max-pods=110 --v=4' 'learning'

# Allow user supplied userdata code
