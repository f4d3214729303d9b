import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startEmulator, WORKSHOP_ACCOUNT } from "./emulator";
import { findProviderMirror, terraformConfigFile } from "./programs";

/** `npm run emulator`: an emulated AWS account in the foreground, until Ctrl-C. */
async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "eks-emulator-"));
  const emulator = await startEmulator(folder, WORKSHOP_ACCOUNT);
  const configFile = terraformConfigFile(join(folder, "terraformrc"));

  const { adminRole, keyPair, region } = WORKSHOP_ACCOUNT;
  console.error(`An emulated AWS account listens on ${emulator.endpoint} (log: ${emulator.logFile}).`);
  console.error(`It has the role ${adminRole}, the key pair ${keyPair} and the workshop's AMIs, in ${region}.`);
  if (configFile !== undefined && configFile !== process.env["TF_CLI_CONFIG_FILE"]) {
    console.error(`Terraform's AWS provider comes from ${findProviderMirror() ?? "the registry"}.`);
  }
  console.error("In another terminal, in the project's folder:\n");
  const exports = {
    ...emulator.environment,
    ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
  };
  for (const [name, value] of Object.entries(exports)) console.log(`export ${name}=${value}`);
  console.error("\nCtrl-C ends it, and everything in it is gone.");

  await new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, resolve);
  });
  await emulator.stop();
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
