import { z } from "zod";

import { terraformCommand } from "../../terraform/program";
import { ends, isLater, type Plan, type ResourceChange } from "../../terraform/plan-file";
import { allowOption, becomes, type Refusal } from "./refusal";

/**
 * EKS' order: a cluster goes one step to the right, and never back.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
 */
const MODES: readonly string[] = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

/**
 * Makes everybody whom it is associated with, for the whole cluster, one who may do everything in it.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
 */
const ADMIN_POLICY = /\/AmazonEKSClusterAdminPolicy$/;

/** Nobody is ever shut out for good, and a message that says so is an honest one. */
const WAY_BACK =
  "whoever's IAM policies allow eks:CreateAccessEntry and eks:AssociateAccessPolicy can let somebody in again";

/** The cluster's attributes, as far as they are known: what only the apply will tell is missing. */
const CLUSTER = z.object({
  name: z.string().nullish(),
  version: z.string().nullish(),
  vpc_config: z.array(z.object({ subnet_ids: z.array(z.string().nullable()).nullish() })).nullish(),
  access_config: z
    .array(
      z.object({
        authentication_mode: z.string().nullish(),
        bootstrap_cluster_creator_admin_permissions: z.boolean().nullish(),
      }),
    )
    .nullish(),
  encryption_config: z
    .array(z.object({ provider: z.array(z.object({ key_arn: z.string().nullish() })).nullish() }))
    .nullish(),
});
type Cluster = z.infer<typeof CLUSTER>;

const SUBNET = z.object({ id: z.string().nullish(), availability_zone: z.string().nullish() });

const GROUP = z.object({
  vpc_zone_identifier: z.array(z.string().nullable()).nullish(),
  availability_zones: z.array(z.string()).nullish(),
});

const ENTRY = z.object({ type: z.string().nullish(), principal_arn: z.string().nullish() });

const ASSOCIATION = z.object({
  cluster_name: z.string().nullish(),
  policy_arn: z.string().nullish(),
  principal_arn: z.string().nullish(),
  access_scope: z.array(z.object({ type: z.string().nullish() })).nullish(),
});

/**
 * What a plan would do to a cluster in place, or to those who get in, that EKS refuses, that cannot be taken back, or
 * that shuts out people or nodes.
 */
export function clusterRefusals(plan: Plan): Refusal[] {
  const managed = managedBy(plan);
  const clusters = managed.filter(({ type }) => type === "aws_eks_cluster");
  return [
    ...clusters.filter(({ kind }) => kind === "update").flatMap((change) => inPlace(change, plan)),
    ...clusters.flatMap((change) => withoutAdmin(change, managed)),
    ...nodesShutOut(managed),
  ];
}

/** What a plan does with what Terraform manages; what an interrupted replacement left behind is none of it. */
function managedBy({ changes }: Plan): ResourceChange[] {
  return changes.filter(({ isManaged, deposed }) => isManaged && deposed === undefined);
}

/** What to set back in the tfvars, by how the path of an attribute begins that forces a replacement. */
const SET_BACK = [
  ["encryption_config", "set secrets_encryption back to what it was: EKS never takes it off again"],
  ["kubernetes_network_config[0].ip_family", "set ip_family back"],
  ["kubernetes_network_config", "set service_cidr back"],
] as const;

/** The tfvars variable to set back where one of the cluster's attributes forces its replacement. */
export function setBack({ type, forcedBy }: ResourceChange): string | undefined {
  if (type !== "aws_eks_cluster") return undefined;
  const advice = forcedBy.flatMap(({ path, before }) => {
    if (path === "access_config[0].bootstrap_cluster_creator_admin_permissions") {
      // The stack ignores changes of it; a state without it forces a replacement all the same.
      const isInState = before.is === "known" && typeof before.value === "boolean";
      const refresh = `let the state learn of it first, \`${terraformCommand()} apply -refresh-only\``;
      return isInState
        ? `set cluster_creator_admin back to ${String(before.value)}: it counts when a cluster is made, and never after`
        : `${refresh}: it counts when a cluster is made, and is ignored after`;
    }
    return SET_BACK.find(([start]) => path.startsWith(start))?.[1] ?? [];
  });
  return advice.length === 0 ? undefined : [...new Set(advice)].join(", and ");
}

