import { UserError } from "../../contract/user-error";
import { allowing, refusals, refuseUnlessAllowed } from "../../cli/plan/guard";
import { HARMLESS, LOSSES } from "../../cli/plan/guarded-types";
import { refusalText } from "../../cli/plan/refusal";
import { addresses, synthesized, synthesizedKubernetes } from "../support/synthesized";
import { planOf, type ChangeJson } from "../support/plan-json";

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const SUBNET_C = 'aws_subnet.network_private_subnet["private-subnet-c"]';

const renamed: ChangeJson = {
  address: CLUSTER,
  actions: ["create", "delete"],
  reason: "replace_because_cannot_update",
  before: { name: "awskrug_gudi_eks" },
  after: { name: "other" },
  replacePaths: [["name"]],
};
const rowTakenOut: ChangeJson = {
  address: SUBNET_C,
  actions: ["delete"],
  reason: "delete_because_each_key",
  before: { cidr_block: "172.16.14.0/23" },
};

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

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

  it("lets nothing else of the stack go than these", () => {
    const free = addresses(synthesized()).filter(
      (address) => refusals(planOf([{ address, actions: ["delete"] }]), []).length === 0,
    );

    expect([...new Set(free.map((address) => address.split(".")[0]))]).toEqual([
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

  it.each(["aws_rds_cluster", "constructor"])("refuses what it does not know: %s", (type) => {
    const [refusal] = refusals(planOf([{ address: `${type}.ours`, actions: ["delete"] }]), []);

    expect(refusal && refusalText(refusal)).toContain(
      `${type}.ours: ${type} would be destroyed: the plan destroys it; lost by it: whatever it is for: ` +
        `no later apply of this stack brings it back; if you mean it, add --allow-replace ${type}.ours`,
    );
  });

  it.each(["delete_because_no_resource_config", "delete_because_no_module"])(
    "refuses to let go what is harmless elsewhere, where the configuration has nothing of it (%s)",
    (reason) => {
      const rule = { address: "aws_security_group_rule.dns_between_nodes", actions: ["delete"] };
      const values = { address: "null_resource.ansible", actions: ["delete"], reason };

      expect(refusals(planOf([{ ...rule, reason: "delete_because_each_key" }, values]), [])).toEqual([]);
      expect(refusals(planOf([{ ...rule, reason }, values]), []).map(({ address }) => address)).toEqual([rule.address]);
    },
  );

  it("names the options for what an apply left half made, in modules as well", () => {
    expect(
      allowing([
        "module.eks.aws_eks_node_group.eks_node_group",
        'module.a["x"].module.b.aws_launch_configuration.c',
        SUBNET_C,
        "terraform_data.handover",
      ]),
    ).toEqual(["--allow-replace module.eks.aws_eks_node_group.eks_node_group", `--allow-replace '${SUBNET_C}'`]);
  });

  it("refuses a replacement, with the attribute that forces it and what is lost", () => {
    const [refusal, ...others] = refusals(planOf([renamed]), []);

    expect(others).toEqual([]);
    expect(refusal).toMatchObject({ address: CLUSTER, noun: "the cluster", what: "replaced" });
    expect(refusal && refusalText(refusal)).toBe(
      "aws_eks_cluster.cluster_control_plane: the cluster would be replaced: " +
        'name changes from "awskrug_gudi_eks" to "other", which cannot be done in place; ' +
        "lost by it: everything that runs in it, and its endpoint: every node has to join and every kubeconfig to be " +
        "written anew; if you mean it, add --allow-replace aws_eks_cluster.cluster_control_plane",
    );
  });

  it("refuses a destruction, with an option that a shell takes as it is", () => {
    const [refusal] = refusals(planOf([rowTakenOut]), []);

    expect(refusal && refusalText(refusal)).toBe(
      'aws_subnet.network_private_subnet["private-subnet-c"]: a subnet would be destroyed: ' +
        "the tfvars no longer have a row of its name; " +
        "lost by it: the nodes, load balancers and interfaces in it, and it does not go while any of them is left; " +
        `if you mean it, add --allow-replace 'aws_subnet.network_private_subnet["private-subnet-c"]'`,
    );
  });

  it.each<[string, Partial<ChangeJson>, string]>([
    ["taint", { reason: "replace_because_tainted", replacePaths: [] }, "an apply left it half made (tainted)"],
    ["-replace", { reason: "replace_by_request", replacePaths: [] }, "-replace asks for it"],
    ["a trigger", { reason: "replace_by_triggers", replacePaths: [] }, "something that it has to follow"],
    ["a word of a newer Terraform", { reason: "replace_for_fun", replacePaths: [] }, "Terraform does not say why"],
    [
      "destroy",
      { actions: ["delete"], reason: "delete_because_no_resource_config", replacePaths: [] },
      "the configuration no longer has it",
    ],
    ["plan -destroy", { actions: ["delete"], reason: undefined, replacePaths: [] }, "the plan destroys it"],
    ["a leftover", { actions: ["delete"], deposed: "abcd1234" }, "left over from a replacement that was interrupted"],
    ["what is unknown", { after: {}, unknown: { name: true } }, "to what only the apply will tell, which cannot"],
    ["a secret", { sensitive: { name: true } }, "name changes, which cannot be done in place"],
    ["nothing before", { before: { name: "" } }, 'name changes from nothing to "other"'],
    ["a long value", { after: { name: "x".repeat(500) } }, `to "${"x".repeat(78)}…, which`],
    [
      "two attributes",
      { before: { name: "a", role: "b" }, after: { name: "c", role: "d" }, replacePaths: [["name"], ["role"]] },
      'name changes from "a" to "c", and role changes from "b" to "d", which',
    ],
  ])("says why: %s", (_, change, because) => {
    expect(refusals(planOf([{ ...renamed, ...change }]), [])[0]?.because).toContain(because);
  });

  it.each<[string, ChangeJson]>([
    ["a change in place", { ...renamed, actions: ["update"] }],
    ["a creation", { ...renamed, actions: ["create"] }],
    ["a renamed address", { address: CLUSTER, previousAddress: "aws_eks_cluster.old", actions: ["no-op"] }],
    ["a resource that is only forgotten", { address: CLUSTER, actions: ["forget"] }],
    ["a new launch configuration", { ...renamed, address: "aws_launch_configuration.a" }],
    ["a data source", { ...renamed, address: "aws_vpc.a", mode: "data", actions: ["read"] }],
  ])("lets pass: %s", (_, change) => {
    expect(refusals(planOf([change]), [])).toEqual([]);
  });

  it("refuses a resource that is renamed and replaced", () => {
    expect(refusals(planOf([{ ...renamed, previousAddress: "aws_eks_cluster.old" }]), [])).toHaveLength(1);
  });

  it("allows what is named, and nothing else", () => {
    const plan = planOf([renamed, rowTakenOut]);

    expect(refusals(plan, [CLUSTER]).map(({ address }) => address)).toEqual([SUBNET_C]);
    expect(refusals(plan, [CLUSTER, SUBNET_C])).toEqual([]);
  });

  it("takes a name that the plan has and leaves as it is", () => {
    expect(refusals(planOf([{ address: CLUSTER, actions: ["no-op"] }]), [CLUSTER])).toEqual([]);
  });

  it.each([
    ["aws_eks_cluster.control_plane", `did you mean --allow-replace ${CLUSTER}?`],
    // What a shell leaves of the address when nobody quotes it.
    ["aws_subnet.network_private_subnet[private-subnet-c]", `did you mean --allow-replace '${SUBNET_C}'?`],
    ["aws_subnet.network_private_subnet", `name each: --allow-replace '${SUBNET_C}'`],
    ["aws_vpc.old", "did you mean --allow-replace aws_vpc.network_vpc?"],
    ["", `it is for ${CLUSTER}, '${SUBNET_C}'`],
    ["x", `it is for ${CLUSTER}, '${SUBNET_C}'`],
  ])("fails for an allowed %s", (allowed, hint) => {
    const vpc: ChangeJson = { address: "aws_vpc.network_vpc", previousAddress: "aws_vpc.old", actions: ["no-op"] };
    const error = thrownBy(() => refusals(planOf([renamed, rowTakenOut, vpc]), [CLUSTER, allowed]));

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 64,
      message: `--allow-replace names what the plan does not have, ${JSON.stringify(allowed)}: ${hint}`,
    });
  });

  it("fails for anything allowed where nothing is refused", () => {
    expect(() => refusals(planOf([{ address: "aws_vpc.a", actions: ["create"] }]), [CLUSTER])).toThrow(
      "the plan replaces and destroys nothing that is guarded, so leave it out",
    );
  });

  it("lets no plan pass that ends at an error, since what is not in it is not guarded", () => {
    const error = thrownBy(() => {
      refuseUnlessAllowed(planOf([], { errored: true, applyable: false, complete: false }), []);
    });

    expect(error).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/^the plan ends where an error was found/) as string,
    });
  });

  it("ends the command with exit code 3 and a paragraph for each", () => {
    const error = thrownBy(() => {
      refuseUnlessAllowed(planOf([renamed, rowTakenOut]), []);
    });

    expect(error).toMatchObject({ exitCode: 3 });
    const paragraphs = (error as UserError).message.split("\n\n");
    expect(paragraphs.map((text) => text.slice(0, text.indexOf(": ")))).toEqual([CLUSTER, SUBNET_C]);
    expect(() => {
      refuseUnlessAllowed(planOf([renamed]), [CLUSTER]);
    }).not.toThrow();
  });
});
