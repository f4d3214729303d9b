import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import type { Pins } from "../../cli/pin/pins";
import { pinsText, PINS_FILE } from "../../cli/pin/pins-file";
import { Screen } from "../../terminal/screen";
import type { GivenValue } from "../../terraform/tfvars";
import { writePins, type PinOptions } from "../../cli/pin/write-pins";

const PINS: Pins = {
  region: "ap-northeast-2",
  version: "1.32",
  family: "al2",
  offered: { version: "1.32", support: "standard", standardUntil: "2099-03-23", extendedUntil: "2100-03-23" },
  node: { id: "ami-1", name: "node", architecture: "x86_64", rootGiB: 20, deprecatedFrom: "", source: "a parameter" },
  bastion: { id: "ami-2", name: "ubuntu", architecture: "x86_64", rootGiB: 8, deprecatedFrom: "", source: "a list" },
};
/** The file with {@link PINS}, as it is to be written today. */
const written = ({ version = "1.32", image = "ami-1", size = "", day = new Date().toISOString().slice(0, 10) } = {}) =>
  `# Written by \`eks pin\` on ${day} with what AWS offers in ap-northeast-2. Commit it like a lock file.

# in standard support until 2099-03-23, says EKS DescribeClusterVersions
eks_version = "${version}"

# node (x86_64)
# from a parameter
eks_worker_node_ami_id = "${image}"
eks_worker_node_ami_family = "al2"
${size === "" ? "" : `eks_worker_node_volume_size = ${size}\n`}
# ubuntu (x86_64)
# from a list
kubectl_image_id = "ami-2"
`;
const OLDER: Pins = { ...PINS, version: "1.31", node: { ...PINS.node, id: "ami-0" } };

