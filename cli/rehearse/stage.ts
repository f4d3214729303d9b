import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { delimiter, join, relative, resolve } from "node:path";

import { INPUTS, inputValues } from "../../contract/inputs/inputs";
import { exportLines, shell, sourced } from "../../contract/shell";
import {
  joinEmulator,
  neutralEnvironment,
  settingsOf,
  startEmulator,
  WORKSHOP_ACCOUNT,
  type AccountSeed,
  type EmulatedAccount,
  type JoinedAccount,
} from "../../rehearsal/account/emulator";
import { makeArtifacts, minorOf, ownKubectlVersion, ownPrograms } from "../../rehearsal/bastion/artifacts";
import { startLightPrograms } from "../../rehearsal/bastion/light-programs";
import { startMirror, type Mirror } from "../../rehearsal/bastion/mirror";
import { startSshStandIn } from "../../rehearsal/bastion/ssh-stand-in";
import { sshCommand, type LoginServer } from "../../rehearsal/bastion/login";
import { startSshd } from "../../rehearsal/bastion/sshd";
import { startClusters, type Clusters } from "../../rehearsal/cluster/clusters";
import { requireBasics } from "../../rehearsal/machine/programs";
import { namedTerraform, provideMoto, provideTerraform, type ToolOptions } from "../../rehearsal/machine/tools";
import { say } from "../../terminal/output";
import type { Screen } from "../../terminal/screen";
import { terraformConfigFile } from "../../terraform/mirrors";
import { findProgram } from "../../terraform/program";
import { readTfvars, valuesByName } from "../../terraform/tfvars";
import { accountFor } from "./account";

/** The folder that this file's project is in. */
export const CLONE = resolve(__dirname, "..", "..");

/** Of kubectl, where this machine has none. */
const STAND_IN_VERSION = "1.32.0";
/** Of a network for documentation: somebody has to be let in. https://www.rfc-editor.org/rfc/rfc5737 */
const SOMEBODY = "203.0.113.7/32";

/** What a rehearsal is set up with. */
export interface StageOptions {
  /** A tfvars file to rehearse; the workshop's defaults when left out. */
  readonly varFile?: string;
  /** A real OpenSSH server for the bastion instead of a stand-in. */
  readonly sshd: boolean;
  /** An AWS emulator that runs already, instead of one that is started and ended. Never AWS itself. */
  readonly endpointUrl?: string;
}

/** What there is to end, in the order in which it was begun. */
export type Endings = (() => void | Promise<void>)[];

/** Everything around the commands, all of it on this machine. */
export interface Stage {
  readonly folder: string;
  readonly emulator: EmulatedAccount;
  readonly clusters: Clusters;
  readonly environment: NodeJS.ProcessEnv;
  readonly bastion: LoginServer;
  /** For the bootstrap. */
  readonly options: readonly string[];
  readonly varFiles: readonly string[];
  readonly knownHosts: string;
  readonly mirror: Mirror;
}

/**
 * Starts all of it.
 *
 * @param injected tfvars that count after all others. @default - none
 * @param endings gets what ends each thing, as soon as it is started
 * @throws UserError when something that it needs is not there
 */
export async function setUp(
  folder: string,
  { varFile, sshd, endpointUrl }: StageOptions,
  injected: string | undefined,
  endings: Endings,
  screen: Screen,
  signal: AbortSignal,
): Promise<Stage> {
  requireBasics();
  const busy = (what: string) => {
    screen.busy(what);
  };
  const { command, from } = await provideTerraform({ busy, signal });
  const [terraform] = command;
  const configFile = terraformConfigFile(join(folder, "terraformrc"));
  const registry = "from the registry (or a folder that EKS_PROVIDER_MIRROR names)";
  const source = configFile === undefined ? registry : `as ${relative(CLONE, configFile)} says`;
  screen.line(`Terraform ${from}; the AWS provider comes ${source}.`);

  const missing = ["aws", "kubectl"].filter((name) => findProgram(name) === undefined);
  const own = missing.length === 0 ? ownKubectlVersion() : undefined;
  const varFiles = [
    written(join(folder, "rehearsal.tfvars"), tfvars(minorOf(own ?? STAND_IN_VERSION))),
    ...(varFile === undefined ? [] : [resolve(varFile)]),
    ...(injected === undefined ? [] : [written(join(folder, "injected.tfvars"), injected)]),
  ];
  const given = varFiles.map((file) => ({ varFile: file }));
  const { values } = await readTfvars({ folder, environment: { EKS_TERRAFORM: terraform }, arguments: given }, INPUTS);
  const inputs = inputValues(valuesByName(values));
  const wanted = inputs.eks_version;
  // A kubectl of this machine is the bastion's where it is of the cluster's version.
  const isOwn = own !== undefined && minorOf(own) === wanted;
  const emulator = await emulatedAccount(folder, accountFor(inputs), endpointUrl, endings, screen, { busy, signal });
  const tell = (sentence: string) => {
    appendFileSync(join(folder, "nodes.log"), `${sentence}\n`);
  };
  const clusters = await startClusters(settingsOf(emulator), folder, { tell });
  endings.push(() => clusters.stop());
  const account = { ...emulator.environment, AWS_ENDPOINT_URL: clusters.endpoint };

  screen.busy("starting a bastion");
  const programs = isOwn ? ownPrograms() : await light(clusters, emulator.accountId, endings);
  const { releasesFile, byPath } = makeArtifacts(folder, isOwn ? own : `${wanted}.0`, programs);
  const mirror = await startMirror(byPath);
  endings.push(() => mirror.stop());
  const root = join(folder, "bastion", "root");
  mkdirSync(root, { recursive: true });
  const bastion = await (sshd ? startSshd : startSshStandIn)({
    folder: join(folder, "ssh"),
    home: join(folder, "bastion", "home"),
    environment: { ...account, PATH: `${join(root, "usr", "local", "bin")}:${SYSTEM_PATH}` },
  });
  endings.push(() => bastion.stop());
  const knownHosts = written(join(folder, "known_hosts"), `${bastion.knownHostsLine}\n`);
  const lack = missing.length > 0 ? missing.join(" and no ") : `kubectl ${wanted}`;
  screen.line(
    `The bastion is ${sshd ? "a sshd of its own" : "a stand-in SSH server"} on port ${String(bastion.port)}, and ` +
      `writes to ${relative(CLONE, join(folder, "bastion"))} alone; kubectl and aws on it are ` +
      (isOwn ? "this machine's." : `stand-ins, as this machine has no ${lack}.`),
  );

  return {
    folder,
    emulator,
    clusters,
    environment: {
      ...neutralEnvironment(),
      ...account,
      EKS_TERRAFORM: terraform,
      // cdktf and the bootstrap run it by its name.
      PATH: [namedTerraform(folder, terraform), process.env["PATH"] ?? ""].join(delimiter),
      ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
      // No key of the user's own is offered to a stand-in.
      SSH_AUTH_SOCK: "",
    },
    bastion,
    options: [
      ...["--host", "127.0.0.1", "--port", String(bastion.port), "--user", bastion.user],
      ...["--identity", bastion.identityFile, "--known-hosts", knownHosts, "--root", root],
      ...["--mirror", mirror.url, "--releases", releasesFile],
    ],
    varFiles,
    knownHosts,
    mirror,
  };
}

