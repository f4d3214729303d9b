import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { HANDOVER, terraformOutput } from "../support/handover";
import { EksFolder } from "../support/in-process";
import { EKS } from "../support/rehearsal";
import { run } from "../support/run";
import { standInForTerraform } from "../support/terraform-stand-in";

interface Bad {
  /** The command line, as a person types it; words with a space in them have quotes. */
  readonly type: string;
  readonly code: 1 | 64;
  /** What standard error has in it. */
  readonly says: string | RegExp;
  readonly environment?: NodeJS.ProcessEnv;
  /** Files by name, and what is in them; a name that ends in `/` is a folder, and `-> TARGET` makes a link. */
  readonly files?: Readonly<Record<string, string | Buffer>>;
}

const GOOD = 'aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n';
const local = { "local.tfvars": GOOD };
const outputsOf = (cluster: string, instance: string) =>
  terraformOutput({ ...HANDOVER, cluster_name: cluster, bastion_instance_id: instance });

const COMMANDS: readonly Bad[] = [
  { type: "", code: 64, says: "Usage: eks [options] [command]" },
  { type: "frobnicate", code: 64, says: "error: unknown command 'frobnicate'\n(--help lists what there is)" },
  { type: "plam", code: 64, says: "error: unknown command 'plam'\n(Did you mean plan?)" },
  { type: "--json plan", code: 64, says: "error: unknown option '--json'" },
  { type: "apply", code: 64, says: "error: unknown command 'apply'\n(Did you mean up?)\n(--help lists what there is)" },
  { type: "Delete", code: 64, says: "(Did you mean destroy?)" },
  { type: "versions", code: 64, says: "(Did you mean pin?)" },
];

const OPTIONS: readonly Bad[] = [
  { type: "plan -var-fil local.tfvars", code: 64, says: "unknown option '--var-fil'\n(Did you mean --var-file?)" },
  { type: "plan -auto-approve", code: 64, says: "unknown option '--auto-approve'" },
  { type: "up -auto-aprove", code: 64, says: "unknown option '--auto-aprove'\n(Did you mean --auto-approve?)" },
  { type: "up --allow-replaces x", code: 64, says: "(Did you mean --allow-replace?)" },
  { type: "status --jsno", code: 64, says: "(Did you mean --json?)" },
  { type: "status -var-file local.tfvars", code: 64, says: "unknown option '--var-file'" },
  { type: "doctor -josn", code: 64, says: "unknown option '--josn'\n(Did you mean --json?)" },
  { type: "pin --verson 1.32", code: 64, says: "(Did you mean --version?)" },
  { type: "destroy -dryrun", code: 64, says: "(Did you mean --dry-run?)" },
  { type: "destroy --delete-volumes vol-1", code: 64, says: "(Did you mean --delete-volume?)" },
  { type: "ssh --comand uptime", code: 64, says: "(Did you mean --command?)" },
  { type: "rehearse --injct missing-tag", code: 64, says: "(Did you mean --inject?)" },
  {
    type: "rehearse --inject missing-tags",
    code: 64,
    says: "--inject knows no missing-tags: did you mean missing-tag?",
  },
  { type: "rehearse --inject fire", code: 64, says: "--inject knows no fire: it knows wrong-ami-family, " },
  { type: "rehearse --var-file nowhere.tfvars", code: 1, says: "nowhere.tfvars cannot be used: it is not there" },
  {
    type: "rehearse --endpoint-url https://eks.ap-northeast-2.amazonaws.com",
    code: 64,
    says: "a rehearsal never touches a real account",
  },
  { type: "rehearse --endpoint-url http://192.0.2.1:5000", code: 64, says: "127.0.0.1" },
  { type: "bootstrap --chek", code: 64, says: "there is no option --chek: did you mean --check?" },
  { type: "bootstrap -- --chek", code: 64, says: "there is no option --chek: did you mean --check?" },

  { type: "plan --json", code: 64, says: "unknown option '--json'" },
  { type: "pin --json", code: 64, says: "unknown option '--json'" },
  { type: "up --json", code: 64, says: "(--json is for the bootstrap: write it after --, as in eks up -- --json)" },
  { type: "destroy --identity k", code: 64, says: "write it after --, as in eks destroy -- --identity)" },

  { type: "up -auto-approve=false", code: 64, says: "unknown option '--auto-approve=false'" },
  { type: "doctor -json=1", code: 64, says: "unknown option '--json=1'" },
  { type: "destroy --dry-run=no", code: 64, says: "unknown option '--dry-run=no'" },

  { type: "up -auto-approve -auto-approve", code: 64, says: "--auto-approve is given twice: give it once" },
  { type: "status --json --json", code: 64, says: "--json is given twice: give it once" },
  { type: "doctor --json -json", code: 64, says: "--json is given twice: give it once" },
  { type: "pin --version 1.31 --version 1.32", code: 64, says: "--version is given twice: give it once" },
  { type: "ssh -c one --command two", code: 64, says: "--command is given twice: give it once" },
  { type: "rehearse --var-file a --var-file b", code: 64, says: "--var-file is given twice: give it once" },
  { type: "bootstrap --port 22 --port 23", code: 64, says: "--port is given 2 times: give it once" },
];

