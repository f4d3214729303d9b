import { existsSync, writeFileSync } from "node:fs";

import { asking } from "../aws/call";
import { withAws } from "../aws/clients";
import { listKeyPairs } from "../aws/instances";
import { listProfiles } from "../aws/roles";
import { INPUTS } from "../contract/inputs/inputs";
import { readInput } from "../contract/inputs/read";
import { nearest } from "../contract/nearest";
import { UserError } from "../contract/user-error";
import { ask as askPerson } from "../terminal/ask";
import { print } from "../terminal/output";
import type { Screen } from "../terminal/screen";
import { LOCAL_TFVARS } from "../terraform/tfvars";
import { ownAddress } from "./stack";

/** What `eks init` is told; what is left out is asked. */
export interface InitOptions {
  readonly region?: string;
  /** Name of an instance profile, or `own` for a role of the bastion's own. */
  readonly role?: string;
  readonly keyPair?: string;
  /** The network that may reach the bastion by SSH. */
  readonly sshCidr?: string;
  readonly instanceType?: string;
  /** Number of nodes. */
  readonly nodes?: string;
}

/** What is around it: a person, AWS and the internet. */
export interface InitSources {
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
  readonly profiles: (region: string) => Promise<readonly string[]>;
  readonly keyPairs: (region: string) => Promise<readonly string[]>;
  /** This machine's address, as the internet sees it. */
  readonly address: () => Promise<string>;
  readonly environment: NodeJS.ProcessEnv;
}

/** For the bastion's role: one that the stack makes. */
const OWN = "own";

/** Of many names a person reads so many. */
const SHOWN = 12;

/**
 * `eks init`: asks what nobody else can know, shows what AWS has of it, and writes `local.tfvars`, which every command
 * reads by itself. A file that is there stays as it is.
 *
 * @returns 0
 * @throws UserError when the file is there, when a value is wrong, and where nobody can be asked for what is left out
 */
export async function init(
  options: InitOptions,
  screen: Screen,
  signal: AbortSignal,
  sources: InitSources = sourcesHere(screen, signal),
): Promise<number> {
  if (existsSync(LOCAL_TFVARS)) {
    throw new UserError(
      `${LOCAL_TFVARS} is there already, and stays as it is: edit it, or move it away and run this again`,
    );
  }
  const missing = (["role", "keyPair"] as const).filter((name) => options[name] === undefined);
  if (sources.ask === undefined && missing.length > 0) {
    throw new UserError(
      "nobody is there to be asked, since standard input is no terminal: write " +
        missing.map((name) => (name === "role" ? "--role NAME (or --role own)" : "--key-pair NAME")).join(" and "),
      { exitCode: 64 },
    );
  }
  const text = tfvarsText(await answers(options, sources, screen));
  screen.end();
  writeFileSync(LOCAL_TFVARS, text, { flag: "wx" });
  print(text.trimEnd().split("\n"));
  screen.lines(["", `${LOCAL_TFVARS} is written; every command here reads it by itself`, "next: eks pin"]);
  return 0;
}

function sourcesHere(screen: Screen, signal: AbortSignal): InitSources {
  return {
    ask: process.stdin.isTTY ? (question) => askPerson(question, screen, signal) : undefined,
    profiles: (region) => withAws({ region }, ({ iam }) => asking("list the instance profiles", listProfiles(iam))),
    keyPairs: (region) => withAws({ region }, ({ ec2 }) => asking("list the key pairs", listKeyPairs(ec2))),
    address: () => ownAddress(signal),
    environment: process.env,
  };
}

/** The values of the file. */
type Answers = Awaited<ReturnType<typeof answers>>;

async function answers(options: InitOptions, sources: InitSources, screen: Screen) {
  const { AWS_REGION, AWS_DEFAULT_REGION } = sources.environment;
  const one = (question: Question) => answered(question, sources.ask, screen);
  const region = await one({
    ...{ words: "AWS region", option: "--region", given: options.region },
    preset: AWS_REGION ?? AWS_DEFAULT_REGION ?? "ap-northeast-2",
    isWrong: problemOf("aws_region"),
  });
  const profiles = await offered("instance profiles", sources.profiles(region), screen);
  const role = await one({
    words: `the bastion's instance profile, or ${OWN} for a role that the stack makes`,
    ...{ option: "--role", given: options.role },
    preset: presetOf("aws-krug-admin", profiles),
    isWrong: (name) =>
      name === OWN ? undefined : (problemOf("aws_krug_admin_role")(name) ?? notAmong(name, profiles)),
  });
  const keyPairs = await offered("key pairs", sources.keyPairs(region), screen);
  const keyPair = await one({
    ...{ words: "key pair for SSH", option: "--key-pair", given: options.keyPair },
    preset: presetOf("aws-krug-gudi", keyPairs),
    isWrong: (name) => problemOf("kubectl_ec2_keypair")(name) ?? notAmong(name, keyPairs),
  });
  const own = await sources.address().then(
    (address) => `${address.trim()}/32`,
    (error: unknown) => {
      if (!(error instanceof UserError) || error.exitCode === 130) throw error;
      return "";
    },
  );
  const sshCidr = await one({
    words: "network that may reach the bastion by SSH (empty: this machine)",
    ...{ option: "--ssh-cidr", given: options.sshCidr, preset: own },
    isWrong: (cidr) => (cidr === "" ? undefined : problemOf("kubectl_ssh_cidrs")([cidr])),
  });
  const instanceType = await one({
    words: "instance type of the nodes (a t3.micro holds 4 pods)",
    ...{ option: "--instance-type", given: options.instanceType, preset: "t3.medium" },
    isWrong: problemOf("eks_worker_node_ec2_type"),
  });
  const nodes = await one({
    ...{ words: "number of nodes", option: "--nodes", given: options.nodes, preset: "2" },
    isWrong: (number) => problemOf("eks_worker_nodes_asg_group")({ min: number, max: number, desire: number }),
  });
  return { region, role, keyPair, sshCidr, instanceType, nodes };
}

