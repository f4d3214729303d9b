# The workshop as it was held in September 2019, every value spelled out. These are also the defaults, so a file of your
# own needs only what differs. Copy what you change into local.tfvars, which git does not keep:
#
#   aws_krug_admin_role = "<name of the IAM role of your jump EC2>"

kubectl_ec2_keypair = "aws-krug-gudi"
eks_version         = "1.14"
project_name        = "awskrug_gudi"
vpc_name            = "awskrug_gudi_vpc"
eks_cluster_name    = "awskrug_gudi_eks"
aws_region          = "ap-northeast-2"
vpc_cidr_block      = "172.16.0.0/16"

vpc_public_subnets = [
  { az = "ap-northeast-2a", cidr = "172.16.0.0/23", name = "public-subnet-a" },
  { az = "ap-northeast-2b", cidr = "172.16.2.0/23", name = "public-subnet-b" },
  { az = "ap-northeast-2c", cidr = "172.16.4.0/23", name = "public-subnet-c" },
]

vpc_private_subnets = [
  { az = "ap-northeast-2a", cidr = "172.16.10.0/23", name = "private-subnet-a" },
  { az = "ap-northeast-2b", cidr = "172.16.12.0/23", name = "private-subnet-b" },
  { az = "ap-northeast-2c", cidr = "172.16.14.0/23", name = "private-subnet-c" },
]

# Ubuntu Server 18.04 LTS
kubectl_image_id                 = "ami-0fd02cb7da42ee5e0"
kubectl_ec2_user                 = "ubuntu"
kubectl_ec2_volume_size          = 8
kubectl_ssh_cidrs                = []
kubectl_ssh_open_to_the_internet = false

# For EKS 1.14
eks_worker_node_ami_id             = "ami-023bb403131889300"
eks_worker_node_ec2_type           = "t3.micro"
eks_worker_node_volume_size        = 10
eks_worker_node_public_ip          = false
eks_worker_node_role_name          = "awskrug_gudi_eks_worker_nodes_role"
eks_worker_nodes_enable_monitoring = false
eks_worker_nodes_asg_group         = { min = 2, max = 2, desire = 2 }

eks_worker_user_data_group = {
  pre_userdata         = ""
  additional_userdata  = ""
  kubelet_extra_args   = ""
  enable_docker_bridge = false
}

# Whom aws-auth maps besides the nodes
aws_auth_roles = []
aws_auth_users = []
