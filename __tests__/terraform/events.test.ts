import { countByType, Progress, readEvent, type TerraformEvent } from "../../terraform/events";

/** Lines as Terraform 1.11 writes them, as far as they matter. */
function hook(type: string, addr: string, action: string | undefined, more: Record<string, unknown> = {}): string {
  const resource = { addr, module: "", resource: addr, implied_provider: "aws", resource_key: null };
  return JSON.stringify({
    "@level": "info",
    "@message": `${addr}: …`,
    "@module": "terraform.ui",
    hook: { resource, ...(action !== undefined && { action }), ...more },
    type,
  });
}
const planned = (addr: string, action: string) =>
  JSON.stringify({ "@message": "…", change: { resource: { addr }, action }, type: "planned_change" });
const diagnostic = (about: Record<string, unknown>) =>
  JSON.stringify({ "@level": "error", "@message": "Error: …", diagnostic: about, type: "diagnostic" });

const VPC = "aws_vpc.network_vpc";
const SUBNET = 'aws_subnet.network_private_subnet["private-subnet-a"]';

describe("a line of terraform -json", () => {
  it.each<[string, string, TerraformEvent]>([
    [
      "the begin of something",
      hook("apply_start", VPC, "create"),
      { kind: "resource", address: VPC, action: "create", phase: "start", seconds: 0 },
    ],
    [
      "something that goes on",
      hook("apply_progress", VPC, "delete", { elapsed_seconds: 10 }),
      { kind: "resource", address: VPC, action: "delete", phase: "progress", seconds: 10 },
    ],
    [
      "something that is done",
      hook("apply_complete", SUBNET, "create", { id_key: "id", id_value: "subnet-1", elapsed_seconds: 3 }),
      { kind: "resource", address: SUBNET, action: "create", phase: "complete", seconds: 3 },
    ],
    [
      "something that failed",
      hook("apply_errored", VPC, "update", { elapsed_seconds: 1 }),
      { kind: "resource", address: VPC, action: "update", phase: "errored", seconds: 1 },
    ],
    [
      "a look at what exists, which has no action",
      hook("refresh_start", VPC, undefined, { id_key: "id", id_value: "vpc-1" }),
      { kind: "resource", address: VPC, action: "refresh", phase: "start", seconds: 0 },
    ],
    ["an announcement", planned(SUBNET, "replace"), { kind: "planned", address: SUBNET, action: "replace" }],
    [
      "a message of another kind",
      '{"@level":"info","@message":"Terraform 1.11.4","terraform":"1.11.4","type":"version","ui":"1.2"}',
      { kind: "other", text: "Terraform 1.11.4" },
    ],
    [
      "a message of a kind that this version does not know",
      '{"@message":"aws_x.y: Pondering...","hook":{"resource":{"addr":"aws_x.y"}},"type":"ponder_start"}',
      { kind: "other", text: "aws_x.y: Pondering..." },
    ],
  ])("is %s", (_, line, event) => {
    expect(readEvent(line)).toEqual(event);
  });

  it.each<[string, string]>([
    ["text", "Initializing provider plugins..."],
    ["nothing", ""],
    ["a number", "12"],
    ["null", "null"],
    ["a list", "[]"],
    ["an object without a message", '{"type":"version"}'],
    ["half an object", '{"@message":"Terr'],
  ])("is none when it is %s", (_, line) => {
    expect(readEvent(line)).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      "of several lines, without the place in the synthesized JSON",
      {
        severity: "error",
        summary: "Invalid value for variable",
        detail:
          'eks_version must be MAJOR.MINOR in quotes, got "9"\n\nThis was checked by the validation rule at cdk.tf.json:1095,21-22.',
        range: { filename: "cdk.tf.json", start: { line: 1090, column: 20, byte: 44182 } },
      },
      'Invalid value for variable: eks_version must be MAJOR.MINOR in quotes, got "9"',
    ],
    [
      "of AWS, with its resource",
      {
        severity: "error",
        summary: "creating EC2 VPC: operation error EC2: CreateVpc,\n  VpcLimitExceeded",
        detail: "",
        address: VPC,
        range: { filename: "cdk.tf.json", start: { line: 1, column: 1, byte: 1 } },
      },
      `creating EC2 VPC: operation error EC2: CreateVpc, VpcLimitExceeded (${VPC})`,
    ],
    [
      "whose resource is in its text",
      { severity: "error", summary: "Cycle", detail: `in ${VPC}`, address: VPC },
      `Cycle: in ${VPC}`,
    ],
    [
      "about a line of a tfvars file",
      {
        severity: "error",
        summary: "Unsupported attribute",
        range: { filename: "/p/local.tfvars", start: { line: 3, column: 1, byte: 40 } },
      },
      "Unsupported attribute (/p/local.tfvars:3)",
    ],
    [
      "about a value that is in no file",
      { severity: "error", summary: "Bad", range: { filename: "<value for var.a>", start: { line: 1 } } },
      "Bad",
    ],
  ])("is a diagnostic %s", (_, about, text) => {
    expect(readEvent(diagnostic(about))).toEqual({ kind: "diagnostic", severity: about["severity"], text });
  });
});