interface Question {
  readonly words: string;
  readonly option: string;
  /** What the option says. */
  readonly given: string | undefined;
  /** What counts when nothing is answered. */
  readonly preset: string;
  /** Why a value is none; undefined when it is one. */
  readonly isWrong: (value: string) => string | undefined;
}

/** @throws UserError when an option's value is wrong; an answer that is wrong is asked for again */
async function answered(
  { words, option, given, preset, isWrong }: Question,
  ask: InitSources["ask"],
  screen: Screen,
): Promise<string> {
  const said = given ?? (ask === undefined ? preset : undefined);
  if (said !== undefined) {
    const problem = isWrong(said);
    if (problem !== undefined) throw new UserError(`${option} ${said}: ${problem}`, { exitCode: 64 });
    return said;
  }
  for (;;) {
    const answer = (await ask?.(`${words} [${preset}]:`))?.trim() ?? "";
    const value = answer === "" ? preset : answer;
    const problem = isWrong(value);
    if (problem === undefined) return value;
    screen.line(`  ${problem}`);
  }
}

/** What AWS has, which is shown; undefined when it does not say. */
async function offered(
  what: string,
  names: Promise<readonly string[]>,
  screen: Screen,
): Promise<readonly string[] | undefined> {
  try {
    const all = await names;
    const more = all.length > SHOWN ? ` and ${String(all.length - SHOWN)} more` : "";
    screen.line(`${what} of this account: ${all.length === 0 ? "none" : `${all.slice(0, SHOWN).join(", ")}${more}`}`);
    return all;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    screen.line(`note: ${error.message}; what you say is not compared with what there is`);
    return undefined;
  }
}

/** The workshop's name where the account has it or does not say, else the first that it has. */
function presetOf(workshops: string, names: readonly string[] | undefined): string {
  return names === undefined || names.includes(workshops) ? workshops : (names[0] ?? workshops);
}

function notAmong(name: string, names: readonly string[] | undefined): string | undefined {
  if (names === undefined || names.includes(name)) return undefined;
  const near = nearest(name, names);
  return `there is no ${name}${near === undefined ? "" : `, did you mean ${near}?`}`;
}

/** Judges values of an input, as every command does. */
function problemOf(name: keyof typeof INPUTS): (value: unknown) => string | undefined {
  return (value) => readInput(name, INPUTS[name], value).problems[0];
}

function tfvarsText({ region, role, keyPair, sshCidr, instanceType, nodes }: Answers): string {
  // HCL has templates in its texts.
  const text = (value: string) => JSON.stringify(value).replaceAll(/[$%](?=\{)/g, "$&$&");
  const bastion =
    role === OWN
      ? `# The bastion gets a role of its own, which an access entry admits to the cluster.
kubectl_own_role    = true
authentication_mode = "API_AND_CONFIG_MAP"`
      : `# The instance profile with whose role the bastion works.
aws_krug_admin_role = ${text(role)}`;
  const reached =
    sshCidr === ""
      ? `# Who may reach the bastion by SSH: without a value it is the machine on which eks up runs.
# kubectl_ssh_cidrs = ["203.0.113.7/32"]`
      : `# Who may reach the bastion by SSH.
kubectl_ssh_cidrs = [${text(sshCidr)}]`;
  return `# What is yours of the stack. docs/inputs.md has every input; pins.auto.tfvars the version and the images.

# Key pairs and images belong to a region: another one wants others.
aws_region = ${text(region)}

${bastion}

# The key pair whose private key opens the bastion: eks looks for ~/.ssh/NAME.pem by itself.
kubectl_ec2_keypair = ${text(keyPair)}

${reached}

# The nodes: what each of them is, and how many.
eks_worker_node_ec2_type   = ${text(instanceType)}
eks_worker_nodes_asg_group = { min = ${nodes}, max = ${nodes}, desire = ${nodes} }
`;
}
