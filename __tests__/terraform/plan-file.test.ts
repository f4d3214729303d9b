import { UserError } from "../../contract/user-error";
import { readablePath, readPlan } from "../../terraform/plan-file";
import { planDocument, planOf } from "../support/plan-json";
import { recorded, recordedText } from "../support/recorded";

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const BASTION = "aws_instance.bastion_instance";
const LAUNCH = 'aws_launch_configuration.node_group_launch_configuration["worker"]';

function changeOf(scenario: string, address: string) {
  const change = recorded(scenario).changes.find((it) => it.address === address);
  if (change === undefined) throw new Error(`the plan ${scenario} has no ${address}`);
  return change;
}

// Written by Terraform: bench/plan-scenarios.ts has the scenarios, `npm run record:plans` writes their plans.
describe("the changes of a recorded plan", () => {
  it.each([
    ["no-op", ["no-op"], "workshop-unchanged", CLUSTER],
    ["create", ["create"], "workshop-first", CLUSTER],
    ["update", ["update"], "workshop-version-one-up", CLUSTER],
    ["destroy", ["delete"], "access-both-cluster-destroyed", CLUSTER],
    ["read", ["read"], "oddities-replaced", "data.aws_partition.after"],
    ["forget", ["forget"], "oddities-removed", "aws_eip.forgotten"],
    ["replace", ["delete", "create"], "workshop-bastion-image", BASTION],
    ["replace", ["create", "delete"], "workshop-instance-type", LAUNCH],
  ])("are of the kind %s for %j", (kind, actions, scenario, address) => {
    const document = JSON.parse(recordedText(scenario)) as {
      readonly resource_changes: readonly {
        readonly address: string;
        readonly change: { readonly actions: unknown };
      }[];
    };

    expect(document.resource_changes.find((it) => it.address === address)?.change.actions).toEqual(actions);
    expect(changeOf(scenario, address).kind).toBe(kind);
  });

  it("have the attributes that force a replacement, as people write them", () => {
    expect(changeOf("workshop-moved-and-renamed", CLUSTER)).toMatchObject({
      previousAddress: "module.eks.aws_eks_cluster.eks_cluster",
      type: "aws_eks_cluster",
      name: "cluster_control_plane",
      reason: "replace_because_cannot_update",
      isManaged: true,
      forcedBy: [
        {
          path: "name",
          before: { is: "known", value: "awskrug_gudi_eks" },
          after: { is: "known", value: "other" },
        },
      ],
    });
    expect(changeOf("workshop-bastion-image", BASTION).forcedBy).toEqual([
      {
        path: "ami",
        before: { is: "known", value: "ami-0fd02cb7da42ee5e0" },
        after: { is: "known", value: "ami-023bb403131889300" },
      },
      {
        path: "key_name",
        before: { is: "known", value: "aws-krug-gudi" },
        after: { is: "known", value: "other" },
      },
    ]);
    expect(changeOf("existing-creator-not-ignored", CLUSTER).forcedBy.map(({ path }) => path)).toEqual([
      "access_config[0].bootstrap_cluster_creator_admin_permissions",
    ]);
  });

  it.each([
    ["a value that only the apply will tell", "aws_cloudwatch_log_group.later", "known", "unknown"],
    ["a secret", "aws_cloudwatch_log_group.secret", "sensitive", "sensitive"],
    ["a list that is partly unknown", "terraform_data.partly_later", "known", "unknown"],
    ["an object with a secret in it", "terraform_data.partly_secret", "sensitive", "sensitive"],
  ])("do not show %s", (_, address, before, after) => {
    const [forced, ...others] = changeOf("oddities-replaced", address).forcedBy;

    expect(others).toEqual([]);
    expect([forced?.before.is, forced?.after.is]).toEqual([before, after]);
  });

  it("tell data sources from resources", () => {
    expect(changeOf("oddities-replaced", "data.aws_partition.after")).toMatchObject({ isManaged: false, kind: "read" });
  });

  it("say which object an interrupted replacement has left behind", () => {
    expect(recorded("oddities-interrupted").changes).toMatchObject([
      { address: "aws_eip.interrupted", kind: "destroy", deposed: expect.stringMatching(/^[0-9a-f]{8}$/) as string },
    ]);
  });
});

describe("a recorded plan", () => {
  it("has outputs and conditions that do not hold", () => {
    const plan = recorded("oddities-replaced");

    expect(plan.outputs).toEqual(["hidden", "later"]);
    expect(plan.failedChecks).toEqual([
      {
        address: "check.fails",
        isWarning: true,
        messages: ["The first does not hold.", "The second does not hold."],
      },
    ]);
    expect(recorded("oddities-errored").failedChecks[0]).toEqual({
      address: "aws_eip.tainted",
      isWarning: false,
      messages: ["It does not hold."],
    });
  });

  it("has the values of variables, and the default of one that is set to null", () => {
    const { variables } = recorded("workshop-nobody-admitted");

    expect(variables).toMatchObject({ eks_version: "1.14", kubectl_ssh_cidrs: [], service_cidr: null });
    expect(JSON.parse(recordedText("workshop-nobody-admitted"))).toMatchObject({
      variables: { kubectl_ec2_volume_size: { value: null } },
    });
    expect(variables["kubectl_ec2_volume_size"]).toBe(8);
  });

  it("has what data sources told", () => {
    const subnets = recorded("existing-zones-other").dataSources.filter(({ type }) => type === "aws_subnet");

    expect(subnets.map(({ values }) => values["availability_zone"])).toEqual(
      expect.arrayContaining(["ap-northeast-2a", "ap-northeast-2c"]),
    );
  });

  it.each([
    ["workshop-first", { isErrored: false }],
    ["workshop-unchanged", { isErrored: false }],
    ["oddities-errored", { isErrored: true }],
  ])("says whether it can be applied: %s", (scenario, expected) => {
    expect(recorded(scenario)).toMatchObject(expected);
  });
});

