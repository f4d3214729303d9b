import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PINS_FILE } from "../../cli/pin/pins-file";
import { BASTION_PARAMETER } from "../../facts/images";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import type { Proxy } from "../../rehearsal/machine/proxy";
import { startStandIn, type Answers } from "../support/pins-stand-in";
import { EKS } from "../support/rehearsal";
import { describeNeeding } from "../support/needs";
import { run, start } from "../support/run";

const NODE = "ami-0aaaaaaaaaaaaaaaa";
const BASTION = {
  id: "ami-0bbbbbbbbbbbbbbbb",
  name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261112",
};
/** As pages of DescribeClusterVersions. */
const VERSIONS = ["1.31", "1.32", "1.33", "1.36"].map((clusterVersion) => ({
  clusterVersion,
  versionStatus: "EXTENDED_SUPPORT",
}));

/** A node image, as SSM names it for a version and as EC2 describes it. */
function account(version: string, name = `amazon-eks-node-${version}-v20251209`, architecture = "x86_64"): Answers {
  const parameter = `/aws/service/eks/optimized-ami/${version}/amazon-linux-2/recommended`;
  return {
    versions: [{ clusterVersions: VERSIONS }],
    parameters: { [parameter]: JSON.stringify({ image_id: NODE }), [BASTION_PARAMETER]: BASTION.id },
    images: [{ id: NODE, name, architecture }, BASTION],
  };
}

