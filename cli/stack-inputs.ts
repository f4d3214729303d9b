import { namesOf } from "../facts/names";
import { inputValues, type InputValues } from "../contract/inputs/inputs";

/** A subnet as tfvars say it: its zone (`ap-northeast-2a`), its range and its name. */
export type SubnetInput = InputValues["vpc_private_subnets"][number];

/** A node group as tfvars say it: a row of node_groups, or the workshop's single group. */
export type NodeGroupInput = Readonly<ReturnType<typeof groupOf>>;

/** The inputs of the stack that AWS has a say in. */
export type StackInputs = Readonly<ReturnType<typeof stackInputs>>;

/** The bastion's, which is no variable. */
const BASTION_TYPE = "t3.micro";

/**
 * The inputs that a stack gets from values of its variables, by their names; variables that have no value take the
 * stack's defaults.
 *
 * @param makesKeyPair whether the code chooses a generated SSH identity, which tfvars do not say
 * @throws UserError when a value has not the type of its variable
 */
export function stackInputs(tfvars: Readonly<Record<string, unknown>>, { makesKeyPair = false } = {}) {
  const values = inputValues(tfvars);
  const { project_name: projectName, kubectl_own_role: hasOwnRole } = values;
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
    /** Name of the control plane's IAM role. */
    clusterRoleName: names.clusterRole,
    /** Name of the nodes' IAM role, and of its instance profile. */
    nodeRoleName,
    /** Names of the stack's other roles: of node groups with policies of their own, and of the bastion. */
    otherRoleNames: [
      ...rows.filter(([, row]) => row.policy_arns.length > 0).map(([key]) => `${nodeRoleName}-${key}`),
      ...(hasOwnRole ? [names.bastion] : []),
    ],
    /**
     * Name of the IAM role with which the bastion works, and of its instance profile; undefined where it gets one of
     * its own.
     */
    adminRole: hasOwnRole ? undefined : (values.aws_krug_admin_role ?? undefined),
    /** `CONFIG_MAP` when nobody says, as EKS has it. */
    authenticationMode: values.authentication_mode ?? "CONFIG_MAP",
    /** Whether EKS makes whoever makes the cluster an admin of it. */
    creatorAdmin: values.cluster_creator_admin,
    /** ARNs whom access entries admit, by the names of their rows. */
    admitted: Object.fromEntries(Object.entries(values.access_entries).map(([key, row]) => [key, row.principal_arn])),
    keyPair: values.kubectl_ec2_keypair,
    /** Whether the stack makes a key pair of its own, and needs none that exists. */
    makesKeyPair,
    /** `MAJOR.MINOR` */
    eksVersion: values.eks_version,
    groups:
      rows.length === 0
        ? workshopsGroup(values, clusterName)
        : rows.map(([key, row]) => groupOf(key, row, variablesOfRow(key), clusterName, privateSubnets)),
    bastion: { id: values.kubectl_image_id, volumeGiB: values.kubectl_ec2_volume_size, instanceType: BASTION_TYPE },
    /** A network that exists already, whose subnets are not among these; undefined where the stack makes its own. */
    vpcId: isOwn ? undefined : (values.vpc_id ?? undefined),
    publicSubnets,
    privateSubnets,
    /** Ids of the subnets of a network that exists already. */
    publicSubnetIds: isOwn ? [] : values.public_subnet_ids,
    privateSubnetIds: isOwn ? [] : values.private_subnet_ids,
    /** Services that the stack makes VPC endpoints for: `s3`, `ecr.api`. */
    vpcEndpoints: values.vpc_endpoints,
    /** EKS add-ons, and of those that are pinned the version. */
    addOns: Object.entries(values.add_ons).map(([name, { version }]) => ({ name, version: version ?? undefined })),
    /** NAT gateways, each of which takes an Elastic IP address. */
    natGateways: isOwn ? natGateways(values.nat_gateway, publicSubnets) : 0,
    /** Whether nodes take their pods' addresses sixteen at a time. */
    prefixDelegation: values.prefix_delegation,
    /** Networks that may reach the bastion by SSH. */
    sshCidrs: values.kubectl_ssh_cidrs,
  };
}

