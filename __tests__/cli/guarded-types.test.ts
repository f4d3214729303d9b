import { HARMLESS, lossOf, LOSSES } from "../../cli/plan/guarded-types";
import { synthesized, synthesizedKubernetes } from "../support/synthesized";

describe("the guard", () => {
  it("has a reason or a noun for every type that the stacks have", () => {
    const stacks = [synthesized(), synthesized(() => undefined, { sshIdentity: "generated" }), synthesizedKubernetes()];
    const types = [...new Set(stacks.flatMap(({ resource }) => Object.keys(resource)))];

    expect(types.filter((type) => !Object.hasOwn(HARMLESS, type) && !Object.hasOwn(LOSSES, type))).toEqual([]);
    expect(Object.keys(HARMLESS).filter((type) => Object.hasOwn(LOSSES, type))).toEqual([]);
    // Of those that no stack has, the workshop's own revisions have these.
    expect([...Object.keys(HARMLESS), ...Object.keys(LOSSES)].filter((type) => !types.includes(type))).toEqual([
      "null_resource",
      "aws_eks_node_group",
    ]);
  });

  it("lets nothing of the stack go without a word but these", () => {
    const free = Object.keys(synthesized().resource).filter((type) => lossOf({ type }) === undefined);

    expect(free.sort()).toEqual([
      "aws_default_security_group",
      "aws_eks_access_entry",
      "aws_eks_access_policy_association",
      "aws_flow_log",
      "aws_iam_role_policy",
      "aws_iam_role_policy_attachment",
      "aws_kms_alias",
      "aws_launch_configuration",
      "aws_launch_template",
      "aws_route53_record",
      "aws_route_table_association",
      "aws_security_group_rule",
      "terraform_data",
    ]);
  });

  it.each([
    ["what AWS knows, and no apply brings back", "aws_launch_template", "delete_because_no_resource_config", true],
    ["the same of a module that is gone", "aws_launch_template", "delete_because_no_module", true],
    ["what the next apply brings back", "aws_launch_template", "delete_because_each_key", false],
    ["what AWS knows nothing of", "terraform_data", "delete_because_no_resource_config", false],
    ["the same of a module that is gone", "null_resource", "delete_because_no_module", false],
  ])("guards %s, or not: %s, %s", (_, type, reason, isLost) => {
    expect(lossOf({ type, reason })).toEqual(
      isLost ? { noun: type, lost: "whatever it is for: no later apply of this stack brings it back" } : undefined,
    );
  });

  it("says of what it knows what is lost, whatever the reason is", () => {
    for (const reason of [undefined, "delete_because_no_module"]) {
      expect(lossOf({ type: "aws_nat_gateway", reason })).toEqual({
        noun: "a NAT gateway",
        lost: "the way out of the nodes behind it, and their connections",
      });
    }
  });

  it("takes no property of every object for a type", () => {
    expect(lossOf({ type: "constructor" })).toMatchObject({ noun: "constructor" });
  });
});
