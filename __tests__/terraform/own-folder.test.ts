import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";

const OWN_FOLDER = resolve("terraform/own-folder");
const FOLDER = join(".cache", "eks");

describe("the folder of a process", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "eks-test-own-"));
  });
  afterEach(() => {
    rmSync(project, { recursive: true });
  });

  /** Runs lines of a program in the project's folder; they have what the module exports. */
  function program(lines: string) {
    const script = join(project, "program.ts");
    writeFileSync(script, `const own = require(${JSON.stringify(OWN_FOLDER)});\n${lines}\n`);
    return ["--require", resolve("bin/typescript.cjs"), script];
  }
  function run(lines: string): unknown {
    const { stdout, stderr } = spawnSync(process.execPath, program(lines), { cwd: project, encoding: "utf8" });
    if (stderr !== "") throw new Error(stderr);
    return JSON.parse(stdout);
  }
  const left = () => readdirSync(join(project, FOLDER)).filter((name) => name.startsWith("run-"));
  /** A process that has a folder and waits to be killed; it says in a line what it does. */
  async function killed(lines = ""): Promise<number> {
    const child = spawn(
      process.execPath,
      program(`own.ownFolder(); ${lines}; console.log("here"); setInterval(() => 0, 1e6);`),
      {
        cwd: project,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "close");
    return child.pid ?? 0;
  }

  it("is entered by nobody else, whoever made the folder around it, and goes with the process", () => {
    mkdirSync(join(project, FOLDER), { recursive: true, mode: 0o777 });

    const [modes, same] = run(`process.umask(0);
      const [one, two] = [own.ownFolder(), own.ownFolder()];
      console.log(JSON.stringify([require("fs").statSync(one).mode & 0o777, one === two]));`) as [number, boolean];

    expect([modes, same]).toEqual([0o700, true]);
    expect(left()).toEqual([]);
  });

  it("is a new one where another process had its number, and no link", () => {
    const elsewhere = join(project, "elsewhere");
    mkdirSync(elsewhere);
    mkdirSync(join(project, FOLDER), { recursive: true });
    writeFileSync(join(elsewhere, "plan"), "theirs");
    symlinkSync(elsewhere, join(project, "link"));

    const files = run(`const fs = require("fs");
      fs.renameSync("link", ${JSON.stringify(join(FOLDER, `run-${hostname()}-`))} + process.pid);
      console.log(JSON.stringify(fs.readdirSync(own.ownFolder())));`);

    expect(files).toEqual([]);
    expect(existsSync(join(elsewhere, "plan"))).toBe(true);
  });

  it("of a process that was killed is found by the next one, and that of one that lives is not", async () => {
    const pid = await killed('require("fs").writeFileSync(require("path").join(own.ownFolder(), "plan"), "secret")');

    const found = run("own.ownFolder(); console.log(JSON.stringify(own.leftBehind()));");

    const folder = join(project, FOLDER, `run-${hostname()}-${String(pid)}`);
    expect(found).toEqual([{ folder: expect.stringMatching(new RegExp(`${folder}$`)) as string }]);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("of another machine is left alone", () => {
    mkdirSync(join(project, FOLDER, "run-another-machine-999999"), { recursive: true });

    expect(run("console.log(JSON.stringify(own.leftBehind()));")).toEqual([]);
  });

  it("stays where Terraform is still at work, until it has ended", async () => {
    const working = spawn("sh", ["-c", `: ${join(project, FOLDER)}; sleep 1000 & wait`], {
      detached: true,
      stdio: "ignore",
    });
    const note = JSON.stringify({ pid: working.pid, command: "apply", lost: "x" });
    await killed(`own.noteTerraform(own.ownFolder(), ${note})`);
    const found = () =>
      run(`const all = own.leftBehind();
        console.log(JSON.stringify(all.map((it: any) => [it.terraform?.command, own.isAtWork({ ...it, folder: ${JSON.stringify(join(project, FOLDER))} }), own.isAtWork(it)])));`);

    // The second one is about a process that has the number, and another command line.
    expect(found()).toEqual([["apply", true, false]]);
    process.kill(-(working.pid ?? 0), "SIGKILL");
    await once(working, "close");
    expect(found()).toEqual([["apply", false, false]]);
  });
});
