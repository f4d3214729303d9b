import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Address by which the workshop's participant reached the bastion. */
export const PARTICIPANT = "198.51.100.23/32";

/** The names that the workshop's first revision used; whoever takes such a state over repeats them. */
export const WORKSHOP_TFVARS = `
aws_krug_admin_role       = "aws-krug-admin"
eks_cluster_name          = "awskrug_gudi-eks-cluster"
eks_worker_node_role_name = "eks_worker_nodes_role"
kubectl_ssh_cidrs         = ["${PARTICIPANT}"]
`;

const VPC = "awskrug_gudi_vpc";
const PROJECT = "awskrug_gudi";
const CLUSTER = "${aws_eks_cluster.eks_cluster.name}";
const ALL_OUT = [
  {
    from_port: 0,
    to_port: 0,
    protocol: "-1",
    cidr_blocks: ["0.0.0.0/0"],
    description: "",
    ipv6_cidr_blocks: [],
    prefix_list_ids: [],
    security_groups: [],
    self: false,
  },
];
const named = (Name: string, more: Record<string, string> = {}) => ({ Name, Managed_by: "terraform", ...more });

/** The subnets, counted as the workshop counted them. The tags name another cluster than the cluster's: its bug. */
function subnets(kind: "public" | "private", firstOctet: number, role: "elb" | "internal-elb") {
  return {
    count: 3,
    vpc_id: "${aws_vpc.vpc.id}",
    cidr_block: `\${["172.16.${String(firstOctet)}.0/23", "172.16.${String(firstOctet + 2)}.0/23", "172.16.${String(firstOctet + 4)}.0/23"][count.index]}`,
    availability_zone: '${["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"][count.index]}',
    tags: named(`${VPC}-${kind}-subnet-\${["a", "b", "c"][count.index]}`, {
      [`kubernetes.io/cluster/${PROJECT}_eks`]: "shared",
      [`kubernetes.io/role/${role}`]: "1",
    }),
  };
}

const vpcModule = {
  resource: {
    aws_vpc: {
      vpc: {
        cidr_block: "172.16.0.0/16",
        enable_dns_support: true,
        enable_dns_hostnames: true,
        tags: named(VPC, { [`kubernetes.io/cluster/${PROJECT}_eks`]: "shared" }),
      },
    },
    aws_subnet: {
      vpc_public_subnets: subnets("public", 0, "elb"),
      vpc_private_subnets: subnets("private", 10, "internal-elb"),
    },
    aws_internet_gateway: { vpc_igw: { count: 1, vpc_id: "${aws_vpc.vpc.id}", tags: named(`${VPC}-igw`) } },
    aws_eip: { eip_ngw: { count: 1, domain: "vpc", tags: named(`${VPC}-nat-eip`) } },
    aws_nat_gateway: {
      vpc_ngw: {
        allocation_id: "${aws_eip.eip_ngw[0].id}",
        subnet_id: "${aws_subnet.vpc_public_subnets[0].id}",
        tags: named(`${VPC}-nat-gateway`),
      },
    },
    aws_route_table: {
      vpc_public_rt: {
        vpc_id: "${aws_vpc.vpc.id}",
        route: [route("gateway_id", "${aws_internet_gateway.vpc_igw[0].id}")],
        tags: named(`${VPC}-public-rt`),
      },
      vpc_private_rt: {
        vpc_id: "${aws_vpc.vpc.id}",
        route: [route("nat_gateway_id", "${aws_nat_gateway.vpc_ngw.id}")],
        tags: named(`${VPC}-private-rt`),
      },
    },
    aws_route_table_association: {
      vpc_public_rtable_association: association("public"),
      vpc_private_rtable_association: association("private"),
    },
  },
  output: {
    vpc_id: { value: "${aws_vpc.vpc.id}" },
    public_subnet_ids: { value: "${aws_subnet.vpc_public_subnets[*].id}" },
    private_subnet_ids: { value: "${aws_subnet.vpc_private_subnets[*].id}" },
  },
};