// A provider may write each of these, but none does of what the recorded plans are about.
describe("a plan of a shape that none of the recorded ones has", () => {
  it("has paths with names that have to be quoted, in order", () => {
    const plan = planOf([
      {
        address: 'aws_x.a["b"]',
        actions: ["delete", "create"],
        before: { vpc_config: [{ subnet_ids: ["a"] }], arn: "arn:1", key: "old", tags: { "a b": "c" } },
        after: { vpc_config: [{ subnet_ids: ["b"] }], key: "new", tags: {} },
        unknown: { arn: true },
        sensitive: { key: true },
        replacePaths: [["vpc_config", 0, "subnet_ids"], ["arn"], ["key"], ["tags", "a b"]],
      },
    ]);

    expect(plan.changes[0]?.forcedBy).toEqual([
      { path: "arn", before: { is: "known", value: "arn:1" }, after: { is: "unknown" } },
      { path: "key", before: { is: "sensitive" }, after: { is: "sensitive" } },
      { path: 'tags["a b"]', before: { is: "known", value: "c" }, after: { is: "known", value: null } },
      {
        path: "vpc_config[0].subnet_ids",
        before: { is: "known", value: ["a"] },
        after: { is: "known", value: ["b"] },
      },
    ]);
  });

  it("does not show what is partly unknown or partly sensitive as known", () => {
    const plan = planOf([
      {
        address: "aws_x.a",
        actions: ["delete", "create"],
        before: { list: ["a", "b"], block: [{ secret: "s", open: "o" }] },
        after: { list: ["a"], block: [{ open: "o" }] },
        unknown: { list: [false, true] },
        sensitive: { block: [{ secret: true }] },
        replacePaths: [["list"], ["block"], ["block", 0, "open"]],
      },
    ]);

    expect(plan.changes[0]?.forcedBy.map(({ after }) => after.is)).toEqual(["sensitive", "known", "unknown"]);
  });

  it("does not show what lies inside of something unknown or sensitive as known", () => {
    const inside = { address: "aws_x.a", actions: ["delete", "create"], replacePaths: [["block", 0, "name"]] };
    const block = { block: [{ name: "a" }] };
    const plan = planOf([
      { ...inside, before: block, after: {}, unknown: { block: true } },
      { ...inside, before: block, after: block, sensitive: { block: [true] } },
    ]);

    expect(plan.changes.map(({ forcedBy }) => forcedBy[0]?.after.is)).toEqual(["unknown", "sensitive"]);
  });

  it("has conditions of inputs that could not be evaluated, and null where there is no default", () => {
    const plan = planOf([], {
      variables: { a: { value: [1] }, b: { value: null }, c: { value: false } },
      configuration: { root_module: { variables: { b: {}, c: { default: true } } } },
      checks: [
        { address: { kind: "check", to_display: "check.a" }, status: "pass", instances: [{}] },
        { address: { kind: "var", to_display: "var.d" }, status: "error" },
      ],
    });

    expect(plan.variables).toEqual({ a: [1], b: null, c: false });
    expect(plan.failedChecks).toEqual([{ address: "var.d", isWarning: false, messages: [] }]);
  });
});

// They are not Terraform 1.11, or newer than it.
describe("a plan of another program", () => {
  it("may forget what it replaces, as OpenTofu and newer Terraforms do", () => {
    expect(planOf([{ address: "aws_vpc.a", actions: ["create", "forget"] }]).changes[0]).toMatchObject({
      kind: "replace",
    });
  });
});

// Damaged, or from elsewhere.
describe("a text that is no plan", () => {
  it.each([
    ["", /^FILE is no plan: it is empty; `terraform show -json PLANFILE` prints one/],
    ["nope", /^FILE is no plan: it is no JSON object; /],
    ['{"@level":"info"}\n{"@level":"info"}', /^FILE is no plan: it is no JSON object; /],
    ["[]", /^FILE is no plan: it is no JSON object; /],
    ['{"format_version":"1.0","values":{}}', /^FILE is no plan: it is a state, as/],
    ['{"format_version":"1.0"}', /^FILE is no plan: planned_values: /],
    ["{}", /^FILE is no plan: it has no format_version/],
    ['{"format_version":"2.0"}', /^FILE is a plan in format 2\.0, and only 1\.x is known here/],
    [
      JSON.stringify({ ...planDocument([]), resource_changes: [{ address: 1 }] }),
      /^FILE is no plan: resource_changes\[0\]\.address: /,
    ],
    [
      JSON.stringify(planDocument([{ address: "aws_vpc.a", actions: ["explode"] }])),
      /^FILE is no plan: it does with aws_vpc\.a what is not known here: explode/,
    ],
  ])("is refused: %s", (json, message) => {
    const read = () => readPlan(json, "FILE");

    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });
});

describe("a readable path", () => {
  it.each([
    [["a"], "a"],
    [["a", 0, "b"], "a[0].b"],
    [["tags", "kubernetes.io/cluster/a"], 'tags["kubernetes.io/cluster/a"]'],
    [[], ""],
  ])("%j is %s", (steps, path) => {
    expect(readablePath(steps)).toBe(path);
  });
});
