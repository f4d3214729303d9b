import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startEks } from "../support/rehearsal";

/** What a person sees of `eks rehearse` where something is missing, on a machine with hardly more than Node. */
describe("eks rehearse, where something is missing", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-set-up-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Runs it with nothing on PATH but programs of these names, which do nothing. */
  async function rehearse(programs: readonly string[], args: readonly string[] = [], more: NodeJS.ProcessEnv = {}) {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const name of programs) symlinkSync("/bin/true", join(bin, name));
    const running = startEks(["rehearse", ...args], folder, { PATH: bin, HOME: folder, ...more });
    return { code: await running.code, lines: running.output().trimEnd().split("\n") };
  }

  it("names the system's programs that it needs, in its last line", async () => {
    const { code, lines } = await rehearse(["curl", "python3", "unzip"]);

    expect(code).toBe(1);
    expect(lines.at(-1)).toBe(
      "error: there is no flock, no openssl on PATH; the stand-ins for a cluster and a bastion run on such programs of " +
        "the system: install them (Debian: apt-get install util-linux openssl)",
    );
  });

  it("says that EKS_TERRAFORM names nothing", async () => {
    const basics = ["curl", "flock", "openssl", "python3", "unzip"];
    const { code, lines } = await rehearse(basics, [], { EKS_TERRAFORM: "terraform-1.12" });

    expect(code).toBe(1);
    expect(lines.at(-1)).toBe(
      "error: EKS_TERRAFORM must name Terraform or OpenTofu, got terraform-1.12, which is no program on PATH: " +
        "write the path of one, or unset EKS_TERRAFORM",
    );
  });

  it.each([
    ["https://ec2.ap-northeast-2.amazonaws.com", "that is AWS itself, and a rehearsal never touches a real account"],
    ["http://10.1.2.3:5000", "(localhost, 127.0.0.1 or [::1])"],
  ])("refuses --endpoint-url %s as wrong usage, before anything else", async (endpoint, why) => {
    const { code, lines } = await rehearse([], ["--endpoint-url", endpoint]);

    expect(code).toBe(64);
    expect(lines).toEqual([expect.stringMatching(/^error: --endpoint-url must name an emulator on this machine/)]);
    expect(lines[0]).toContain(why);
  });
});