const VALUES: readonly Bad[] = [
  { type: "plan -var-file", code: 64, says: "option '--var-file <FILE>' argument missing" },
  { type: "plan -var", code: 64, says: "option '--var <NAME=VALUE>' argument missing" },
  { type: "up --allow-replace", code: 64, says: "option '--allow-replace <ADDRESS>' argument missing" },
  { type: "pin --version", code: 64, says: "option '--version <MAJOR.MINOR>' argument missing" },
  { type: "pin --family", code: 64, says: "option '--family <FAMILY>' argument missing" },
  { type: "pin --region", code: 64, says: "option '--region <REGION>' argument missing" },
  { type: "destroy --keep", code: 64, says: "option '--keep <ID>' argument missing" },
  { type: "ssh -c", code: 64, says: "option '-c, --command <COMMAND>' argument missing" },
  { type: "rehearse --inject", code: 64, says: "option '--inject <FAULT>' argument missing" },
  { type: "pin --version abc", code: 64, says: '--version must be MAJOR.MINOR, such as 1.32, got "abc"' },
  { type: "pin --version NaN", code: 64, says: '--version must be MAJOR.MINOR, such as 1.32, got "NaN"' },
  { type: "pin --version=-1.5", code: 64, says: "--version must be MAJOR.MINOR" },
  { type: "pin --family al3", code: 64, says: '--family must be one of al2, al2023, bottlerocket, got "al3"' },
  { type: "pin --region seoul", code: 64, says: "--region must be one of AWS' regions, such as ap-northeast-2" },
  {
    type: "pin",
    code: 1,
    says: "cannot ask EKS for its versions: AWS cannot be reached (connect ECONNREFUSED 127.0.0.1:9); check aws_region",
  },
  { type: "pin", code: 1, says: "pins.auto.tfvars cannot be used: it is a folder", files: { "pins.auto.tfvars/": "" } },
  { type: "pin", code: 1, says: "is not what `eks pin` wrote", files: { "pins.auto.tfvars": 'a = "b"\n' } },
];

const WORDS: readonly Bad[] = [
  { type: "plan extra", code: 64, says: 'an option has to say what "extra" is: --help lists the options' },
  { type: "up local.tfvars", code: 64, says: "did you mean -var-file local.tfvars?" },
  { type: "status outputs.json", code: 64, says: "what is for the bootstrap follows --" },
  { type: "doctor now", code: 64, says: 'an option has to say what "now" is' },
  { type: "pin 1.32", code: 64, says: 'an option has to say what "1.32" is' },
  { type: "destroy all", code: 64, says: 'an option has to say what "all" is' },
  { type: "ssh uptime", code: 64, says: "what is to be run follows --, as in eks ssh -- uptime" },
  { type: "rehearse fast", code: 64, says: 'an option has to say what "fast" is' },
  { type: "bootstrap outputs.json", code: 64, says: "did you mean --outputs outputs.json?" },
  { type: "plan -- --identity k", code: 64, says: "eks plan does not reach the bastion, and nothing can follow --" },
  { type: "pin --", code: 64, says: "eks pin does not reach the bastion, and nothing can follow --" },
  { type: "rehearse -- --port 1", code: 64, says: "eks rehearse does not reach the bastion" },
];

