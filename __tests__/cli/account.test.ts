import { concerning, examineBefore, explained, refuseErrors, unchecked } from "../../cli/doctor/account";
import type { Finding, Severity } from "../../cli/doctor/finding";
import { CODES } from "../../cli/doctor/doctor";
import { UserError } from "../../contract/user-error";
import { readEvent } from "../../terraform/events";
import type { ChangeKind, ResourceChange } from "../../terraform/plan-file";
import { said } from "../support/recorded";

const CHANGE: ResourceChange = {
  ...{ address: "", type: "", name: "", isManaged: true, kind: "no-op" },
  ...{ forcedBy: [], changed: [], before: null, after: null, unknown: {}, isGone: false, usedBy: [] },
};

const finding = (severity: Severity, code: string): Finding => ({
  severity,
  code,
  subject: "1.14",
  cause: "EKS makes no cluster of 1.14",
  cure: "choose another",
});

describe("before anything is made", () => {
  it("what would not come up is refused, with every error and its cure", () => {
    const findings = [finding("note", "identity"), finding("error", "version"), finding("error", "key-pair")];

    expect(() => {
      refuseErrors(findings);
    }).toThrow(
      "this would not come up, so that nothing is made\n\n" +
        "error version: 1.14\n  EKS makes no cluster of 1.14\n  -> choose another\n\n" +
        "error key-pair: 1.14\n  EKS makes no cluster of 1.14\n  -> choose another\n\n" +
        "2 errors, 0 warnings, 0 notes; begin with the first",
    );
  });

  it.each(["credentials", "own-clock", "aws-unreachable"])(
    "that nobody could be asked (%s) is for Terraform to tell",
    (code) => {
      expect(() => {
        refuseErrors([finding("error", code)]);
      }).not.toThrow();
    },
  );

  it("nothing is refused that Terraform Cloud makes, maybe in another account", () => {
    expect(() => {
      refuseErrors([finding("error", "key-pair")], { TF_CLOUD_ORGANIZATION: "workshop" });
    }).not.toThrow();
    expect(() => {
      refuseErrors([finding("error", "key-pair")], { TF_CLOUD_ORGANIZATION: "" });
    }).toThrow(/key-pair/);
  });

  it.each([
    [{ node_groups: { a: {} } }, /^node_groups\.a must have ami_id, got nothing\.$/],
    [{ kubectl_own_role: "maybe" }, /^kubectl_own_role must be true or false, got "maybe"\.$/],
  ])("values that are of no use are the reader's to mend: %j", async (tfvars, message) => {
    const values = new Map(
      Object.entries(tfvars).map(([name, value]) => [name, { value: value as unknown, from: "" }]),
    );

    await expect(examineBefore(values)).rejects.toThrow(UserError);
    await expect(examineBefore(values)).rejects.toThrow(message);
  });

  it("a plan that failed over what AWS has not is said in the doctor's words, then in Terraform's", () => {
    // What AWS provider 5.100.0 says.
    const failed = new UserError("terraform plan failed: Your query returned no results (data.aws_ami.nodes_image)");
    const error = explained(failed, [finding("error", "image-missing"), finding("error", "key-pair")], {});

    expect(error).toMatchObject({
      exitCode: 1,
      message:
        "AWS has not what the tfvars name, so nothing was planned\n\n" +
        "error image-missing: 1.14\n  EKS makes no cluster of 1.14\n  -> choose another\n\n" +
        "1 error, 0 warnings, 0 notes; begin with the first\n\n" +
        "in Terraform's words: terraform plan failed: Your query returned no results (data.aws_ami.nodes_image)",
    });
  });

  it.each(["credentials", "own-clock"])("a plan that failed because nobody is let in is said so: %s", (code) => {
    // What AWS provider 5.100.0 says.
    const failed = new UserError("terraform plan failed: No valid credential sources found (provider[…/aws])");

    expect(explained(failed, [finding("error", code), finding("note", "unseen")], {})).toMatchObject({
      message: expect.stringMatching(
        new RegExp(`^AWS lets nobody in from here, so nothing was planned\\n\\nerror ${code}: 1.14\\n`),
      ) as string,
    });
    expect(explained(failed, [finding("error", code)], { TF_CLOUD_ORGANIZATION: "workshop" })).toBe(failed);
    const another = new UserError("terraform plan failed: no such file");
    expect(explained(another, [finding("error", code)], {})).toBe(another);
  });

  it.each<[string, string, Finding[], object]>([
    ["that AWS has all of", "Your query returned no results", [finding("error", "key-pair")], {}],
    ...["value that a rule refuses", "value of another type in a file"].map(
      (recorded): [string, string, Finding[], object] => {
        const [text = ""] = said("terraform", recorded)
          .stdout.split("\n")
          .flatMap((line) => {
            const event = readEvent(line);
            return event?.kind === "diagnostic" ? event.text : [];
          });
        return [`over a ${recorded}`, `terraform plan failed: ${text}`, [finding("error", "image-missing")], {}];
      },
    ),
    ["of Terraform Cloud", "no results", [finding("error", "image-missing")], { TF_CLOUD_ORGANIZATION: "workshop" }],
  ])("a plan that failed %s is told in Terraform's words alone", (_, message, findings, environment) => {
    const failed = new UserError(message);

    expect(explained(failed, findings, environment)).toBe(failed);
  });

  it("what could not be asked is said, and refuses nothing", () => {
    const unseen = { ...finding("note", "unseen"), subject: "network", cause: "cannot be seen: not allowed" };

    expect(unchecked([unseen, finding("note", "identity")])).toEqual([
      "not checked: network cannot be seen: not allowed",
    ]);
    expect(() => {
      refuseErrors([unseen]);
    }).not.toThrow();
  });

  it.each(["credentials", "own-clock", "aws-unreachable"])(
    "that nobody could be asked is said, and refuses nothing: %s",
    (code) => {
      const nobody = { ...finding("error", code), cause: "AWS cannot be reached (ENOTFOUND)", cure: "set HTTPS_PROXY" };

      expect(unchecked([nobody])).toEqual([
        "not checked: whether AWS would refuse this, for AWS cannot be reached (ENOTFOUND); set HTTPS_PROXY",
      ]);
      expect(() => {
        refuseErrors([nobody]);
      }).not.toThrow();
    },
  );

  it("what is not refused where Terraform Cloud makes it is said", () => {
    const cloud = { TF_CLOUD_ORGANIZATION: "workshop" };
    const findings = [finding("error", "version"), finding("warning", "creator")];

    expect(unchecked(findings, cloud)).toEqual([
      "not refused, since Terraform Cloud makes this with its own credentials: version: 1.14: " +
        "EKS makes no cluster of 1.14",
    ]);
    expect(unchecked(findings, {})).toEqual([]);
    expect(() => {
      refuseErrors(findings, cloud);
    }).not.toThrow();
  });

  it("warnings and notes keep nobody from making it", () => {
    expect(() => {
      refuseErrors([finding("warning", "creator"), finding("note", "identity")]);
    }).not.toThrow();
  });
});