/** What cannot be taken back of what a plan does to a cluster, and is allowed, one sentence each. */
export function irrevocable(plan: Plan): { readonly address: string; readonly what: string }[] {
  return managedBy(plan)
    .filter(({ type, kind }) => type === "aws_eks_cluster" && kind === "update")
    .flatMap((change) => {
      const before = clusterOf(change.before);
      const after = clusterOf(change.after);
      const said: string[] = [];
      if (before.version !== after.version && steps(before.version, after.version) === 1) {
        said.push(
          `the control plane goes from ${before.version ?? ""} to ${after.version ?? ""}, and never back; ` +
            "the nodes keep their kubelets until their images are others",
        );
      }
      const [mode, next] = [modeOf(before), modeOf(after)];
      const isAllowed = mode === undefined || modeSteps(mode, next) === 1;
      if (isAllowed && next !== undefined && MODES.includes(next)) {
        said.push(
          `authentication_mode goes from ${mode ?? "nothing"} to ${next}, and never back` +
            (next === "API" ? "; whom aws-auth alone lets in, people and nodes, is shut out" : ""),
        );
      }
      if ((before.encryption_config ?? []).length === 0 && (after.encryption_config ?? []).length > 0) {
        said.push(
          "secrets become encrypted with a KMS key, for good: without that key the cluster cannot be recovered",
        );
      }
      return said.map((what) => ({ address: change.address, what }));
    });
}

/** What EKS refuses of an update, or what the provider leaves undone: why, and what to write instead. */
type Refused = readonly [because: string, instead: string];

function inPlace(change: ResourceChange, plan: Plan): Refusal[] {
  const [before, after] = [clusterOf(change.before), clusterOf(change.after)];
  const refused = [version(before, after), mode(before, after), key(before, after, change), zones(change, plan)];
  return refused.flatMap((it): Refusal[] => {
    if (it === undefined) return [];
    const [because, instead] = it;
    return [{ address: change.address, noun: "the cluster", what: "changed", because, instead }];
  });
}

function version({ version: from }: Cluster, { version: to }: Cluster): Refused | undefined {
  const up = steps(from, to);
  if (Number.isNaN(up) || up === 0 || up === 1) return undefined;
  const because = `version goes from ${from ?? ""} to ${to ?? ""}`;
  return up < 0
    ? [
        `${because}, and EKS never goes back`,
        `set eks_version = "${from ?? ""}" (at the end of its support EKS upgrades a version by itself)`,
      ]
    : [
        `${because}, and EKS goes one minor at a time`,
        `set eks_version = "${minorAfter(from ?? "")}" first, and the nodes' images for it before you go on`,
      ];
}

function mode(from: Cluster, to: Cluster): Refused | undefined {
  const [before, after] = [modeOf(from), modeOf(to)];
  if (before === undefined || after === undefined) return undefined;
  const up = modeSteps(before, after);
  const because = `authentication_mode goes from ${before} to ${after}`;
  if (up < 0) return [`${because}, and EKS never goes back`, `set authentication_mode = "${before}"`];
  return up < 2
    ? undefined
    : [`${because}, and EKS goes one step at a time`, 'set authentication_mode = "API_AND_CONFIG_MAP" first'];
}

/**
 * The provider takes another key for a change in place, asks EKS for nothing, and writes the new one into the state.
 */
function key(from: Cluster, to: Cluster, change: ResourceChange): Refused | undefined {
  const before = keyOf(from);
  const after = keyOf(to) ?? (isLater(change, "encryption_config") ? "a key that is made only then" : undefined);
  if (before === undefined || after === undefined || before === after) return undefined;
  return [
    `the key of its secrets goes from ${before} to ${after}, and EKS never takes another`,
    `set secrets_encryption = { kms_key_arn = "${before}" }, or keep what it said; a key can rotate its material ` +
      "(rotation_days)",
  ];
}

