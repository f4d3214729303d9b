import { minorOf, minorsBehind } from "../../facts/kubelet-skew";
import { ends, isLater, valueAt, type Plan, type ResourceChange } from "../../terraform/plan-file";
import { terraformCommand } from "../../terraform/program";
import { becomes, type Refusal } from "./refusal";

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

/** Attributes, as far as they are known: what only the apply will tell is missing. */
type Values = ResourceChange["before"];

/**
 * What a plan would do to a cluster in place, or to those who get in, that EKS refuses, that cannot be taken back, or
 * that shuts out people or nodes.
 */
export function clusterRefusals(plan: Plan): Refusal[] {
  const managed = managedBy(plan);
  return [
    ...verdicts(plan).flatMap((it): Refusal[] =>
      "because" in it ? [{ ...it, noun: "the cluster", what: "changed", isFinal: true }] : [],
    ),
    ...managed.flatMap((change) => withoutAdmin(change, managed)),
    ...nodesShutOut(managed),
  ];
}

/** What cannot be taken back of what a plan does to a cluster, and is allowed, one sentence each. */
export function irrevocable(plan: Plan): { readonly address: string; readonly what: string }[] {
  return verdicts(plan).flatMap((it) => ("forGood" in it ? [{ address: it.address, what: it.forGood }] : []));
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
      return before.is === "known" && typeof before.value === "boolean"
        ? `set cluster_creator_admin back to ${String(before.value)}: it counts when a cluster is made, and never after`
        : `let the state learn of it first, \`${terraformCommand()} apply -refresh-only\`: it counts when a cluster ` +
            "is made, and is ignored after";
    }
    return SET_BACK.find(([start]) => path.startsWith(start))?.[1] ?? [];
  });
  return advice.length === 0 ? undefined : [...new Set(advice)].join(", and ");
}

/** A change in place that EKS refuses, or that the provider leaves undone; or one that EKS never takes back. */
type Verdict = Required<Pick<Refusal, "because" | "instead">> | { readonly forGood: string };

/** What is to be said of the changes in place of clusters. */
function verdicts(plan: Plan) {
  return managedBy(plan)
    .filter(({ type, kind }) => type === "aws_eks_cluster" && kind === "update")
    .flatMap((change) =>
      [ofVersion(change), ofMode(change), ofKey(change), ofZones(change, plan)].map((verdict) => ({
        address: change.address,
        ...verdict,
      })),
    );
}

function ofVersion({ before, after }: ResourceChange): Verdict | undefined {
  const [from = "", to = ""] = [textAt(before, "version"), textAt(after, "version")];
  const up = minorsBehind(from, to);
  if (Number.isNaN(up) || up === 0) return undefined;
  if (up < 0) {
    return {
      because: `version goes from ${from} to ${to}, and EKS never goes back`,
      instead: `set eks_version = "${from}" (at the end of its support EKS upgrades a version by itself)`,
    };
  }
  if (up > 1) {
    const next = `1.${String(minorOf(from) + 1)}`;
    return {
      because: `version goes from ${from} to ${to}, and EKS goes one minor at a time`,
      instead: `set eks_version = "${next}" first, and the nodes' images for it before you go on`,
    };
  }
  return {
    forGood:
      `the control plane goes from ${from} to ${to}, and never back; ` +
      "the nodes keep their kubelets until their images are others",
  };
}

function ofMode({ before, after }: ResourceChange): Verdict | undefined {
  const [from = "nothing", to] = [modeOf(before), modeOf(after)];
  if (to === undefined || from === to) return undefined;
  const goes = `authentication_mode goes from ${from} to ${to}`;
  const up = from === "nothing" ? 1 : MODES.indexOf(to) - MODES.indexOf(from);
  if (up < 0) return { because: `${goes}, and EKS never goes back`, instead: `set authentication_mode = "${from}"` };
  if (up > 1) {
    const instead = 'set authentication_mode = "API_AND_CONFIG_MAP" first';
    return { because: `${goes}, and EKS goes one step at a time`, instead };
  }
  const shutOut = to === "API" ? "; whom aws-auth alone lets in, people and nodes, is shut out" : "";
  return { forGood: `${goes}, and never back${shutOut}` };
}

/**
 * The provider takes another key for a change in place, asks EKS for nothing, and writes the new one into the state.
 */