describe("eks pin writes pins.auto.tfvars", () => {
  const before = process.cwd();
  let folder: string;
  let stdout: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-pins-"));
    process.chdir(folder);
    stdout = "";
    jest.spyOn(process.stdout, "write").mockImplementation((chunk) => ((stdout += String(chunk)), true));
  });
  afterEach(() => {
    jest.restoreAllMocks();
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  /** Runs it with what AWS is said to offer; nobody is asked. */
  async function pin(
    pins: Pins,
    options: Partial<PinOptions> = {},
    tfvars: Record<string, unknown> = {},
    more: Record<string, GivenValue> = {},
  ) {
    const stream = new PassThrough();
    const asked: unknown[] = [];
    const screen = new Screen(stream as unknown as NodeJS.WriteStream);
    const defaults = {
      aws_region: "ap-northeast-2",
      eks_worker_node_volume_size: 10,
      kubectl_ec2_volume_size: 8,
      kubectl_ec2_user: "ubuntu",
    };
    const values = Object.entries({ ...defaults, ...tfvars }).map(
      ([name, value]) => [name, { value, from: name in tfvars ? "terraform.tfvars" : "default" }] as const,
    );
    const given = { arguments: [], autoApprove: true, ...options };
    const code = await writePins(given, screen, new AbortController().signal, {
      ask: (...args) => {
        asked.push(args);
        return Promise.resolve(pins);
      },
      askForImages: (_, kinds) => {
        asked.push(kinds);
        return Promise.resolve(
          kinds.map(({ family, architecture }) =>
            family === "al2"
              ? { none: "AWS has none" }
              : { ...PINS.node, id: `ami-${family}-${architecture}`, name: `${family} ${architecture}` },
          ),
        );
      },
      values: () => Promise.resolve({ notes: ["odd"], values: new Map([...values, ...Object.entries(more)]) }),
    });
    return { code, asked, stderr: String(stream.read()) };
  }
  const file = () => readFileSync(PINS_FILE, "utf8");

  it("anew, and shows what it writes", async () => {
    const { code, asked, stderr } = await pin(PINS, { version: "1.32" });

    expect(code).toBe(0);
    expect(asked).toEqual([[{ region: "ap-northeast-2" }, { version: "1.32" }]]);
    expect(file()).toBe(written({ size: "20" }));
    expect(stdout).toContain('\n+ eks_version = "1.32"\n');
    expect(stderr).toContain("note: odd\n");
    expect(stderr).toContain("pins.auto.tfvars is written; commit it, as you would a lock file\n");
  });

  it("not at all when it is as it should be, whatever the day in it", async () => {
    const before = written({ size: "20", day: "2020-01-02" });
    writeFileSync(PINS_FILE, before);

    const { stderr } = await pin(PINS);

    expect(file()).toBe(before);
    expect(stdout).toBe("");
    expect(stderr).toContain("pins.auto.tfvars is as it should be\n");
  });

  it("and leaves every byte of what users have added before and after", async () => {
    const head = '# ours: 한글 \t\r\n\r\nproject_name = "team-a"   # why\r\n\n';
    const tail = '\n\n  # two blanks\nvpc_name="x"';
    writeFileSync(PINS_FILE, `${head}${written({ version: "1.31", image: "ami-0" })}${tail}`);

    await pin(PINS);

    expect(file()).toBe(`${head}${written({ size: "20" })}${tail}`);
    expect(stdout).toContain('- eks_version = "1.31"');
    const sameLater = `${head}${written({ size: "20", day: "2020-01-02" })}${tail}`;
    writeFileSync(PINS_FILE, sameLater);
    await pin(PINS);
    expect(file()).toBe(sameLater);
  });

  it.each([
    [
      "is somebody else's",
      'eks_version = "1.30"\n',
      "pins.auto.tfvars is not what `eks pin` wrote, and would be lost: give it another name",
    ],
    ["has lost its end", "# Written by `eks pin` on 2026-01-01\n", "pins.auto.tfvars is not what `eks pin` wrote"],
    [
      "says something twice",
      `eks_version = "1.30"\n${pinsText(PINS, new Date())}`,
      "pins.auto.tfvars says eks_version twice: delete the line that you have added",
    ],
  ])("not when it %s, and asks nobody", async (_, text, message) => {
    writeFileSync(PINS_FILE, text);

    await expect(pin(PINS)).rejects.toThrow(message);

    expect(file()).toBe(text);
    expect(stdout).toBe("");
  });

  it("and takes an empty file for none", async () => {
    writeFileSync(PINS_FILE, "\n");

    await pin(PINS);

    expect(file()).toBe(written({ size: "20" }));
  });

  it.each<[string, PinOptions["arguments"], string]>([
    ["./local.tfvars", [{ varFile: "./local.tfvars" }], "./local.tfvars"],
    ["local.tfvars", [], "local.tfvars"],
    ["-var", [{ variable: "eks_version=1.31" }], "-var"],
    ["team.auto.tfvars", [], "team.auto.tfvars"],
  ])("for the version and the family that %s says, since it wins", async (from, given, says) => {
    const { asked, stderr } = await pin(
      { ...OLDER, family: "bottlerocket" },
      { arguments: given },
      {},
      {
        eks_version: { value: 1.31, from },
        eks_worker_node_ami_family: { value: "bottlerocket", from },
      },
    );

    expect(asked).toEqual([[{ region: "ap-northeast-2" }, { version: "1.31", family: "bottlerocket" }]]);
    expect(stderr).toContain(
      `note: ${says} says eks_version = "1.31", and wins over pins.auto.tfvars: the AMIs are for that; take it out there`,
    );
    expect(stderr).toContain(`note: ${says} says eks_worker_node_ami_family = "bottlerocket", and wins over`);
    expect(stderr).not.toContain("warning:");
  });

  it("for the newest version where terraform.tfvars, the environment or a file of an earlier name says another", async () => {
    for (const from of ["terraform.tfvars", "TF_VAR_eks_version", "a.auto.tfvars", `./${PINS_FILE}`]) {
      const { asked, stderr } = await pin(PINS, {}, {}, { eks_version: { value: "1.29", from } });

      expect(asked[0]).toEqual([{ region: "ap-northeast-2" }, expect.not.objectContaining({ version: "1.29" })]);
      expect(stderr).not.toContain("wins");
    }
  });

  it.each([
    [{ version: "1.32" }, "eks_version", '--version 1.32: local.tfvars says eks_version = "1.29", and wins over'],
    [{ family: "al2" }, "eks_worker_node_ami_family", "--family al2: local.tfvars says eks_worker_node_ami_family = "],
  ])("not where an option and what wins over it disagree: %j", async (options, name, message) => {
    const given = { ...options, arguments: [{ varFile: "local.tfvars" }] };
    const more = { [name]: { value: "1.29", from: "local.tfvars" } };

    await expect(pin(PINS, given, {}, more)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringContaining(message) as string,
    });
    expect(existsSync(PINS_FILE)).toBe(false);
  });

  it("and warns of every other pin that something wins over", async () => {
    const from = "local.tfvars";
    const { stderr } = await pin(
      PINS,
      { arguments: [{ varFile: from }] },
      {},
      {
        eks_worker_node_ami_id: { value: "ami-9", from },
        eks_worker_node_volume_size: { value: 12, from },
        kubectl_image_id: { value: "ami-2", from },
      },
    );

    expect(stderr.match(/^warning: .*$/gm)).toEqual([
      expect.stringMatching(/^warning: Amazon Linux 2 gets no more fixes/) as string,
      'warning: local.tfvars says eks_worker_node_ami_id = "ami-9", and wins over pins.auto.tfvars, which says ami-1: take it out there',
      "warning: local.tfvars says eks_worker_node_volume_size = 12, and wins over pins.auto.tfvars, which says 20: take it out there",
    ]);
  });

  it("and not without a yes, nor when nobody is there to say it", async () => {
    await expect(pin(PINS, { autoApprove: false })).rejects.toMatchObject({ exitCode: 64 });

    expect(stdout).toContain('+ eks_version = "1.32"');
    expect(existsSync(PINS_FILE)).toBe(false);
  });

  it("for the region of the stack, whatever the environment says, unless another is asked for", async () => {
    process.env["AWS_REGION"] = "eu-west-1";
    const stacks = await pin(PINS, {}, { aws_region: "us-west-2" });
    const other = await pin(PINS, { region: "us-east-1" }, { aws_region: "us-west-2" });
    delete process.env["AWS_REGION"];

    expect(stacks.asked).toEqual([[{ region: "us-west-2" }, {}]]);
    expect(other.asked).toEqual([[{ region: "us-east-1" }, { family: "al2023" }]]);
    expect(other.stderr).toContain("warning: aws_region is us-west-2 in your tfvars");
  });

  it.each([
    ["1.30", "a cluster of 1.30 that exists goes up one minor at a time: pin --version 1.31 first"],
    ["1.33", "a cluster of 1.33 that exists never goes back to 1.32"],
  ])("and warns of what a cluster of %s cannot do", async (version, warning) => {
    writeFileSync(PINS_FILE, pinsText({ ...PINS, version }, new Date()));

    expect((await pin(PINS)).stderr).toContain(`warning: ${warning}\n`);
  });

  it("and warns of nothing that fits", async () => {
    writeFileSync(PINS_FILE, pinsText(OLDER, new Date()));

    const { stderr } = await pin(PINS, {}, { eks_worker_node_volume_size: 20 });

    expect(stderr).not.toMatch(/one minor|never goes back|volume_size|kubectl_ec2_user/);
  });

  it("and warns of another user on the bastion", async () => {
    const { stderr } = await pin(PINS, {}, { kubectl_ec2_user: "ec2-user" });

    expect(stderr).toContain("kubectl_ec2_user has to be ubuntu for ami-2; your tfvars say ec2-user");
  });

  it.each([
    ["is not said", {}, "20"],
    ["is too small for them", { eks_worker_node_volume_size: 12 }, "20"],
    ["is as large as they want", { eks_worker_node_volume_size: 20 }, ""],
    ["is larger", { eks_worker_node_volume_size: 50 }, ""],
  ])("with the size of the nodes' volume as far as it %s", async (_, tfvars, size) => {
    if (size === "") writeFileSync("local.tfvars", "eks_worker_node_volume_size = 20");
    const { stderr } = await pin(PINS, {}, tfvars);

    expect(file()).toBe(written({ size }));
    expect(stderr).not.toContain("volume_size");
  });

  it("with that size again when they have said it before", async () => {
    writeFileSync(PINS_FILE, written({ size: "20" }));
    const own = { eks_worker_node_volume_size: { value: 20, from: `./${PINS_FILE}` } };

    await pin(PINS, {}, {}, own);

    expect(file()).toBe(written({ size: "20" }));
  });

  it("without that size where users have added it to the file, and warns when it is too small", async () => {
    const added = `eks_worker_node_volume_size = 12\n${pinsText(OLDER, new Date())}`;
    writeFileSync(PINS_FILE, added);
    const own = { eks_worker_node_volume_size: { value: 12, from: PINS_FILE } };

    const { stderr } = await pin(PINS, {}, {}, own);

    expect(file()).toBe(`eks_worker_node_volume_size = 12\n${written()}`);
    expect(stderr).toContain("eks_worker_node_volume_size has to be 20 or more in your tfvars for ami-1; it is 12");
  });

  it.each([
    ["bottlerocket", undefined, { family: "bottlerocket" }],
    ["al2023", "1.32", { version: "1.32", family: "al2023" }],
    ["al2", undefined, { family: "al2023" }],
    ["al2", "1.32", { version: "1.32", family: "al2" }],
    ["al2", "1.33", { version: "1.33", family: "al2023" }],
    ["plan9", undefined, {}],
  ])("of the family that was pinned before (%s, version %s)", async (before, version, wish) => {
    writeFileSync(PINS_FILE, pinsText({ ...PINS, family: before as Pins["family"] }, new Date()));

    const { asked } = await pin(PINS, version === undefined ? {} : { version });

    expect(asked[0]).toEqual([{ region: "ap-northeast-2" }, wish]);
  });

  it("of the family that is asked for", async () => {
    writeFileSync(PINS_FILE, pinsText({ ...PINS, family: "bottlerocket" }, new Date()));

    const { asked } = await pin(PINS, { family: "al2023" });

    expect(asked).toEqual([[{ region: "ap-northeast-2" }, { family: "al2023" }]]);
  });

  it("and names the image of each row of node_groups, for its owner to write", async () => {
    const { asked, stderr } = await pin(
      PINS,
      {},
      {
        node_groups: {
          plain: { ami_id: "ami-old" },
          "arm-1": { ami_id: "ami-bottlerocket-arm64", ami_family: "bottlerocket", architecture: "arm64" },
          last: { ami_id: "ami-2019", ami_family: "al2" },
        },
      },
    );

    expect(asked[1]).toEqual([
      { version: "1.32", family: "al2023", architecture: "x86_64" },
      { version: "1.32", family: "bottlerocket", architecture: "arm64" },
      { version: "1.32", family: "al2", architecture: "x86_64" },
    ]);
    expect(stderr).toContain(
      'node_groups.plain (al2023, x86_64): write ami_id = "ami-al2023-x86_64" (al2023 x86_64) into your tfvars; it is ami-old\n' +
        "node_groups.arm-1 (bottlerocket, arm64): ami_id is the newest for 1.32, bottlerocket arm64\n" +
        "warning: node_groups.last (al2, x86_64): AWS has none\n",
    );
  });

  it("and asks nothing more without a row of node_groups", async () => {
    const { asked } = await pin(PINS, {}, { node_groups: {} });

    expect(asked).toHaveLength(1);
  });

  it.each([
    [{ version: "abc" }, '--version must be MAJOR.MINOR, such as 1.32, got "abc"'],
    [{ version: "1.32.1" }, "--version must be"],
    [{ version: "-1" }, "--version must be"],
    [{ version: "NaN" }, "--version must be"],
    [{ family: "AL2023" }, '--family must be one of al2, al2023, bottlerocket, got "AL2023"'],
    [{ region: "seoul" }, '--region must be one of AWS\' regions, such as ap-northeast-2, got "seoul"'],
    [{ region: "" }, "--region must be"],
  ])("not for %j, which is wrong usage", async (options, message) => {
    await expect(pin(PINS, options)).rejects.toMatchObject({
      exitCode: 64,
      message: expect.stringContaining(message) as string,
    });
  });
});