/**
 * The subnets of a control plane can be others, but never in other zones: EKS asks for the exact set. A plan without
 * all of the zones is left to EKS.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
function zones(change: ResourceChange, plan: Plan): Refused | undefined {
  const subnets = managedBy(plan).filter(({ type }) => type === "aws_subnet");
  const told = [
    ...subnets.flatMap(({ before, after }) => [before, after]),
    ...plan.dataSources.filter(({ type }) => type === "aws_subnet").map(({ values }) => values),
  ].map((values) => parsed(SUBNET, values));
  const zoneOf = (id: string | null) => told.find((subnet) => subnet.id === id)?.availability_zone;

  const ids = subnetIds(clusterOf(change.before));
  const own = subnets.filter(({ before }) => ids.some((id) => id === parsed(SUBNET, before).id));
  // Data sources tell of the subnets that are named now. Of those that were, the groups of nodes in them tell.
  const groups = plan.changes
    .filter(({ type }) => type === "aws_autoscaling_group")
    .map((group) => parsed(GROUP, group.before))
    .filter(({ vpc_zone_identifier: of }) => of?.every((id) => ids.includes(id)) === true);
  const ofGroups = (id: string | null) =>
    groups.flatMap(({ vpc_zone_identifier: of, availability_zones: all }) =>
      of?.includes(id) === true ? (all ?? []) : [],
    );
  const before = ids.flatMap((id): readonly (string | null | undefined)[] => {
    const [zone, others] = [zoneOf(id), ofGroups(id)];
    return typeof zone === "string" || others.length === 0 ? [zone] : others;
  });
  // Ids that only the apply will tell are those of rows beside the ones that it has.
  const after = isLater(change, "vpc_config", 0, "subnet_ids")
    ? subnets
        .filter(({ name, after }) => after !== null && own.some((row) => row.name === name))
        .map(({ after }) => parsed(SUBNET, after).availability_zone)
    : subnetIds(clusterOf(change.after)).map(zoneOf);
  const [from, to] = [zoneList(before), zoneList(after)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const variable = own.length > 0 ? "vpc_private_subnets" : "private_subnet_ids";
  return [
    `its subnets would stand in ${to}, and EKS takes only the zones that the cluster was made with, ${from}`,
    `set ${variable} so that it has all of these zones and no other`,
  ];
}

function subnetIds({ vpc_config: config }: Partial<Cluster>): readonly (string | null)[] {
  return config?.[0]?.subnet_ids ?? [];
}

/** Zones in order, each once; undefined where there are none, or one of them is not known. */
function zoneList(known: readonly (string | null | undefined)[]): string | undefined {
  if (known.length === 0 || known.some((zone) => typeof zone !== "string")) return undefined;
  return [...new Set(known)].sort().join(", ");
}

/**
 * A cluster whose admins are those that access entries name, and to whom none would be left; and one that is made
 * without any. Where it had none before that a plan could see, this plan takes nobody away.
 */
function withoutAdmin(cluster: ResourceChange, managed: readonly ResourceChange[]): Refusal[] {
  if (cluster.kind === "destroy" || cluster.kind === "forget") return [];
  const before = cluster.before === null ? undefined : clusterOf(cluster.before);
  const after = clusterOf(cluster.after);
  const mode = modeOf(after);
  // One that began with aws-auth has its creator for an admin, whatever the provider records of a word that nobody
  // said: EKS takes no other. https://github.com/hashicorp/terraform-provider-aws/issues/35824
  const beganWithAwsAuth = cluster.kind !== "replace" && before !== undefined && modeOf(before) === "CONFIG_MAP";
  if (mode === undefined || mode === "CONFIG_MAP" || beganWithAwsAuth || creatorIsAdmin(after)) return [];

  const associations = managed.filter(({ type, before, after }) => {
    const { cluster_name: name } = parsed(ASSOCIATION, after ?? before);
    // One cluster's name stands in it, unless only the apply will tell.
    return (
      type === "aws_eks_access_policy_association" &&
      (typeof name !== "string" || name === clusterOf(cluster.after).name)
    );
  });
  const going = associations.map((it) => ({ it, by: goneBy(it, managed) }));
  if (going.some(({ it, by }) => by === undefined && makesAdmin(it.kind === "forget" ? it.before : it.after, it))) {
    return [];
  }

  const nobody =
    "no access entry with AmazonEKSClusterAdminPolicy for the whole cluster is left, and who made it is none " +
    "as far as Terraform knows (cluster_creator_admin = false)";
  const instead = "give somebody in access_entries the policy AmazonEKSClusterAdminPolicy without namespaces";
  const elsewhere = mode === "API_AND_CONFIG_MAP" ? "aws-auth may map admins that no plan shows, and so may" : "only";
  const lost =
    `the last way in for an admin that this plan can see (${elsewhere} entries or bindings that others made by ` +
    `hand); ${WAY_BACK}`;
  const taken = going.flatMap(({ it, by = it }) => (makesAdmin(it.before) ? [by] : []));
  if (taken.length > 0) {
    return [...new Set(taken)].map((by) => ({
      address: by.address,
      noun: "the cluster's last admin",
      what: becomes(by),
      because: nobody,
      lost,
      instead,
      option: allowOption(by.address),
    }));
  }
  if (before !== undefined && cluster.kind !== "replace") return [];
  return [
    {
      address: cluster.address,
      noun: "the cluster",
      what: "made",
      because: `authentication_mode is ${mode}, ${nobody}`,
      lost: `the way in for people and for the bastion; ${WAY_BACK}`,
      instead,
      option: allowOption(cluster.address),
    },
  ];
}