function ofKey(change: ResourceChange): Verdict | undefined {
  const [before, after] = [keyOf(change.before), keyOf(change.after)];
  const to = after ?? (isLater(change, "encryption_config") ? "a key that is made only then" : undefined);
  if (to === undefined || before === to) return undefined;
  if (before === undefined) {
    return {
      forGood: "secrets become encrypted with a KMS key, for good: without that key the cluster cannot be recovered",
    };
  }
  return {
    because: `the key of its secrets goes from ${before} to ${to}, and EKS never takes another`,
    instead:
      `set secrets_encryption = { kms_key_arn = "${before}" }, or keep what it said; a key can rotate its material ` +
      "(rotation_days)",
  };
}

/**
 * The subnets of a control plane can be others, but never in other zones: EKS asks for the exact set. A plan without
 * all of the zones is left to EKS.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
function ofZones(change: ResourceChange, plan: Plan): Verdict | undefined {
  const subnets = managedBy(plan).filter(({ type }) => type === "aws_subnet");
  const told = [
    ...subnets.flatMap(({ before, after }) => [before, after]),
    ...plan.dataSources.map(({ values }) => values),
  ];
  const zoneOf = (id: unknown) =>
    textAt(
      told.find((subnet) => subnet?.["id"] === id),
      "availability_zone",
    );

  const ids = subnetIds(change.before);
  const own = subnets.filter(({ before }) => ids.includes(before?.["id"]));
  // Data sources tell of the subnets that are named now. Of those that were, the groups of nodes in them tell.
  const groups = plan.changes
    .map(({ before }) => ({ of: listAt(before, "vpc_zone_identifier"), zones: listAt(before, "availability_zones") }))
    .filter(({ of }) => of.every((id) => ids.includes(id)));
  const before = ids.flatMap((id) => {
    const zones = groups.filter(({ of }) => of.includes(id)).flatMap((group) => group.zones);
    return zones.length > 0 ? zones : [zoneOf(id)];
  });
  // Ids that only the apply will tell are those of rows beside the ones that it has.
  const after = isLater(change, "vpc_config", 0, "subnet_ids")
    ? subnets
        .filter(({ name, after }) => after !== null && own.some((row) => row.name === name))
        .map(({ after }) => textAt(after, "availability_zone"))
    : subnetIds(change.after).map(zoneOf);
  const [from, to] = [zoneList(before), zoneList(after)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const variable = own.length > 0 ? "vpc_private_subnets" : "private_subnet_ids";
  return {
    because: `its subnets would stand in ${to}, and EKS takes only the zones that the cluster was made with, ${from}`,
    instead: `set ${variable} so that it has all of these zones and no other`,
  };
}

function subnetIds(cluster: Values): readonly unknown[] {
  return listAt(cluster, "vpc_config", 0, "subnet_ids");
}

/** Zones in order, each once; undefined where there are none, or one of them is not known. */
function zoneList(known: readonly unknown[]): string | undefined {
  if (known.length === 0 || known.some((zone) => typeof zone !== "string")) return undefined;
  return [...new Set(known)].sort().join(", ");
}

/**
 * A cluster whose admins are those that access entries name, and to whom none would be left; and one that is made
 * without any. Where it had none before that a plan could see, this plan takes nobody away.
 */
