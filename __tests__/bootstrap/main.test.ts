import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";

import { keyPair } from "../support/ssh-server";

const CLONE = resolve(__dirname, "..", "..");

describe("the command bootstrap", () => {
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "main-"));
  });

  afterEach(() => {
    rmSync(home, { recursive: true });
  });

  function start(...args: string[]) {
    const command = ["--require", join(CLONE, "bin", "typescript.cjs"), join(CLONE, "bootstrap", "main.ts"), ...args];
    return spawn(process.execPath, command, { cwd: home, env: { ...process.env, HOME: home }, stdio: "pipe" });
  }

  async function end(child: ReturnType<typeof start>): Promise<{ exitCode: number | null; stderr: string }> {
    child.stdin.end();
    const [stderr] = await Promise.all([text(child.stderr), once(child, "exit")]);
    return { exitCode: child.exitCode, stderr };
  }

  it("ends without a word when nobody reads what it prints", async () => {
    const child = start("--help");
    child.stdout.destroy();

    expect(await end(child)).toEqual({ exitCode: 0, stderr: "" });
  });

  it.each([
    [["--jump", "a:b:c"], /^failed: --jump must be \[USER@]HOST\[:PORT], .* got "a:b:c"\n$/],
    [["--jump", "a:99999"], /^failed: --jump must be .* a port from 1 to 65535, or none, got "a:99999"\n$/],
    [["--identity", "missing.pem"], /^failed: missing.pem cannot be used as --identity: it cannot be read: ENOENT/],
    [["--identity", "readme"], /^failed: readme cannot be used as --identity: it is no private key/],
  ])("calls %j wrong usage, before it looks for a bastion", async (args, message) => {
    writeFileSync(join(home, "readme"), "hello\n", { mode: 0o600 });

    const { exitCode, stderr } = await end(start("--outputs", "nowhere.json", ...args));

    expect(stderr).toMatch(message);
    expect(exitCode).toBe(64);
  });

  it("goes on to the bastion with a key and a host to go through that are right", async () => {
    writeFileSync(join(home, "key.pem"), keyPair().private, { mode: 0o600 });

    const { exitCode, stderr } = await end(
      start("--outputs", "nowhere.json", "--identity", "key.pem", "--jump", "kim@gate:22"),
    );

    expect(stderr).toMatch(/nowhere.json/);
    expect(exitCode).toBe(1);
  });
});
