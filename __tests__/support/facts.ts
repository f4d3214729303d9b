import type { AwsAuth } from "../../bootstrap/tasks/cluster";
import type { BeforeFacts } from "../../cli/doctor/before";
import type { Image, Instance } from "../../aws/instances";
import type { Permission, Subnet } from "../../aws/network";
import type { AfterFacts } from "../../cli/doctor/after-facts";
import type { WorkloadFact } from "../../cli/doctor/inside-facts";
import { stackInputs } from "../../cli/stack-inputs";
import type { StateFacts } from "../../terraform/state";
import { readUserData, type ParsedUserData } from "../../modules/user-data/read";
import { goldenUserData } from "./golden-user-data";
import { HANDOVER } from "./handover";

const NODE_IMAGE: Image = {
  id: "ami-0123456789abcdef0",
  name: "amazon-eks-node-1.32-v20251209",
  state: "available",
  architecture: "x86_64",
  description: "",
  rootGiB: 10,
  largestGiB: 10,
  deprecatedFrom: "",
};
const T3_MEDIUM = { vcpus: 2, memoryMiB: 4096, interfaces: 3, addressesPerInterface: 6, architectures: ["x86_64"] };
const T3_MICRO = { vcpus: 2, memoryMiB: 1024, interfaces: 2, addressesPerInterface: 2, architectures: ["x86_64"] };
const ZONES = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"];
const ZONE_FACTS = ZONES.map((name, i) => ({ name, id: `apne2-az${String(i + 1)}` }));

/** An account in which everything is well. */
export const BEFORE: BeforeFacts = {
  inputs: stackInputs({
    aws_krug_admin_role: "aws-krug-admin",
    eks_version: "1.32",
    eks_worker_node_ami_id: NODE_IMAGE.id,
    eks_worker_node_ec2_type: "t3.medium",
    kubectl_ssh_cidrs: ["203.0.113.7/32"],
  }),
  account: {
    identity: {
      ok: { account: "123456789012", arn: "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0" },
    },
    adminProfile: { ok: ["aws-krug-admin"] },
    hasAdminRole: { ok: true },
    hasKeyPair: { ok: true },
    quotaOfVpcs: { ok: { used: 4, limit: 5 } },
    quotaOfAddresses: { ok: { used: 4, limit: 5 } },
    quotaOfVcpus: { ok: { used: 10, limit: 16 } },
    zones: { ok: ZONE_FACTS },
    network: { ok: undefined },
    addOns: { ok: {} },
    offerings: { ok: { "t3.medium": ZONES, "t3.micro": ZONES } },
    instanceTypes: { ok: { "t3.medium": T3_MEDIUM, "t3.micro": T3_MICRO } },
    versions: {
      ok: [
        { version: "1.33", support: "standard", standardUntil: "2027-08-02", extendedUntil: "2028-08-02" },
        { version: "1.32", support: "standard", standardUntil: "2026-12-02", extendedUntil: "2027-12-02" },
        { version: "1.31", support: "extended", standardUntil: "2025-11-26", extendedUntil: "2026-11-26" },
      ],
    },
    nodeImages: { ok: { [NODE_IMAGE.id]: NODE_IMAGE } },
    bastionImage: {
      ok: {
        id: "ami-0fd02cb7da42ee5e0",
        name: "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20190722.1",
        state: "available",
        architecture: "x86_64",
        description: "",
        rootGiB: 8,
        largestGiB: 8,
        deprecatedFrom: "",
      },
    },
    recommendedImages: { ok: { worker: NODE_IMAGE.id } },
    launchConfigurations: { ok: ["of-somebody-else"] },
    oldestRole: { ok: "2019-09-15T00:00:00.000Z" },
    hasCluster: { ok: false },
    roles: { ok: { "awskrug_gudi-eks-cluster": false, awskrug_gudi_eks_worker_nodes_role: false } },
    hasNodeProfile: { ok: false },
    takenGroups: { ok: [] },
  },
};

const GROUP = "awskrug_gudi_eks-worker";
const CLUSTER_TAG = "kubernetes.io/cluster/awskrug_gudi_eks";

/**
 * What a golden file says to the nodes of the stack that is well.
 *
 * @param cluster what it says instead
 */
