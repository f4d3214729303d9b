import { namesOf } from "../../facts/names";
import { asking, Unknowns } from "../../aws/call";
import { patient, withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { namedBy } from "../../aws/finders/by-arn";
import { EVERYTHING, type Alternatives, type Found, type Tags } from "../../aws/finders/finder";
import { byHand, FINDERS, type FoundType } from "../../aws/finders/table";
import { rolesThatBegin } from "../../aws/roles";
import { readTagged } from "../../aws/tagged";
import { UserError } from "../../contract/user-error";
import { clusterTag } from "../../facts/cluster-tags";
import { inBlocks } from "../../terminal/table";
import type { Target } from "./target";

/** A stack by the names that it gave: they outlive its state. */
type StackNames = Pick<Target, "clusterName" | "projectName" | "nodeRoleName">;

/** Something of the stack itself that still exists. */
export interface Remain {
  /** Undefined for what nobody here looks for: its id is an ARN, and AWS alone tells of it. */
  readonly type: FoundType | undefined;
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

/** What of EC2 carries the stack's two tags. */
const TAGGED = [
  "aws_launch_template",
  "aws_flow_log",
  "aws_egress_only_internet_gateway",
  // Of generated SSH keys: the user's own has no such tags.
  "aws_key_pair",
  "aws_instance",
  "aws_nat_gateway",
  "aws_eip",
  "aws_route_table",
  "aws_internet_gateway",
  "aws_security_group",
  "aws_subnet",
  "aws_vpc",
  "aws_vpc_endpoint",
] as const;

/** What a scan for what Kubernetes and EKS made has looked for. */
type OfKubernetes = "aws_ebs_volume" | "aws_elb" | "aws_lb" | "aws_lb_target_group" | "aws_network_interface";

/** How each type of the table is looked for but those: one that is added there has no place to be forgotten. */
type Looks = Readonly<
  Record<Exclude<FoundType, OfKubernetes | (typeof TAGGED)[number]>, readonly Promise<readonly Remain[]>[]>
>;

/**
 * What of the stack itself still exists, whatever the state says, and snapshots of the cluster's volumes; and by the
 * tags of both, what no finder asks for. Meant for after `terraform destroy`; the user's own key pair and the jump EC2's
 * role are not looked for. Roles are asked for by name: an account can have a thousand, and listing them shows no tags.
 *
 * @param told ids of what has been listed already: it is not looked for by its tags
 * @throws UserError when AWS refuses a call for another reason than a missing permission, or cannot be reached
 */
export function scanAfter(
  settings: AwsSettings,
  stack: StackNames,
  told: ReadonlySet<string> = new Set(),
): Promise<Remains> {
  const { clusterName, projectName, nodeRoleName } = stack;
  const unknown = new Unknowns();
  return withAws(patient(settings), async (clients) => {
    const remains = async (
      type: FoundType,
      found: Promise<readonly Found[]>,
      why: (it: Found) => string | undefined,
    ): Promise<Remain[]> =>
      // What has ended EC2 lists for an hour, and its tags outlive it.
      (await unknown.or(found, []))
        .filter(({ state }) => state !== "ended")
        .flatMap((it) => {
          const reason = why(it);
          return reason === undefined ? [] : [{ type, id: it.id, why: reason, isGoing: it.state === "ending" }];
        });
    const named = (type: NamedType, name: string) => remains(type, FINDERS[type].find(clients, name), () => "its name");
    const owned = clusterTag(clusterName);
    const projectTags = { Project: projectName, Managed_by: "terraform" };
    const ofProject = having(projectTags);
    const isOfProject = (tags: Tags) => Object.entries(projectTags).every(([key, value]) => tags[key] === value);
    const byProject = `tag Project=${projectName}`;
    const names = namesOf(projectName);
    const podRoles = await unknown.or(asking("list the roles", rolesThatBegin(clients.iam, names.podRole(""))), []);
    const roles = [names.clusterRole, nodeRoleName, names.bastion, names.flowLogs];
    const byTag = TAGGED.map((type) => remains(type, FINDERS[type].find(clients, ofProject), () => byProject));
    const others: Looks = {
      aws_autoscaling_group: [
        remains("aws_autoscaling_group", FINDERS.aws_autoscaling_group.find(clients, EVERYTHING), ({ id, tags }) =>
          id === `${clusterName}-worker` ? "its name" : owned in tags ? `tag ${owned}` : undefined,
        ),
      ],
      aws_cloudwatch_log_group: [named("aws_cloudwatch_log_group", names.flowLogGroup)],
      aws_ebs_snapshot: [
        remains(
          "aws_ebs_snapshot",
          FINDERS.aws_ebs_snapshot.find(clients, [[{ Name: "tag-key", Values: [owned] }]]),
          () => `tag ${owned}; it holds data`,
        ),
      ],
      aws_eks_cluster: [named("aws_eks_cluster", clusterName)],
      aws_iam_instance_profile: [nodeRoleName, names.bastion].map((it) => named("aws_iam_instance_profile", it)),
      aws_iam_openid_connect_provider: [
        remains(
          "aws_iam_openid_connect_provider",
          FINDERS.aws_iam_openid_connect_provider.find(clients, EVERYTHING),
          ({ tags }) => (isOfProject(tags) ? byProject : undefined),
        ),
      ],
      aws_iam_role: [
        ...roles.map((it) => named("aws_iam_role", it)),
        // Another project's name may begin as the names of this one's do.
        ...podRoles.map((it) =>
          remains("aws_iam_role", FINDERS.aws_iam_role.find(clients, it), ({ tags }) =>
            isOfProject(tags) ? byProject : undefined,
          ),
        ),
      ],
      aws_kms_alias: [names.secretsKey, names.logsKey, names.volumesKey].map((alias) =>
        named("aws_kms_alias", alias(clusterName)),
      ),
      // Found by their tags: a key has no name.
      aws_kms_key: [],
      aws_launch_configuration: [
        remains("aws_launch_configuration", FINDERS.aws_launch_configuration.find(clients, EVERYTHING), ({ id }) =>
          isLaunchConfiguration(id, clusterName) ? "its name" : undefined,
        ),
      ],
      aws_route53_zone: [
        remains("aws_route53_zone", FINDERS.aws_route53_zone.find(clients, EVERYTHING), ({ tags }) =>
          isOfProject(tags) ? byProject : undefined,
        ),
      ],
    };
    const things = (await Promise.all([...byTag, ...Object.values(others).flat()])).flat();
    const known = new Set([...told, ...things.map(({ id }) => id)]);
    for (const [tags, why] of [
      [projectTags, byProject],
      [{ [owned]: "owned" }, `tag ${owned}=owned`],
    ] as const) {
      try {
        for (const it of await sweep(clients, tags, unknown)) {
          if (!known.has(it.id)) things.push({ ...it, why });
          known.add(it.id);
        }
      } catch (error) {
        // It is the second net: what it cannot say is not known, and no more.
        if (!(error instanceof UserError)) throw error;
        unknown.add(error.message);
      }
    }
    return { things, unknown: unknown.reasons };
  });
}

/** What is found by its name alone. */
const NAMED = [
  "aws_cloudwatch_log_group",
  "aws_eks_cluster",
  "aws_iam_instance_profile",
  "aws_iam_role",
  "aws_kms_alias",
  "aws_kms_key",
] as const;
type NamedType = (typeof NAMED)[number];

function isNamed(type: FoundType): type is NamedType {
  return (NAMED as readonly FoundType[]).includes(type);
}

/** For finders of what EC2 lists. */
function having(tags: Tags): Alternatives {
  return [Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }))];
}