/** The whole command against a stand-in for the calls of EKS, SSM and EC2 that it makes: the emulator has no such parameters. */
describe("eks pin", () => {
  let folder: string;
  let standIn: Proxy | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-pin-"));
  });
  afterEach(() => {
    standIn?.stop();
    rmSync(folder, { recursive: true });
  });

  const offering = async (answers: Answers) => {
    standIn?.stop();
    standIn = await startStandIn(answers);
    const credentials = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing" };
    return { cwd: folder, env: { ...neutralEnvironment(), ...credentials, AWS_ENDPOINT_URL: standIn.endpoint } };
  };
  const pin = async (answers: Answers, ...args: string[]) =>
    run(process.execPath, [EKS, "pin", ...args], await offering(answers));
  const pins = () => readFileSync(join(folder, PINS_FILE), "utf8");
  const without = (text: string) => text.replace(/^# Written.*\n/gm, "");

  it("shows what changes, a minor up, and leaves everybody's comments alone", async () => {
    const local = '# why: 한글\nproject_name = "team-a" # ours\n';
    writeFileSync(join(folder, "local.tfvars"), local);
    const first = await pin(account("1.31"), "--version", "1.31", "-auto-approve", "-var-file", "local.tfvars");
    writeFileSync(join(folder, PINS_FILE), `# a comment of ours\n\n${pins()}\n# and one more\n`);
    const before = pins();

    const second = await pin(account("1.32"), "--version", "1.32", "-auto-approve");

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(second.stdout).toContain('- eks_version = "1.31"\n+ eks_version = "1.32"\n');
    expect(second.output).not.toContain("one minor at a time");
    expect(without(pins())).toBe(without(before).replaceAll("1.31", "1.32"));
    expect(readFileSync(join(folder, "local.tfvars"), "utf8")).toBe(local);
  });

  it.each([
    [
      "of another family",
      ["--version", "1.32"],
      account("1.32", "amazon-eks-node-al2023-x86_64-standard-1.32-v20260714"),
      /nothing is pinned: the AMI for nodes must be of Amazon Linux 2, got Amazon Linux 2023/,
    ],
    [
      "of another architecture",
      ["--version", "1.32"],
      account("1.32", "amazon-eks-arm64-node-1.32-v20251209", "arm64"),
      /nothing is pinned: the AMI for nodes must be for x86_64, got arm64/,
    ],
    [
      "for another minor",
      ["--version", "1.32"],
      account("1.32", "amazon-eks-node-1.31-v20251209"),
      /nothing is pinned: the AMI for nodes must be for Kubernetes 1\.32, got one for 1\.31/,
    ],
    [
      "for a version that the family has none for",
      ["--version", "1.33", "--family", "al2"],
      account("1.33"),
      /1\.33 has no AMI of Amazon Linux 2, .* pin --family al2023 or --family bottlerocket, or 1\.32 or older/,
    ],
    [
      "for a version that EKS does not offer",
      ["--version", "1.14"],
      account("1.14"),
      /EKS makes no cluster of version 1\.14; it offers 1\.36, 1\.33, 1\.32, 1\.31/,
    ],
  ] as const)("refuses an AMI %s, in one line, and writes nothing", async (_, args, answers, message) => {
    const { code, output } = await pin(answers, ...args, "-auto-approve");

    expect({ code, lines: output.trim().split("\n") }).toEqual({
      code: 1,
      lines: [expect.stringMatching(/^error: /) as string],
    });
    expect(output).toMatch(message);
    expect(existsSync(join(folder, PINS_FILE))).toBe(false);
  });

  it("pins for the version that a var file says, which wins over the pins", async () => {
    writeFileSync(join(folder, "local.tfvars"), 'eks_version = "1.31"\n');
    const varFile = ["-auto-approve", "-var-file", "local.tfvars"];

    const said = await pin(account("1.31"), ...varFile);
    const before = pins();
    const other = await pin(account("1.32"), "--version", "1.32", ...varFile);

    expect(said).toMatchObject({
      code: 0,
      output: expect.stringContaining('note: local.tfvars says eks_version = "1.31", and wins over') as string,
    });
    expect(before).toContain('eks_version = "1.31"\n');
    expect(before).toContain(`amazon-eks-node-1.31-v20251209`);
    expect(other).toMatchObject({
      code: 64,
      output: expect.stringContaining("error: --version 1.32: local") as string,
    });
    expect(pins()).toBe(before);
  });

  it("writes what nodes of Amazon Linux 2023 need, for a version that has no other", async () => {
    const parameter = "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended";
    const { parameters, ...others } = account("1.36", "amazon-eks-node-al2023-x86_64-standard-1.36-v20260714");
    const named = { ...parameters, [parameter]: JSON.stringify({ image_id: NODE }) };

    const { code } = await pin({ ...others, parameters: named }, "--version", "1.36", "-auto-approve");

    expect(code).toBe(0);
    expect(pins().match(/^\w+ = .*$/gm)).toEqual([
      'eks_version = "1.36"',
      `eks_worker_node_ami_id = "${NODE}"`,
      'eks_worker_node_ami_family = "al2023"',
      'eks_worker_node_launch = "template"',
      "eks_worker_node_volume_size = 20",
      `kubectl_image_id = "${BASTION.id}"`,
    ]);
  });

  it("writes nothing without a yes", async () => {
    const unasked = await pin(account("1.32"), "--version", "1.32");

    expect(unasked).toMatchObject({ code: 64, output: expect.stringContaining("-auto-approve") as string });
    expect(existsSync(join(folder, PINS_FILE))).toBe(false);
  });

  describeNeeding("script")("on a terminal", () => {
    it.each([
      ["no", 1, false],
      ["yes", 0, true],
    ])("asks, and takes %s for it", async (answer, wanted, isWritten) => {
      const command = [process.execPath, EKS, "pin", "--version", "1.32"].map((word) => `'${word}'`).join(" ");
      const { child, ended } = start("script", ["-qefc", command, "/dev/null"], await offering(account("1.32")), {
        stdin: "pipe",
        onOutput: (soFar) => {
          if (/Type "yes" to go on/.test(soFar) && child.stdin?.writableEnded === false) child.stdin.end(`${answer}\n`);
        },
      });
      const { code, output } = await ended;

      expect({ code, output }).toEqual({ code: wanted, output: expect.stringContaining("write this to") as string });
      expect(existsSync(join(folder, PINS_FILE))).toBe(isWritten);
    });
  });
});
