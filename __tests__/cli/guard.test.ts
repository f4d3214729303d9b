import { UserError } from "../../cli/errors";
import { refusals, refuseUnlessAllowed } from "../../cli/plan/guard";
import { refusalText } from "../../cli/plan/refusal";
import { addresses, synthesized } from "../support/synthesized";
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
  it("has these of the stack's resources in its care", () => {
    const guarded = addresses(synthesized()).filter(
      (address) => refusals(planOf([{ address, actions: ["delete"] }]), []).length > 0,
    );

    expect(guarded).toEqual([
      "aws_autoscaling_group.node_group_autoscaling_group",
      CLUSTER,
      "aws_iam_instance_profile.bastion_instance_profile",
      "aws_iam_instance_profile.node_group_group_instance_profile",
      "aws_iam_instance_profile.node_group_instance_profile",
      "aws_iam_openid_connect_provider.pod_roles_oidc_provider",
      "aws_iam_role.bastion_role",
      "aws_iam_role.cluster_role",
      "aws_iam_role.flow_logs_role",
      "aws_iam_role.node_group_group_role",
      "aws_iam_role.node_group_role",
      "aws_iam_role.pod_roles_role",
      "aws_instance.bastion_instance",
      "aws_kms_key.cluster_secrets_key",
      "aws_kms_key.volumes_key",
      "aws_security_group.bastion_security_group",
      "aws_security_group.cluster_security_group",
      "aws_security_group.node_group_security_group",
      "aws_security_group.vpc_endpoints_security_group",
      "aws_subnet.network_pod_subnet",
      "aws_subnet.network_private_subnet",
      "aws_subnet.network_public_subnet",
      "aws_vpc.network_vpc",
    ]);
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
