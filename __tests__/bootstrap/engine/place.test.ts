import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { fetching, placing, reading, sha256Of, write } from "../../../bootstrap/engine/place";
import { PLAN_AGAIN } from "../../../bootstrap/engine/task";
import { LocalHost } from "../../support/local-host";

const host = new LocalHost({ PATH: process.env["PATH"] ?? "" });
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks place ")); // a blank in every path
  file = join(folder, "bin", "tool");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const at = (path: string) => ({ path: `'${path}'`, mode: "0640" });

describe("writing a file", () => {
  it("makes the folder, the file and its mode, and leaves nothing beside it", async () => {
    const text = "한글 $HOME `date` 'quoted' \\n\n";

    const result = await host.run(write(at(file), text));

    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
  });

  it("keeps the old file when the input breaks off", async () => {
    await host.run(write(at(file), "old\n"));

    const result = await host.run({ ...write(at(file), "a new text\n"), input: "a new" });

    expect(result).toMatchObject({ exitCode: 1, stderr: "the input broke off\n" });
    expect(readFileSync(file, "utf8")).toBe("old\n");
    expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
  });

  it("asks for another plan when the file has changed since it was read", async () => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(file, "changed since\n");

    const result = await host.run(write(at(file), "mine\n", "read\n"));

    expect(result.exitCode).toBe(PLAN_AGAIN);
    expect(readFileSync(file, "utf8")).toBe("changed since\n");
    expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
  });

  it("asks for another plan when the file has gone since it was read", async () => {
    expect(await host.run(write(at(file), "mine\n", "read\n"))).toMatchObject({ exitCode: PLAN_AGAIN });
  });

  it("follows a link to the file that it stands for", async () => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "real"), "old\n");
    symlinkSync(join(folder, "real"), file);

    await host.run(write(at(file), "new\n", "old\n"));

    expect(readFileSync(join(folder, "real"), "utf8")).toBe("new\n");
    expect(readdirSync(folder).sort()).toEqual(["bin", "real"]);
  });

  it("removes what a killed run left, and nothing that is at work", async () => {
    mkdirSync(join(folder, "bin"));
    const [dead, alive] = [join(folder, "bin", ".tool.dead00"), join(folder, "bin", ".tool.alive0")];
    writeFileSync(dead, "half");
    writeFileSync(alive, "half");
    const holder = spawn("flock", [alive, "sh", "-c", "echo held; read _"], { stdio: ["pipe", "pipe", "inherit"] });
    await new Promise((resolve) => holder.stdout.once("data", resolve));

    await host.run(write(at(file), "new\n"));
    const [deadIsThere, aliveIsThere] = [existsSync(dead), existsSync(alive)];
    holder.stdin.end();
    await new Promise((resolve) => holder.once("close", resolve));

    expect([deadIsThere, aliveIsThere]).toEqual([false, true]);
  });

  it("is not taken for what a killed run left while it has only just begun", async () => {
    const programs = join(folder, "programs");
    mkdirSync(programs);
    // A stand-in for mktemp that gives a second run all the time to see the new file before it is locked.
    const slow = '#!/bin/sh\n/usr/bin/env PATH="${PATH#*:}" mktemp "$@"; sleep 0.3\n';
    writeFileSync(join(programs, "mktemp"), slow, { mode: 0o755 });
    const slowHost = new LocalHost({ PATH: `${programs}:${process.env["PATH"] ?? ""}` });

    const first = slowHost.run(write(at(file), "new\n"));
    while (!existsSync(join(folder, "bin")) || readdirSync(join(folder, "bin")).length === 0) await sleep(10);
    const second = await host.run(write(at(file), "new\n"));

    expect([await first, second].map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
  });

  it("leaves a whole file, old or new, when it is killed at any of its lines", async () => {
    const lines = placing(at(file), 'cat >"$part"').split("\n");
    for (let line = 1; line <= lines.length; line++) {
      writeFileSyncIn(file, "old\n");
      const text = [...lines.slice(0, line), "kill -KILL $$", ...lines.slice(line)].join("\n");

      await host.run({ text, input: "new\n" });

      expect(["old\n", "new\n"]).toContain(readFileSync(file, "utf8"));
    }
    await host.run(write(at(file), "new\n"));
    expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
  });
});

function writeFileSyncIn(path: string, text: string): void {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
}

describe("reading a file", () => {
  it("says nothing of a file that is not there, and fails at one that cannot be read", async () => {
    mkdirSync(join(folder, "a-folder"));

    expect(await host.run(reading(`'${file}'`))).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(await host.run(reading(`'${join(folder, "a-folder")}'`))).toMatchObject({ exitCode: 1 });
  });
});

describe("a download", () => {
  const download = (url: string, sha256: string) => ({
    text: placing(at(file), fetching({ url, sha256 }, '"$part"')),
  });

  it("takes the place of the old file only with the right checksum", async () => {
    const body = "a binary\n";
    const server = createServer((_, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/tool`;
    try {
      writeFileSyncIn(file, "old\n");
      chmodSync(file, 0o755);

      const wrong = await host.run(download(url, sha256Of("another")));
      const kept = readFileSync(file, "utf8");
      const right = await host.run(download(url, sha256Of(body)));

      expect(wrong).toMatchObject({ exitCode: 1 });
      expect(wrong.stderr).toBe(
        `checksum mismatch: SHA-256 ${sha256Of(body)} instead of ${sha256Of("another")}: ${url}\n`,
      );
      expect(kept).toBe("old\n");
      expect(right).toEqual({ exitCode: 0, stdout: "", stderr: "" });
      expect(readFileSync(file, "utf8")).toBe(body);
      expect(readdirSync(join(folder, "bin"))).toEqual(["tool"]);
    } finally {
      server.close();
    }
  });
});
