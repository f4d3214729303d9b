import { UserError } from "../../contract/user-error";
import { readablePath, readPlan } from "../../terraform/plan-file";
import { planDocument, planOf } from "../support/plan-json";

describe("the changes of a plan", () => {
  it.each([
    [["no-op"], "no-op"],
    [["create"], "create"],
    [["update"], "update"],
    [["delete"], "destroy"],
    [["read"], "read"],
    [["forget"], "forget"],
    [["delete", "create"], "replace"],
    [["create", "delete"], "replace"],
    [["create", "forget"], "replace"],
  ])("%j is %s", (actions, kind) => {
    expect(planOf([{ address: "aws_vpc.a", actions }]).changes[0]?.kind).toBe(kind);
  });

  it("have the attributes that force a replacement, as people write them", () => {
    const plan = planOf([
      {
        address: 'aws_x.a["b"]',
        actions: ["delete", "create"],
        reason: "replace_because_cannot_update",
        previousAddress: "aws_x.old",
        before: { vpc_config: [{ subnet_ids: ["a"] }], arn: "arn:1", key: "old", tags: { "a b": "c" } },
        after: { vpc_config: [{ subnet_ids: ["b"] }], key: "new", tags: {} },
        unknown: { arn: true },
        sensitive: { key: true },
        replacePaths: [["vpc_config", 0, "subnet_ids"], ["arn"], ["key"], ["tags", "a b"]],
      },
    ]);

    expect(plan.changes[0]).toMatchObject({
      previousAddress: "aws_x.old",
      type: "aws_x",
      name: "a",
      reason: "replace_because_cannot_update",
      isManaged: true,
    });
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

  it("do not show what is partly unknown or partly sensitive as known", () => {
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

  it("do not show what lies inside of something unknown or sensitive as known", () => {
    const inside = { address: "aws_x.a", actions: ["delete", "create"], replacePaths: [["block", 0, "name"]] };
    const block = { block: [{ name: "a" }] };
    const plan = planOf([
      { ...inside, before: block, after: {}, unknown: { block: true } },
      { ...inside, before: block, after: block, sensitive: { block: [true] } },
    ]);

    expect(plan.changes.map(({ forcedBy }) => forcedBy[0]?.after.is)).toEqual(["unknown", "sensitive"]);
  });

  it("tell data sources from resources", () => {
    const plan = planOf([{ address: "data.aws_partition.p", actions: ["read"], mode: "data" }]);

    expect(plan.changes[0]).toMatchObject({ isManaged: false, kind: "read" });
  });
});

describe("a plan", () => {
  it("has variables, outputs and conditions that do not hold", () => {
    const plan = planOf([], {
      variables: { a: { value: [1] }, b: { value: null } },
      output_changes: {
        one: { actions: ["update"], before: "x", after_unknown: true },
        two: { actions: ["create"], before: null, after: "y", after_unknown: false, after_sensitive: true },
      },
      checks: [
        { address: { kind: "check", to_display: "check.a" }, status: "pass", instances: [{}] },
        {
          address: { kind: "check", to_display: "check.b" },
          status: "fail",
          instances: [{ problems: [{ message: "one" }, { message: "two" }] }],
        },
        { address: { kind: "check", to_display: "check.c" }, status: "unknown" },
        { address: { kind: "var", to_display: "var.d" }, status: "error" },
      ],
    });

    expect(plan.variables).toEqual({ a: [1], b: null });
    expect(plan.outputs).toEqual([
      { name: "one", kind: "update" },
      { name: "two", kind: "create" },
    ]);
    expect(plan.failedChecks).toEqual([
      { address: "check.b", isWarning: true, messages: ["one", "two"] },
      { address: "var.d", isWarning: false, messages: [] },
    ]);
  });

  it("has the default where a variable is set to null", () => {
    const plan = planOf([], {
      variables: { a: { value: null }, b: { value: null }, c: { value: false } },
      configuration: { root_module: { variables: { a: { default: 8 }, b: {}, c: { default: true } } } },
    });

    expect(plan.variables).toEqual({ a: 8, b: null, c: false });
  });

  it("says whether planning failed half-way", () => {
    expect(planOf([]).isErrored).toBe(false);
    expect(planOf([], { errored: true }).isErrored).toBe(true);
  });

  it.each([
    ["", /^FILE is no plan: it is empty; `terraform show -json PLANFILE` prints one/],
    ["nope", /^FILE is no plan: it is not JSON: /],
    ['{"@level":"info"}\n{"@level":"info"}', /^FILE is no plan: it is not JSON: /],
    ["[]", /^FILE is no plan: it holds no object/],
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
  ])("fails for %s", (json, message) => {
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