const THE_WAY_THERE: readonly Bad[] = [
  { type: "up -- --bogus", code: 64, says: "there is no option --bogus: --help lists them" },
  { type: "status -- --port abc", code: 64, says: '--port must be a whole number from 1 to 65535, got "abc"' },
  { type: "status -- --port 0", code: 64, says: "--port must be a whole number" },
  { type: "doctor -- --port=-22", code: 64, says: '--port must be a whole number from 1 to 65535, got "-22"' },
  { type: "doctor -- --timeout NaN", code: 64, says: "--timeout must be a whole number of seconds" },
  { type: "destroy -- --concurrency 0", code: 64, says: "--concurrency must be a whole number from 1 to 100" },
  { type: "ssh -- --host ec2-user@host", code: 64, says: "--host must be a name or an IP address and nothing else" },
  { type: "status -- --host-key abc", code: 64, says: "abc" },
  { type: "up -- --mirror ftp://mirror", code: 64, says: "ftp://mirror" },
  { type: "up -- --root relative", code: 64, says: "--root must be the absolute path of a folder on the host" },
  { type: "up -- --identity nowhere.pem", code: 64, says: "nowhere.pem" },
  { type: "up -- --releases nowhere.json", code: 1, says: "--releases nowhere.json cannot be read" },
  { type: "up -- --releases r.json", code: 1, says: "r.json", files: { "r.json": "[]" } },
  { type: "status -- --outputs a --stack-dir b", code: 64, says: "the outputs can come from one place only" },
  { type: "status -- --terraform-cloud nope", code: 64, says: "--terraform-cloud must be ORGANIZATION/WORKSPACE" },
  { type: "bootstrap --terraform-cloud", code: 64, says: "--terraform-cloud needs a value" },
];

const NOTHING_THERE: readonly Bad[] = [
  ...["status", "ssh"].map((type): Bad => ({
    type,
    code: 1,
    says: /nothing has been applied in this folder .*: `eks up` makes a cluster/,
  })),
  { type: "bootstrap", code: 1, says: "there is no folder cdktf.out/stacks/eks" },
  {
    type: "status",
    code: 1,
    says: "has no outputs: nothing was applied from there",
    files: { "cdktf.out/stacks/eks/": "" },
  },
  { type: "status -- --outputs nowhere.json", code: 1, says: "there is no file or folder nowhere.json" },
  { type: "status -- --outputs o", code: 1, says: "the folder o has no *.json in it", files: { "o/": "" } },
  { type: "status -- --outputs o.json", code: 1, says: "o.json", files: { "o.json": "" } },
  { type: "status -- --outputs o.json", code: 1, says: "o.json", files: { "o.json": "{not json" } },
  {
    type: "status -- --outputs o.json",
    code: 1,
    says: "o.json",
    files: { "o.json": Buffer.from([0x7f, 0x45, 0, 0xff]) },
  },
  {
    type: "status -- --outputs o.json",
    code: 1,
    says: "cluster_name",
    files: { "o.json": '{"region":{"value":"x"}}' },
  },
  {
    type: "status -- --outputs a.json --outputs b.json",
    code: 64,
    says: "one cluster at a time can be looked at, got one, two: give one --outputs FILE",
    files: { "a.json": outputsOf("one", "i-1"), "b.json": outputsOf("two", "i-2") },
  },
];

const ARGUMENTS: readonly Bad[] = [
  ...["plan", "up", "destroy", "pin"].map((type) => ({ type, variable: "TF_CLI_ARGS_plan", flag: "-var-file" })),
  ...["status", "bootstrap", "ssh"].map((type) => ({ type, variable: "TF_CLI_ARGS_output", flag: "-state" })),
  { type: "doctor", variable: "TF_CLI_ARGS_state_pull", flag: "-state" },
].map(({ type, variable, flag }) => ({
  type,
  code: 64 as const,
  says: `error: ${variable} says ${flag}, `,
  environment: { [variable]: `${flag}=other` },
}));

