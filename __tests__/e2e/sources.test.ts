import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { readHandovers, type HandoverSource } from "../../bootstrap/sources";
import { describeEndToEnd, Project } from "../support/end-to-end";
import { HANDOVER } from "../support/handover";
import { run } from "../support/run";
import { startCloud, workspaceAnswers, type StandInCloud } from "../support/terraform-cloud";

/** Real Terraform, in the synthesized stack, with a state that a test wrote. */
describeEndToEnd("the handover of the stack's folder", () => {
  let project: Project;

  beforeEach(() => {
    project = new Project({ environment: {} });
  });

  afterEach(() => {
    project.remove();
  });

  const read = (environment: NodeJS.ProcessEnv = {}) =>
    readHandovers(
      { kind: "stack-dir", folder: project.stack },
      { environment: { ...project.environment, ...environment } },
    );

  it("is read from the state, whatever Terraform warns of", async () => {
    const outputs = Object.entries(HANDOVER).map(([name, value]) => {
      const isText = typeof value === "string";
      return [name, { value, type: isText ? "string" : "dynamic", sensitive: name.endsWith("data") }];
    });
    const typed = Object.fromEntries(outputs) as Record<string, { value: unknown; type: unknown }>;
    const mapping = (arn: string) => [
      "list",
      ["object", { [arn]: "string", username: "string", groups: ["list", "string"] }],
    ];
    const size = ["object", { min: "number", max: "number", desired: "number" }];
    Object.assign(typed["node_groups"] ?? {}, { type: ["map", size] });
    Object.assign(typed["aws_auth_roles"] ?? {}, { type: mapping("rolearn") });
    Object.assign(typed["aws_auth_users"] ?? {}, { type: mapping("userarn") });
    const state = {
      version: 4,
      terraform_version: "1.9.0",
      serial: 1,
      lineage: "tests",
      outputs: typed,
      resources: [],
    };
    writeFileSync(join(project.folder, "terraform.eks.tfstate"), JSON.stringify(state));

    // A configuration file that is not there makes Terraform warn on standard error.
    expect(await read({ TF_CLI_CONFIG_FILE: join(project.folder, "nowhere") })).toEqual([
      { handover: HANDOVER, source: `terraform -chdir=${project.stack} output -json` },
    ]);
  });

  it("fails where nothing was applied", async () => {
    await expect(read()).rejects.toThrow(
      `the stack in ${project.stack} has no outputs: nothing was applied from there`,
    );
  });

  it("fails with Terraform's own words where nothing was initialized", async () => {
    rmSync(join(project.stack, ".terraform"), { recursive: true });

    await expect(read()).rejects.toThrow(
      /failed \(exit code 1\); `terraform -chdir=\S+ init` prepares .*\n {2}Error: Backend initialization required/,
    );
  });
});

/** The bootstrap in a process of its own, against a stand-in for Terraform Cloud that speaks TLS. */
describe("the handover of a workspace in Terraform Cloud, over TLS", () => {
  const TOKEN = "secret-of-the-tests.atlasv1.ABC";
  const SOURCE: HandoverSource = { kind: "terraform-cloud", organization: "acme", workspace: "eks" };
  const PROGRAM = `
    const { readHandovers } = require("./bootstrap/sources");
    readHandovers(${JSON.stringify(SOURCE)}).then(
      (handovers) => console.log(JSON.stringify(handovers)),
      (error) => console.log(error.name + ": " + error.message),
    );`;
  let folder: string;
  let cloud: StandInCloud;
  let host: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-cloud-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const made = await run("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"],
      ...["-subj", "/CN=stand-in", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
    ]);
    expect(made).toMatchObject({ code: 0 });
    cloud = await startCloud(workspaceAnswers(HANDOVER, ["certificate_authority_data"]), {
      key: readFileSync(key, "utf8"),
      cert: readFileSync(cert, "utf8"),
    });
    host = `127.0.0.1:${String(cloud.port)}`;
    mkdirSync(join(folder, ".terraform.d"));
    writeFileSync(
      join(folder, ".terraform.d", "credentials.tfrc.json"),
      JSON.stringify({ credentials: { [host]: { token: TOKEN } } }),
    );
  });

  afterAll(async () => {
    await cloud.stop();
    rmSync(folder, { recursive: true });
  });

  const read = (environment: NodeJS.ProcessEnv) =>
    run(process.execPath, ["--require", join(__dirname, "..", "..", "bin", "typescript.cjs"), "--eval", PROGRAM], {
      cwd: resolve(__dirname, "../.."),
      env: { PATH: process.env["PATH"], HOME: folder, TF_CLOUD_HOSTNAME: host, ...environment },
    });

  it("is read with the token that terraform login wrote", async () => {
    const { stdout, output } = await read({ NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") });

    expect(output).toBe(stdout);
    expect(JSON.parse(stdout)).toEqual([{ handover: HANDOVER, source: `workspace acme/eks on ${host}` }]);
  });

  it("is not read from a host that nobody vouches for, which does not get to see the token", async () => {
    const before = cloud.questions.length;
    const { output } = await read({});

    expect(output).toBe(
      `UserError: ${host} cannot be reached: self-signed certificate; name the file with its certificate authority in NODE_EXTRA_CA_CERTS\n`,
    );
    expect(cloud.questions).toHaveLength(before);
  });
});