export function userData(file: string, cluster: Parameters<typeof goldenUserData>[1] = {}): ParsedUserData {
  const own = {
    name: HANDOVER.cluster_name,
    endpoint: HANDOVER.cluster_endpoint,
    certificateAuthorityData: HANDOVER.certificate_authority_data,
  };
  return readUserData(goldenUserData(file, { ...own, ...cluster }));
}

/** A rule of a security group. */
export function rule(
  protocol: string,
  ports: Permission["ports"],
  cidrs: readonly string[],
  groupIds: readonly string[] = [],
): Permission {
  return { protocol, ports, cidrs, groupIds, prefixListIds: [] };
}

const ALL_OUT = rule("-1", undefined, ["0.0.0.0/0"]);

/** A node as the workshop's stack launches it. */
function node(id: string, address: string): Instance {
  return {
    id,
    state: "running",
    ageSeconds: 3600,
    type: "t3.medium",
    tags: { [CLUSTER_TAG]: "owned" },
    privateAddress: address,
    privateDnsName: dnsName(address),
    vpcId: "vpc-1",
    publicAddress: "",
    subnetId: "subnet-a",
    securityGroupIds: ["sg-nodes"],
    imageId: NODE_IMAGE.id,
    instanceProfile: "nodes",
    volumeIds: [`vol-of-${id}`],
    hasMetadata: true,
  };
}

function dnsName(address: string): string {
  return `ip-${address.replaceAll(".", "-")}.ap-northeast-2.compute.internal`;
}

function kubernetesNode(address: string) {
  return {
    name: dnsName(address),
    status: "Ready",
    isReady: true,
    isCordoned: false,
    reason: "",
    roles: "<none>",
    version: "v1.32.9-eks-aeac579",
    created: "2026-01-01T00:00:00Z",
  };
}

/** A workload of which two pods are wanted. */
export function workload(kind: WorkloadFact["kind"], path: string, ready = 2): WorkloadFact {
  const [namespace = "", name = ""] = path.split("/");
  return { kind, namespace, name, wanted: 2, ready };
}

/** A mapRoles in which one role is mapped as nodes have to be. */
export function mapRoles(arn: string): string {
  return `- rolearn: ${arn}
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
`;
}

/** The ConfigMap aws-auth with this mapRoles. */
export function awsAuthOf(mapped: string): AwsAuth {
  const metadata = { name: "aws-auth", labels: {}, annotations: {} };
  return { kind: "ConfigMap", metadata, data: { mapRoles: mapped } };
}

function subnet(letter: string, cidr: string): Subnet {
  return {
    id: `subnet-${letter}`,
    vpcId: "vpc-1",
    zone: `ap-northeast-2${letter}`,
    cidr,
    free: 500,
    tags: { "kubernetes.io/role/internal-elb": "1" },
    routeTableId: "rtb-1",
    defaultRoute: "nat-1",
  };
}

const PUBLIC_SUBNET: Subnet = {
  ...subnet("a", "172.16.0.0/23"),
  id: "subnet-public",
  tags: { "kubernetes.io/cluster/awskrug_gudi_eks": "shared", "kubernetes.io/role/elb": "1" },
  defaultRoute: "igw-1",
};

