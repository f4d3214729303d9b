import { countByType, Progress, readEvent, type TerraformEvent } from "../../terraform/events";
import { said } from "../support/recorded";

const VPC = "aws_vpc.network_vpc";
const SUBNET = 'aws_subnet.network_private_subnet["private-subnet-a"]';

/** Everything that Terraform writes of a run that was recorded. */
const lines = (recorded: string) => said("terraform", recorded).stdout.trimEnd().split("\n");
/** The events of a run, without what is none that people wait for. */
const events = (recorded: string) =>
  lines(recorded).flatMap((line): TerraformEvent[] => {
    const event = readEvent(line);
    if (event === undefined) throw new Error(`not read: ${line}`);
    return event.kind === "other" ? [] : [event];
  });

const ROW = 'terraform_data.row["a b"]';
const KEPT = "terraform_data.kept";
const OTHER = "data.terraform_remote_state.other";
const planned = (address: string, action: string): TerraformEvent => ({ kind: "planned", address, action });
type Step = Extract<TerraformEvent, { kind: "resource" }>;
const step = (phase: Step["phase"], action: string, address: string, seconds = 0): TerraformEvent => {
  return { kind: "resource", address, action, phase, seconds };
};

describe("what terraform -json writes", () => {
  it("of an apply is what it plans, begins, goes on with and has done", () => {
    expect(events("apply of a plan")).toEqual([
      planned(ROW, "create"),
      planned(KEPT, "create"),
      planned(OTHER, "read"),
      step("start", "create", ROW),
      step("complete", "create", ROW),
      step("start", "create", KEPT),
      step("progress", "create", KEPT, 10),
      step("complete", "create", KEPT, 10),
      step("start", "read", OTHER),
      step("complete", "read", OTHER),
    ]);
  });

  it("of a plan is a look at what exists, which has no action, and an announcement", () => {
    expect(events("plan of a change")).toEqual([
      step("start", "refresh", ROW),
      step("complete", "refresh", ROW),
      step("start", "refresh", KEPT),
      step("complete", "refresh", KEPT),
      planned(ROW, "replace"),
      planned(KEPT, "update"),
      planned(OTHER, "read"),
    ]);
  });

  it("of an apply that fails is what failed, and why", () => {
    expect(events("apply that fails").slice(-2)).toEqual([
      step("errored", "create", KEPT),
      {
        kind: "diagnostic",
        severity: "error",
        text:
          "local-exec provisioner error: Error running command 'echo no >&2; exit 3': exit status 3. Output: no " +
          `(${KEPT})`,
      },
    ]);
  });

  it("of something else is its message", () => {
    expect(readEvent(lines("plan")[0] ?? "")).toEqual({ kind: "other", text: "Terraform 1.11.4" });
  });

  it.each<[string, string, string]>([
    [
      "of several lines, without the place in the synthesized JSON",
      "value that a rule refuses",
      "Invalid value for variable: size must be below 5",
    ],
    [
      "about a line of a tfvars file",
      "value of another type in a file",
      "Invalid value for input variable: The given value is not suitable for var.size declared at " +
        "cdk.tf.json:1,21-22: number required. (own.tfvars:3)",
    ],
    [
      "about a value that is in no file",
      "value that is no expression",
      "Invalid expression: Expected the start of an expression, but found an invalid expression token.",
    ],
    [
      "of a state that somebody else has locked, in one line",
      "plan of a locked state",
      "Error acquiring the state lock: Error message: resource temporarily unavailable Lock Info: " +
        "ID:        00000000-0000-0000-0000-000000000000 Path:      terraform.tfstate Operation: OperationTypeApply " +
        "Who:       user@host Version:   1.11.4 Created:   2026-01-01 00:00:00 +0000 UTC Info: Terraform acquires a " +
        "state lock to protect the state from being written by multiple users at the same time. Please resolve the " +
        'issue above and try again. For most commands, you can disable locking with the "-lock=false" flag, but this ' +
        "is not recommended.",
    ],
  ])("is an error %s", (_, recorded, text) => {
    expect(events(recorded)).toEqual([{ kind: "diagnostic", severity: "error", text }]);
  });

  it("is a warning", () => {
    expect(events("value of no variable in a file").at(-1)).toMatchObject({ kind: "diagnostic", severity: "warning" });
  });

  // The AWS provider's words, which no provider that is built in has.
  it("is an error of AWS, with its resource unless that is in its text", () => {
    const diagnostic = (detail: string) => {
      const summary = "creating EC2 VPC: operation error EC2: CreateVpc,\n  VpcLimitExceeded";
      const about = { severity: "error", summary, detail, address: "aws_vpc.network_vpc" };
      return readEvent(JSON.stringify({ "@message": "Error: …", diagnostic: about, type: "diagnostic" }));
    };
    const text = "creating EC2 VPC: operation error EC2: CreateVpc, VpcLimitExceeded";

    expect(diagnostic("")).toMatchObject({ text: `${text} (aws_vpc.network_vpc)` });
    expect(diagnostic("in aws_vpc.network_vpc")).toMatchObject({ text: `${text}: in aws_vpc.network_vpc` });
  });
});

// Of another program, or of a Terraform that is newer than this.
describe("a line of another kind", () => {
  it("is its message when its type is not known", () => {
    const line = '{"@message":"aws_x.y: Pondering...","hook":{"resource":{"addr":"aws_x.y"}},"type":"ponder_start"}';

    expect(readEvent(line)).toEqual({ kind: "other", text: "aws_x.y: Pondering..." });
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
});

describe("the progress of an apply", () => {
  const told = (progress: Progress, told: readonly TerraformEvent[]) => told.map((event) => progress.told(event));

  it("is told of what Terraform writes", () => {
    const progress = new Progress();

    expect(told(progress, events("apply of a change")).filter((what) => what !== undefined)).toEqual([
      `0 of 3 done · delete ${ROW}`,
      "1 of 3 done",
      `1 of 3 done · create ${ROW}`,
      "2 of 3 done",
      `2 of 3 done · update ${KEPT}`,
      "3 of 3 done",
      `3 of 3 done · read ${OTHER}`,
      "3 of 3 done",
    ]);
    expect(progress.summary()).toBe("1 destroyed, 1 created, 1 changed, 1 read");
  });

  it("says what goes on, how much is done of what was announced, and in the end what was done", () => {
    const progress = new Progress();

    expect(
      told(progress, [
        planned(VPC, "create"),
        planned(SUBNET, "replace"),
        planned("aws_eip.a", "noop"),
        step("start", "create", VPC),
        step("start", "delete", SUBNET),
        step("progress", "create", VPC, 10),
        step("complete", "create", VPC),
        step("complete", "delete", SUBNET),
        step("start", "create", SUBNET),
        step("errored", "create", SUBNET),
      ]),
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
      told(progress, [
        step("start", "read", "data.aws_partition.partition"),
        step("complete", "read", "data.aws_partition.partition"),
        step("start", "refresh", VPC),
        planned(SUBNET, "create"),
        step("complete", "refresh", VPC),
      ]),
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
    expect(told(progress, [step("complete", "create", VPC), step("start", "create", SUBNET)])).toEqual([
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
