import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { run } from "./support/run";

const CLONE = resolve(__dirname, "..");

describe("bin/typescript.cjs", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-typescript-"));
    mkdirSync(join(folder, "bin"));
    for (const name of ["typescript.cjs", "aws-sdk.cjs"])
      copyFileSync(join(CLONE, "bin", name), join(folder, "bin", name));
    copyFileSync(join(CLONE, "package.json"), join(folder, "package.json"));
    symlinkSync(join(CLONE, "node_modules"), join(folder, "node_modules"));
  });
  afterEach(() => {
    chmodSync(folder, 0o755);
    rmSync(folder, { recursive: true });
  });

  const source = (text: string) => {
    writeFileSync(join(folder, "it.ts"), text);
  };
  const runIt = () =>
    run(process.execPath, ["--enable-source-maps", "--require", "./bin/typescript.cjs", "it.ts"], { cwd: folder });
  const kept = () => readdirSync(join(folder, ".cache", "typescript"));

  it("runs TypeScript, and keeps what it made of it", async () => {
    source('const word: string = "one";\nconsole.log(word);\n');

    expect((await runIt()).output).toBe("one\n");
    expect(kept()).toHaveLength(1);
    expect((await runIt()).output).toBe("one\n");
    expect(kept()).toHaveLength(1);
  });

  it.each([
    ["20.18.3", "error: Node.js 20.19 or newer is needed, and this is 20.18.3: install 22 or 24 "],
    ["18.20.8", "error: Node.js 20.19 or newer is needed, and this is 18.20.8: install 22 or 24 "],
    ["20.19.0", "one\n"],
    ["22.0.0", "one\n"],
  ])("runs on Node.js %s, or says what is needed", async (version, says) => {
    source('console.log("one");\n');
    const pretend = `Object.defineProperty(process.versions, "node", { value: ${JSON.stringify(version)} });\n`;
    writeFileSync(join(folder, "pretend.cjs"), pretend);

    const args = ["--require", "./pretend.cjs", "--require", "./bin/typescript.cjs", "it.ts"];
    const { code, output } = await run(process.execPath, args, { cwd: folder });

    expect(output.startsWith(says)).toBe(true);
    expect(code).toBe(says === "one\n" ? 0 : 1);
  });

  it("takes what it kept", async () => {
    source("console.log(1 as number);\n");
    await runIt();
    const [file = ""] = kept();
    writeFileSync(join(folder, ".cache", "typescript", file), 'console.log("kept");\n');

    expect((await runIt()).output).toBe("kept\n");
  });

  it("makes it anew when the file has changed", async () => {
    source("console.log(1 as number);\n");
    await runIt();
    source("console.log(2 as number);\n");

    expect((await runIt()).output).toBe("2\n");
    expect(kept()).toHaveLength(2);
  });

  it("runs where nothing can be written", async () => {
    source("console.log(1 as number);\n");
    // Not by the folder's mode, which is nothing to root.
    writeFileSync(join(folder, ".cache"), "");

    expect(await runIt()).toMatchObject({ code: 0, output: "1\n" });
  });

  it("keeps what nobody else may write, whatever the shell's umask is", async () => {
    source("console.log(1 as number);\n");

    await run("sh", ["-c", `umask 000; exec ${process.execPath} --require ./bin/typescript.cjs it.ts`], {
      cwd: folder,
    });

    const all = [
      ".cache",
      ...readdirSync(join(folder, ".cache"), { recursive: true }).map((it) => `.cache/${String(it)}`),
    ];
    expect(all.length).toBeGreaterThan(2);
    expect(all.filter((it) => (statSync(join(folder, it)).mode & 0o002) !== 0)).toEqual([]);
  });

  it.each([".cache", ".cache/typescript"])(
    "runs nothing of what is in %s when anybody could write it",
    async (open) => {
      source("console.log(1 as number);\n");
      await runIt();
      const [file = ""] = kept();
      writeFileSync(join(folder, ".cache", "typescript", file), 'console.log("planted");\n');
      chmodSync(join(folder, open), 0o777);

      expect((await runIt()).output).toBe("1\n");
      expect(statSync(join(folder, open)).mode & 0o777).toBe(0o755);
    },
  );

  it("says the line of the TypeScript where something fails", async () => {
    source('interface Some {\n  readonly one: string;\n}\n\nthrow new Error("here" satisfies Some["one"]);\n');

    expect((await runIt()).output).toMatch(/it\.ts:5/);
  });
});