describe("of what AWS would refuse", () => {
  const plan = (...rows: readonly (readonly [ChangeKind, string])[]) => ({
    changes: rows.map(([kind, type]) => ({ ...CHANGE, kind, type })),
  });
  const counted = (...rows: readonly (readonly [ChangeKind, string])[]) =>
    concerning(plan(...rows))?.([...CODES].map((code) => finding("error", code))).map(({ code }) => code);
  const vpc = ["no-op", "aws_vpc"] as const;
  const nodes = [
    ...["key-pair", "image-missing", "image-architecture", "image-volume", "image-family", "image-version"],
    ...["network-missing", "node-egress", "instance-type"],
    ...["aws-unreachable", "credentials", "own-clock", "unseen"],
  ].sort();
  const nobody = ["aws-unreachable", "credentials", "own-clock"];

  it("everything counts for a stack of which nothing exists", () => {
    expect(counted(["create", "aws_vpc"], ["create", "aws_eks_cluster"])).toEqual(CODES);
  });

  it.each<[string, readonly (readonly [ChangeKind, string])[], readonly string[]]>([
    ["an add-on", [["create", "aws_eks_addon"]], ["add-on", ...nobody, "unseen"]],
    ["another version of an add-on", [["update", "aws_eks_addon"]], ["add-on", ...nobody, "unseen"]],
    ["a node group", [["create", "aws_autoscaling_group"]], nodes],
    ["another image of a node group", [["update", "aws_launch_template"]], nodes],
    [
      "the cluster of a stack that is made half",
      [["create", "aws_eks_cluster"]],
      ["access-entry-creator", ...nobody, "network-missing", "unseen", "version", "zone"].sort(),
    ],
    ["a log of the cluster", [["update", "aws_eks_cluster"]], [...nobody, "network-missing", "unseen"].sort()],
  ])("what is about the change counts for one that exists, which is %s", (_, rows, codes) => {
    expect(counted(vpc, ...rows)?.sort()).toEqual(codes);
  });

  it.each<[string, readonly (readonly [ChangeKind, string])[]]>([
    ["changes nothing", [vpc]],
    ["takes something away", [vpc, ["destroy", "aws_autoscaling_group"]]],
    ["is empty", []],
  ])("nothing counts where the plan %s", (_, rows) => {
    expect(concerning(plan(...rows))).toBeUndefined();
  });

  it("a name is never taken by the stack itself", () => {
    expect(counted(["no-op", "aws_iam_role"], ["create", "aws_eks_cluster"])).not.toContain("name-taken");
  });
});