const VARIABLES: readonly Bad[] = [
  // The only Terraform there is need not be on PATH.
  { type: "plan", code: 1, says: "aws_krug_admin_role has no value", environment: { PATH: "/nonexistent" } },
  {
    type: "plan",
    code: 1,
    says: "aws_krug_admin_role has no value, and the bastion works with it: write the name of an instance profile into",
  },
  {
    type: "plan -var-file nowhere.tfvars",
    code: 1,
    says: "nowhere.tfvars cannot be read: there is no such file; ls *.tfvars",
  },
  { type: "plan -var-file=", code: 64, says: "-var-file needs the name of a file, such as -var-file local.tfvars" },
  { type: "plan -var-file folder", code: 1, says: "folder is a folder, and -var-file wants", files: { "folder/": "" } },
  { type: "plan -var-file f/x.tfvars", code: 1, says: "a part of its path is a file, not a folder", files: { f: "" } },
  {
    type: "plan -var-file empty.tfvars",
    code: 1,
    says: "aws_krug_admin_role has no value",
    files: { "empty.tfvars": "" },
  },
  {
    type: "plan -var-file a.tfvars",
    code: 1,
    says: /error: a\.tfvars(:1)?: /,
    files: { "a.tfvars": Buffer.from([0x7f, 0x45, 0, 0xff, 0xfe]) },
  },
  {
    type: "plan -var-file a.tfvars",
    code: 1,
    says: "error: a.tfvars:2: ",
    files: { "a.tfvars": 'project_name = "a"\nvpc_name = "open\n' },
  },
  { type: "up -var-file a.tfvars", code: 1, says: "error: a.tfvars:1: ", files: { "a.tfvars": "project_name 'a'\n" } },
  {
    type: "plan -var-file a.tfvars",
    code: 1,
    says: "a.tfvars:2: ",
    files: { "a.tfvars": 'vpc_name = "a"\nvpc_name = "b"\n' },
  },
  {
    type: "plan -var-file a.tfvars.json",
    code: 1,
    says: /a\.tfvars\.json:1: it is not JSON/,
    files: { "a.tfvars.json": "{oops" },
  },
  {
    type: "plan -var-file a.tfvars.json",
    code: 1,
    says: "a.tfvars.json must hold an object",
    files: { "a.tfvars.json": "[1]" },
  },
  {
    type: "plan -var-file a.tfvars.json",
    code: 1,
    says: "a.tfvars.json:1: it is not JSON",
    files: { "a.tfvars.json": "" },
  },
  {
    type: "plan -var-file a.tfvars",
    code: 1,
    says: "a.tfvars:2: there is no variable vpc_nam: did you mean vpc_name?",
    files: { "a.tfvars": '\nvpc_nam = "a"\n' },
  },
  {
    type: "plan -var-file a.tfvars.json",
    code: 1,
    says: "did you mean vpc_name?",
    files: { "a.tfvars.json": '{"vpcname": "a"}' },
  },
  {
    type: "plan -var-file a.tfvars",
    code: 1,
    says: "there is no variable zzzzzzzz: there are ",
    files: { "a.tfvars": "zzzzzzzz = 1\n" },
  },
  { type: "plan -var-file a.tfvars", code: 1, says: "a.tfvars cannot be read: ", files: { "a.tfvars": "-> a.tfvars" } },
  { type: "plan", code: 1, says: "error: terraform.tfvars:1: ", files: { "terraform.tfvars": "=\n" } },
  { type: "plan", code: 1, says: "x.auto.tfvars.json:1: it is not JSON", files: { "x.auto.tfvars.json": "{" } },
  { type: "plan -var nothing", code: 64, says: '-var must be NAME=VALUE, without a space before "=", such as -var' },
  { type: "plan -var =value", code: 64, says: "-var must be NAME=VALUE" },
  { type: "plan -var 'vpc_name =a'", code: 64, says: "-var must be NAME=VALUE" },
  { type: "plan -var vpc_nam=a", code: 64, says: "-var: there is no variable vpc_nam: did you mean vpc_name?" },
  { type: "plan -var kubectl_ssh_cidrs=[", code: 64, says: "-var kubectl_ssh_cidrs: " },
  { type: "plan", code: 1, says: "TF_VAR_kubectl_ssh_cidrs: ", environment: { TF_VAR_kubectl_ssh_cidrs: "[" } },
  { type: "doctor -var-file nowhere.tfvars", code: 1, says: "nowhere.tfvars cannot be read" },
  { type: "destroy -var-file nowhere.tfvars", code: 1, says: "nowhere.tfvars cannot be read" },
];

const AROUND: readonly Bad[] = [
  {
    type: "plan -var-file local.tfvars",
    code: 64,
    says: "TF_CLOUD_ORGANIZATION=acme needs TF_WORKSPACE",
    environment: { TF_CLOUD_ORGANIZATION: "acme" },
    files: local,
  },
  {
    type: "up -var-file local.tfvars",
    code: 64,
    says: "the state can be kept in one place only",
    environment: { TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: "w", EKS_STATE_BUCKET: "b" },
    files: local,
  },
  {
    type: "destroy -var-file local.tfvars",
    code: 64,
    says: "EKS_STATE_KEY=k needs EKS_STATE_BUCKET",
    environment: { EKS_STATE_KEY: "k" },
    files: local,
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: "EKS_TERRAFORM must name Terraform or OpenTofu, got /nowhere/terraform",
    environment: { EKS_TERRAFORM: "/nowhere/terraform" },
    files: local,
  },
  {
    type: "up -var-file local.tfvars",
    code: 1,
    says: "which is no file that can be run",
    environment: { EKS_TERRAFORM: "./" },
    files: local,
  },
  {
    type: "destroy -var-file local.tfvars",
    code: 1,
    says: "which is no file that can be run",
    environment: { EKS_TERRAFORM: "./local.tfvars" },
    files: local,
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: "which is no program on PATH",
    environment: { EKS_TERRAFORM: "terraforn" },
    files: local,
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: "neither terraform nor tofu is on PATH: install Terraform",
    environment: { EKS_TERRAFORM: "", PATH: "/nonexistent" },
    files: local,
  },
  {
    type: "status",
    code: 1,
    says: "neither terraform nor tofu is on PATH",
    environment: { EKS_TERRAFORM: "", PATH: "/nonexistent" },
    files: { "cdktf.out/stacks/eks/": "" },
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: /cdktf\.out.* cannot be used: a part of its path is a file, not a folder/,
    files: { ...local, "cdktf.out": "" },
  },
  // Not even root can make a file there.
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: /cdktf\.out\/stacks.* cannot be used: /,
    files: { ...local, "cdktf.out": "-> /sys/kernel" },
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: /cdk\.tf\.json cannot be used: it is a folder/,
    files: { ...local, "cdktf.out/stacks/eks/cdk.tf.json/": "" },
  },
  {
    type: "plan -var-file local.tfvars",
    code: 1,
    says: "cdktf.out/stacks/eks/cdk.tf.json cannot be used: the disk is full",
    files: { ...local, "cdktf.out/stacks/eks/cdk.tf.json": "-> /dev/full" },
  },
];

