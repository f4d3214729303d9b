import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";

import { UserError } from "../../contract/user-error";
import { handoverSource, readHandovers, type Surroundings } from "../../bootstrap/sources";
import { HANDOVER, terraformOutput } from "../support/handover";
import {
  OUTPUTS_PATH,
  startCloud,
  WORKSPACE_PATH,
  workspaceAnswers,
  type CloudAnswers,
} from "../support/terraform-cloud";

const OTHER = { ...HANDOVER, cluster_name: "other", bastion_instance_id: "i-0fedcba9876543210" };
const TOKEN = "secret-of-the-tests.atlasv1.ABC";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-test-sources-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Writes a file below the test's folder. */
function write(path: string, content: string | Buffer): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** The message with which something failed, with FOLDER for the test's folder; anything but a UserError is a bug. */
async function failure(reading: Promise<unknown>): Promise<string> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.replaceAll(folder, "FOLDER");
}

describe("the options for the source of handovers", () => {
  it.each([
    ["none", {}, { kind: "stack-dir", folder: "cdktf.out/stacks/eks" }],
    ["--stack-dir", { "stack-dir": "infra" }, { kind: "stack-dir", folder: "infra" }],
    ["--outputs twice", { outputs: ["a.json", "-"] }, { kind: "outputs", paths: ["a.json", "-"] }],
    [
      "--terraform-cloud",
      { "terraform-cloud": "acme_1/eks-prod" },
      { kind: "terraform-cloud", organization: "acme_1", workspace: "eks-prod" },
    ],
  ])("mean one source: %s", (_, options, source) => {
    expect(handoverSource(options)).toEqual(source);
  });

  it.each([
    [
      "two sources",
      { outputs: ["a"], "stack-dir": "b" },
      "the outputs can come from one place only, got --outputs and --stack-dir; leave out all but one",
    ],
    [
      "three sources",
      { outputs: ["a"], "stack-dir": "b", "terraform-cloud": "c/d" },
      "the outputs can come from one place only, got --outputs and --stack-dir and --terraform-cloud; leave out all but one",
    ],
    [
      "a workspace without its organization",
      { "terraform-cloud": "eks" },
      '--terraform-cloud must be ORGANIZATION/WORKSPACE (letters, digits, _ and -), such as acme/eks-prod, got "eks"',
    ],
    [
      "a workspace's address",
      { "terraform-cloud": "https://app.terraform.io/app/acme/eks" },
      '--terraform-cloud must be ORGANIZATION/WORKSPACE (letters, digits, _ and -), such as acme/eks-prod, got "https://app.terraform.io/app/acme/eks"',
    ],
  ])("are refused: %s", (_, options, message) => {
    expect(() => handoverSource(options)).toThrow(new UserError(message));
  });
});

