import { namesOf } from "../facts/names";
import { inputValues, type InputValues } from "../contract/inputs/inputs";
import type { NodeGroupSize } from "../contract/handover";
import type { Family } from "../facts/images";

/** A subnet as tfvars say it. */
export interface SubnetInput {
  /** Zone, such as `ap-northeast-2a`. */
  readonly az: string;
  readonly cidr: string;
  readonly name: string;
}

/** What a machine image has to do with: its id and the root volume it has to fit into, in GiB. */
export interface ImageInput {
  readonly id: string;
  readonly volumeGiB: number;
}

/** A node group as tfvars say it: a row of node_groups, or the workshop's single group. */
export interface NodeGroupInput {
  /** Key of its row; `worker` for the workshop's. */
  readonly key: string;
  /** Whether it is the workshop's single group, and no row. */
  readonly isWorkshops: boolean;
  /** Names of its Auto Scaling groups: one, or one in each zone. */
  readonly names: readonly string[];
  readonly image: ImageInput;
  /** Decides the nodes' user data. */
  readonly family: Family;
  /** `x86_64`, `arm64`; undefined where the tfvars do not say. */
  readonly architecture: string | undefined;
  /** `MAJOR.MINOR` of its image's kubelet, where the image's name does not say it. */
  readonly kubernetesVersion: string | undefined;
  /** At least one; several are mixed. */
  readonly instanceTypes: readonly [string, ...string[]];
  /** Of each of its Auto Scaling groups. */
  readonly size: NodeGroupSize;
  /** Nodes of `desired`, of all of its Auto Scaling groups, that are not spot instances. */
  readonly onDemand: number;
  /** Zones that it stands in; none: all of the private subnets. Undefined where it names subnets by their ids. */
  readonly zones: readonly string[] | undefined;
  /** Subnets that it names by their ids. */
  readonly subnetIds: readonly string[];
  /** What the nodes are launched from. */
  readonly launchedFrom: "launch configuration" | "launch template";
  /** Names of the variables, or attributes, that say what is above. */
  readonly variables: Readonly<
    Record<"image" | "family" | "architecture" | "instanceType" | "volume" | "size" | "launch", string>
  >;
}

/** The inputs of the stack that AWS has a say in. */
export interface StackInputs {
  readonly region: string;
  readonly projectName: string;
  readonly clusterName: string;
  /** Name of the control plane's IAM role. */
  readonly clusterRoleName: string;
  /** Name of the nodes' IAM role, and of its instance profile. */
  readonly nodeRoleName: string;
  /** Names of the roles that the stack makes besides: of node groups with policies of their own, and of the bastion. */
  readonly otherRoleNames: readonly string[];
  /** Name of the IAM role with which the bastion works, and of its instance profile; undefined where it gets one of its own. */
  readonly adminRole: string | undefined;
  /** `CONFIG_MAP` when nobody says, as EKS has it. */
  readonly authenticationMode: string;
  /** Whether EKS makes whoever makes the cluster an admin of it. */
  readonly creatorAdmin: boolean;
  /** ARNs whom access entries admit, by the names of their rows. */
  readonly admitted: Readonly<Record<string, string>>;
  readonly keyPair: string;
  /** Whether the stack makes a key pair of its own, and needs none that exists. */
  readonly makesKeyPair: boolean;
  /** `MAJOR.MINOR` */
  readonly eksVersion: string;
  readonly groups: readonly NodeGroupInput[];
  readonly bastion: ImageInput & { readonly instanceType: string };
  /** A network that exists already, of whose subnets nothing is said here; undefined where the stack makes its own. */
  readonly vpcId: string | undefined;
  readonly publicSubnets: readonly SubnetInput[];
  readonly privateSubnets: readonly SubnetInput[];
  /** Ids of the subnets of a network that exists already. */
  readonly publicSubnetIds: readonly string[];
  readonly privateSubnetIds: readonly string[];
  /** Services that the stack makes VPC endpoints for: `s3`, `ecr.api`. */
  readonly vpcEndpoints: readonly string[];
  /** EKS add-ons, and of those that are pinned the version. */
  readonly addOns: readonly { readonly name: string; readonly version: string | undefined }[];
  /** NAT gateways, each of which takes an Elastic IP address. */
  readonly natGateways: number;
  /** Whether nodes take their pods' addresses sixteen at a time. */
  readonly prefixDelegation: boolean;
  /** Networks that may reach the bastion by SSH. */
  readonly sshCidrs: readonly string[];
}

/** The bastion's, which is no variable. */
const BASTION_TYPE = "t3.micro";

/**
 * The inputs that a stack gets from values of its variables, by their names; variables that have no value take the
 * stack's defaults.
 *
 * @param makesKeyPair whether the code chooses a generated SSH identity, which tfvars do not say
 * @throws UserError when a value has not the type of its variable
 */
