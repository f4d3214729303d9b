import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Terraform } from "../../terraform/terraform";
import type { TerraformEvent } from "../../terraform/events";
import { terraformPlatform } from "../../terraform/platform";
import { said } from "../support/recorded";
import { repeating, standInForTerraform } from "../support/terraform-stand-in";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-test-terraform-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const noEvents = () => undefined;
const message = (text: string) => `echo '{"@message":"${text}","type":"log"}'`;
const error = (summary: string) =>
  `echo '{"@message":"Error: x","diagnostic":{"severity":"error","summary":"${summary}"},"type":"diagnostic"}'`;

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10);
  if (!holds()) throw new Error("it did not come about within 5 s");
}

describe("Terraform", () => {
  function terraformWith(
    commands: Readonly<Record<string, string>>,
    {
      environment = {},
      signal = new AbortController().signal,
      name,
    }: { environment?: NodeJS.ProcessEnv; signal?: AbortSignal; name?: "terraform" | "tofu" } = {},
  ) {
    const stackDir = join(folder, "stack");
    mkdirSync(stackDir, { recursive: true });
    const json = join(stackDir, "cdk.tf.json");
    if (!existsSync(json)) writeFileSync(json, '{"terraform":{"required_providers":{}},"variable":{}}');
    const standIn = standInForTerraform(join(folder, "bin"), commands, name);
    const logFile = join(folder, "logs", "log");
    const options = { program: standIn.program, stackDir, logFile, folder, signal };
    const terraform = new Terraform({ ...options, environment: { PATH: process.env["PATH"], ...environment } });
    return { ...standIn, terraform, stackDir, json, log: () => readFileSync(logFile, "utf8"), logFile };
  }

  describe("is initialized", () => {
    it("once, until something changes that it depends on", async () => {
      const { terraform, json, stackDir, calls } = terraformWith({});

      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
      writeFileSync(json, '{"terraform":{"required_providers":{}},"variable":{"other":{}}}');
      expect(await terraform.init()).toBe(false);
      writeFileSync(json, '{"terraform":{"required_providers":{"tls":{}}}}');
      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
      rmSync(join(stackDir, ".terraform.lock.hcl"));
      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
      writeFileSync(join(stackDir, ".terraform.lock.hcl"), "another one, which was pulled");
      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
      rmSync(join(stackDir, ".terraform"), { recursive: true });
      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
      expect(calls()).toEqual(Array(5).fill("init -input=false -no-color"));
    });

    it.each(["TF_CLI_CONFIG_FILE", "TF_WORKSPACE"])("anew when %s is another one", async (name) => {
      const first = terraformWith({});
      const second = terraformWith({}, { environment: { [name]: "other" } });

      expect([await first.terraform.init(), await second.terraform.init()]).toEqual([true, true]);
    });

    it("where TF_DATA_DIR says", async () => {
      const environment = { TF_DATA_DIR: "../data" };
      const { terraform } = terraformWith({ init: "mkdir -p ../data; echo > .terraform.lock.hcl" }, { environment });

      expect([await terraform.init(), await terraform.init()]).toEqual([true, false]);
    });

    it.each([
      [
        "Terraform without a way to the registry",
        "terraform",
        said("terraform", "init without a way to the registry"),
        /connection refused\n.*\nwhere the registry is out of reach, Terraform takes providers from a folder: `terraform providers mirror FOLDER`.*#provider-installation$/s,
      ],
      [
        "Terraform with a mirror that has no such provider",
        "terraform",
        said("terraform", "init with a mirror that has no such provider"),
        /search locations\n.*\nwhere the registry is out of reach, Terraform takes providers from a folder: /s,
      ],
      [
        // As OpenTofu 1.12.6 says it.
        "OpenTofu is told of its own",
        "tofu",
        {
          ...{ exitCode: 1, stdout: "" },
          stderr:
            "Error: Failed to resolve provider packages\n\ncould not connect to registry.opentofu.org: no such host\n",
        },
        /^tofu init failed: .*\nwhere the registry is out of reach, OpenTofu takes providers from a folder: `tofu providers mirror FOLDER`.*: https:\/\/opentofu\.org\/\S+$/s,
      ],
      [
        "Terraform with a state of OpenTofu's is led back",
        "terraform",
        said("terraform", "init with a state of OpenTofu"),
        /\nthe state was written by OpenTofu; this makes it Terraform's: `\S+terraform -chdir=\S+ state replace-provider registry\.opentofu\.org\/hashicorp\/aws registry\.terraform\.io\/hashicorp\/aws`$/,
      ],
      [
        "a lock file from elsewhere",
        "terraform",
        said("terraform", "init with checksums of another platform"),
        new RegExp(
          `\nthe lock file knows this provider as it is for other systems only: .* providers lock -platform=${terraformPlatform()}\` adds the one that it names$`,
        ),
      ],
      [
        "a lock file with a version that a mirror has not",
        "terraform",
        said("terraform", "init with a mirror that lacks the locked version"),
        /\n`\S+terraform -chdir=\S+ init -upgrade` chooses among the versions that there are, and locks that one$/,
      ],
    ] as const)("and says what to do with its complaint: %s", async (_, name, complaint, advice) => {
      const { terraform } = terraformWith({ init: repeating(complaint) }, { name });

      await expect(terraform.init()).rejects.toThrow(advice);
    });

    it("again after it has failed, in Terraform's words from its first error on", async () => {
      const frame = ["╷", "│ Warning: old", "╵", "╷", "│ Error: no provider", "│ ", "│ because", "╵"];
      const { terraform } = terraformWith({
        init: `printf '%s\\n' ${frame.map((line) => `'${line}'`).join(" ")} >&2; exit 1`,
      });

      for (let i = 0; i < 2; i++) {
        await expect(terraform.init()).rejects.toMatchObject({
          exitCode: 1,
          message: "terraform init failed: Error: no provider\nbecause",
        });
      }
    });
  });

  describe("plans", () => {
    it.each([
      [0, false],
      [2, true],
    ])("and says by exit code %d whether something changes: %s", async (code, hasChanges) => {
      const { terraform, calls } = terraformWith({ plan: `exit ${String(code)}` });

      expect(await terraform.plan(["-var-file=/a b"], "/p/plan", noEvents)).toBe(hasChanges);
      expect(calls()).toEqual(["plan -input=false -json -detailed-exitcode -out=/p/plan -var-file=/a b"]);
    });

    it("and tells what it says, in order, and passes over what is no JSON", async () => {
      const events: TerraformEvent[] = [];
      const { terraform, log } = terraformWith({ plan: `${message("one")}; echo "no JSON"; ${message("two")}` });

      await terraform.plan([], "plan", (event) => events.push(event));

      expect(events).toEqual([
        { kind: "other", text: "one" },
        { kind: "other", text: "two" },
      ]);
      expect(log()).toContain("\n$ terraform plan -input=false -json");
      expect(log()).toContain("no JSON\n");
    });

    it.each<[string, string, string]>([
      ["its diagnostics, all of them", `${error("a")}; ${error("b")}; echo debug >&2; exit 1`, "a\nb"],
      ["what is on standard error", 'echo "Error: no such flag" >&2; exit 1', "Error: no such flag"],
      ["what is on standard output and no JSON", 'echo "Usage: terraform"; exit 1', "Usage: terraform"],
      [
        "the end of it, when there is much",
        "seq 100 >&2; exit 1",
        Array.from({ length: 20 }, (_, i) => String(81 + i)).join("\n"),
      ],
      ["its exit code, when it says nothing", "exit 77", "exit code 77, without a word"],
      ["the signal that ended it", "kill -9 $$", "it was ended by SIGKILL, without a word"],
    ])("and fails with %s", async (_, body, complaint) => {
      const { terraform } = terraformWith({ plan: body });

      await expect(terraform.plan([], "plan", noEvents)).rejects.toMatchObject({
        name: "UserError",
        exitCode: 1,
        message: `terraform plan failed: ${complaint}`,
      });
    });
  });

  describe("has a state to begin with", () => {
    const LOCAL = '{"terraform":{"backend":{"local":{"path":"../../../terraform.eks.tfstate"}}}}';
    const S3 = '{"terraform":{"backend":{"s3":{"bucket":"b"}}}}';

    it("where OpenTofu keeps it in a file and there is none: an empty one", async () => {
      const commands = { "state pull": "exit 0", "state push -": `cat > ${folder}/pushed` };
      const { terraform, json, calls } = terraformWith(commands, { name: "tofu" });
      writeFileSync(json, LOCAL);

      await terraform.beginState();

      expect(calls()).toEqual(["state pull", "state push -"]);
      expect(JSON.parse(readFileSync(join(folder, "pushed"), "utf8"))).toEqual({
        version: 4,
        serial: 0,
        lineage: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        outputs: {},
        resources: [],
      });
    });

    it.each([
      ["there is one", "tofu", LOCAL, ["state pull"]],
      ["it is in a bucket", "tofu", S3, []],
      ["it is Terraform that writes it", "terraform", LOCAL, []],
    ] as const)("which stays as it is where %s", async (_, name, configuration, called) => {
      const { terraform, json, calls } = terraformWith({ "state pull": "echo '{\"version\":4}'" }, { name });
      writeFileSync(json, configuration);

      await terraform.beginState();

      expect(calls()).toEqual(called);
    });

    // What OpenTofu 1.12.6 pulls after the push, and after an apply of one resource.
    it.each([
      ["taken away again where nothing came of it", '{"version":4,"serial":1,"outputs":{},"resources":[]}', false],
      [
        "which stays where something was made",
        '{"version":4,"serial":2,"resources":[{"mode":"managed","type":"terraform_data","name":"a","provider":"p","instances":[{"schema_version":0,"attributes":{"id":"a"}}]}]}',
        true,
      ],
      ["which stays where it cannot be read", undefined, true],
    ] as const)("%s", async (_, later, stays) => {
      const state = join(folder, "terraform.eks.tfstate");
      const pull =
        later === undefined
          ? `[ ! -f ${state} ] || { echo 'Error: no passphrase' >&2; exit 1; }`
          : `[ ! -f ${state} ] || echo '${later}'`;
      const { terraform, json } = terraformWith(
        { "state pull": pull, "state push -": `cat > ${state}` },
        { name: "tofu" },
      );
      writeFileSync(json, '{"terraform":{"backend":{"local":{"path":"../terraform.eks.tfstate"}}}}');

      const endState = await terraform.beginState();
      expect(existsSync(state)).toBe(true);
      await endState();

      expect(existsSync(state)).toBe(stays);
    });

    it("and never takes away one that was there before", async () => {
      const state = join(folder, "terraform.eks.tfstate");
      writeFileSync(state, '{"version":4,"resources":[]}');
      const { terraform, json } = terraformWith({ "state pull": `cat ${state}` }, { name: "tofu" });
      writeFileSync(json, '{"terraform":{"backend":{"local":{"path":"../terraform.eks.tfstate"}}}}');

      await (
        await terraform.beginState()
      )();

      expect(existsSync(state)).toBe(true);
    });

    it("and fails when that cannot be written", async () => {
      const commands = { "state pull": "exit 0", "state push -": "echo 'Error: state locked' >&2; exit 1" };
      const { terraform, json } = terraformWith(commands, { name: "tofu" });
      writeFileSync(json, LOCAL);

      await expect(terraform.beginState()).rejects.toThrow("tofu state push failed: Error: state locked");
    });
  });

  it.each([
    ["terraform", "what AWS was making at that moment"],
    ["tofu", "all that was made in the last 20 seconds"],
  ] as const)("says what the state may lack when %s is killed in an apply", async (name, lost) => {
    const { terraform } = terraformWith({ apply: "kill -9 $$" }, { name });

    await expect(terraform.apply("plan", noEvents)).rejects.toMatchObject({
      message: `${name} apply failed: it was ended by SIGKILL, without a word`,
      lost,
    });
  });

  it("shows plans and states, which may hold secrets, to nobody else", async () => {
    const secret =
      '{"resources":[{"mode":"managed","type":"aws_vpc","name":"a","instances":[{"attributes":{"id":"secret"}}]}]}';
    const { terraform, log, logFile } = terraformWith({
      show: "echo '{\"secret\":1}'",
      "state pull": `echo '${secret}'`,
    });

    expect(await terraform.show("plan")).toBe('{"secret":1}');
    expect(await terraform.resources()).toEqual([
      { address: "aws_vpc.a", isTainted: false, type: "aws_vpc", name: "a", id: "secret", arn: "", tags: {} },
    ]);

    const took = String.raw`\$ ended with 0 after \d+\.\d s\n`;
    expect(log()).toMatch(
      new RegExp(`^\n\\$ terraform show -json -no-color plan\n${took}\n\\$ terraform state pull\n${took}$`),
    );
    expect(statSync(logFile).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, "logs")).mode & 0o777).toBe(0o700);
  });

  it("goes on when the log can no longer be written", async () => {
    const { terraform, logFile } = terraformWith({
      apply: `rm ${join(folder, "logs", "log")}; mkdir ${join(folder, "logs", "log")}`,
    });

    await terraform.apply("plan", noEvents);

    expect(statSync(logFile).isDirectory()).toBe(true);
  });

  describe("lists the state", () => {
    it.each([
      ["state list", ["terraform_data.kept", 'terraform_data.row["a b"]']],
      ["state list of an empty state", []],
      ["state list without a state", []],
    ])("as Terraform does: %s", async (recorded, addresses) => {
      const { terraform } = terraformWith({ "state list": repeating(said("terraform", recorded)) });

      expect(await terraform.state()).toEqual(addresses);
    });

    it("without data sources, and with everything else", async () => {
      const lines = ["aws_vpc.a", "data.aws_partition.p", "terraform_data.handover", 'aws_subnet.s["data.x"]'];
      const { terraform } = terraformWith({
        "state list": `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")}`,
      });

      expect(await terraform.state()).toEqual(["aws_vpc.a", "terraform_data.handover", 'aws_subnet.s["data.x"]']);
    });

    it("and fails when it cannot be read", async () => {
      const { terraform } = terraformWith({ "state list": 'echo "Error: no access" >&2; exit 1' });

      await expect(terraform.state()).rejects.toThrow("terraform state list failed: Error: no access");
    });
  });

  describe("is interrupted", () => {
    /** Notes every SIGINT, and ends at the second, or when it is told to. */
    const patient = (folderOf: string) => `
      trap 'echo SIGINT >> ${folderOf}/signals; [ $(wc -l < ${folderOf}/signals) -ge 2 ] && exit 1' INT
      : > ${folderOf}/signals
      : > ${folderOf}/begun
      until [ -e ${folderOf}/finish ]; do sleep 0.02; done
      exit 1`;
    const signals = () => readFileSync(join(folder, "signals"), "utf8").split("\n").length - 1;

    it("once, and may finish what it is at", async () => {
      const interruption = new AbortController();
      const { terraform } = terraformWith({ apply: patient(folder) }, { signal: interruption.signal });

      const applied = terraform.apply("plan", noEvents);
      const ended = expect(applied).rejects.toMatchObject({
        message: "terraform apply was interrupted",
        exitCode: 130,
      });
      await until(() => existsSync(join(folder, "begun")));
      interruption.abort();
      await until(() => signals() > 0);
      await sleep(100);
      expect(signals()).toBe(1);
      writeFileSync(join(folder, "finish"), "");

      await ended;
    });

    it("and begins nothing else, but says what exists", async () => {
      const interruption = new AbortController();
      const commands = { plan: "exit 0", "state list": "trap 'exit 1' INT; sleep 0.1; echo aws_vpc.a" };
      const { terraform, calls } = terraformWith(commands, { signal: interruption.signal });
      interruption.abort();

      await expect(terraform.plan([], "plan", noEvents)).rejects.toMatchObject({ exitCode: 130 });
      expect(await terraform.state()).toEqual(["aws_vpc.a"]);
      expect(calls()).toEqual(["state list -no-color"]);
    });

    it("a second time when the command itself ends at once", async () => {
      const { program, stackDir } = terraformWith({ apply: patient(folder) });
      const script = join(folder, "command.ts");
      writeFileSync(
        script,
        `import { Terraform } from ${JSON.stringify(resolve("terraform/terraform"))};
        const interruption = new AbortController();
        process.on("SIGINT", () => { if (interruption.signal.aborted) process.exit(130); interruption.abort(); });
        void new Terraform({ program: ${JSON.stringify(program)}, stackDir: ${JSON.stringify(stackDir)}, environment: process.env,
          logFile: ${JSON.stringify(join(folder, "log"))}, folder: ${JSON.stringify(folder)}, signal: interruption.signal }).apply("plan", () => undefined);`,
      );
      const child = spawn(process.execPath, ["--require", resolve("bin/typescript.cjs"), script]);
      const code = new Promise((done) => child.once("close", done));

      await until(() => existsSync(join(folder, "begun")));
      child.kill("SIGINT");
      await until(() => signals() === 1);
      child.kill("SIGINT");

      expect(await code).toBe(130);
      await until(() => signals() === 2);
    });
  });

  it("is no part of the terminal's group, whose Ctrl-C it would be told twice", async () => {
    const { terraform } = terraformWith({ apply: `ps -o pgid= -p $$ > ${folder}/group; echo $$ > ${folder}/id` });

    await terraform.apply("plan", noEvents);

    const read = (name: string) => readFileSync(join(folder, name), "utf8").trim();
    expect(read("group")).toBe(read("id"));
  });

  it("cannot be run when its interpreter is missing", async () => {
    const { terraform, program } = terraformWith({});
    writeFileSync(program, "#!/nonexistent/interpreter\n");
    chmodSync(program, 0o755);

    await expect(terraform.init()).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(/terraform cannot be run: /) as string,
    });
  });
});
