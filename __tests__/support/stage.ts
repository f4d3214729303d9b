import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { takeInventory, type Inventory } from "../../rehearsal/account/inventory";
import { makeArtifacts, minorOf, ownKubectlVersion, ownPrograms } from "../../rehearsal/bastion/artifacts";
import { startClusters, type Clusters } from "../../rehearsal/cluster/clusters";
import type { Emulator } from "../../rehearsal/account/emulator";
import { startMirror } from "../../rehearsal/bastion/mirror";
import { startSshStandIn } from "../../rehearsal/bastion/ssh-stand-in";
import { emulate, Project, terraformProgram } from "./end-to-end";
import { PlantedAccount } from "./planted-account";
import { EKS } from "./rehearsal";
import { run, start, type Ended, type Started, type Watch } from "./run";

/** Everything around the command `eks`, all of it on this machine: an account with clusters, a bastion, a project. */
export interface Stage {
  readonly emulator: Emulator;
  readonly clusters: Clusters;
  readonly account: PlantedAccount;
  readonly project: Project;
  readonly environment: NodeJS.ProcessEnv;
  /** How the bastion is reached, for after `--`. */
  readonly bootstrap: readonly string[];
  /** Runs `eks` in the project's folder; its standard input is no terminal. */
  eks(...args: string[]): Promise<Ended>;
  /** Starts it. */
  start(args: readonly string[], watch?: Watch): Started;
  /** Runs it on a terminal, where somebody types `answer` when they are asked. */
  onTerminal(args: readonly string[], answer: string): Promise<Ended>;
  inventory(): Promise<Inventory>;
  stop(): Promise<void>;
}

/** A machine at its first boot has what its distribution put there, and not what a user of this one has installed. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Sets a stage up.
 *
 * @param tfvars besides what every project needs; written to `local.tfvars`
 */
export async function startStage(tfvars = ""): Promise<Stage> {
  const emulator = await emulate();
  const folder = mkdtempSync(join(tmpdir(), "eks-test-stage-"));
  const root = join(folder, "root");
  mkdirSync(root);
  const account = new PlantedAccount(emulator.endpoint);
  const clusters = await startClusters(account.settings, folder);
  const aws = { ...emulator.environment, AWS_ENDPOINT_URL: clusters.endpoint };
  const project = new Project({ environment: aws });
  const version = ownKubectlVersion();
  const { releasesFile, byPath } = makeArtifacts(folder, version, ownPrograms());
  const mirror = await startMirror(byPath);
  const bastion = await startSshStandIn({
    folder: join(folder, "ssh"),
    home: join(folder, "home"),
    environment: { ...aws, PATH: SYSTEM_PATH },
  });
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `${bastion.knownHostsLine}\n`);
  project.tfvars(
    `aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\neks_version = "${minorOf(version)}"\n${tfvars}`,
  );
  const { environment } = project;
  // No key of the user's own is offered to a stand-in.
  Object.assign(environment, { EKS_TERRAFORM: terraformProgram(), SSH_AUTH_SOCK: "" });
  const where = { cwd: project.folder, env: environment };
  return {
    emulator,
    clusters,
    account,
    project,
    environment,
    bootstrap: [
      ...["--host", "127.0.0.1", "--port", String(bastion.port), "--user", bastion.user],
      ...["--identity", bastion.identityFile, "--known-hosts", knownHosts, "--root", root],
      ...["--mirror", mirror.url, "--releases", releasesFile, "--timeout", "30"],
    ],
    eks: async (...args) => run(process.execPath, [EKS, ...args], { ...where, env: await project.withProvider() }),
    start: (args, watch) => start(process.execPath, [EKS, ...args], where, watch),
    onTerminal: async (args, answer) => {
      const command = [process.execPath, EKS, ...args].map((word) => `'${word}'`).join(" ");
      // util-linux' script gives it a terminal, and passes on what is typed here.
      const { child, ended } = start("script", ["-qefc", command, "/dev/null"], where, {
        stdin: "pipe",
        onOutput: (soFar) => {
          if (/Type "yes" to go on/.test(soFar) && child.stdin?.writableEnded === false) child.stdin.end(answer);
        },
      });
      return ended;
    },
    inventory: () => takeInventory(account.settings),
    stop: async () => {
      account.close();
      await bastion.stop();
      await mirror.stop();
      await clusters.stop();
      await emulator.stop();
      project.remove();
      rmSync(folder, { recursive: true });
    },
  };
}