/** The account: in an emulator of its own, or in one that runs already. */
async function emulatedAccount(
  folder: string,
  seed: AccountSeed,
  endpointUrl: string | undefined,
  endings: Endings,
  screen: Screen,
  tools: ToolOptions,
): Promise<EmulatedAccount> {
  const place = join(folder, "emulator");
  if (endpointUrl !== undefined) {
    screen.busy("looking at the emulated AWS account");
    const joined = await joinEmulator(endpointUrl, place, seed);
    screen.line(`The account ${joined.accountId} is emulated at ${joined.endpoint}, which was there before and stays.`);
    for (const line of shortcomings(joined)) screen.line(line);
    return joined;
  }
  const { command, from } = await provideMoto(tools);
  screen.line(`The emulator of AWS ${from}.`);
  screen.busy("starting an emulated AWS account");
  const emulator = await startEmulator(place, seed, { command });
  endings.push(() => emulator.stop());
  screen.line(`The account is emulated at ${emulator.endpoint}; its log is ${relative(CLONE, emulator.logFile)}.`);
  return emulator;
}

/** What a rehearsal will not get from an emulator that was there before, and what to do. */
export function shortcomings({ lacks, startedSo }: Pick<JoinedAccount, "lacks" | "startedSo">): readonly string[] {
  const missing = `It lacks ${lacks.join(", ")}: what needs them will fail.`;
  if (startedSo !== undefined) {
    return lacks.length === 0 ? [] : [`${missing} It has them when it is started so:`, `  ${startedSo}`];
  }
  return [
    ...(lacks.length === 0 ? [] : [`${missing} A file for --var-file can name images that it has.`]),
    "It is not moto_server, for which rehearsals are made: nodes join only if EC2 there has the instances that " +
      "Auto Scaling groups launch, and what it forgets is changed again by the next plan.",
  ];
}

/**
 * A machine at its first boot has what its distribution put there, and not what a user of this one has installed; later
 * also what the bootstrap has put into its root.
 */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

async function light(clusters: Clusters, accountId: string, endings: Endings) {
  const programs = await startLightPrograms((name) => clusters.get(name ?? "")?.kubernetes, accountId);
  endings.push(() => {
    programs.stop();
  });
  return programs;
}

/**
 * What the workshop's defaults lack: who may reach the bastion, a version that this machine's kubectl can talk to, and
 * a volume that holds the image.
 */
function tfvars(version: string): string {
  return `aws_krug_admin_role         = "${WORKSHOP_ACCOUNT.adminRole}"
kubectl_ssh_cidrs           = ["${SOMEBODY}"]
eks_version                 = "${version}"
eks_worker_node_volume_size = 20
`;
}

/** Says how to look around, and waits for Ctrl-C. @param bootstrap `--`, and the options with which it works here */
export async function lookAround(
  { folder, bastion, environment, clusters, knownHosts }: Stage,
  bootstrap: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const here = (...path: string[]) => relative(process.cwd(), join(...path));
  // The account, and the Terraform that this rehearsal runs.
  const ours = Object.entries(environment).filter(([name]) => /^AWS_|^EKS_TERRAFORM$|^TF_CLI_CONFIG_FILE$/.test(name));
  const environmentFile = join(folder, "environment");
  writeFileSync(environmentFile, exportLines(ours));
  // The bastion's own address is somebody else's outside the emulated account.
  const doctor = shell`${join(CLONE, "bin", "eks")} doctor ${bootstrap}`;
  say([
    "",
    "Everything is up until Ctrl-C, and then gone with the emulated account. In another terminal:",
    "",
    `  ${sourced(here(environmentFile))}`,
    `  ${shell`kubectl --kubeconfig ${here(folder, "bastion", "home", ".kube", "config")} get nodes`}`,
    `  ${sshCommand(bastion, here(bastion.identityFile), here(knownHosts))}`,
    `  ${shell`aws --endpoint-url ${clusters.endpoint} eks list-clusters`}`,
    `  (${shell`cd ${here(folder)}`} && ${doctor})`,
    "",
  ]);
  if (!signal.aborted) await once(signal, "abort");
}

function written(file: string, text: string): string {
  writeFileSync(file, text);
  return file;
}