describe("the progress of an apply", () => {
  const told = (progress: Progress, ...lines: string[]) =>
    lines.map((line) => {
      const event = readEvent(line);
      return event && progress.told(event);
    });

  it("says what goes on, how much is done of what was announced, and in the end what was done", () => {
    const progress = new Progress();

    expect(
      told(
        progress,
        planned(VPC, "create"),
        planned(SUBNET, "replace"),
        planned("aws_eip.a", "noop"),
        hook("apply_start", VPC, "create"),
        hook("apply_start", SUBNET, "delete"),
        hook("apply_progress", VPC, "create", { elapsed_seconds: 10 }),
        hook("apply_complete", VPC, "create"),
        hook("apply_complete", SUBNET, "delete"),
        hook("apply_start", SUBNET, "create"),
        hook("apply_errored", SUBNET, "create"),
      ),
    ).toEqual([
      undefined,
      undefined,
      undefined,
      `0 of 3 done · create ${VPC}`,
      `0 of 3 done · create ${VPC} and 1 more`,
      undefined,
      `1 of 3 done · delete ${SUBNET}`,
      "2 of 3 done",
      `2 of 3 done · create ${SUBNET}`,
      "2 of 3 done",
    ]);
    expect(progress.summary()).toBe("1 created, 1 destroyed");
  });

  it("does not take for done what a plan announces and looks at", () => {
    const progress = new Progress();

    expect(
      told(
        progress,
        hook("apply_start", "data.aws_partition.partition", "read"),
        hook("apply_complete", "data.aws_partition.partition", "read"),
        hook("refresh_start", VPC, undefined),
        planned(SUBNET, "create"),
        hook("refresh_complete", VPC, undefined),
      ),
    ).toEqual([
      "begun · read data.aws_partition.partition",
      "1 read",
      `1 read · refresh ${VPC}`,
      undefined,
      "1 read, 1 looked at",
    ]);
  });

  it("does without announcements", () => {
    const progress = new Progress();

    expect(progress.summary()).toBe("nothing");
    expect(told(progress, hook("apply_complete", VPC, "create"), hook("apply_start", SUBNET, "create"))).toEqual([
      "1 created",
      `1 created · create ${SUBNET}`,
    ]);
  });
});

describe("resources by their type", () => {
  it.each<[readonly string[], string]>([
    [[], ""],
    [[VPC], "aws_vpc"],
    [[SUBNET, VPC, 'aws_subnet.b["10.0.0.0/16"]', "terraform_data.handover"], "2 aws_subnet, aws_vpc, terraform_data"],
    [['aws_subnet.a["b.c"]', "aws_subnet.a[0]", "null_resource.x"], "2 aws_subnet, null_resource"],
  ])("are counted: %j", (addresses, text) => {
    expect(countByType(addresses)).toBe(text);
  });
});
