import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { flag, listOf, mapOf, object, text, whole } from "../../contract/inputs/description";
import { UserError } from "../../contract/user-error";
import { readTfvars, withOwnAddress, type VariableArgument } from "../../terraform/tfvars";

/** Inputs of each kind; the stack's own are judged with Terraform in e2e/bad-input. */
const DECLARED = {
  aws_krug_admin_role: text({ default: null }),
  project_name: text({ default: "awskrug_gudi" }),
  vpc_name: text({ default: null }),
  kubectl_ec2_volume_size: whole({ default: 8, from: 8, to: 16_384 }),
  eks_worker_node_public_ip: flag({ default: false }),
  kubectl_ssh_cidrs: listOf(text(), { default: [] }),
  node_groups: mapOf(
    object({
      ami_id: text(),
      instance_types: listOf(text(), { default: ["t3.medium"] }),
      max_size: whole({ default: 3, from: 0, to: 9 }),
    }),
    { default: {} },
  ),
};

describe("tfvars", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-tfvars-"));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, text: string): string {
    const file = join(folder, name);
    writeFileSync(file, text);
    return file;
  }

  function read(given: readonly VariableArgument[] = [], environment: Record<string, string | undefined> = {}) {
    return readTfvars({ folder, environment, arguments: given }, DECLARED);
  }

  /** The message, with `FOLDER` for the folder. */
  async function failure(...given: Parameters<typeof read>): Promise<{ message: string; exitCode: number }> {
    try {
      await read(...given);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return { message: error.message.replaceAll(folder, "FOLDER"), exitCode: error.exitCode };
    }
    throw new Error("nothing was thrown");
  }

  async function project(...given: Parameters<typeof read>) {
    return (await read(...given)).values.get("project_name");
  }

  it("are the defaults where nobody says anything", async () => {
    const { values, notes, terraformArguments } = await read();

    expect(values.get("project_name")).toEqual({ value: "awskrug_gudi", from: "default" });
    expect(values.get("vpc_name")).toEqual({ value: null, from: "default" });
    expect([notes, terraformArguments]).toEqual([[], []]);
  });

  it("win in Terraform's order", async () => {
    const environment = { TF_VAR_project_name: "environment" };
    expect(await project([], environment)).toEqual({ value: "environment", from: "TF_VAR_project_name" });

    // In the order in which each one wins over all before it; as bytes, capitals come first.
    const names = ["terraform.tfvars", "terraform.tfvars.json", "B.auto.tfvars", "a.auto.tfvars.json", "b.auto.tfvars"];
    for (const name of names) {
      const file = write(name, name.endsWith(".json") ? `{"project_name": "${name}"}` : `project_name = "${name}"`);
      expect(await project([], environment)).toEqual({ value: name, from: file });
    }

    const late = write("late.tfvars", 'project_name = "late"');
    expect(await project([{ variable: "project_name=early" }, { varFile: late }])).toEqual({
      value: "late",
      from: late,
    });
    expect(await project([{ varFile: late }, { variable: "project_name=last" }])).toEqual({
      value: "last",
      from: "-var",
    });
    const { terraformArguments } = await read([{ varFile: late }, { variable: "project_name=last" }]);
    expect(terraformArguments).toEqual([
      ...names.map((name) => `-var-file=${join(folder, name)}`),
      `-var-file=${late}`,
      "-var=project_name=last",
    ]);
  });

  it("are not read from files that Terraform does not read by itself", async () => {
    write("auto.tfvars", "syntax error");
    write("production.tfvars", "syntax error");

    expect(await project()).toMatchObject({ from: "default" });
  });

  it("are those of local.tfvars, too, where the command line names no file, and that is said", async () => {
    write("a.auto.tfvars", 'project_name = "a"');
    const local = write("local.tfvars", 'project_name = "local"');
    const other = write("other.tfvars", 'vpc_name = "other"');

    expect(await project()).toEqual({ value: "local", from: local });
    expect(await project([{ variable: "project_name=last" }])).toEqual({ value: "last", from: "-var" });
    expect(await project([{ varFile: other }])).toMatchObject({ value: "a" });
    const { notes, terraformArguments } = await read();
    expect(notes).toEqual(["local.tfvars is read, as with -var-file local.tfvars"]);
    expect(terraformArguments).toEqual([`-var-file=${join(folder, "a.auto.tfvars")}`, `-var-file=${local}`]);
    expect((await read([{ varFile: local }])).notes).toEqual([]);
  });

  it("have values of every kind, and the escapes of HCL resolved", async () => {
    const file = write(
      "a.tfvars",
      '# a comment\nproject_name = "$${HOME} 100%%{x} 한글 $$"\nkubectl_ssh_cidrs = ["10.0.0.0/8",]\n' +
        "kubectl_ec2_volume_size = 20\neks_worker_node_public_ip = true\nvpc_name = null\n",
    );
    const { values } = await read([{ varFile: file }]);

    expect(Object.fromEntries([...values].map(([name, { value }]) => [name, value]))).toEqual({
      aws_krug_admin_role: null,
      project_name: "${HOME} 100%{x} 한글 $$",
      kubectl_ssh_cidrs: ["10.0.0.0/8"],
      kubectl_ec2_volume_size: 20,
      eks_worker_node_public_ip: true,
      vpc_name: null,
      node_groups: {},
    });
  });

  it("have no interpolation in JSON, and comments called //", async () => {
    const file = write("a.tfvars.json", '{ "//": "why", "project_name": "$${x}" }');

    expect(await project([{ varFile: file }])).toEqual({ value: "$${x}", from: file });
  });

  it("take null for nothing where null is no value", async () => {
    write("terraform.tfvars", 'project_name = "a"\naws_krug_admin_role = "r"');
    const file = write("null.tfvars", "project_name = null\naws_krug_admin_role = null");
    const { values } = await read([{ varFile: file }]);

    expect(values.get("project_name")).toEqual({ value: "awskrug_gudi", from: "default" });
  });

  it.each<[string, string, unknown]>([
    ["project_name", "1.30", "1.30"],
    ["project_name", "a=b", "a=b"],
    ["project_name", "", ""],
    ["kubectl_ec2_volume_size", "20", 20],
    ["eks_worker_node_public_ip", "true", true],
    ["kubectl_ssh_cidrs", '["10.0.0.0/8"]', ["10.0.0.0/8"]],
  ])("are read outside files as the type wants: %s=%s", async (name, text, value) => {
    const given = (await read([{ variable: `${name}=${text}` }])).values.get(name);
    const inEnvironment = (await read([], { [`TF_VAR_${name}`]: text })).values.get(name);

    expect(given).toEqual({ value, from: "-var" });
    expect(inEnvironment).toEqual({ value, from: `TF_VAR_${name}` });
  });

  it("fail for names that no variable has, each with its line and the nearest name", async () => {
    const file = write(
      "local.tfvars",
      'project_name = "a"\nvpc_nmae = "b"\nkubectl_ssh_cidrs = [\n  "10.0.0.0/8",\n]\n\nregion = "x"\nssh_cidr = []',
    );

    expect(await failure([{ varFile: file }])).toEqual({
      exitCode: 1,
      message:
        "FOLDER/local.tfvars:2: there is no variable vpc_nmae: did you mean vpc_name?\n" +
        "FOLDER/local.tfvars:7: there is no variable region: there are aws_krug_admin_role, project_name, vpc_name, " +
        "kubectl_ec2_volume_size, eks_worker_node_public_ip, kubectl_ssh_cidrs, node_groups\n" +
        "FOLDER/local.tfvars:8: there is no variable ssh_cidr: there are aws_krug_admin_role, project_name, vpc_name, " +
        "kubectl_ec2_volume_size, eks_worker_node_public_ip, kubectl_ssh_cidrs, node_groups",
    });
  });

  it("fail for such a name in JSON, and in a file that is read by itself", async () => {
    write("x.auto.tfvars.json", '{\n  "project_name": "a",\n  "PROJECT_NAMES": "b"\n}');

    expect((await failure()).message).toBe(
      "FOLDER/x.auto.tfvars.json:3: there is no variable PROJECT_NAMES: did you mean project_name?",
    );
  });

  it("fail for attributes that an object has not, each with its line and the nearest name", async () => {
    const file = write(
      "local.tfvars",
      [
        'project_name = "instance_typ = 1"',
        "node_groups = {",
        "  a = {",
        '    ami_id       = "ami-1" # instance_typ = is no such thing',
        '    instance_typ = ["t3.large"]',
        "  }",
        '  "b-1" = { ami_id = "ami-2", max = 3, "disk" = 1 }',
        "}",
        "vpc_nmae = 1",
      ].join("\n"),
    );

    expect((await failure([{ varFile: file }])).message.split("\n")).toEqual([
      "FOLDER/local.tfvars:5: node_groups.a has no attribute instance_typ: did you mean instance_types?",
      "FOLDER/local.tfvars:7: node_groups.b-1 has no attribute disk: there are ami_id, instance_types, max_size",
      "FOLDER/local.tfvars:7: node_groups.b-1 has no attribute max: there are ami_id, instance_types, max_size",
      "FOLDER/local.tfvars:9: there is no variable vpc_nmae: did you mean vpc_name?",
    ]);
  });

  it("fail for such an attribute in JSON, on the command line and in the environment", async () => {
    const value = { a: { ami_id: "ami-1", ami_ids: "" } };
    const file = write("a.tfvars.json", JSON.stringify({ node_groups: value }, undefined, 2));
    const said = "node_groups.a has no attribute ami_ids: did you mean ami_id?";

    expect(await failure([{ varFile: file }])).toEqual({ exitCode: 1, message: `FOLDER/a.tfvars.json:5: ${said}` });
    expect(await failure([{ variable: `node_groups=${JSON.stringify(value)}` }])).toEqual({
      exitCode: 64,
      message: `-var node_groups: ${said}`,
    });
    expect(await failure([], { TF_VAR_node_groups: JSON.stringify(value) })).toEqual({
      exitCode: 1,
      message: `TF_VAR_node_groups: ${said}`,
    });
  });

  it("only note such a name in the environment, and only when it is like one", async () => {
    const { notes } = await read([], {
      TF_VAR_project_nmae: "a",
      TF_VAR_other: "b",
      PROJECT: "c",
      TF_VAR_x: undefined,
    });

    expect(notes).toEqual([
      "TF_VAR_project_nmae is ignored, as there is no variable project_nmae: did you mean project_name?",
    ]);
  });

  it.each<[string, string, RegExp]>([
    [
      "a.tfvars",
      'project_name = "a"\n\nvpc_name = "b',
      /^FOLDER\/a\.tfvars:3: unterminated template string; No closing/,
    ],
    ["a.tfvars", 'project_name "a"', /^FOLDER\/a\.tfvars:1: invalid block definition; /],
    ["a.tfvars", "project_name = [1,\n2", /^FOLDER\/a\.tfvars:1: unterminated tuple constructor expression/],
    [
      "a.tfvars",
      'project_name = "a"\nproject_name = "b"',
      /^FOLDER\/a\.tfvars:2: attribute redefined; The argument "project_name" was already set at FOLDER\/a\.tfvars:1,1-13\. Each/,
    ],
    // Several faults: the first is told.
    ["a.tfvars", 'project_name = "a\nvpc_name = 1\n', /^FOLDER\/a\.tfvars:1: invalid multi-line string;[^\n]*syntax$/],
    ["a, b:1.tfvars", "x", /^FOLDER\/a, b:1\.tfvars:1: /],
    ["a.json", "{\n  nope\n}", /^FOLDER\/a\.json:2: it is not JSON: /],
    ["a.json", '{\n"a": 1', /^FOLDER\/a\.json:2: it is not JSON: /],
    ["a.json", "[]", /^FOLDER\/a\.json must hold an object of variables and their values, such as/],
  ])("fail for a file %s with %j", async (name, text, message) => {
    const failed = await failure([{ varFile: write(name, text) }]);

    expect(failed).toEqual({ exitCode: 1, message: expect.stringMatching(message) as string });
  });

  it("fail for files that cannot be read", async () => {
    mkdirSync(join(folder, "folder"));
    const file = write("file", "");

    expect(await failure([{ varFile: join(folder, "local.tfvar") }])).toEqual({
      exitCode: 1,
      message: "FOLDER/local.tfvar cannot be read: there is no such file; ls *.tfvars lists those that there are",
    });
    expect((await failure([{ varFile: join(folder, "folder") }])).message).toBe(
      "FOLDER/folder is a folder, and -var-file wants one of the files in it",
    );
    expect((await failure([{ varFile: join(file, "a.tfvars") }])).message).toBe(
      "FOLDER/file/a.tfvars cannot be read: a part of its path is a file, not a folder",
    );
    expect(await failure([{ varFile: "" }])).toEqual({
      exitCode: 64,
      message: "-var-file needs the name of a file, such as -var-file local.tfvars",
    });
    await expect(
      readTfvars({ folder: join(folder, "none"), environment: {}, arguments: [] }, DECLARED),
    ).rejects.toThrow(/none cannot be searched for tfvars files: there is no such/);
  });

  it.each([
    [
      "project_name",
      '-var must be NAME=VALUE, without a space before "=", such as -var \'project_name=team-a\', got "project_name"',
    ],
    ["=a", '-var must be NAME=VALUE, without a space before "=", such as -var \'project_name=team-a\', got "=a"'],
    [
      "project_name = a",
      '-var must be NAME=VALUE, without a space before "=", such as -var \'project_name=team-a\', got "project_name = a"',
    ],
    ["project_nam=a", "-var: there is no variable project_nam: did you mean project_name?"],
    ["kubectl_ssh_cidrs=[1", "-var kubectl_ssh_cidrs: unterminated tuple constructor expression; There is no"],
  ])("fail for -var %s as wrong usage", async (variable, message) => {
    const failed = await failure([{ variable }]);

    expect(failed.exitCode).toBe(64);
    expect(failed.message.slice(0, message.length)).toBe(message);
  });

  it("fail for what only Terraform can evaluate where there is none, and need none for what is only escaped", async () => {
    const file = write("a.tfvars", 'project_name = "$${x}"\nvpc_name = true ? "a" : "b"\n');

    expect((await failure([{ varFile: file }], { PATH: "" })).message).toMatch(
      /^FOLDER\/a\.tfvars: vpc_name: only Terraform can evaluate this, and neither terraform nor tofu is on PATH: install/,
    );
  });

  it("fail where somebody has put a file where Terraform runs", async () => {
    const stack = join(folder, "cdktf.out/stacks/eks");
    mkdirSync(stack, { recursive: true });
    writeFileSync(join(stack, "own.auto.tfvars"), 'kubectl_ssh_cidrs = ["203.0.113.7/32"]\n');

    expect(await failure([])).toEqual({
      exitCode: 1,
      message:
        "FOLDER/cdktf.out/stacks/eks/own.auto.tfvars was put there by hand, and only Terraform would read it: move it into " +
        "the project's folder, beside cdktf.out, or delete it",
    });
  });

  it("fail for an environment that does not parse", async () => {
    expect(await failure([], { TF_VAR_kubectl_ssh_cidrs: "[1" })).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/^TF_VAR_kubectl_ssh_cidrs: unterminated/) as string,
    });
  });
});

