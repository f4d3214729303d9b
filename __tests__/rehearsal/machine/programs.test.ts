import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { requireBasics } from "../../../rehearsal/machine/programs";

describe("the system's programs", () => {
  const { PATH } = process.env;

  afterEach(() => {
    process.env["PATH"] = PATH;
  });

  it("are said in a line where they are missing, with how to install them", () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-programs-"));
    process.env["PATH"] = folder;
    for (const name of ["curl", "python3", "unzip"]) {
      writeFileSync(join(folder, name), "");
      chmodSync(join(folder, name), 0o755);
    }

    expect(requireBasics).toThrow(
      "there is no flock, no openssl on PATH; the stand-ins for a cluster and a bastion run on such programs of the system: " +
        "install them (Debian: apt-get install util-linux openssl)",
    );
    rmSync(folder, { recursive: true });
  });
});