/** A stack in which everything is well, with two nodes that have joined. */
export const AFTER: AfterFacts = {
  handover: { ...HANDOVER, kubernetes_version: "1.32" },
  cluster: {
    identity: BEFORE.account.identity,
    controlPlane: {
      ok: {
        arn: "arn:aws:eks:ap-northeast-2:123456789012:cluster/awskrug_gudi_eks",
        status: "ACTIVE",
        version: "1.32",
        endpoint: HANDOVER.cluster_endpoint,
        certificateAuthorityData: HANDOVER.certificate_authority_data,
        authenticationMode: "CONFIG_MAP",
        vpcId: "vpc-1",
        subnetIds: ["subnet-a", "subnet-b"],
        securityGroupIds: ["sg-plane", "sg-of-eks"],
        privateAccess: true,
        publicAccess: false,
        publicCidrs: [],
        issues: [],
        supportType: "extended",
        serviceCidr: "172.20.0.0/16",
        isIpv6: false,
      },
    },
    groups: {
      ok: [
        {
          name: GROUP,
          desired: 2,
          tags: { [CLUSTER_TAG]: { value: "owned", propagates: true } },
          launchId: "lc-1",
          subnetIds: ["subnet-a", "subnet-b"],
          instances: [
            { id: "i-1", launchId: "lc-1" },
            { id: "i-2", launchId: "lc-1" },
          ],
          suspended: [],
          failure: undefined,
        },
      ],
    },
    launches: {
      ok: {
        "lc-1": {
          kind: "launch configuration",
          id: "lc-1",
          imageId: NODE_IMAGE.id,
          instanceType: "t3.medium",
          securityGroupIds: ["sg-nodes"],
          instanceProfile: "nodes",
          userData: userData("nothing-supplied.sh"),
        },
      },
    },
    instances: { ok: [node("i-1", "172.16.10.5"), node("i-2", "172.16.12.5")] },
    images: { ok: [NODE_IMAGE] },
    instanceTypes: { ok: { "t3.medium": T3_MEDIUM } },
    profiles: {
      ok: { nodes: HANDOVER.node_role_arn, "aws-krug-admin": "arn:aws:iam::123456789012:role/team/aws-krug-admin" },
    },
    policies: {
      ok: {
        [HANDOVER.node_role_arn]: [
          "AmazonEKSWorkerNodePolicy",
          "AmazonEKS_CNI_Policy",
          "AmazonEC2ContainerRegistryReadOnly",
        ],
      },
    },
    securityGroups: {
      ok: [
        {
          id: "sg-plane",
          inbound: [rule("tcp", { from: 443, to: 443 }, ["172.16.0.0/16"])],
          outbound: [ALL_OUT],
        },
        {
          id: "sg-nodes",
          inbound: [rule("tcp", { from: 1025, to: 65535 }, [], ["sg-plane"]), rule("-1", undefined, [], ["sg-nodes"])],
          outbound: [ALL_OUT],
        },
        {
          id: "sg-bastion",
          inbound: [rule("tcp", { from: 22, to: 22 }, ["203.0.113.7/32"])],
          outbound: [ALL_OUT],
        },
      ],
    },
    subnets: {
      ok: [subnet("a", "172.16.10.0/23"), subnet("b", "172.16.12.0/23"), PUBLIC_SUBNET],
    },
    vpc: { ok: { dnsSupport: true, dnsHostnames: true, nameServers: ["AmazonProvidedDNS"] } },
    vpcEndpoints: { ok: [] },
    accessEntries: { ok: [] },
    bastion: {
      ok: {
        id: HANDOVER.bastion_instance_id,
        state: "running",
        ageSeconds: 3600,
        type: "t3.micro",
        tags: {},
        privateAddress: "172.16.0.4",
        privateDnsName: dnsName("172.16.0.4"),
        vpcId: "vpc-1",
        publicAddress: HANDOVER.bastion_address,
        subnetId: "subnet-public",
        securityGroupIds: ["sg-bastion"],
        imageId: "ami-0fd02cb7da42ee5e0",
        instanceProfile: "aws-krug-admin",
        volumeIds: ["vol-of-bastion"],
        hasMetadata: true,
      },
    },
    natGateways: { ok: [{ id: "nat-1", state: "available", subnetId: "subnet-public" }] },
  },
  inside: {
    login: { ok: { reached: true } },
    machine: { ok: { missing: [], clockAheadSeconds: 0 } },
    identity: { ok: "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0" },
    cluster: {
      ok: {
        awsAuth: awsAuthOf(mapRoles(HANDOVER.node_role_arn)),
        nodes: [kubernetesNode("172.16.10.5"), kubernetesNode("172.16.12.5")],
      },
    },
    workloads: {
      ok: [
        workload("DaemonSet", "kube-system/aws-node"),
        workload("DaemonSet", "kube-system/kube-proxy"),
        workload("Deployment", "kube-system/coredns"),
        workload("Deployment", "kube-system/metrics-server"),
        workload("DaemonSet", "amazon-cloudwatch/fluent-bit"),
      ],
    },
    downloads: { ok: undefined },
  },
};

/** A state that an apply has written to its end. */
export const STATE: StateFacts = {
  source: "terraform.eks.tfstate",
  resources: 40,
  tainted: [],
  outputProblem: undefined,
  lock: undefined,
};