function route(target: "gateway_id" | "nat_gateway_id", id: string) {
  const unset = [
    "carrier_gateway_id core_network_arn destination_prefix_list_id egress_only_gateway_id gateway_id ipv6_cidr_block",
    "local_gateway_id nat_gateway_id network_interface_id transit_gateway_id vpc_endpoint_id vpc_peering_connection_id",
  ].flatMap((names) => names.split(" "));
  return { ...Object.fromEntries(unset.map((name) => [name, null])), cidr_block: "0.0.0.0/0", [target]: id };
}

function association(kind: "public" | "private") {
  return {
    count: 3,
    subnet_id: `\${aws_subnet.vpc_${kind}_subnets[count.index].id}`,
    route_table_id: `\${aws_route_table.vpc_${kind}_rt.id}`,
  };
}

function role(name: string, service: string) {
  const Statement = [{ Action: "sts:AssumeRole", Effect: "Allow", Principal: { Service: service }, Sid: "" }];
  return { name, assume_role_policy: JSON.stringify({ Version: "2012-10-17", Statement }) };
}

function attachment(roleName: string, policy: string) {
  return { role: `\${aws_iam_role.${roleName}.name}`, policy_arn: `arn:aws:iam::aws:policy/${policy}` };
}

function securityGroup(name: string) {
  return { name, vpc_id: "${var.vpc_id}", egress: ALL_OUT, tags: named(name) };
}

function tcp(group: string, from: Record<string, unknown>, description: string, first: number, last = first) {
  const security_group_id = `\${aws_security_group.${group}.id}`;
  return { type: "ingress", protocol: "tcp", from_port: first, to_port: last, description, security_group_id, ...from };
}

const fromGroup = (group: string) => ({ source_security_group_id: `\${aws_security_group.${group}.id}` });

/** What the workshop's template rendered with nothing supplied by the user; no line break at the end. */
const USER_DATA = `#!/bin/bash

# Allow user supplied pre userdata code


# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca '\${aws_eks_cluster.eks_cluster.certificate_authority[0].data}' --apiserver-endpoint '\${aws_eks_cluster.eks_cluster.endpoint}' --enable-docker-bridge 'false' --kubelet-extra-args '' '${CLUSTER}'

# Allow user supplied userdata code
`;

