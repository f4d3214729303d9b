import {
  AutoScalingClient,
  paginateDescribeAutoScalingGroups,
  paginateDescribeLaunchConfigurations,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeInternetGateways,
  paginateDescribeNatGateways,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcs,
  type Address,
  type Filter,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { GetInstanceProfileCommand, GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";

import { printable } from "../../terminal/text";
import type { AwsSettings } from "../../aws/settings";
import { asking, isGone, patient, Unknowns } from "../../aws/call";

/** A stack by the names that it gave: they outlive its state. */
export interface StackIdentity {
  readonly clusterName: string;
  /** The variable `project_name`: the tag `Project` of everything that can carry one. */
  readonly projectName: string;
  /** Role and instance profile of the nodes, and of nothing else. */
  readonly nodeRoleName: string;
}

/** How to remove by hand what a stack is made of, without the region. */
const BY_HAND = {
  cluster: (id: string) => `aws eks delete-cluster --name ${id}`,
  "Auto Scaling group": (id: string) =>
    `aws autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name ${id}`,
  "launch configuration": (id: string) =>
    `aws autoscaling delete-launch-configuration --launch-configuration-name ${id}`,
  instance: (id: string) => `aws ec2 terminate-instances --instance-ids ${id}`,
  "NAT gateway": (id: string) => `aws ec2 delete-nat-gateway --nat-gateway-id ${id}`,
  address: (id: string) => `aws ec2 release-address --allocation-id ${id}`,
  "route table": (id: string) => `aws ec2 delete-route-table --route-table-id ${id}`,
  "internet gateway": (id: string) => `aws ec2 delete-internet-gateway --internet-gateway-id ${id}`,
  "security group": (id: string) => `aws ec2 delete-security-group --group-id ${id}`,
  subnet: (id: string) => `aws ec2 delete-subnet --subnet-id ${id}`,
  vpc: (id: string) => `aws ec2 delete-vpc --vpc-id ${id}`,
  role: (id: string) => `aws iam delete-role --role-name ${id}`,
  "instance profile": (id: string) => `aws iam delete-instance-profile --instance-profile-name ${id}`,
} as const;

/** Something of the stack itself that still exists. */
export interface Remain {
  readonly kind: keyof typeof BY_HAND;
  readonly id: string;
  /** By what it shows that it is the stack's. */
  readonly why: string;
  /** AWS is about to end it, and takes its time. */
  readonly isGoing: boolean;
}

/** What is left of a stack. */
export interface Remains {
  readonly things: readonly Remain[];
  /** What there is no permission to look at, one sentence each: nobody may say then that nothing is left. */
  readonly unknown: readonly string[];
}

/**
 * What of the stack itself still exists, whatever the state says. Meant for after `terraform destroy`; the key pair and
 * the jump EC2's role are the user's own and not looked for.
 *
 * @throws UserError when AWS refuses a call for another reason than a missing permission, or cannot be reached
 */
export async function scanAfter(settings: AwsSettings, stack: StackIdentity): Promise<Remains> {
  const how = patient(settings);
  const ec2 = new EC2Client(how);
  const eks = new EKSClient(how);
  const autoScaling = new AutoScalingClient(how);
  const iam = new IAMClient(how);
  const unknown = new Unknowns();
  try {
    const things = await Promise.all([
      unknown.or(cluster(eks, stack), []),
      unknown.or(autoScalingGroups(autoScaling, stack), []),
      unknown.or(launchConfigurations(autoScaling, stack), []),
      ...tagged(ec2, stack).map((list) => unknown.or(list, [])),
      ...roles(iam, stack).map((role) => unknown.or(role, [])),
    ]);
    return { things: things.flat(), unknown: unknown.reasons };
  } finally {
    for (const client of [ec2, eks, autoScaling, iam]) client.destroy();
  }
}

/** For people: what is left of the stack, each with the command that removes it, and what is not known. */
export function remainsText({ things, unknown }: Remains, region: string): string {
  const left = things.map(({ kind, id, why, isGoing }) => {
    const cure = isGoing ? "is going: AWS is about to end it" : `to remove it: ${BY_HAND[kind](id)} --region ${region}`;
    return [`  ${kind} ${id}`, `    ${why}`, `    ${cure}`].map(printable).join("\n");
  });
  const heading = "With the stack's names and tags (look whose it is before you remove anything):";
  return [
    ...(left.length === 0 ? [] : [`${heading}\n${left.join("\n")}`]),
    ...(unknown.length === 0 ? [] : [`Not known:\n${unknown.map((it) => `  ${printable(it)}`).join("\n")}`]),
  ].join("\n\n");
}

/** Whether something is there that can be asked for by its name alone. */
async function exists(what: string, call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    return asking(what, Promise.reject(error as Error));
  }
}

async function cluster(eks: EKSClient, { clusterName: name }: StackIdentity): Promise<Remain[]> {
  try {
    const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
    return [{ kind: "cluster", id: name, why: "its name", isGoing: cluster?.status === "DELETING" }];
  } catch (error) {
    if (isGone(error)) return [];
    return asking(`ask EKS for the cluster ${name}`, Promise.reject(error as Error));
  }
}

async function autoScalingGroups(client: AutoScalingClient, { clusterName }: StackIdentity): Promise<Remain[]> {
  const name = `${clusterName}-worker`;
  const tag = `kubernetes.io/cluster/${clusterName}`;
  const list = async () => {
    const remains: Remain[] = [];
    for await (const { AutoScalingGroups = [] } of paginateDescribeAutoScalingGroups({ client }, {})) {
      for (const { AutoScalingGroupName: id = "", Tags = [], Status } of AutoScalingGroups) {
        const why = id === name ? "its name" : Tags.some(({ Key }) => Key === tag) ? `tag ${tag}` : undefined;
        // It has a status only while it is being deleted.
        if (why !== undefined) remains.push({ kind: "Auto Scaling group", id, why, isGoing: Status !== undefined });
      }
    }
    return remains;
  };
  return asking("list the Auto Scaling groups", list());
}

async function launchConfigurations(client: AutoScalingClient, { clusterName }: StackIdentity): Promise<Remain[]> {
  // Terraform appends a time and a counter to a name prefix: 26 hexadecimal digits.
  const prefix = `${clusterName}_worker_node`;
  const isOurs = (name: string) => name.startsWith(prefix) && /^[0-9a-f]{26}$/.test(name.slice(prefix.length));
  const list = async () => {
    const remains: Remain[] = [];
    for await (const { LaunchConfigurations = [] } of paginateDescribeLaunchConfigurations({ client }, {})) {
      for (const { LaunchConfigurationName: id = "" } of LaunchConfigurations) {
        if (isOurs(id)) remains.push({ kind: "launch configuration", id, why: "its name", isGoing: false });
      }
    }
    return remains;
  };
  return asking("list the launch configurations", list());
}

/** An id, and whether it is going; none for what has ended and is still told of. */
type Found = { readonly id: string | undefined; readonly isGoing?: boolean } | undefined;

/**
 * Everything of EC2 that carries the stack's two tags and is there: what has ended EC2 lists for an hour, and its tags
 * outlive it.
 */
function tagged(ec2: EC2Client, { projectName }: StackIdentity): Promise<Remain[]>[] {
  const client = { client: ec2 };
  const Filters = [
    { Name: "tag:Project", Values: [projectName] },
    { Name: "tag:Managed_by", Values: ["terraform"] },
  ];
  const pages = { Filters };
  const list = async <Page>(
    kind: Remain["kind"],
    all: AsyncIterable<Page>,
    of: (page: Page) => Found[] | undefined,
  ) => {
    const collect = async () => {
      const remains: Remain[] = [];
      for await (const page of all) {
        for (const { id, isGoing = false } of (of(page) ?? []).filter((it) => it !== undefined)) {
          if (id !== undefined) remains.push({ kind, id, why: `tag Project=${projectName}`, isGoing });
        }
      }
      return remains;
    };
    return asking(`list the ${kind}s of the project ${projectName}`, collect());
  };
  return [
    list("instance", paginateDescribeInstances(client, pages), (page) =>
      page.Reservations?.flatMap(({ Instances = [] }) => Instances).map(({ InstanceId: id, State }) =>
        State?.Name === "terminated" ? undefined : { id, isGoing: State?.Name === "shutting-down" },
      ),
    ),
    list("NAT gateway", paginateDescribeNatGateways(client, { Filter: Filters }), (page) =>
      page.NatGateways?.map(({ NatGatewayId: id, State }) =>
        State === "deleted" ? undefined : { id, isGoing: State === "deleting" },
      ),
    ),
    list("address", addresses(ec2, Filters), (page) => page.map((it) => ({ id: it.AllocationId }))),
    list("route table", paginateDescribeRouteTables(client, pages), (page) =>
      page.RouteTables?.map((it) => ({ id: it.RouteTableId })),
    ),
    list("internet gateway", paginateDescribeInternetGateways(client, pages), (page) =>
      page.InternetGateways?.map((it) => ({ id: it.InternetGatewayId })),
    ),
    list("security group", paginateDescribeSecurityGroups(client, pages), (page) =>
      page.SecurityGroups?.map((it) => ({ id: it.GroupId })),
    ),
    list("subnet", paginateDescribeSubnets(client, pages), (page) => page.Subnets?.map((it) => ({ id: it.SubnetId }))),
    list("vpc", paginateDescribeVpcs(client, pages), (page) => page.Vpcs?.map((it) => ({ id: it.VpcId }))),
  ];
}

/** The only one of them that has no pages. */
async function* addresses(ec2: EC2Client, Filters: Filter[]): AsyncGenerator<Address[]> {
  yield (await ec2.send(new DescribeAddressesCommand({ Filters }))).Addresses ?? [];
}

/** IAM is asked by name: an account can have a thousand roles, and listing them shows no tags. */
function roles(iam: IAMClient, { projectName, nodeRoleName }: StackIdentity): Promise<Remain[]>[] {
  const named = async (kind: "role" | "instance profile", id: string): Promise<Remain[]> => {
    const asked =
      kind === "role"
        ? iam.send(new GetRoleCommand({ RoleName: id }))
        : iam.send(new GetInstanceProfileCommand({ InstanceProfileName: id }));
    const isThere = await exists(`ask IAM for the ${kind} ${id}`, asked);
    return isThere ? [{ kind, id, why: "its name", isGoing: false }] : [];
  };
  return [
    named("role", `${projectName}-eks-cluster`),
    named("role", nodeRoleName),
    named("instance profile", nodeRoleName),
  ];
}
