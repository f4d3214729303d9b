#!/bin/bash

# Allow user supplied pre userdata code


# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca 'Q0VSVElGSUNBVEU=' --apiserver-endpoint 'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com' --enable-docker-bridge 'false' --kubelet-extra-args '--node-labels=empty=,example.com/pool=batch-1,team=a --register-with-taints=dedicated=batch:NoSchedule,dedicated=batch:NoExecute,example.com/gpu=:PreferNoSchedule' 'learning'

# Allow user supplied userdata code
