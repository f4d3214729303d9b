import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { synthesized } from "../../cli/synthesized";

describe("what the command synthesizes", () => {
  const before = process.cwd();
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-synthesized-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  it("is the stack eks, whatever other stacks there are", () => {
    const place = synthesized({ CDKTF_CONTEXT_JSON: '{"kubernetes":"true"}' });

    expect(existsSync("cdktf.out")).toBe(false);
    place();
    expect(readdirSync(join("cdktf.out", "stacks"))).toEqual(["eks"]);
  });

  it("is refused when the context asks for what there is not", () => {
    expect(() => synthesized({ CDKTF_CONTEXT_JSON: '{"sshIdentity":"mine"}' })).toThrow(
      /^"sshIdentity" in the context/,
    );
  });
});