/** The workshop's single group is a row of one instance type, with the defaults of what it does not say. */
function workshopsGroup(values: InputValues, clusterName: string): NodeGroupInput[] {
  const { min, max, desire } = values.eks_worker_nodes_asg_group;
  const worker = {
    ami_id: values.eks_worker_node_ami_id,
    ami_family: values.eks_worker_node_ami_family,
    instance_types: [values.eks_worker_node_ec2_type],
    min_size: min,
    max_size: max,
    desired_size: desire,
    volume_size: values.eks_worker_node_volume_size,
    launch: values.eks_worker_node_launch,
  };
  const variables: Variables = {
    image: "eks_worker_node_ami_id",
    family: "eks_worker_node_ami_family",
    // An instance type is of one.
    architecture: "eks_worker_node_ec2_type",
    instanceType: "eks_worker_node_ec2_type",
    volume: "eks_worker_node_volume_size",
    size: "eks_worker_nodes_asg_group",
    launch: "eks_worker_node_launch",
  };
  const rows = Object.entries(inputValues({ node_groups: { worker } }).node_groups);
  return rows.map(([key, row]) => ({
    ...groupOf(key, row, variables, clusterName, []),
    isWorkshops: true,
    architecture: undefined,
  }));
}

type Variables = ReturnType<typeof variablesOfRow>;

function variablesOfRow(key: string) {
  const row = `node_groups.${key}`;
  return {
    image: `${row}.ami_id`,
    family: `${row}.ami_family`,
    architecture: `${row}.architecture`,
    instanceType: `${row}.instance_types`,
    volume: `${row}.volume_size`,
    size: `${row}.max_size`,
    launch: `${row}.launch`,
  };
}

function groupOf(
  key: string,
  row: InputValues["node_groups"][string],
  variables: Variables,
  clusterName: string,
  privateSubnets: readonly SubnetInput[],
) {
  const desired = row.desired_size ?? row.min_size;
  const zones = row.zones.length > 0 ? row.zones : [...new Set(privateSubnets.map(({ az }) => az))];
  // In a network that exists the zones may not be said; how many groups there are is not known then.
  const isInEachZone = row.spread === "group_per_zone" && zones.length > 0;
  const name = `${clusterName}-${key}`;
  const names = isInEachZone ? zones.map((zone) => `${name}-${zone}`) : [name];
  const base = Math.min(row.on_demand_base, desired);
  const [first = "t3.medium", ...others] = row.instance_types;
  return {
    /** Key of its row; `worker` for the workshop's. */
    key,
    /** Whether it is the workshop's single group, and no row. */
    isWorkshops: false,
    /** Names of its Auto Scaling groups: one, or one in each zone. */
    names,
    /** Its machine image, and the root volume that it has to fit into. */
    image: { id: row.ami_id, volumeGiB: row.volume_size },
    /** Decides the nodes' user data. */
    family: row.ami_family,
    /** `x86_64`, `arm64`; undefined where the tfvars do not say. */
    architecture: row.architecture as string | undefined,
    /** `MAJOR.MINOR` of its image's kubelet, where the image's name does not say it. */
    kubernetesVersion: row.kubernetes_version ?? undefined,
    /** At least one; several are mixed. */
    instanceTypes: [first, ...others] as const,
    /** Of each of its Auto Scaling groups. */
    size: { min: row.min_size, max: row.max_size, desired },
    /** Nodes of `desired`, of all of its Auto Scaling groups, that are not spot instances. */
    onDemand: names.length * (base + Math.ceil(((desired - base) * row.on_demand_percentage) / 100)),
    /** Zones that it stands in; none: all of the private subnets. Undefined where it names subnets by their ids. */
    zones: row.subnet_ids.length > 0 ? undefined : row.zones,
    /** Subnets that it names by their ids. */
    subnetIds: row.subnet_ids,
    /** What the nodes are launched from. */
    launchedFrom: `launch ${row.launch}`,
    /** Names of the variables, or attributes, that say what is above. */
    variables,
  };
}

function natGateways(kind: InputValues["nat_gateway"], publicSubnets: readonly SubnetInput[]): number {
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
