import { examineBefore, refuseErrors } from "../../cli/doctor/account";
import type { Finding, Severity } from "../../cli/doctor/finding";
import { UserError } from "../../cli/errors";

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
      "this would not come up, so nothing was made\n\n" +
        "error version: 1.14\n  EKS makes no cluster of 1.14\n  -> choose another\n\n" +
        "error key-pair: 1.14\n  EKS makes no cluster of 1.14\n  -> choose another\n\n" +
        "2 errors, 0 warnings, 0 notes; begin with the first",
    );
  });

  it.each(["credentials", "aws-unreachable"])("that nobody could be asked (%s) is for Terraform to tell", (code) => {
    expect(() => {
      refuseErrors([finding("error", code)]);
    }).not.toThrow();
  });

  it("nothing is refused that Terraform Cloud makes, maybe in another account", () => {
    expect(() => {
      refuseErrors([finding("error", "key-pair")], { TF_CLOUD_ORGANIZATION: "workshop" });
    }).not.toThrow();
    expect(() => {
      refuseErrors([finding("error", "key-pair")], { TF_CLOUD_ORGANIZATION: "" });
    }).toThrow(/key-pair/);
  });

  it.each([
    [
      { node_groups: { a: { ami_id: "ami-1", ami_family: "plan9" } } },
      /^node_groups\.a\.ami_family is not what it has to be in your tfvars: .*; `eks plan` says/,
    ],
    [{ node_groups: { a: {} } }, /^node_groups\.a\.ami_id is not what it has to be/],
    [{ kubectl_own_role: "maybe" }, /^kubectl_own_role is not/],
  ])("values that are of no use are the reader's to mend: %j", async (tfvars, message) => {
    const values = new Map(
      Object.entries(tfvars).map(([name, value]) => [name, { value: value as unknown, from: "" }]),
    );

    await expect(examineBefore(values)).rejects.toThrow(UserError);
    await expect(examineBefore(values)).rejects.toThrow(message);
  });

  it("warnings and notes keep nobody from making it", () => {
    expect(() => {
      refuseErrors([finding("warning", "creator"), finding("note", "identity")]);
    }).not.toThrow();
  });
});