export function stackInputs(
  tfvars: Readonly<Record<string, unknown>>,
  { makesKeyPair = false }: Partial<Pick<StackInputs, "makesKeyPair">> = {},
): StackInputs {
  const values = inputValues(tfvars);
  const { project_name: projectName } = values;
  const names = namesOf(projectName);
  const clusterName = values.eks_cluster_name ?? names.cluster;
  const isOwn = (values.vpc_id ?? "") === "";
  const privateSubnets = isOwn ? values.vpc_private_subnets : [];
  const publicSubnets = isOwn ? values.vpc_public_subnets : [];
  const rows = Object.entries(values.node_groups);
  const nodeRoleName = values.eks_worker_node_role_name ?? names.nodeRole;
  return {
    region: values.aws_region,
    projectName,
    clusterName,
    clusterRoleName: names.clusterRole,
    nodeRoleName,
    otherRoleNames: [
      ...rows.flatMap(([key, { policy_arns: policies }]) => (policies.length > 0 ? [`${nodeRoleName}-${key}`] : [])),
      ...(values.kubectl_own_role ? [`${projectName}-kubectl`] : []),
    ],
    adminRole: values.kubectl_own_role ? undefined : (values.aws_krug_admin_role ?? undefined),
    authenticationMode: values.authentication_mode ?? "CONFIG_MAP",
    creatorAdmin: values.cluster_creator_admin,
    admitted: Object.fromEntries(
      Object.entries(values.access_entries).map(([key, { principal_arn: arn }]) => [key, arn]),
    ),
    keyPair: values.kubectl_ec2_keypair,
    makesKeyPair,
    eksVersion: values.eks_version,
    groups:
      rows.length === 0
        ? [workshopsGroup(values, clusterName)]
        : rows.map(([key, row]) => groupOf(key, row, clusterName, privateSubnets)),
    bastion: { id: values.kubectl_image_id, volumeGiB: values.kubectl_ec2_volume_size, instanceType: BASTION_TYPE },
    vpcId: isOwn ? undefined : (values.vpc_id ?? undefined),
    publicSubnets,
    privateSubnets,
    publicSubnetIds: isOwn ? [] : values.public_subnet_ids,
    privateSubnetIds: isOwn ? [] : values.private_subnet_ids,
    vpcEndpoints: values.vpc_endpoints,
    addOns: Object.entries(values.add_ons).map(([name, { version }]) => ({ name, version: version ?? undefined })),
    natGateways: isOwn ? natGateways(values.nat_gateway, publicSubnets) : 0,
    prefixDelegation: values.prefix_delegation,
    sshCidrs: values.kubectl_ssh_cidrs,
  };
}

function workshopsGroup(values: InputValues, clusterName: string): NodeGroupInput {
  const { min, max, desire } = values.eks_worker_nodes_asg_group;
  return {
    key: "worker",
    isWorkshops: true,
    names: [`${clusterName}-worker`],
    image: { id: values.eks_worker_node_ami_id, volumeGiB: values.eks_worker_node_volume_size },
    family: values.eks_worker_node_ami_family,
    architecture: undefined,
    kubernetesVersion: undefined,
    instanceTypes: [values.eks_worker_node_ec2_type],
    size: { min, max, desired: desire },
    onDemand: desire,
    zones: [],
    subnetIds: [],
    launchedFrom: `launch ${values.eks_worker_node_launch}`,
    variables: {
      image: "eks_worker_node_ami_id",
      family: "eks_worker_node_ami_family",
      // An instance type is of one.
      architecture: "eks_worker_node_ec2_type",
      instanceType: "eks_worker_node_ec2_type",
      volume: "eks_worker_node_volume_size",
      size: "eks_worker_nodes_asg_group",
      launch: "eks_worker_node_launch",
    },
  };
}

function groupOf(
  key: string,
  row: InputValues["node_groups"][string],
  clusterName: string,
  privateSubnets: readonly SubnetInput[],
): NodeGroupInput {
  const desired = row.desired_size ?? row.min_size;
  const zones = row.zones.length > 0 ? row.zones : [...new Set(privateSubnets.map(({ az }) => az))];
  // In a network that exists the zones may not be said; how many groups there are is not known then.
  const isInEachZone = row.spread === "group_per_zone" && zones.length > 0;
  const names = isInEachZone ? zones.map((zone) => `${clusterName}-${key}-${zone}`) : [`${clusterName}-${key}`];
  const base = Math.min(row.on_demand_base, desired);
  const [first = "t3.medium", ...others] = row.instance_types;
  const attribute = (name: string) => `node_groups.${key}.${name}`;
  return {
    key,
    isWorkshops: false,
    names,
    image: { id: row.ami_id, volumeGiB: row.volume_size },
    family: row.ami_family,
    architecture: row.architecture,
    kubernetesVersion: row.kubernetes_version ?? undefined,
    instanceTypes: [first, ...others],
    size: { min: row.min_size, max: row.max_size, desired },
    onDemand: names.length * (base + Math.ceil(((desired - base) * row.on_demand_percentage) / 100)),
    zones: row.subnet_ids.length > 0 ? undefined : row.zones,
    subnetIds: row.subnet_ids,
    launchedFrom: `launch ${row.launch}`,
    variables: {
      image: attribute("ami_id"),
      family: attribute("ami_family"),
      architecture: attribute("architecture"),
      instanceType: attribute("instance_types"),
      volume: attribute("volume_size"),
      size: attribute("max_size"),
      launch: attribute("launch"),
    },
  };
}

function natGateways(kind: string, publicSubnets: readonly SubnetInput[]): number {
  if (kind === "none") return 0;
  return kind === "per_zone" ? new Set(publicSubnets.map(({ az }) => az)).size : 1;
}

/** The private subnets that a group stands in, as far as the tfvars say them. */
export function subnetsOf(
  { zones }: Pick<NodeGroupInput, "zones">,
  privateSubnets: readonly SubnetInput[],
): readonly SubnetInput[] {
  if (zones === undefined) return [];
  return zones.length === 0 ? privateSubnets : privateSubnets.filter(({ az }) => zones.includes(az));
}