describe("handovers from files", () => {
  const read = (paths: readonly string[], surroundings: Surroundings = {}) =>
    readHandovers({ kind: "outputs", paths }, surroundings);

  it("are read in the order of the options, whichever program wrote them", async () => {
    const one = write("b.json", JSON.stringify({ eks: OTHER }));
    const two = write("a.json", terraformOutput(HANDOVER));

    expect(await read([one, two])).toEqual([
      { handover: OTHER, source: one },
      { handover: HANDOVER, source: two },
    ]);
  });

  it("are read from every *.json in a folder, in the order of the names", async () => {
    write("outputs/b.json", terraformOutput(OTHER));
    write("outputs/a.json", terraformOutput(HANDOVER));
    write("outputs/notes.txt", "nothing");
    write("outputs/folder.json/c.json", "{}");

    expect(await read([join(folder, "outputs")])).toEqual([
      { handover: HANDOVER, source: join(folder, "outputs", "a.json") },
      { handover: OTHER, source: join(folder, "outputs", "b.json") },
    ]);
  });

  it("are read from standard input", async () => {
    const stdin = Readable.from([Buffer.from(terraformOutput(HANDOVER))]);

    expect(await read(["-"], { stdin })).toEqual([{ handover: HANDOVER, source: "standard input" }]);
  });

  it("are read from what Windows PowerShell writes, too", async () => {
    const korean = { ...HANDOVER, cluster_name: "실습" };
    const file = write("outputs.json", Buffer.from(`\ufeff${terraformOutput(korean)}`, "utf16le"));

    expect(await read([file])).toEqual([{ handover: korean, source: file }]);
  });

  it("may be of clusters of one name in two accounts, or in two regions", async () => {
    const role = HANDOVER.node_role_arn.replace("123456789012", "210987654321");
    const files = [
      write("a.json", terraformOutput(HANDOVER)),
      write("b.json", terraformOutput({ ...HANDOVER, node_role_arn: role, bastion_instance_id: "i-2" })),
      write("c.json", terraformOutput({ ...HANDOVER, region: "us-west-2", bastion_instance_id: "i-3" })),
    ];

    expect(await read(files)).toHaveLength(3);
  });

  const CASES: readonly (readonly [what: string, files: Record<string, string>, paths: string[], message: string])[] = [
    [
      "no such file",
      {},
      ["outputs.json"],
      "there is no file or folder FOLDER/outputs.json; `terraform output -json > FILE` and `cdktf deploy --outputs-file FILE` make a file",
    ],
    ["a file for a folder", { "a.json": "{}" }, ["a.json/b.json"], "FOLDER/a.json/b.json cannot be read (ENOTDIR)"],
    [
      "a folder without *.json",
      { "outputs/a.txt": "" },
      ["outputs"],
      "the folder FOLDER/outputs has no *.json in it; it has to hold what `terraform output -json` prints, one file for each cluster",
    ],
    ["an empty file", { "a.json": "" }, ["a.json"], "FOLDER/a.json is not JSON: it is empty"],
    [
      "what terraform output prints without -json",
      { "a.json": 'region = "ap-northeast-2"\n' },
      ["a.json"],
      'FOLDER/a.json is not JSON: Unexpected token \'r\', "region = ""... is not valid JSON',
    ],
    [
      "a file of another stack in the folder",
      { "outputs/a.json": terraformOutput(HANDOVER), "outputs/b.json": '{"network":{"vpc_id":"vpc-1"}}' },
      ["outputs"],
      "FOLDER/outputs/b.json has none of the stack's outputs: has the stack been applied, and is it this one? (it has network)",
    ],
    [
      "two files that are wrong",
      { "a.json": "", "b.json": terraformOutput(HANDOVER), "c.json": "[]" },
      ["a.json", "b.json", "c.json"],
      "FOLDER/a.json is not JSON: it is empty\nFOLDER/c.json must hold an object with the stack's outputs",
    ],
    [
      "one file twice",
      { "outputs/a.json": terraformOutput(HANDOVER) },
      ["outputs/a.json", "outputs"],
      "--outputs FOLDER/outputs/a.json is given twice",
    ],
    [
      "two files of one cluster",
      { "a.json": terraformOutput(HANDOVER), "b.json": terraformOutput({ ...HANDOVER, bastion_instance_id: "i-2" }) },
      ["a.json", "b.json"],
      "FOLDER/a.json and FOLDER/b.json are both of the cluster awskrug_gudi_eks (ap-northeast-2, account 123456789012); leave out one of them",
    ],
    [
      "two files of one bastion",
      { "a.json": terraformOutput(HANDOVER), "b.json": terraformOutput({ ...HANDOVER, cluster_name: "other" }) },
      ["a.json", "b.json"],
      "FOLDER/a.json and FOLDER/b.json are both of the bastion i-0123456789abcdef0 (ap-northeast-2); leave out one of them",
    ],
  ];

  it.each(CASES)("fail for %s", async (_, files, paths, message) => {
    for (const [path, content] of Object.entries(files)) write(path, content);

    expect(await failure(read(paths.map((path) => join(folder, path))))).toBe(message);
  });

  it("fail for a terminal where outputs should come in", async () => {
    const stdin = Object.assign(Readable.from([]), { isTTY: true });

    expect(await failure(read(["-"], { stdin }))).toBe(
      "--outputs - reads standard input, which is a terminal here; pipe into it: terraform output -json | …",
    );
  });
});

