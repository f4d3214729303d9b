#!/bin/bash

# Allow user supplied pre userdata code


# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca 'Q0VSVElGSUNBVEU=' --apiserver-endpoint 'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com' --enable-docker-bridge 'false' --dns-cluster-ip '192.168.0.10' --kubelet-extra-args '' 'learning'

# Allow user supplied userdata code
