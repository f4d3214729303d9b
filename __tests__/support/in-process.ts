import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { eks } from "../../cli/eks";
import { neutralEnvironment } from "../../rehearsal/account/emulator";

/** What a command line came to. */
export interface CommandEnd {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** An account that nobody answers for: port 9 of loopback, discard. */
const NO_ACCOUNT = {
  AWS_ENDPOINT_URL: "http://127.0.0.1:9",
  AWS_ACCESS_KEY_ID: "testing",
  AWS_SECRET_ACCESS_KEY: "testing",
  AWS_REGION: "ap-northeast-2",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
};

/**
 * Runs `eks` in this process, where it starts in no time, as `bin/eks` would in a folder of its own: with that current
 * folder, without a terminal, and with an account that does not answer.
 */
export class EksFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "eks-test-command-"));

  async run(
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<CommandEnd> {
    const before = process.cwd();
    const written = { stdout: "", stderr: "" };
    const spies = (["stdout", "stderr"] as const).map((name) =>
      jest.spyOn(process[name], "write").mockImplementation((chunk) => {
        written[name] += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString();
        return true;
      }),
    );
    const replaced = [
      jest.replaceProperty(process, "env", { ...neutralEnvironment(), ...NO_ACCOUNT, ...environment }),
      ...[process.stdin, process.stdout, process.stderr].map((stream) => withoutTerminal(stream)),
    ];
    process.chdir(this.folder);
    try {
      const code = await eks(args, signal);
      return { code, ...written };
    } finally {
      process.chdir(before);
      for (const each of replaced) each.restore();
      for (const spy of spies) spy.mockRestore();
    }
  }

  /** Everything in the folder, by its path in it. */
  files(): string[] {
    // With types, so that it does not follow links.
    const entries = readdirSync(this.folder, { recursive: true, withFileTypes: true });
    return entries.map(({ parentPath, name }) => relative(this.folder, join(parentPath, name))).sort();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

function withoutTerminal(stream: { isTTY?: boolean }): { restore: () => void } {
  const before = Object.getOwnPropertyDescriptor(stream, "isTTY");
  Object.defineProperty(stream, "isTTY", { value: false, configurable: true });
  return {
    restore: () => {
      if (before === undefined) delete stream.isTTY;
      else Object.defineProperty(stream, "isTTY", before);
    },
  };
}
