# The workshop as one would build it today: a version that EKS offers, Amazon Linux 2023 from a launch template, access
# entries instead of aws-auth, a bastion with a role of its own, add-ons, and pods with their own IAM roles.
#
# AMIs differ from region to region and are replaced every few weeks: `eks pin` shows those of today. These are the
# emulated account's. Everybody has to say kubectl_ec2_keypair and kubectl_ssh_cidrs besides.

eks_version             = "1.35"
upgrade_policy          = "STANDARD" # no extended support, which costs six times as much
authentication_mode     = "API"
kubectl_own_role        = true
kubectl_image_id        = "ami-0c0ffee0000000f01" # Ubuntu Server 24.04 LTS
kubectl_ec2_volume_size = 8
cluster_log_types       = ["api", "audit", "authenticator"]
security_group_rules    = "minimal"

node_groups = {
  general = {
    ami_id           = "ami-0c0ffee0000000a01" # Amazon Linux 2023, x86_64
    instance_types   = ["t3.medium"]
    min_size         = 2
    max_size         = 4
    desired_size     = 2
    labels           = { workload = "general" }
    instance_refresh = {}
  }
}

add_ons = {
  vpc-cni                = {}
  kube-proxy             = {}
  coredns                = {}
  eks-pod-identity-agent = {}
  metrics-server         = {}
  aws-ebs-csi-driver     = { pod_role = "ebs-csi" }
}

pod_roles = {
  ebs-csi = { namespace = "kube-system", service_account = "ebs-csi-controller-sa", policies = ["ebs-csi"] }
}
