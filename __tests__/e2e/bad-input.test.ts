import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Emulator } from "../../rehearsal/account/emulator";
import type { Fields } from "../../contract/inputs/description";
import { INPUTS } from "../../contract/inputs/inputs";
import { placesOf, ruleAt } from "../../contract/inputs/places";
import { UserError } from "../../contract/user-error";
import { neutralEnvironment } from "../../rehearsal/machine/neutral-environment";
import { readTfvars } from "../../terraform/tfvars";
import { describeEndToEnd, emulate, Inputs, Project, terraformProgram } from "../support/end-to-end";
import { flowing, type Ended } from "../support/run";
import { CLUSTER_CASES } from "./bad-input/cluster";
import { GOOD_NETWORKS, NETWORK_CASES } from "./bad-input/network";
import { NODE_GROUP_CASES } from "./bad-input/node-groups";
import { POD_CASES } from "./bad-input/pods";
import { GOOD_WORKSHOPS, WORKSHOP_CASES } from "./bad-input/workshop";

const CLONE = join(__dirname, "../..");
const DOCS = readdirSync(join(CLONE, "docs")).filter((name) => name.endsWith(".md"));

/** What the documents show of tfvars, but for those of the stack `eks-kubernetes`, which begin with their file's name. */
const SHOWN = ["README.md", ...DOCS.map((name) => join("docs", name))]
  .flatMap((file) => [...readFileSync(join(CLONE, file), "utf8").matchAll(/^```hcl\n(?<lines>[^]*?)^```/gm)])
  .map(({ groups }) => groups?.["lines"] ?? "")
  .filter((lines) => !lines.startsWith("# kubernetes.tfvars\n"));

/** What is seen without any resource: by the file itself, by a variable's type or by its rules. */
const CASES = [...WORKSHOP_CASES, ...CLUSTER_CASES, ...NETWORK_CASES, ...NODE_GROUP_CASES, ...POD_CASES];

/** How the sentences begin of what holds for a value by itself, which `eks` and Terraform both judge. */
const CONDITIONS = Object.entries(INPUTS as Fields).flatMap(([name, description]) =>
  placesOf(name, description).flatMap((place) =>
    place.conditions.map((condition) => `${ruleAt(place, condition).errorMessage.split(", got ")[0] ?? ""}, got `),
  ),
);

/** What `eks` says of a tfvars file before it runs Terraform; empty where it has nothing to say. */
async function refusalByReader(tfvars: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-reader-"));
  const varFile = join(folder, "row.tfvars");
  writeFileSync(varFile, `${tfvars}\n`);
  try {
    const environment = { ...neutralEnvironment(), EKS_TERRAFORM: terraformProgram() };
    await readTfvars({ folder, environment, arguments: [{ varFile }] }, INPUTS);
    return "";
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return error.message.replaceAll(`${varFile}: `, "");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function expectRefusal({ code, output }: Ended, message: string): void {
  expect(flowing(output)).toContain(message);
  expect(code).toBe(1);
  expect(output).not.toMatch(/panic:|\n\s+at .*:\d+/);
  // A rule that breaks instead of answering says one of these.
  expect(output).not.toMatch(/Invalid function argument|Error in function call|message expression is invalid|Cycle:/);
}

describeEndToEnd("tfvars", () => {
  let emulator: Emulator;
  let project: Project;
  let inputs: Inputs;

  beforeAll(async () => {
    emulator = await emulate();
    project = new Project(emulator);
    inputs = new Inputs();
  });

  afterAll(async () => {
    await emulator.stop();
    project.remove();
    inputs.remove();
  });

  it.concurrent.each(CASES)("refuses %s", async (_, tfvars, message) => {
    const ended = await inputs.judge(tfvars);

    expectRefusal(ended, message);
    // Without the line of the stack's JSON, which has every message in it.
    const output = flowing(ended.output.replaceAll(/^.*\{"variable".*$/gm, ""));
    const said = flowing(await refusalByReader(tfvars));
    const sentences = said.split(/(?<=\.) (?=[a-z_]+[ .])/);
    // What eks refuses before Terraform is run, Terraform refuses in the same words; of another type in its own.
    const own = sentences.filter((sentence) => CONDITIONS.some((start) => sentence.startsWith(start)));
    expect(own.filter((sentence) => !output.includes(sentence))).toEqual([]);
    const byTerraform = CONDITIONS.filter((start) => output.includes(start));
    expect(byTerraform.filter((start) => !said.includes(start))).toEqual([]);
  });

  it.each(SHOWN)("takes what the documents show: %s", async (lines) => {
    const whole = lines.replaceAll("ami-…", "ami-0123456789abcdef0").replaceAll("::…:", "::123456789012:");
    const role = whole.includes("aws_krug_admin_role") ? "" : 'aws_krug_admin_role = "aws-krug-admin"\n';
    const { code, output } = await inputs.judge(`${role}${whole}`);

    expect({ code, output }).toMatchObject({ code: 0 });
  });

  /** With the whole stack. */
  let files = 0;
  it.concurrent.each([...GOOD_WORKSHOPS, ...GOOD_NETWORKS])("takes %s", async (_, tfvars) => {
    files += 1;
    const file = project.tfvars(`${tfvars}\n`, `row-${String(files)}.tfvars`);
    const { code, output } = await project.terraform(
      ...["plan", "-input=false", "-no-color", "-lock=false", "-refresh=false", `-var-file=${file}`],
    );

    expect(flowing(output)).toMatch(/Plan: \d+ to add, 0 to change, 0 to destroy/);
    expect(code).toBe(0);
  });
});