describe("the handover of a stack's folder", () => {
  /** Writes stand-ins for programs, each a shell script, and reads the stack with nothing else on PATH. */
  function read(programs: Record<string, string>, environment: NodeJS.ProcessEnv = {}) {
    const path = join(folder, "bin");
    for (const [name, script] of Object.entries(programs)) {
      chmodSync(write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
    }
    mkdirSync(join(folder, "stack"));
    return readHandovers(
      { kind: "stack-dir", folder: join(folder, "stack") },
      { environment: { PATH: path, ...environment } },
    );
  }
  const printing = (text: string) => `while read -r line; do echo "$line"; done <<'END'\n${text}\nEND`;

  it("is what terraform prints, and not what it complains", async () => {
    const complaint = "echo 'There are some problems with the CLI configuration: {}' >&2";
    const script = `${complaint}\n[ "$*" = "-chdir=${folder}/stack output -json -no-color" ] || exit 3`;

    expect(await read({ terraform: `${script}\n${printing(terraformOutput(HANDOVER))}`, tofu: "exit 4" })).toEqual([
      { handover: HANDOVER, source: `terraform -chdir=${folder}/stack output -json` },
    ]);
  });

  it("is what tofu prints where there is no terraform", async () => {
    const [read1] = await read({ tofu: printing(terraformOutput(HANDOVER)) });

    expect(read1).toEqual({ handover: HANDOVER, source: `tofu -chdir=${folder}/stack output -json` });
  });

  it("is what the program prints that cdktf is told to use", async () => {
    const programs = { terraform: "exit 3", tofu: printing(terraformOutput(HANDOVER)) };

    expect(await read(programs, { TERRAFORM_BINARY_NAME: "tofu" })).toHaveLength(1);
  });

  const NOT_INITIALIZED = `printf '╷\\n│ \\033[31mError:\\033[0m Backend initialization required, please run "terraform init"\\n│ \\n│ Reason: Initial configuration of the requested backend "local"\\n╵\\n' >&2; exit 1`;
  const CASES: readonly (readonly [
    what: string,
    programs: Record<string, string>,
    environment: NodeJS.ProcessEnv,
    message: string,
  ])[] = [
    [
      "neither program",
      {},
      {},
      "neither terraform nor tofu is on PATH: install Terraform (https://developer.hashicorp.com/terraform/install), or name it with EKS_TERRAFORM=/path/to/terraform; or give what `terraform output -json` prints elsewhere with --outputs FILE",
    ],
    [
      "a chosen program that is not there",
      { terraform: "exit 3" },
      { TERRAFORM_BINARY_NAME: "tofu" },
      "TERRAFORM_BINARY_NAME must name Terraform or OpenTofu, got tofu, which is no program on PATH: write the path of one, or unset TERRAFORM_BINARY_NAME; or give what `terraform output -json` prints elsewhere with --outputs FILE",
    ],
    [
      "a stack that is not initialized",
      { terraform: NOT_INITIALIZED },
      {},
      '`terraform -chdir=FOLDER/stack output -json` failed (exit code 1); `terraform -chdir=FOLDER/stack init` prepares a stack that was not initialized here, --outputs needs no Terraform\n  Error: Backend initialization required, please run "terraform init"\n  Reason: Initial configuration of the requested backend "local"',
    ],
    [
      "a program that is killed, whatever it said",
      { tofu: "printf 'one\\ntwo\\a\\n' >&2; kill -9 $$" },
      {},
      "`tofu -chdir=FOLDER/stack output -json` failed (SIGKILL); `tofu -chdir=FOLDER/stack init` prepares a stack that was not initialized here, --outputs needs no OpenTofu\n  one\n  two",
    ],
    [
      "a stack that was never applied",
      { terraform: "echo '{}'" },
      {},
      "the stack in FOLDER/stack has no outputs: nothing was applied from there, or its state is somewhere else; run `eks up` or `cdktf deploy`, or give the outputs with --outputs or --terraform-cloud",
    ],
    [
      "a warning among the outputs",
      { terraform: "echo 'Warning: Deprecated Parameter'; echo '{}'" },
      {},
      "terraform -chdir=FOLDER/stack output -json is not JSON: Unexpected token 'W', \"Warning: D\"... is not valid JSON",
    ],
  ];

  it.each(CASES)("fails for %s", async (_, programs, environment, message) => {
    expect(await failure(read(programs, environment))).toBe(message);
  });

  it.each([
    [
      "no such folder",
      "nowhere",
      "there is no folder FOLDER/nowhere: has the stack been synthesized and applied here? Run `eks up` or `cdktf deploy`, or say where the outputs are with --stack-dir, --outputs or --terraform-cloud",
    ],
    ["a file", "a.json", "--stack-dir must be a folder, FOLDER/a.json is a file; --outputs takes files"],
  ])("fails for %s", async (_, name, message) => {
    write("a.json", "{}");

    expect(await failure(readHandovers({ kind: "stack-dir", folder: join(folder, name) }))).toBe(message);
  });
});

describe("the handover of a workspace in Terraform Cloud", () => {
  const WITH_TOKEN = { TF_TOKEN_app_terraform_io: TOKEN };
  const ACME = { kind: "terraform-cloud", organization: "acme", workspace: "eks" } as const;

  /** Reads `acme/eks` from a stand-in that is reached by another address, and says what the stand-in was asked. */
  async function read(answers: CloudAnswers, environment: NodeJS.ProcessEnv = WITH_TOKEN, timeoutMs?: number) {
    const cloud = await startCloud(answers);
    const urls: string[] = [];
    const reading = readHandovers(ACME, {
      environment: { HOME: folder, ...environment },
      retryMs: 1,
      ...(timeoutMs !== undefined && { timeoutMs }),
      fetch: (url, init) => {
        urls.push(url);
        return fetch(url.replace(/^https:\/\/[^/]+/, `http://127.0.0.1:${String(cloud.port)}`), init);
      },
    });
    return { reading: reading.finally(() => cloud.stop()), questions: cloud.questions, urls };
  }

  it("is read with two questions when nothing is sensitive", async () => {
    const { reading, questions, urls } = await read(workspaceAnswers(HANDOVER));

    expect(await reading).toEqual([{ handover: HANDOVER, source: "workspace acme/eks on app.terraform.io" }]);
    expect(questions).toEqual([`${WORKSPACE_PATH} Bearer ${TOKEN}`, `${OUTPUTS_PATH} Bearer ${TOKEN}`]);
    expect(urls[0]).toBe("https://app.terraform.io/api/v2/organizations/acme/workspaces/eks");
  });

  it("is read with one more question for each sensitive field, and none for another's secret", async () => {
    const values = { ...HANDOVER, database_password: "hidden" };
    const { reading, questions } = await read(
      workspaceAnswers(values, ["cluster_endpoint", "certificate_authority_data", "database_password"]),
    );

    expect(await reading).toMatchObject([{ handover: HANDOVER }]);
    expect(questions.slice(2).sort()).toEqual([
      `/state-version-outputs/wsout-certificate_authority_data Bearer ${TOKEN}`,
      `/state-version-outputs/wsout-cluster_endpoint Bearer ${TOKEN}`,
    ]);
  });

  it("is waited for while the outputs are being processed", async () => {
    const answers = workspaceAnswers(HANDOVER);
    const later = [{ status: 503 }, { body: { data: [] } }, [answers[OUTPUTS_PATH] ?? []].flat()].flat();

    expect(await (await read({ ...answers, [OUTPUTS_PATH]: later })).reading).toHaveLength(1);
  });

  it.each([
    ["TF_TOKEN_tfe__1_acme_example", "tfe-1.acme.example", {}],
    ["TF_TOKEN_TFE-1.Acme.example", "TFE-1.acme.example", {}],
    ["the file that terraform login writes", "tfe-1.acme.example:8443", { "TFE-1.acme.example:8443": TOKEN }],
  ])("is read from another host with the token in %s", async (name, host, inFile: Record<string, string>) => {
    const credentials = Object.fromEntries(Object.entries(inFile).map(([key, token]) => [key, { token }]));
    write(".terraform.d/credentials.tfrc.json", JSON.stringify({ credentials: { other: 1, ...credentials } }));
    const { reading, questions, urls } = await read(workspaceAnswers(HANDOVER), {
      TF_CLOUD_HOSTNAME: host,
      TF_TOKEN_app_terraform_io: "of another host",
      ...(name.startsWith("TF_TOKEN_") && { [name]: TOKEN }),
    });

    expect(await reading).toMatchObject([{ source: `workspace acme/eks on ${host.toLowerCase()}` }]);
    expect(urls[0]).toContain(`https://${host.toLowerCase()}/api/v2/`);
    expect(questions[0]).toContain(TOKEN);
  });

  const file = (content: string) => ({ ".terraform.d/credentials.tfrc.json": content });
  const TOKENS: readonly (readonly [
    what: string,
    environment: NodeJS.ProcessEnv,
    files: Record<string, string>,
    message: string,
  ])[] = [
    [
      "no token",
      { TF_TOKEN_app_terraform_io: "" },
      {},
      "there is no token for app.terraform.io: set TF_TOKEN_app_terraform_io or run `terraform login app.terraform.io`, which writes FOLDER/.terraform.d/credentials.tfrc.json (credentials in other configuration files of Terraform are not read)",
    ],
    [
      "no token for a host with a dash",
      { TF_CLOUD_HOSTNAME: "my-tfe.example" },
      file(`{"credentials":{"app.terraform.io":{"token":"${TOKEN}"}}}`),
      "there is no token for my-tfe.example: set TF_TOKEN_my__tfe_example or run `terraform login my-tfe.example`, which writes FOLDER/.terraform.d/credentials.tfrc.json (credentials in other configuration files of Terraform are not read)",
    ],
    [
      "no token for a host with a port",
      { TF_CLOUD_HOSTNAME: "tfe.example:8443" },
      {},
      "there is no token for tfe.example:8443: run `terraform login tfe.example:8443`, which writes FOLDER/.terraform.d/credentials.tfrc.json (credentials in other configuration files of Terraform are not read)",
    ],
    [
      "a token with a line break",
      { TF_TOKEN_app_terraform_io: `${TOKEN}\n` },
      {},
      "the token for app.terraform.io in TF_TOKEN_app_terraform_io has a character that no token has, such as a space or a line break; set it anew",
    ],
    [
      "no token, where another program than terraform runs",
      { EKS_TERRAFORM: process.execPath },
      {},
      `there is no token for app.terraform.io: set TF_TOKEN_app_terraform_io or run \`${process.execPath} login app.terraform.io\`, which writes FOLDER/.terraform.d/credentials.tfrc.json (credentials in other configuration files of Terraform are not read)`,
    ],
    [
      "credentials that are not JSON",
      {},
      file(TOKEN),
      "FOLDER/.terraform.d/credentials.tfrc.json is not what Terraform writes; `terraform login app.terraform.io` writes it anew",
    ],
    [
      "a file without credentials",
      {},
      file("[]"),
      "FOLDER/.terraform.d/credentials.tfrc.json is not what Terraform writes; `terraform login app.terraform.io` writes it anew",
    ],
    [
      "credentials without a token",
      {},
      file('{"credentials":{"app.terraform.io":{"token":""}}}'),
      "there is no token for app.terraform.io: set TF_TOKEN_app_terraform_io or run `terraform login app.terraform.io`, which writes FOLDER/.terraform.d/credentials.tfrc.json (credentials in other configuration files of Terraform are not read)",
    ],
    [
      "credentials that are a folder",
      {},
      { ".terraform.d/credentials.tfrc.json/a": "" },
      "FOLDER/.terraform.d/credentials.tfrc.json cannot be read (EISDIR)",
    ],
    [
      "an address for a host name",
      { ...WITH_TOKEN, TF_CLOUD_HOSTNAME: "https://tfe.example/app" },
      {},
      'TF_CLOUD_HOSTNAME must be a host name such as app.terraform.io, without https:// and path, got "https://tfe.example/app"',
    ],
    [
      "a host name that hides another",
      { ...WITH_TOKEN, TF_CLOUD_HOSTNAME: "app.terraform.io@evil.example" },
      {},
      'TF_CLOUD_HOSTNAME must be a host name such as app.terraform.io, without https:// and path, got "app.terraform.io@evil.example"',
    ],
  ];

  it.each(TOKENS)("fails, and asks nobody, for %s", async (_, environment, files, message) => {
    for (const [path, content] of Object.entries(files)) write(path, content);
    const { reading, questions } = await read(workspaceAnswers(HANDOVER), environment);
    const found = await failure(reading);

    expect(found).toBe(message);
    expect(found).not.toContain(TOKEN);
    expect(questions).toEqual([]);
  });

  const HIDDEN = "/state-version-outputs/wsout-cluster_endpoint";
  const ANSWERS: readonly (readonly [what: string, answers: CloudAnswers, message: string])[] = [
    [
      "a token that is not accepted",
      { [WORKSPACE_PATH]: { status: 401, body: { errors: [{ title: `unauthorized ${TOKEN}` }] } } },
      "app.terraform.io refuses the token from TF_TOKEN_app_terraform_io (401); `terraform login app.terraform.io` makes a new one",
    ],
    [
      "a token without the permission",
      { [OUTPUTS_PATH]: { status: 403 } },
      "app.terraform.io forbids the token from TF_TOKEN_app_terraform_io to read /workspaces/ws-1/current-state-version-outputs (403)",
    ],
    [
      "no such workspace",
      { [WORKSPACE_PATH]: { status: 404 } },
      "app.terraform.io shows no workspace acme/eks (404): there is none, or the token from TF_TOKEN_app_terraform_io may not see it",
    ],
    [
      "a workspace without a state",
      { [OUTPUTS_PATH]: { status: 404 } },
      "workspace acme/eks on app.terraform.io has no state (404): nothing was applied there yet, or the token from TF_TOKEN_app_terraform_io may not read its outputs",
    ],
    [
      "too many questions",
      { [OUTPUTS_PATH]: { status: 429 } },
      "app.terraform.io was asked too often (429); wait a minute and run this again",
    ],
    [
      "a broken host",
      { [WORKSPACE_PATH]: { status: 502, body: "<html>Bad Gateway</html>" } },
      "app.terraform.io is out of order (502); run this again later",
    ],
    [
      "a host under maintenance",
      { [WORKSPACE_PATH]: { status: 503, body: "<html>" } },
      "app.terraform.io is out of order (503); run this again later",
    ],
    [
      "outputs that are not processed in time",
      { [OUTPUTS_PATH]: { status: 503 } },
      "workspace acme/eks on app.terraform.io is still processing the outputs of its last apply (503); run this again in a minute",
    ],
    [
      "a state without outputs",
      { [OUTPUTS_PATH]: { body: { data: [] } } },
      "workspace acme/eks on app.terraform.io has a state without outputs; has the stack been applied there?",
    ],
    [
      "a way to another host",
      { [WORKSPACE_PATH]: { status: 302, location: "http://127.0.0.1:1/login" } },
      "app.terraform.io answered 302 at /api/v2/organizations/acme/workspaces/eks; is that the host of Terraform Cloud or Terraform Enterprise? TF_CLOUD_HOSTNAME names it",
    ],
    [
      "a page",
      { [WORKSPACE_PATH]: { body: "<html>Log in</html>" } },
      "app.terraform.io answered something else than that API (answer) at /api/v2/organizations/acme/workspaces/eks; is that the host of Terraform Cloud or Terraform Enterprise? TF_CLOUD_HOSTNAME names it",
    ],
    [
      "another API's answer",
      { [OUTPUTS_PATH]: { body: { data: [{ id: "wsout-1", attributes: { name: "region" } }] } } },
      "app.terraform.io answered something else than that API (answer.data.0.attributes.sensitive) at /api/v2/workspaces/ws-1/current-state-version-outputs; is that the host of Terraform Cloud or Terraform Enterprise? TF_CLOUD_HOSTNAME names it",
    ],
    [
      "a sensitive output that the token may not read",
      { ...workspaceAnswers(HANDOVER, ["cluster_endpoint"]), [HIDDEN]: { status: 404 } },
      "app.terraform.io does not show the output cluster_endpoint of workspace acme/eks (404): it is sensitive, and the token from TF_TOKEN_app_terraform_io may not read it",
    ],
    [
      "the outputs of another stack",
      workspaceAnswers({ ...HANDOVER, region: "" }),
      "workspace acme/eks on app.terraform.io is no handover of the stack: region: Too small: expected string to have >=1 characters",
    ],
    [
      "a connection that breaks off",
      { [OUTPUTS_PATH]: { instead: "reset" } },
      "app.terraform.io cannot be reached: other side closed",
    ],
  ];

  it.each(ANSWERS)("fails for %s", async (_, answers, message) => {
    const { reading } = await read({ ...workspaceAnswers(HANDOVER), ...answers });
    const found = await failure(reading);

    expect(found).toBe(message);
    expect(found).not.toContain(TOKEN);
  });

  it("fails for a host that does not answer in time", async () => {
    const { reading } = await read({ [WORKSPACE_PATH]: { instead: "silence" } }, WITH_TOKEN, 100);

    expect(await failure(reading)).toBe("app.terraform.io did not answer within 0.1 s");
  });

  it("fails for a host that nobody listens at", async () => {
    const cloud = await startCloud({});
    await cloud.stop();
    const reading = readHandovers(ACME, {
      environment: WITH_TOKEN,
      fetch: (_, init) => fetch(`http://127.0.0.1:${String(cloud.port)}/`, init),
    });

    expect(await failure(reading)).toBe(
      `app.terraform.io cannot be reached: connect ECONNREFUSED 127.0.0.1:${String(cloud.port)}`,
    );
  });

  it("fails for a proxy that nobody listens at, and names it without its password", async () => {
    const cloud = await startCloud({});
    await cloud.stop();
    const port = String(cloud.port);
    const environment = { ...WITH_TOKEN, HTTPS_PROXY: `http://me:secret@127.0.0.1:${port}` };

    expect(await failure(readHandovers(ACME, { environment }))).toBe(
      `app.terraform.io cannot be reached: the proxy 127.0.0.1:${port} cannot be reached: ` +
        `connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });
});
