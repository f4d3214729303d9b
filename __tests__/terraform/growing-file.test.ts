import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GrowingFile } from "../../terraform/growing-file";

describe("a file to which a program writes", () => {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-growing-"));
  const path = join(folder, "events");
  let lines: string[];
  let file: GrowingFile;

  beforeEach(() => {
    writeFileSync(path, "");
    lines = [];
    file = new GrowingFile(path, (line) => lines.push(line));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it("hands on each line while it is written", async () => {
    appendFileSync(path, "one\ntwo\n");
    while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(lines).toEqual(["one", "two"]);
    appendFileSync(path, "three\n");
    file.end();

    expect(lines).toEqual(["one", "two", "three"]);
  });

  it("hands on at the end what has no end of its own", () => {
    appendFileSync(path, "one\ntw");
    file.end();

    expect(lines).toEqual(["one", "tw"]);
  });

  it("takes a character together that came in two pieces, and a line that is longer than what is read at once", () => {
    const long = "가".repeat(50_000);
    appendFileSync(path, `${long}\n`);
    file.end();

    expect(lines).toEqual([long]);
  });

  it("says nothing of nothing", () => {
    file.end();

    expect(lines).toEqual([]);
  });
});