/**
 * What has these tags, whatever it is. AWS tells for hours of what is gone: what a finder can look for counts when the
 * finder has it.
 *
 * @param unknown told of what a finder may not look at
 * @throws UserError when AWS refuses, or cannot be reached
 */
async function sweep(clients: AwsClients, tags: Tags, unknown: Unknowns): Promise<Omit<Remain, "why">[]> {
  const told = Object.entries(tags).map(([key, value]) => `${key}=${value}`);
  const arns = await asking(`look for what has the tags ${told.join(", ")}`, readTagged(clients, tags));
  const named = arns.map((arn) => [arn, namedBy(arn)] as const);
  const foreign = named.flatMap(([id, it]) => (it === undefined ? [{ type: undefined, id, isGoing: false }] : []));
  const ids = new Map<FoundType, string[]>();
  for (const [, it] of named) {
    if (it !== undefined && it !== "part") ids.set(it.type, [...(ids.get(it.type) ?? []), it.id]);
  }
  const there = [...ids].map(async ([type, wanted]) => {
    const found: Promise<readonly Found[]>[] = isNamed(type)
      ? wanted.map((id) => FINDERS[type].find(clients, id))
      : [FINDERS[type].find(clients, having(tags))];
    return (await Promise.all(found.map((it) => unknown.or(it, []))))
      .flat()
      .filter(({ id, state }) => wanted.includes(id) && state !== "ended")
      .map(({ id, state }) => ({ type, id, isGoing: state === "ending" }));
  });
  return [...foreign, ...(await Promise.all(there)).flat()];
}

function isLaunchConfiguration(name: string, clusterName: string): boolean {
  const prefix = `${clusterName}_worker_node`;
  // Terraform appends a time and a counter to a name prefix: 26 hexadecimal digits.
  return name.startsWith(prefix) && /^[0-9a-f]{26}$/.test(name.slice(prefix.length));
}

/** For people: what is left of the stack, each with the command that removes it, and what is not known. */
export function remainsLines({ things, unknown }: Remains, region: string): string[] {
  const left = things.flatMap(({ type, id, why, isGoing }) => {
    const cure = isGoing
      ? "is going: AWS is about to end it"
      : type === undefined
        ? "nothing here makes such a thing; AWS tells for hours of what is gone: look whether it is there"
        : `to remove it: ${byHand(type, id, region)}`;
    const noun = type === undefined ? "" : `${FINDERS[type].noun} `;
    return [`  ${noun}${id}`, `    ${why}`, `    ${cure}`];
  });
  const heading = "With the stack's names and tags (look whose it is before you remove anything):";
  return inBlocks([
    left.length === 0 ? [] : [heading, ...left],
    unknown.length === 0 ? [] : ["Not known:", ...unknown.map((it) => `  ${it}`)],
  ]);
}