function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? "");
}

describe.each([
  ["a wrong command", COMMANDS],
  ["a wrong option", OPTIONS],
  ["a wrong value", VALUES],
  ["a word too many", WORDS],
  ["what is wrong for the bootstrap", THE_WAY_THERE],
  ["nothing that has been applied", NOTHING_THERE],
  ["hidden arguments", ARGUMENTS],
  ["wrong variables", VARIABLES],
  ["what is wrong around it", AROUND],
])("eks says what is wrong, and writes nothing, with %s", (_, rows) => {
  let place: EksFolder;
  beforeEach(() => {
    place = new EksFolder();
  });
  afterEach(() => {
    place.remove();
  });

  function put(name: string, content: string | Buffer): void {
    const path = join(place.folder, name);
    mkdirSync(name.endsWith("/") ? path : dirname(path), { recursive: true });
    if (name.endsWith("/")) return;
    const [, target] = /^-> (.*)$/.exec(content.toString()) ?? [];
    if (target !== undefined) symlinkSync(target, path);
    else writeFileSync(path, content);
  }

  it.each(rows.map((row) => [row.type, row] as const))(
    "eks %s",
    async (_, { type, code, says, environment, files = {} }) => {
      const { program } = standInForTerraform(join(place.folder, "bin"), { "-chdir": "echo {}" });
      for (const [name, content] of Object.entries(files)) put(name, content);
      chmodSync(place.folder, 0o755);
      const before = place.files();

      const ended = await place.run(wordsOf(type), { EKS_TERRAFORM: program, ...environment });

      expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: "" });
      if (typeof says === "string") expect(ended.stderr).toContain(says);
      else expect(ended.stderr).toMatch(says);
      expect(ended.stderr).not.toMatch(/\n +at |this is a bug|undefined|\[object/);
      expect(ended.stderr.endsWith("\n")).toBe(true);
      expect(place.files()).toEqual(before);
    },
  );
});

it("has eighty rows and more", () => {
  expect(
    [COMMANDS, OPTIONS, VALUES, WORDS, THE_WAY_THERE, NOTHING_THERE, ARGUMENTS, VARIABLES, AROUND].flat().length,
  ).toBeGreaterThan(80);
});

/** What only a process of its own can come to. */
describe("bin/eks", () => {
  let place: EksFolder;
  beforeEach(() => {
    place = new EksFolder();
    standInForTerraform(join(place.folder, "bin"), {});
  });
  afterEach(() => {
    place.remove();
  });

  it.each([
    ["ends a wrong command line", "$EKS plan extra", 64, 'error: an option has to say what "extra" is'],
    ["shows its help on standard output", "$EKS plan --help 2>&1 >/dev/null", 0, ""],
    ["does not mind that nobody reads on", "set -o pipefail; $EKS --help | true", 0, ""],
    [
      "says that its folder is gone",
      "mkdir gone && cd gone && rmdir ../gone && $EKS plan",
      1,
      "error: the current folder is there no longer; change into one that is",
    ],
    ["says that standard output is full", "$EKS --help > /dev/full", 1, "cannot be used: the disk is full"],
  ])("%s", async (_, line, code, says) => {
    const ended = await run("bash", ["-c", line], {
      cwd: place.folder,
      env: { ...neutralEnvironment(), EKS, EKS_TERRAFORM: join(place.folder, "bin", "terraform") },
    });

    expect(ended.output).toContain(says);
    expect(ended.output).not.toMatch(/\n +at |this is a bug/);
    expect(ended.code).toBe(code);
  });
});
