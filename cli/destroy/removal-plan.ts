import { byHand, FINDERS, type FoundType } from "../../aws/finders/table";
import { shell } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import { inBlocks } from "../../terminal/table";
import { printable } from "../../terminal/text";
import type { Leftovers } from "./leftovers";
import { GONE_BALANCER, interfaceDescription, type Reference, type Thing } from "./ownership";

/** What the user said by name about what holds data: ids of volumes, names of log groups. */
export interface Wishes {
  readonly delete: readonly string[];
  /** Known to stay, and no reason to call the account unclean. */
  readonly keep: readonly string[];
}

/** What becomes of a thing. */
export interface Fate {
  readonly thing: Thing;
  /**
   * `deleted`: by this plan. `goes`: with something else. `kept`: holds data. `yours`: the user's to remove, since
   * nothing here may. `foreign`: not proven to be this cluster's.
   */
  readonly fate: "deleted" | "goes" | "kept" | "yours" | "foreign";
  /** In words, with what to do where there is something to do. */
  readonly says: string;
}

/** One step of a removal. */
export type Step =
  | { readonly does: "delete"; readonly thing: Deletable }
  | { readonly does: "revoke"; readonly reference: Reference }
  /**
   * Until the network interfaces with these descriptions, of load balancers, are gone: nothing that they hold can go
   * before.
   */
  | { readonly does: "wait"; readonly descriptions: readonly string[] };

/** What is to become of a cluster's leftovers. */
export interface Removal {
  readonly clusterName: string;
  readonly fates: readonly Fate[];
  /** In the order in which AWS allows them. */
  readonly steps: readonly Step[];
  /** What could not be looked at, each with its reason. */
  readonly unknown: readonly string[];
}

/** What holds data is deleted only when this option names it. */
const DELETE_OPTION: Partial<Record<FoundType, string>> = {
  aws_ebs_volume: "--delete-volume",
  aws_cloudwatch_log_group: "--delete-log-group",
};

function holdsData({ type }: Thing): boolean {
  return type in DELETE_OPTION;
}

/** These go first: they hold everything else. */
const BALANCERS = ["aws_elb", "aws_lb"] as const;

/** In this order each is free of what came before it. */
const AFTER_BALANCERS = [
  "aws_lb_target_group",
  "aws_vpc_endpoint",
  "aws_network_interface",
  "aws_security_group",
  "aws_ebs_volume",
  "aws_cloudwatch_log_group",
] as const;

/** A type that a step deletes. */
export type DeletableType = (typeof BALANCERS | typeof AFTER_BALANCERS)[number];

/** A thing that a step deletes. */
type Deletable = Thing & { readonly type: DeletableType };

/** Whether a thing is of one of these types. */
function isOf<T extends FoundType>(types: readonly T[], thing: Thing): thing is Thing & { readonly type: T } {
  return (types as readonly FoundType[]).includes(thing.type);
}

/**
 * What is to become of everything that a scan found, and in which order. Nothing that is not proven to be the cluster's
 * is ever in a step, and nothing that holds data unless it is asked for by name.
 *
 * @throws UserError when something is to be deleted, by name or with a claim, that is not this cluster's, or by name that
 *   the scan did not find
 */
export function removalPlan(leftovers: Leftovers, wishes: Wishes): Removal {
  const { things, references, clusterName, region, unknown } = leftovers;
  for (const id of wishes.delete) refuseUnlessItMayGo(id, leftovers, wishes);
  for (const thing of things) refuseForeignClaim(thing, clusterName);
  const fates = things.map((thing): Fate => ({ thing, ...fateOf(thing, region, wishes) }));
  const deleted = fates.filter(({ fate }) => fate === "deleted").map(({ thing }) => thing);
  const ofTypes = <T extends FoundType>(...types: T[]) => deleted.filter((thing) => isOf(types, thing));
  const balancers = ofTypes(...BALANCERS);
  const descriptions = new Set([
    ...balancers.map(interfaceDescription),
    ...things.filter(({ goesWith }) => goesWith === GONE_BALANCER).map(({ called }) => called),
  ]);
  const groups = ofTypes("aws_security_group").map(({ id }) => id);
  const deletion = (thing: Deletable): Step => ({ does: "delete", thing });
  const revocations = references
    .filter(({ toGroup }) => groups.includes(toGroup))
    .map((reference): Step => ({ does: "revoke", reference }));
  return {
    clusterName,
    unknown,
    fates,
    steps: [
      ...balancers.map(deletion),
      ...(descriptions.size > 0 ? [{ does: "wait" as const, descriptions: [...descriptions] }] : []),
      ...AFTER_BALANCERS.flatMap((type) => [
        ...(type === "aws_security_group" ? revocations : []),
        ...ofTypes(type).map(deletion),
      ]),
    ],
  };
}

/** A claim that is deleted would take along what is somebody else's. */
function refuseForeignClaim({ type, id, owner, why, goesWith }: Thing, clusterName: string): void {
  if (type !== "aws_ebs_volume" || owner === "cluster" || goesWith === undefined) return;
  throw new UserError(
    `${id} is not the cluster ${clusterName}'s (${why}), and would go with ${goesWith}; nothing was deleted: ` +
      `${shell`--keep ${id}`} leaves the volume and its claim alone`,
  );
}

