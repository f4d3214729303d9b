import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { findProgram } from "../../../rehearsal/machine/programs";
import { fileInZip } from "../../../rehearsal/machine/zip";
import { zipOf } from "../../support/zip";

describe("a file in a zip archive", () => {
  const big = Buffer.alloc(3_000_000, "terraform ");

  it("is read as it was put there, deflated or stored", async () => {
    const archive = zipOf({ "LICENSE.txt": Buffer.from("a licence"), terraform: big });

    expect((await fileInZip(archive, "terraform")).equals(big)).toBe(true);
    expect((await fileInZip(archive, "LICENSE.txt")).toString()).toBe("a licence");
    expect((await fileInZip(zipOf({ terraform: big }, "stored"), "terraform")).equals(big)).toBe(true);
  });

  const withZip = findProgram("zip") === undefined ? it.skip : it;
  withZip("is read from what the program zip makes, with its extra fields", async () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-zip-"));
    try {
      writeFileSync(join(folder, "terraform"), big);
      writeFileSync(join(folder, "LICENSE.txt"), "a licence");
      execFileSync("zip", ["-q", "a.zip", "LICENSE.txt", "terraform"], { cwd: folder });

      const content = await fileInZip(readFileSync(join(folder, "a.zip")), "terraform");

      expect(content.equals(big)).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each([
    ["there is none of this name", zipOf({ tofu: big }), "there is no terraform in it"],
    ["it is no archive", Buffer.from("<html>Not found</html>"), "it is no zip archive"],
    ["it is nothing", Buffer.alloc(0), "it is no zip archive"],
  ])("fails when %s", async (_, archive, message) => {
    await expect(fileInZip(archive, "terraform")).rejects.toThrow(message);
  });

  it("fails when it inflates to more than the archive says", async () => {
    const archive = zipOf({ terraform: big });
    const size = Buffer.alloc(4);
    size.writeUInt32LE(big.length);
    const lie = Buffer.alloc(4);
    lie.writeUInt32LE(10);
    for (let at = archive.indexOf(size); at !== -1; at = archive.indexOf(size, at)) lie.copy(archive, at);

    await expect(fileInZip(archive, "terraform")).rejects.toThrow(/larger than/);
  });
});
