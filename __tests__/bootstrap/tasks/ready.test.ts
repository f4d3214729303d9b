import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../../contract/user-error";
import { parseReadiness, ready } from "../../../bootstrap/tasks/ready";
import { LocalHost } from "../../support/local-host";

const host = new LocalHost({ PATH: process.env["PATH"] ?? "" });
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "eks ready "));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, text = ""): string {
  const file = join(root, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function missing(): Promise<(string | undefined)[]> {
  const waits = ready({ root, sudo: false }, 60);
  const answers = await Promise.all(waits.map(({ current }) => host.run(current.command)));
  return waits.map((wait, at) =>
    wait.missing(wait.current.parse(answers[at] ?? { exitCode: 1, stdout: "", stderr: "" })),
  );
}

describe("readiness", () => {
  it("has nothing to wait for on a machine without cloud-init and package managers at work", async () => {
    expect(await missing()).toEqual([undefined, undefined, undefined]);
  });

  it("waits for cloud-init until it has a result", async () => {
    put("run/cloud-init/enabled");
    const enabled = await missing();
    put("run/cloud-init/status.json", "{}");
    const running = await missing();
    put("run/cloud-init/result.json", "{}");
    const done = await missing();

    expect([enabled, running, done]).toEqual([
      [undefined, "it is still at work", undefined],
      [undefined, "it is still at work", undefined],
      [undefined, undefined, undefined],
    ]);
  });

  it("waits for whoever holds the package manager's lock, and names it", async () => {
    const lock = put("var/lib/dpkg/lock-frontend");
    const hold =
      "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()";
    const holder = spawn("python3", ["-c", hold, lock], { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve) => holder.stdout.once("data", resolve));

    const held = await missing();
    holder.stdin.end();
    await new Promise((resolve) => holder.once("close", resolve));
    const free = await missing();

    expect(held).toEqual([undefined, undefined, `python3 (${String(holder.pid)}) holds ${lock}`]);
    expect(free).toEqual([undefined, undefined, undefined]);
  });

  it.each([
    [0, undefined],
    [300, undefined],
    [-300, undefined],
    [301, "301 s ahead of this machine's"],
    [-4000, "4000 s behind this machine's"],
  ])("judges a clock that is %i s off", (seconds, words) => {
    const [clock] = ready({ root: "", sudo: false }, 60);
    const state = parseReadiness(
      { exitCode: 0, stdout: `clock ${String(1_000_000 + seconds)}\n`, stderr: "" },
      1_000_000,
    );

    const problem = clock?.missing(state);

    if (words === undefined) expect(problem).toBeUndefined();
    else expect(problem).toContain(`the clock of the host is ${words}, and AWS refuses`);
  });

  it("tells one lock file from another with the same number on another disk", () => {
    const stdout = "clock 0\nfile 65024 77 /var/lib/dpkg/lock\nlock fe:00:77 12 apt-get\nlock 08:01:77 13 vim\n";

    // 65024 is 0xfe00: major 0xfe, minor 0.
    expect(parseReadiness({ exitCode: 0, stdout, stderr: "" }, 0).locks).toEqual([
      "apt-get (12) holds /var/lib/dpkg/lock",
    ]);
  });

  it.each(["", "Welcome to vm\n", "clock\n", "clock soon\n"])("is refused with what the host says: %j", (stdout) => {
    const read = () => parseReadiness({ exitCode: 0, stdout, stderr: "" }, 0);

    expect(read).toThrow(UserError);
    expect(read).toThrow(`asked for its clock, the host says ${JSON.stringify(stdout.trim())}`);
  });

  it("fails with the host's own words when it cannot be read", () => {
    const read = () => parseReadiness({ exitCode: 127, stdout: "", stderr: "sh: 1: stat: not found\n" }, 0);

    expect(read).toThrow("sh: 1: stat: not found");
  });
});