describe("this machine's own address", () => {
  const given = (from: string) => new Map([["kubectl_ssh_cidrs", { value: [], from }]]);

  it.each(["203.0.113.7", " 203.0.113.7\n", "172.15.0.1", "172.32.0.1", "100.63.0.1", "223.255.255.255"])(
    "may reach the bastion when nobody says who may: %j",
    (address) => {
      const own = withOwnAddress(given("default"), address);

      expect(own).toEqual({
        argument: { variable: `kubectl_ssh_cidrs=["${address.trim()}/32"]` },
        said: `kubectl_ssh_cidrs is not given: this machine alone may reach the bastion, ${address.trim()}/32`,
      });
      expect(withOwnAddress(new Map(), address)).toEqual(own);
    },
  );

  it.each(["local.tfvars", "-var", "TF_VAR_kubectl_ssh_cidrs"])("is not asked where %s says it", (from) => {
    expect(withOwnAddress(given(from), "garbage")).toBeUndefined();
  });

  it.each([
    ...["10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.1", "127.0.0.1", "169.254.169.254", "100.64.0.1"],
    ...["0.0.0.0", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"],
  ])("fails for %s, which is not on the internet", (address) => {
    expect(() => withOwnAddress(given("default"), address)).toThrow(
      `this machine's address must be one on the internet, got the private "${address}"; say who may reach`,
    );
  });

  it.each([
    ["", 'must be an IPv4 address, got ""'],
    ["203.0.113", 'must be an IPv4 address, got "203.0.113"'],
    ["203.0.113.7/32", "must be an IPv4 address"],
    ['203.0.113.7"] # ', "must be an IPv4 address"],
    [`<html>${"x".repeat(500)}`, `got "<html>${"x".repeat(53)}…"; say`],
    ["2001:db8::1", 'is an IPv6 one, "2001:db8::1", and the VPC has none; say'],
  ])("fails for %j", (address, message) => {
    const call = () => withOwnAddress(given("default"), address);

    expect(call).toThrow(UserError);
    expect(call).toThrow(message);
  });
});