function withoutAdmin(cluster: ResourceChange, managed: readonly ResourceChange[]): Refusal[] {
  const { address, kind, before, after } = cluster;
  const isMade = before === null || kind === "replace";
  // Nothing but a cluster has one, and one that goes has none any more.
  const mode = modeOf(after);
  // One that began with aws-auth has its creator for an admin, whatever the provider records of a word that nobody
  // said: EKS takes no other. https://github.com/hashicorp/terraform-provider-aws/issues/35824
  const beganWithAwsAuth = !isMade && modeOf(before) === "CONFIG_MAP";
  // EKS' own default is true.
  const creatorIsAdmin = valueAt(after, "access_config", 0, "bootstrap_cluster_creator_admin_permissions") !== false;
  if (mode === undefined || mode === "CONFIG_MAP" || beganWithAwsAuth || creatorIsAdmin) return [];

  const associations = managed.filter((it) => {
    const name = textAt(it.after ?? it.before, "cluster_name");
    // One cluster's name stands in it, unless only the apply will tell.
    return it.type === "aws_eks_access_policy_association" && (name === undefined || name === textAt(after, "name"));
  });
  const going = associations.map((it) => ({ it, by: entryGoing(it, managed) }));
  if (going.some(({ it, by }) => by === undefined && makesAdmin(it.kind === "forget" ? it.before : it.after, it))) {
    return [];
  }

  const nobody =
    "no access entry with AmazonEKSClusterAdminPolicy for the whole cluster is left, and who made it is none " +
    "as far as Terraform knows (cluster_creator_admin = false)";
  const instead = "give somebody in access_entries the policy AmazonEKSClusterAdminPolicy without namespaces";
  const elsewhere = mode === "API_AND_CONFIG_MAP" ? "aws-auth may map admins that no plan shows, and so may" : "only";
  const taken = new Set(going.flatMap(({ it, by = it }) => (makesAdmin(it.before) ? [by] : [])));
  if (taken.size > 0) {
    return [...taken].map((by) => ({
      address: by.address,
      noun: "the cluster's last admin",
      what: becomes(by),
      because: nobody,
      lost:
        `the last way in for an admin that this plan can see (${elsewhere} entries or bindings that others made by ` +
        `hand); ${WAY_BACK}`,
      instead,
    }));
  }
  if (!isMade) return [];
  return [
    {
      address,
      noun: "the cluster",
      what: "made",
      because: `authentication_mode is ${mode}, ${nobody}`,
      lost: `the way in for people and for the bastion; ${WAY_BACK}`,
      instead,
    },
  ];
}

/**
 * The access entry that goes, and with which EKS drops all of its policies, one that Terraform only forgets among them.
 * One that goes itself needs none, and one that is made anew comes after its entry.
 */
function entryGoing(association: ResourceChange, managed: readonly ResourceChange[]): ResourceChange | undefined {
  if (ends(association)) return undefined;
  const principal = textAt(association.before, "principal_arn");
  return managed.find(
    (it) => it.type === "aws_eks_access_entry" && ends(it) && textAt(it.before, "principal_arn") === principal,
  );
}

/** Whether an association makes an admin of the whole cluster; one of which only the apply will tell may. */
function makesAdmin(values: Values, change?: ResourceChange): boolean {
  const mayBe = (name: string) => change !== undefined && isLater(change, name);
  const policy = textAt(values, "policy_arn");
  const scope = textAt(values, "access_scope", 0, "type");
  const isPolicy = policy === undefined ? mayBe("policy_arn") : ADMIN_POLICY.test(policy);
  return isPolicy && (scope === undefined ? mayBe("access_scope") : scope === "cluster");
}

/**
 * Access entries of nodes that go while there are Auto Scaling groups: the kubelets of a role that has none are
 * answered with Unauthorized. Where the role goes as well, that is what is refused.
 */
function nodesShutOut(managed: readonly ResourceChange[]): Refusal[] {
  const hasGroups = managed.some(
    ({ type, kind, before }) => type === "aws_autoscaling_group" && before !== null && kind !== "destroy",
  );
  const going = managed.filter(ends);
  // With the cluster all entries go, and it is refused itself.
  if (!hasGroups || going.some(({ type }) => type === "aws_eks_cluster")) return [];
  return going
    .filter(({ before }) => valueAt(before, "type") === "EC2_LINUX")
    .map((change) => ({ change, role: valueAt(change.before, "principal_arn") }))
    .filter(({ role }) => !going.some(({ before }) => valueAt(before, "arn") === role))
    .map(({ change, role }) => ({
      address: change.address,
      noun: "the nodes' access entry",
      what: becomes(change),
      because: `there are Auto Scaling groups, and the nodes of ${String(role)} get in by it`,
      lost:
        "their nodes, which become NotReady, and new ones do not join, unless aws-auth maps their role (no " +
        "plan shows that)",
    }));
}

function modeOf(cluster: Values): string | undefined {
  return textAt(cluster, "access_config", 0, "authentication_mode");
}

function keyOf(cluster: Values): string | undefined {
  return textAt(cluster, "encryption_config", 0, "provider", 0, "key_arn");
}

/** The text at a path; undefined where there is none, or something else, as another provider may write it. */
function textAt(values: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(values, ...path);
  return typeof value === "string" ? value : undefined;
}

/** The list at a path; nothing where there is none. */
function listAt(values: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const value = valueAt(values, ...path);
  return Array.isArray(value) ? value : [];
}
