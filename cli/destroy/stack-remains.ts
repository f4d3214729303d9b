import { namesOf } from "../../facts/names";
import { Unknowns } from "../../aws/call";
import { patient, withAws, type AwsSettings } from "../../aws/clients";
import { EVERYTHING, type Alternatives, type Found } from "../../aws/finders/finder";
import { byHand, FINDERS, type FoundType } from "../../aws/finders/table";
import { clusterTag } from "../../facts/cluster-tags";
import { printable } from "../../terminal/text";
import type { Target } from "./target";

/** A stack by the names that it gave: they outlive its state. */
type StackNames = Pick<Target, "clusterName" | "projectName" | "nodeRoleName">;

/** Something of the stack itself that still exists. */
export interface Remain {
  readonly type: FoundType;
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
  "aws_instance",
  "aws_nat_gateway",
  "aws_eip",
  "aws_route_table",
  "aws_internet_gateway",
  "aws_security_group",
  "aws_subnet",
  "aws_vpc",
] as const;

/**
 * What of the stack itself still exists, whatever the state says. Meant for after `terraform destroy`; the key pair and
 * the jump EC2's role are the user's own and not looked for. IAM is asked by name: an account can have a thousand
 * roles, and listing them shows no tags.
 *
 * @throws UserError when AWS refuses a call for another reason than a missing permission, or cannot be reached
 */
export function scanAfter(settings: AwsSettings, stack: StackNames): Promise<Remains> {
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
    const ofProject: Alternatives = [
      [
        { Name: "tag:Project", Values: [projectName] },
        { Name: "tag:Managed_by", Values: ["terraform"] },
      ],
    ];
    const all = await Promise.all([
      named("aws_eks_cluster", clusterName),
      remains("aws_autoscaling_group", FINDERS.aws_autoscaling_group.find(clients, EVERYTHING), ({ id, tags }) =>
        id === `${clusterName}-worker` ? "its name" : owned in tags ? `tag ${owned}` : undefined,
      ),
      remains("aws_launch_configuration", FINDERS.aws_launch_configuration.find(clients, EVERYTHING), ({ id }) =>
        isLaunchConfiguration(id, clusterName) ? "its name" : undefined,
      ),
      ...TAGGED.map((type) =>
        remains(type, FINDERS[type].find(clients, ofProject), () => `tag Project=${projectName}`),
      ),
      named("aws_iam_role", namesOf(projectName).clusterRole),
      named("aws_iam_role", nodeRoleName),
      named("aws_iam_instance_profile", nodeRoleName),
    ]);
    return { things: all.flat(), unknown: unknown.reasons };
  });
}

type NamedType = "aws_eks_cluster" | "aws_iam_role" | "aws_iam_instance_profile";

function isLaunchConfiguration(name: string, clusterName: string): boolean {
  const prefix = `${clusterName}_worker_node`;
  // Terraform appends a time and a counter to a name prefix: 26 hexadecimal digits.
  return name.startsWith(prefix) && /^[0-9a-f]{26}$/.test(name.slice(prefix.length));
}

/** For people: what is left of the stack, each with the command that removes it, and what is not known. */
export function remainsText({ things, unknown }: Remains, region: string): string {
  const left = things.map(({ type, id, why, isGoing }) => {
    const cure = isGoing ? "is going: AWS is about to end it" : `to remove it: ${byHand(type, id, region)}`;
    return [`  ${FINDERS[type].noun} ${id}`, `    ${why}`, `    ${cure}`].map(printable).join("\n");
  });
  const heading = "With the stack's names and tags (look whose it is before you remove anything):";
  return [
    ...(left.length === 0 ? [] : [`${heading}\n${left.join("\n")}`]),
    ...(unknown.length === 0 ? [] : [`Not known:\n${unknown.map((it) => `  ${printable(it)}`).join("\n")}`]),
  ].join("\n\n");
}
