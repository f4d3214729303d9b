import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { CURRENT_ACCOUNT, type Emulator } from "../../rehearsal/account/emulator";
import { describeEndToEnd, emulateEks, Project } from "../support/end-to-end";
import { flowing } from "../support/run";
import { CLUSTER_PLANS } from "./plans/cluster";
import { NETWORK_PLANS } from "./plans/network";
import { NODE_GROUP_PLANS, NODE_IMAGES, REFUSED_NODE_GROUPS, WARNED_NODE_IMAGES } from "./plans/node-groups";
import { POD_PLANS } from "./plans/pods";
import type { Planned, PlanRow } from "./plans/row";

const CLONE = resolve(__dirname, "../..");
const TFVARS = join(CLONE, "tfvars");

/** What everybody has to say. */
const ALWAYS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["203.0.113.7/32"]
`;

type Values = Readonly<Record<string, unknown>>;

/** The plan of the workshop as it was before anything in it could be absent: what is known of each resource. */
const WORKSHOP = JSON.parse(readFileSync(join(CLONE, "__tests__/golden/plan/workshop.json"), "utf8")) as Record<
  string,
  Values
>;

/** What can be absent now has got an index, and is otherwise what it was. */
function withoutIndex(address: string): string {
  const bare = address.replace(/\[(0|"worker")\]$/, "");
  return Object.hasOwn(WORKSHOP, bare) ? bare : address;
}

/** What is known of a planned resource; its region is said by version 6 of the provider only. */
function known(after: Values): Values {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => value !== null && name !== "region"));
}

function isTheWorkshop(planned: Planned): void {
  const shown = [...planned].map(([address, after]) => [withoutIndex(address), known(after)] as const);
  expect(Object.fromEntries(shown)).toEqual(WORKSHOP);
}

/** How many resources each file in `tfvars/` plans. */
const FILES: Readonly<Record<string, Pick<PlanRow, "adds" | "warns">>> = {
  "current.tfvars": { adds: 62 },
  "production.tfvars": { adds: 119 },
  // It lets nobody reach the bastion.
  "workshop-1.14.tfvars": { adds: 39, warns: "nobody can reach the bastion by SSH" },
};

/** Every combination that is planned. */
const ROWS: readonly PlanRow[] = [
  { what: "the defaults, value by value", tfvars: "", adds: 40, expects: isTheWorkshop },
  ...Object.entries(FILES).map(([file, row]) => ({
    ...row,
    what: `tfvars/${file}`,
    tfvars: readFileSync(join(TFVARS, file), "utf8"),
  })),
  ...CLUSTER_PLANS,
  ...NETWORK_PLANS,
  ...NODE_GROUP_PLANS,
  ...POD_PLANS,
];

it("has a row for every file in tfvars/, and forty more", () => {
  expect(readdirSync(TFVARS)).toEqual(Object.keys(FILES));
  expect(ROWS.length - Object.keys(FILES).length).toBeGreaterThanOrEqual(40);
});

/** Real Terraform and the real AWS provider; the account is an emulator's. */
describeEndToEnd("a plan of", () => {
  let emulator: Emulator;
  let project: Project;
  let always: string;
  let files = 0;

  beforeAll(async () => {
    emulator = await emulateEks({ ...CURRENT_ACCOUNT, images: [...CURRENT_ACCOUNT.images, ...NODE_IMAGES] });
    project = new Project(emulator);
    always = project.tfvars(ALWAYS, "always.tfvars");
  });

  afterAll(async () => {
    await emulator.stop();
    project.remove();
  });

  /** Plans from nothing. */
  function plan(tfvars: string) {
    files += 1;
    const file = project.tfvars(`${tfvars}\n`, `row-${String(files)}.tfvars`);
    return project.plan(always, `-var-file=${file}`, "-lock=false", "-refresh=false");
  }

  it.each(ROWS)("$what", async ({ tfvars, adds, warns, seed, expects }) => {
    const { output, summary, all } = await plan([tfvars, await seed?.(emulator.endpoint)].join("\n"));

    expect(output).not.toContain("Error:");
    expect(summary).toBe(`Plan: ${String(adds)} to add, 0 to change, 0 to destroy.`);
    if (warns === undefined) expect(output).not.toContain("Warning:");
    else expect(flowing(output)).toContain(warns);
    expects?.(new Map(all.map(({ address, after }) => [address, after ?? {}])));
  });

  it.each(WARNED_NODE_IMAGES)("%s is made, with a warning", async (_, tfvars, message) => {
    const { code, output } = await plan(tfvars);

    expect(flowing(output)).toContain(message);
    expect(code).toBe(0);
  });

  it.each(REFUSED_NODE_GROUPS)("%s is refused", async (_, tfvars, message) => {
    const { code, output } = await plan(tfvars);

    expect(flowing(output)).toContain(message);
    expect(code).toBe(1);
  });
});