function refuseUnlessItMayGo(id: string, { things, clusterName, region }: Leftovers, wishes: Wishes): void {
  const thing = things.find((it) => it.id === id);
  const data = things.filter((it) => holdsData(it) && it.owner === "cluster").map((it) => it.id);
  const allowed = data.length === 0 ? "there is none" : `there is ${data.join(", ")}`;
  if (wishes.keep.includes(id)) throw new UserError(`${id} is both to be deleted and to be kept; say one of them`);
  if (thing === undefined || !holdsData(thing)) {
    throw new UserError(`${id} is no volume or log group of the cluster ${clusterName}; ${allowed}`);
  }
  if (thing.owner !== "cluster") {
    const command = byHand(thing.type, id, region);
    throw new UserError(
      `${id} is not deleted, because it is not proven to be the cluster ${clusterName}'s (${thing.why}); if it ` +
        `is, delete it by hand: ${command}`,
    );
  }
}

function fateOf(thing: Thing, region: string, wishes: Wishes): Omit<Fate, "thing"> {
  const { type, id, owner, goesWith, attachedTo, endedBy } = thing;
  const command = endedBy === undefined ? byHand(type, id, region) : `aws ${endedBy} --region ${region}`;
  if (owner === "other" && goesWith !== GONE_BALANCER) {
    const holdsVpc = !holdsData(thing) && type !== "aws_lb_target_group";
    const holds = holdsVpc ? "; Terraform cannot delete the VPC before it is gone" : "";
    return { fate: "foreign", says: `is left alone${holds}; if it may go: ${command}` };
  }
  if (goesWith !== undefined) return { fate: "goes", says: `goes with ${goesWith}` };
  const option = DELETE_OPTION[type];
  if (option !== undefined) {
    if (wishes.keep.includes(id)) return { fate: "kept", says: "is kept, as you said" };
    if (!wishes.delete.includes(id)) {
      const says = `is kept, because it holds data, and is billed; to delete it: ${shell`eks destroy ${option} ${id}`}`;
      return { fate: "kept", says };
    }
    const after = attachedTo === undefined ? "" : `, when ${attachedTo} has let go of it`;
    return { fate: "deleted", says: `will be deleted with its data, as you said${after}` };
  }
  if (!isOf([...BALANCERS, ...AFTER_BALANCERS], thing)) {
    return { fate: "yours", says: `has to be removed by you: ${command}` };
  }
  if (attachedTo === undefined) return { fate: "deleted", says: "will be deleted" };
  return {
    fate: "yours",
    says: `is in use by ${attachedTo}, and has to be detached there first; then ${command}`,
  };
}

/** The headings of the list, in its order. */
const HEADINGS: Readonly<Record<Fate["fate"], string>> = {
  deleted: "To be deleted",
  goes: "Going with what they belong to",
  yours: "This cluster's, but yours to remove",
  kept: "Kept",
  foreign: "Not this cluster's",
};

/** For people: everything that was found, why it is whose, and what will happen to it. */
export function listing({ clusterName, fates, steps, unknown }: Removal): string[] {
  const sections = (Object.keys(HEADINGS) as Fate["fate"][]).flatMap((wanted) => {
    const entries = fates
      .filter(({ fate }) => fate === wanted)
      .flatMap(({ thing, says }) => {
        const { type, id, called, owner, why } = thing;
        const name = called === "" || called === id ? "" : ` (${called})`;
        const whose = owner === "cluster" ? "the cluster's:" : "not proven to be the cluster's:";
        return [
          `  ${printable(`${FINDERS[type].noun} ${id}${name}`)}`,
          `    ${printable(`${whose} ${why}`)}`,
          `    ${printable(says)}`,
        ];
      });
    return entries.length === 0 ? [] : [[`${HEADINGS[wanted]}:`, ...entries]];
  });
  const rules = steps.flatMap((step) => (step.does === "revoke" ? [`  ${stepTitle(step)}`] : []));
  if (rules.length > 0)
    sections.splice(1, 0, ["Rules to be removed, because they name a group to be deleted:", ...rules]);
  if (unknown.length > 0) {
    sections.push(["Not known:", ...unknown.map((reason) => `  ${printable(reason)}`)]);
  }
  if (sections.length > 0) return inBlocks(sections);
  return [`Kubernetes left nothing of the cluster ${clusterName} in the account.`];
}

/** A step in words, as progress shows it. */
export function stepTitle(step: Step): string {
  if (step.does === "wait") return `network interfaces of ${String(step.descriptions.length)} load balancer(s)`;
  if (step.does === "delete") {
    const { type, id, called } = step.thing;
    return printable(`${FINDERS[type].noun} ${called === "" ? id : called}`);
  }
  const { inGroup, toGroup, direction, permission } = step.reference;
  const { IpProtocol = "-1", FromPort, ToPort } = permission;
  const protocol = IpProtocol === "-1" ? "everything" : IpProtocol;
  const ports = FromPort === undefined ? "" : ` ${String(FromPort)}-${String(ToPort)}`;
  const way = direction === "ingress" ? "from" : "to";
  return `rule of ${inGroup}: ${direction}, ${protocol}${ports}, ${way} ${toGroup}`;
}

/**
 * Whether nothing of the cluster is left in the account: what goes with something else is left as well, and what is
 * kept counts unless the user said by name that it stays. What is not this cluster's does not count.
 */
export function isClean({ things, unknown }: Leftovers, { keep }: Pick<Wishes, "keep">): boolean {
  return unknown.length === 0 && things.every(({ owner, id }) => owner === "other" || keep.includes(id));
}
