# A cluster to keep: keys of its own, a NAT gateway in every zone, endpoints, flow logs, network policies, groups per
# zone for an autoscaler, spot and arm64, admins by name. What a company has already (its VPC, its keys) can be given
# by id instead: see the README.
#
# The AMIs and the roles of access_entries are the emulated account's: `eks pin` shows today's AMIs, and EKS takes no role
# that does not exist. Everybody has to say kubectl_ec2_keypair and kubectl_ssh_cidrs besides.

project_name     = "shop"
eks_cluster_name = "shop"
eks_version      = "1.35"
upgrade_policy   = "EXTENDED"

# Access: nobody is an admin because he happened to run Terraform first
authentication_mode   = "API"
cluster_creator_admin = false
kubectl_own_role      = true
access_entries = {
  platform = {
    principal_arn = "arn:aws:iam::123456789012:role/platform"
    policies      = [{ policy = "AmazonEKSClusterAdminPolicy" }]
  }
  checkout = {
    principal_arn = "arn:aws:iam::123456789012:role/team/checkout"
    policies      = [{ policy = "AmazonEKSEditPolicy", namespaces = ["checkout"] }]
  }
}

# Network
nat_gateway               = "per_zone"
vpc_endpoints             = ["s3", "ecr.api", "ecr.dkr", "sts", "eks-auth"]
vpc_secondary_cidr_blocks = ["100.64.0.0/16"]
vpc_pod_subnets = [
  { az = "ap-northeast-2a", cidr = "100.64.0.0/18", name = "pods-a" },
  { az = "ap-northeast-2b", cidr = "100.64.64.0/18", name = "pods-b" },
  { az = "ap-northeast-2c", cidr = "100.64.128.0/18", name = "pods-c" },
]
prefix_delegation    = true
network_policy       = true
flow_logs            = { retention_days = 365 }
private_dns_zone     = "shop.internal"
security_group_rules = "minimal"

# Encryption and logs
secrets_encryption         = {}
volume_encryption          = {}
log_encryption             = {}
cluster_log_types          = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
cluster_log_retention_days = 365

kubectl_image_id = "ami-0c0ffee0000000f01" # Ubuntu Server 24.04 LTS

node_groups = {
  # Sized by the cluster autoscaler, a group for every zone so that pods find their volumes
  general = {
    ami_id             = "ami-0c0ffee0000000a01" # Amazon Linux 2023, x86_64
    instance_types     = ["m6i.large"]
    min_size           = 1
    max_size           = 10
    spread             = "group_per_zone"
    desired_size_owner = "autoscaler"
    cluster_autoscaler = true
    volume_size        = 50
    instance_refresh   = {}
  }
  spot = {
    ami_id               = "ami-0c0ffee0000000a02" # Amazon Linux 2023, arm64
    architecture         = "arm64"
    instance_types       = ["m8g.large", "m7g.large", "m6g.large"] # of one size, which is all that the autoscaler knows
    on_demand_percentage = 0
    min_size             = 0
    max_size             = 6
    spread               = "group_per_zone"
    desired_size_owner   = "autoscaler"
    cluster_autoscaler   = true
    labels               = { capacity = "spot" }
    taints               = [{ key = "spot", value = "true", effect = "NoSchedule" }]
  }
  batch = {
    ami_id         = "ami-0c0ffee0000000b01" # Bottlerocket, x86_64
    ami_family     = "bottlerocket"
    instance_types = ["c6i.xlarge"]
    min_size       = 1
    max_size       = 4
    volume_size    = 100
    volume_iops    = 6000
    labels         = { workload = "batch" }
  }
}

irsa = true
pod_roles = {
  cluster-autoscaler = { namespace = "kube-system", service_account = "cluster-autoscaler", policies = ["cluster-autoscaler"] }
  load-balancers     = { namespace = "kube-system", service_account = "aws-load-balancer-controller", policies = ["aws-load-balancer-controller"] }
  ebs-csi            = { namespace = "kube-system", service_account = "ebs-csi-controller-sa", policies = ["ebs-csi"] }
  external-dns       = { namespace = "external-dns", service_account = "external-dns", policies = ["external-dns"], via = "irsa" }
  vpc-cni            = { namespace = "kube-system", service_account = "aws-node", policies = ["vpc-cni"] }
}
add_ons = {
  vpc-cni                = { pod_role = "vpc-cni" }
  kube-proxy             = {}
  coredns                = { configuration = "{\"replicaCount\":3}" }
  eks-pod-identity-agent = {}
  metrics-server         = {}
  aws-ebs-csi-driver     = { pod_role = "ebs-csi" }
}
