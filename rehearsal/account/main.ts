import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { exportLines, sourced } from "../../contract/shell";
import { startClusters } from "../cluster/clusters";
import { settingsOf, startEmulator, WORKSHOP_ACCOUNT } from "./emulator";
import { say } from "../../terminal/output";
import { runAlone, untilAsked } from "../../terminal/process";
import { terraformConfigFile } from "../../terraform/mirrors";
import { provideMoto } from "../machine/tools";

const CLONE = resolve(__dirname, "..", "..");
const FOLDER = join(CLONE, ".cache", "emulator");

const HELP = `Usage: npm run emulator

Emulates an AWS account on this machine, until Ctrl-C: moto_server, with a stand-in for what it lacks of EKS. It prints
the line by which another terminal, and every eks in it, works on that account instead of yours.

What it takes: moto_server, if PATH has one, else Python 3 with venv; it is installed into .cache then.
Nothing of it leaves this machine, and everything in it is gone at the end.

Exit codes: 0 ended by Ctrl-C, 1 failed, 64 wrong usage.`;

/** Whatever leads that shell to an account or a state of the user's would lead past the emulator. */
const FORGET = `for name in $(
  env | sed -nE 's/^((AWS|TF_CLOUD|TF_VAR|EKS_STATE|CDKTF)_[A-Za-z0-9_]*|TF_WORKSPACE)=.*/\\1/p'
); do
  unset "$name"
done
`;

/** `npm run emulator`: an emulated AWS account in the foreground, until Ctrl-C. */
async function main(): Promise<void> {
  const asked = untilAsked();
  mkdirSync(FOLDER, { recursive: true });
  const configFile = terraformConfigFile(join(FOLDER, "terraformrc"));
  const moto = await provideMoto();
  say([`Starting an emulated AWS account: moto_server ${moto.from} …`]);
  const emulator = await startEmulator(FOLDER, WORKSHOP_ACCOUNT, { command: moto.command });
  // What the emulator lacks or says wrongly would be there to see in every second plan.
  const clusters = await startClusters(settingsOf(emulator), FOLDER);

  const environmentFile = join(FOLDER, "environment");
  const environment = {
    ...emulator.environment,
    AWS_ENDPOINT_URL: clusters.endpoint,
    ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
  };
  writeFileSync(environmentFile, FORGET + exportLines(Object.entries(environment)));

  const { adminRole, keyPair, region } = WORKSHOP_ACCOUNT;
  const providers = configFile === undefined ? "from the registry" : `as ${configFile} says`;
  say([
    `It listens on ${clusters.endpoint}; its log is ${relative(CLONE, emulator.logFile)}.`,
    `It has the role ${adminRole}, the key pair ${keyPair} and the workshop's AMIs, in ${region}.`,
    `Terraform will install the AWS provider ${providers}.`,
    "",
    "In another terminal, in the project's folder, before anything else:",
    "",
    `  ${sourced(relative(CLONE, environmentFile))}`,
    "",
    "Ctrl-C ends it, and everything in it is gone.",
  ]);

  const why = await Promise.race([asked, emulator.ended]);
  await clusters.stop();
  await emulator.stop();
  rmSync(environmentFile, { force: true });
  if (why !== "asked") throw new Error(`the emulator ended by itself; its log is ${emulator.logFile}`);
}

runAlone(HELP, main);