const eksModule = {
  variable: { vpc_id: {}, public_subnet_ids: {}, private_subnet_ids: {} },
  resource: {
    aws_iam_role: {
      eks_cluster_role: role(`${PROJECT}-eks-cluster`, "eks.amazonaws.com"),
      eks_worker_node_role: role("eks_worker_nodes_role", "ec2.amazonaws.com"),
    },
    aws_iam_role_policy_attachment: {
      eks_role_AmazonEKSClusterPolicy: attachment("eks_cluster_role", "AmazonEKSClusterPolicy"),
      eks_role_AmazonEKSServicePolicy: attachment("eks_cluster_role", "AmazonEKSServicePolicy"),
      eks_app_worker_role_AmazonEKSWorkerNodePolicy: attachment("eks_worker_node_role", "AmazonEKSWorkerNodePolicy"),
      eks_app_worker_role_AmazonEKS_CNI_Policy: attachment("eks_worker_node_role", "AmazonEKS_CNI_Policy"),
      eks_app_worker_role_AmazonEC2ContainerRegistryReadOnly: attachment(
        "eks_worker_node_role",
        "AmazonEC2ContainerRegistryReadOnly",
      ),
    },
    aws_iam_instance_profile: {
      eks_app_worker_node_profile: { name: "eks_worker_nodes_role", role: "${aws_iam_role.eks_worker_node_role.name}" },
    },
    aws_security_group: {
      eks_cluster_sg: securityGroup(`${PROJECT}-eks-control-plane-sg`),
      eks_worker_nodes_sg: securityGroup(`${PROJECT}-eks-worker-nodes-sg`),
      kubectl_sg: securityGroup(`${PROJECT}-kubectl-sg`),
    },
    aws_security_group_rule: {
      eks_cluster_ingress: tcp(
        "eks_cluster_sg",
        { cidr_blocks: ["172.16.0.0/16"] },
        "Allow HTTPS traffic from VPC networks",
        443,
      ),
      eks_workder_node_ingress_tcp1: tcp(
        "eks_worker_nodes_sg",
        fromGroup("eks_cluster_sg"),
        "Allow 1025 to 65535 from EKS Control Plane",
        1025,
        65535,
      ),
      eks_workder_node_ingress_tcp2: tcp(
        "eks_worker_nodes_sg",
        fromGroup("eks_cluster_sg"),
        "Allow 443 from EKS Control Plane",
        443,
      ),
      eks_worker_node_kubectl_access: tcp(
        "eks_worker_nodes_sg",
        fromGroup("kubectl_sg"),
        "Allow SSH traffic from kubectl",
        22,
      ),
      eks_workder_node_ingress_between_nodes: tcp(
        "eks_worker_nodes_sg",
        fromGroup("eks_worker_nodes_sg"),
        "Allow all traffic from worker nodes each other",
        0,
        65535,
      ),
      kubectl_sg_ingress_ssh: tcp("kubectl_sg", { cidr_blocks: [PARTICIPANT] }, "Allow SSH from MyIP", 22),
    },
    aws_eks_cluster: {
      eks_cluster: {
        name: `${PROJECT}-eks-cluster`,
        role_arn: "${aws_iam_role.eks_cluster_role.arn}",
        version: "1.14",
        vpc_config: {
          endpoint_private_access: true,
          endpoint_public_access: false,
          subnet_ids: "${var.private_subnet_ids}",
          security_group_ids: ["${aws_security_group.eks_cluster_sg.id}"],
        },
      },
    },
    aws_launch_configuration: {
      eks_worker_nodes_lc: {
        name_prefix: `${CLUSTER}_worker_node`,
        associate_public_ip_address: false,
        security_groups: ["${aws_security_group.eks_worker_nodes_sg.id}"],
        iam_instance_profile: "${aws_iam_instance_profile.eks_app_worker_node_profile.name}",
        image_id: "ami-023bb403131889300",
        instance_type: "t3.micro",
        key_name: "aws-krug-gudi",
        enable_monitoring: false,
        user_data: USER_DATA,
        root_block_device: { volume_size: 10, volume_type: "gp2", delete_on_termination: true },
        lifecycle: { create_before_destroy: true },
      },
    },
    aws_autoscaling_group: {
      eks_worker_nodes_asg: {
        name: `${CLUSTER}-worker`,
        launch_configuration: "${aws_launch_configuration.eks_worker_nodes_lc.id}",
        min_size: 2,
        max_size: 2,
        desired_capacity: 2,
        vpc_zone_identifier: "${var.private_subnet_ids}",
        tag: Object.entries(named(`${CLUSTER}-worker`, { [`kubernetes.io/cluster/${CLUSTER}`]: "owned" })).map(
          ([key, value]) => ({ key, value, propagate_at_launch: true }),
        ),
      },
    },
    aws_instance: {
      kubectl: {
        iam_instance_profile: "aws-krug-admin",
        associate_public_ip_address: true,
        ami: "ami-0fd02cb7da42ee5e0",
        subnet_id: "${var.public_subnet_ids[0]}",
        instance_type: "t3.micro",
        key_name: "aws-krug-gudi",
        vpc_security_group_ids: ["${aws_security_group.kubectl_sg.id}"],
        ebs_optimized: true,
        tags: named(`${PROJECT}-kubectl`, { Instance: "kubectl" }),
      },
    },
  },
};

const rootModule = {
  provider: { aws: { region: "ap-northeast-2" } },
  module: {
    vpc: { source: "./vpc" },
    eks: {
      source: "./eks",
      vpc_id: "${module.vpc.vpc_id}",
      public_subnet_ids: "${module.vpc.public_subnet_ids}",
      private_subnet_ids: "${module.vpc.private_subnet_ids}",
    },
    ansible: { source: "./ansible" },
  },
};

const ansibleModule = { resource: { null_resource: { init_eks: { triggers: { template: "ansible-playbook …" } } } } };

/**
 * Writes a Terraform configuration that makes what the workshop's own HCL made, under its addresses: the names and
 * arguments are the workshop's (revision 3119c60), the text is this project's, in a syntax that today's Terraform reads.
 */
export function writeWorkshop(folder: string): void {
  const modules = { ".": rootModule, vpc: vpcModule, eks: eksModule, ansible: ansibleModule };
  for (const [name, module] of Object.entries(modules)) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "main.tf.json"), JSON.stringify(module, undefined, 2));
  }
}
