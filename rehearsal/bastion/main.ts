import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

import { quoted, shell } from "../../contract/shell";
import { say } from "../../terminal/output";
import { runAlone, untilAsked } from "../../terminal/process";
import { findProgram } from "../../terraform/program";
import { sshCommand } from "./login";
import { startSurroundings } from "./surroundings";

const CLONE = resolve(__dirname, "..", "..");
const FOLDER = join(CLONE, ".cache", "bastion");

const HELP = `Usage: npm run bastion

Starts a bare bastion on this machine, until Ctrl-C, to try "eks bootstrap" on: an OpenSSH server of its own, a stand-in
for the cluster's API, and a mirror with what is downloaded. It prints the command that sets it up.

What it takes: sshd of OpenSSH. kubectl and aws are real where PATH has them, and stand-ins else.
It writes below .cache/bastion, and nowhere else.

Exit codes: 0 ended by Ctrl-C, 1 failed, 64 wrong usage.`;

/** `npm run bastion`: a bare stand-in bastion in the foreground, for trying `npm run bootstrap`, until Ctrl-C. */
async function main(): Promise<void> {
  const asked = untilAsked();
  const missing = ["moto_server", "aws", "kubectl"].filter((name) => findProgram(name) === undefined);
  const programs = missing.length === 0 ? "real" : "stand-ins";
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  say(["Starting a bastion: a sshd of its own, a stand-in Kubernetes API and a mirror, all on 127.0.0.1 …"]);
  const surroundings = await startSurroundings(FOLDER, { programs });
  try {
    const { options, root, home, sshd } = await surroundings.addBastion();
    const optionsFile = join(FOLDER, "options");
    writeFileSync(optionsFile, options.map((option) => `${quoted(option)}\n`).join(""));
    const key = relative(CLONE, sshd.identityFile);
    const known = relative(CLONE, join(FOLDER, "bastion", "known_hosts"));
    say([
      missing.length === 0
        ? "kubectl and aws on it will be those of this machine; aws talks to an emulated account."
        : `kubectl and aws on it will be stand-ins, since this machine has no ${missing.join(", no ")}.`,
      `It writes to ${relative(CLONE, root)} and ${relative(CLONE, home)}, and to nowhere else.`,
      "",
      "In another terminal, in the project's folder:",
      "",
      `  ${shell`xargs npm run bootstrap -- < ${relative(CLONE, optionsFile)}`}`,
      "",
      "Options such as --check and --diff go before the <. To look around on it:",
      "",
      `  ${sshCommand(sshd, key, known)} ls -la`,
      "",
      "Ctrl-C ends it.",
    ]);
    await asked;
  } finally {
    await surroundings.stop();
  }
}

runAlone(HELP, main);