/**
 * What takes an association away: itself, or its access entry, with which EKS drops all of its policies; undefined when
 * it stays, or is made.
 */
function goneBy(association: ResourceChange, managed: readonly ResourceChange[]): ResourceChange | undefined {
  if (association.kind === "destroy") return association;
  if (association.kind === "forget") return undefined;
  if (!makesAdmin(association.after, association)) return association.before === null ? undefined : association;
  // One that is made anew comes after its entry.
  if (association.kind === "create" || association.kind === "replace") return undefined;
  const principal = parsed(ASSOCIATION, association.before).principal_arn;
  return managed.find(
    (it) =>
      it.type === "aws_eks_access_entry" &&
      ends(it) &&
      typeof principal === "string" &&
      parsed(ENTRY, it.before).principal_arn === principal,
  );
}

/** Whether an association makes an admin of the whole cluster; one of which only the apply will tell may. */
function makesAdmin(values: ResourceChange["after"], change?: ResourceChange): boolean {
  if (values === null) return false;
  const { policy_arn: policy, access_scope: scope } = parsed(ASSOCIATION, values);
  const mayBe = (name: string) => change !== undefined && isLater(change, name);
  const isPolicy = typeof policy === "string" ? ADMIN_POLICY.test(policy) : mayBe("policy_arn");
  const isWhole = scope?.[0]?.type === "cluster" || (scope?.[0]?.type === undefined && mayBe("access_scope"));
  return isPolicy && isWhole;
}

/**
 * Access entries of nodes that go while there are Auto Scaling groups: the kubelets of a role that has none are
 * answered with Unauthorized. Where the role goes as well, that is what is refused.
 */
function nodesShutOut(managed: readonly ResourceChange[]): Refusal[] {
  const hasGroups = managed.some(
    ({ type, kind, before }) => type === "aws_autoscaling_group" && before !== null && kind !== "destroy",
  );
  // With the cluster all entries go, and it is refused itself.
  const clusterGoes = managed.some((it) => it.type === "aws_eks_cluster" && ends(it));
  if (!hasGroups || clusterGoes) return [];
  return managed.flatMap((change): Refusal[] => {
    const entry = parsed(ENTRY, change.before);
    if (change.type !== "aws_eks_access_entry" || entry.type !== "EC2_LINUX" || !ends(change)) return [];
    const roleGoes = managed.some(
      (it) => it.type === "aws_iam_role" && ends(it) && it.before?.["arn"] === entry.principal_arn,
    );
    if (roleGoes) return [];
    const role = entry.principal_arn ?? "its role";
    return [
      {
        address: change.address,
        noun: "the nodes' access entry",
        what: becomes(change),
        because: `there are Auto Scaling groups, and the nodes of ${role} get in by it`,
        lost:
          "their nodes, which become NotReady, and new ones do not join, unless aws-auth maps their role (no " +
          "plan shows that)",
        option: allowOption(change.address),
      },
    ];
  });
}

function creatorIsAdmin({ access_config: config }: Cluster): boolean {
  // EKS' own default is true.
  return config?.[0]?.bootstrap_cluster_creator_admin_permissions !== false;
}

function modeOf({ access_config: config }: Cluster): string | undefined {
  return config?.[0]?.authentication_mode ?? undefined;
}

function keyOf({ encryption_config: config }: Cluster): string | undefined {
  return config?.[0]?.provider?.[0]?.key_arn ?? undefined;
}

/** Steps towards access entries; less than 0 for a way back. */
function modeSteps(from: string, to: string | undefined): number {
  return MODES.indexOf(to ?? "") - MODES.indexOf(from);
}

/** Minors from one version to another; NaN when one of them is not known. */
function steps(from: string | null | undefined, to: string | null | undefined): number {
  return minorOf(to ?? "") - minorOf(from ?? "");
}

function minorOf(version: string): number {
  return Number(/^1\.(\d+)$/.exec(version)?.[1]);
}

function minorAfter(version: string): string {
  return `1.${String(minorOf(version) + 1)}`;
}

function clusterOf(values: ResourceChange["before"]): Cluster {
  return parsed(CLUSTER, values);
}

/** What is readable of values; nothing of those that are of another shape, as another provider may write them. */
function parsed<T extends z.ZodObject>(shape: T, values: ResourceChange["before"]): Partial<z.infer<T>> {
  const { success, data } = shape.safeParse(values ?? {});
  return success ? data : {};
}
