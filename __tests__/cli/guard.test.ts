import { readdirSync } from "node:fs";
import { basename, join } from "node:path";

import { UserError } from "../../contract/user-error";
import { refusals, refuseUnlessAllowed } from "../../cli/plan/guard";
import { refusalText, type Refusal } from "../../cli/plan/refusal";
import { readPlan, type ResourceChange } from "../../terraform/plan-file";
import { planDocument, planOf, type ChangeJson } from "../support/plan-json";
import { recorded, RECORDED } from "../support/recorded";

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const GROUP = 'aws_autoscaling_group.node_group_autoscaling_group["worker"]';
const LAUNCH = 'aws_launch_configuration.node_group_launch_configuration["worker"]';
const BASTION = "aws_instance.bastion_instance";
const SUBNET_C = 'aws_subnet.network_private_subnet["private-subnet-c"]';

/** What the guard refuses of one address in a recorded plan. */
function refusalOf(scenario: string, address: string): Refusal | undefined {
  return refusals(recorded(scenario), []).find((refusal) => refusal.address === address);
}

function changeOf(scenario: string, address: string): ResourceChange | undefined {
  return recorded(scenario).changes.find((change) => change.address === address);
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

// Terraform wrote the plans: bench/plan-scenarios.ts has the scenarios, `npm run record:plans` records them.
/** What the guard refuses of each recorded plan: the address, what would happen to it, and what forces that. */
const VERDICTS: Readonly<Record<string, readonly string[]>> = {
  "workshop-first": [],
  "workshop-nobody-admitted": [],
  "workshop-first-with-second-range": [],
  "workshop-half-applied": [],
  "workshop-unchanged": [],
  "workshop-version-one-up": [],
  "workshop-version-two-up": ["aws_eks_cluster.cluster_control_plane changed"],
  "workshop-version-down": ["aws_eks_cluster.cluster_control_plane changed"],
  "workshop-version-far-up": ["aws_eks_cluster.cluster_control_plane changed"],
  "workshop-authentication-one-step": [],
  "workshop-authentication-two-steps": ["aws_eks_cluster.cluster_control_plane changed"],
  "workshop-imported-cluster": ["aws_eks_cluster.cluster_control_plane replaced bootstrap_self_managed_addons"],
  "workshop-secrets-encrypted": [],
  "workshop-cluster-renamed": [
    'aws_autoscaling_group.node_group_autoscaling_group["worker"] replaced name',
    "aws_eks_cluster.cluster_control_plane replaced name",
  ],
  "workshop-vpc-range": [
    "aws_instance.bastion_instance replaced subnet_id",
    "aws_nat_gateway.network_nat_gateway[0] replaced subnet_id",
    "aws_route_table.network_private_routes[0] replaced vpc_id",
    "aws_route_table.network_public_routes[0] replaced vpc_id",
    "aws_security_group.bastion_security_group replaced vpc_id",
    "aws_security_group.cluster_security_group replaced vpc_id",
    "aws_security_group.node_group_security_group replaced vpc_id",
    'aws_subnet.network_private_subnet["private-subnet-a"] replaced vpc_id',
    'aws_subnet.network_private_subnet["private-subnet-b"] replaced vpc_id',
    'aws_subnet.network_private_subnet["private-subnet-c"] replaced vpc_id',
    'aws_subnet.network_public_subnet["public-subnet-a"] replaced vpc_id',
    'aws_subnet.network_public_subnet["public-subnet-b"] replaced vpc_id',
    'aws_subnet.network_public_subnet["public-subnet-c"] replaced vpc_id',
    "aws_vpc.network_vpc[0] replaced cidr_block",
  ],
  "workshop-output-changed": [],
  "workshop-vpc-second-range": [],
  "workshop-vpc-second-range-and-version": [],
  "workshop-subnet-removed": [
    "aws_eks_cluster.cluster_control_plane changed",
    'aws_subnet.network_private_subnet["private-subnet-c"] destroyed',
  ],
  "workshop-subnet-renamed": ['aws_subnet.network_private_subnet["private-subnet-c"] destroyed'],
  "workshop-no-nat": ["aws_eip.network_nat_address[0] destroyed", "aws_nat_gateway.network_nat_gateway[0] destroyed"],
  "workshop-instance-type": [],
  "workshop-launch-template": [],
  "workshop-node-groups": ['aws_autoscaling_group.node_group_autoscaling_group["worker"] destroyed'],
  "workshop-bastion-image": ["aws_instance.bastion_instance replaced ami key_name"],
  "workshop-tainted-cluster": [
    "aws_eks_cluster.cluster_control_plane replaced",
    "aws_instance.bastion_instance replaced",
  ],
  "workshop-moved": [],
  "workshop-moved-and-renamed": [
    'aws_autoscaling_group.node_group_autoscaling_group["worker"] replaced name',
    "aws_eks_cluster.cluster_control_plane replaced name",
    'aws_subnet.network_private_subnet["private-subnet-c"] destroyed',
  ],
  "current-version-one-up": [],
  "current-authentication-back": ["aws_eks_cluster.cluster_control_plane changed"],
  "current-creator-no-admin": [],
  "current-admins-removed": [
    "aws_iam_instance_profile.bastion_instance_profile[0] destroyed",
    "aws_iam_role.bastion_role[0] destroyed",
  ],
  "current-node-entry-removed": ['aws_eks_access_entry.access_entry["others"] destroyed'],
  "current-node-entry-replaced": ['aws_eks_access_entry.access_node["shared"] replaced'],
  "current-secrets-key-other": [
    "aws_eks_cluster.cluster_control_plane changed",
    "aws_kms_key.cluster_secrets_key[0] destroyed",
  ],
  "current-secrets-key-removed": [
    "aws_eks_cluster.cluster_control_plane replaced encryption_config",
    "aws_iam_openid_connect_provider.pod_roles_oidc_provider[0] replaced url",
    "aws_kms_key.cluster_secrets_key[0] destroyed",
  ],
  "current-secrets-key-rotation": [],
  "current-volume-key-other": [
    "aws_instance.bastion_instance replaced root_block_device[0].kms_key_id",
    "aws_kms_key.volumes_key[0] destroyed",
  ],
  "current-irsa-removed": ["aws_iam_openid_connect_provider.pod_roles_oidc_provider[0] destroyed"],
  "current-service-range": [
    "aws_eks_cluster.cluster_control_plane replaced kubernetes_network_config[0].service_ipv4_cidr",
    "aws_iam_openid_connect_provider.pod_roles_oidc_provider[0] replaced url",
  ],
  "current-image": [],
  "current-instance-type": [],
  "current-node-group-removed": ['aws_autoscaling_group.node_group_autoscaling_group["general"] destroyed'],
  "current-launch-template-replaced": [],
  "current-add-on-removed": ['aws_eks_addon.add_ons_after_nodes["metrics-server"] destroyed'],
  "current-pod-role-removed": ['aws_iam_role.pod_roles_role["ebs-csi"] destroyed'],
  "current-flow-logs-removed": [
    "aws_cloudwatch_log_group.flow_logs_group[0] destroyed",
    "aws_iam_role.flow_logs_role[0] destroyed",
  ],
  "access-first": [],
  "access-first-of-creator": [],
  "access-first-of-nobody": ["aws_eks_cluster.cluster_control_plane made"],
  "access-first-of-unknown-mode": [],
  "access-both-last-admin-removed": [
    'aws_eks_access_policy_association.access_policy["admins/AmazonEKSClusterAdminPolicy"] destroyed',
  ],
  "access-both-creator-not-ignored": [
    "aws_eks_cluster.cluster_control_plane replaced access_config[0].bootstrap_cluster_creator_admin_permissions",
  ],
  "access-both-cluster-destroyed": [
    'aws_autoscaling_group.node_group_autoscaling_group["general"] destroyed',
    "aws_eks_cluster.cluster_control_plane destroyed",
  ],
  "access-both-to-entries": [],
  "access-both-to-aws-auth": [
    'aws_eks_access_entry.access_node["shared"] destroyed',
    "aws_eks_cluster.cluster_control_plane changed",
  ],
  "access-one-of-two-removed": [],
  "access-both-admins-removed": [
    'aws_eks_access_policy_association.access_policy["first/AmazonEKSClusterAdminPolicy"] destroyed',
    'aws_eks_access_policy_association.access_policy["second/AmazonEKSClusterAdminPolicy"] destroyed',
  ],
  "access-another-comes": [],
  "access-version-later": [],
  "access-beside-entry-removed": [
    'aws_eks_access_entry.access_entry["guest"] destroyed',
    'aws_eks_access_policy_association.access_policy["first/AmazonEKSClusterAdminPolicy"] destroyed',
  ],
  "access-beside-entry-replaced": [
    'aws_eks_access_entry.access_entry["guest"] replaced',
    'aws_eks_access_policy_association.access_policy["first/AmazonEKSClusterAdminPolicy"] destroyed',
  ],
  "access-beside-both-replaced": [],
  "access-beside-lesser": [
    'aws_eks_access_policy_association.access_policy["first/AmazonEKSClusterAdminPolicy"] destroyed',
    "aws_eks_access_policy_association.guest replaced policy_arn",
  ],
  "access-beside-forgotten": [],
  "access-another-later": [],
  "access-of-another-cluster": [
    'aws_eks_access_policy_association.access_policy["first/AmazonEKSClusterAdminPolicy"] destroyed',
  ],
  "existing-version-two-up": ["aws_eks_cluster.cluster_control_plane changed"],
  "existing-authentication-back-to-aws-auth": ["aws_eks_cluster.cluster_control_plane changed"],
  "existing-creator-not-ignored": [
    "aws_eks_cluster.cluster_control_plane replaced access_config[0].bootstrap_cluster_creator_admin_permissions",
  ],
  "existing-node-role-replaced": ["aws_iam_role.node_group_role replaced"],
  "existing-ip-family": ["aws_eks_cluster.cluster_control_plane replaced kubernetes_network_config[0].ip_family"],
  "existing-size-owner": [],
  "existing-zones-other": ["aws_eks_cluster.cluster_control_plane changed"],
  "existing-zones-same": [],
  "existing-secrets-key-later": ["aws_eks_cluster.cluster_control_plane changed"],
  "existing-secrets-key-other": ["aws_eks_cluster.cluster_control_plane changed"],
  "oddities-replaced": [
    "aws_cloudwatch_log_group.follower replaced",
    "aws_cloudwatch_log_group.later replaced name",
    "aws_cloudwatch_log_group.long replaced name",
    "aws_cloudwatch_log_group.secret replaced name",
    "aws_eip.addressed replaced address",
    "aws_eip.asked replaced",
    "aws_eip.counted[1] replaced",
    'aws_eip.row["a"] replaced',
    "aws_eip.tainted replaced",
  ],
  "oddities-removed": [
    "aws_eip.counted[1] destroyed",
    "aws_eip.nowhere destroyed",
    'aws_eip.repeated["a"] destroyed',
    'aws_eip.row["b"] destroyed',
    "aws_launch_template.gone destroyed",
    "aws_sqs_queue.ours destroyed",
    'module.part["b"].aws_launch_template.part destroyed',
    "module.whole.aws_launch_template.part destroyed",
  ],
  "oddities-errored": [],
  "oddities-interrupted": ["aws_eip.interrupted destroyed"],
  "oddities-after-destroy": [],
};

describe("the guard's verdict", () => {
  it("is there for each recorded plan", () => {
    const plans = readdirSync(join(RECORDED, "plans")).map((file) => basename(file, ".json"));

    expect(Object.keys(VERDICTS).sort()).toEqual(plans.sort());
  });

  it.each(Object.entries(VERDICTS))("of %s", (scenario, verdict) => {
    const plan = recorded(scenario);
    const forcedBy = new Map(plan.changes.map((change) => [change.address, change.forcedBy]));
    const refused = refusals(plan, []).map(({ address, what }) =>
      [address, what, ...(forcedBy.get(address) ?? []).map(({ path }) => path)].join(" "),
    );

    expect(refused.sort()).toEqual(verdict);
  });
});

describe("the guard", () => {
  it("refuses what it does not know", () => {
    const refusal = refusalOf("oddities-removed", "aws_sqs_queue.ours");

    expect(refusal && refusalText(refusal)).toBe(
      "aws_sqs_queue.ours: aws_sqs_queue would be destroyed: the configuration no longer has it; lost by it: " +
        "whatever it is for: no later apply of this stack brings it back; if you mean it, " +
        "add --allow-replace aws_sqs_queue.ours",
    );
  });

  it.each([
    ["delete_because_no_resource_config", "aws_launch_template.gone"],
    ["delete_because_no_resource_config", "module.whole.aws_launch_template.part"],
    ["delete_because_no_module", 'module.part["b"].aws_launch_template.part'],
  ])(
    "refuses to let go what is harmless elsewhere, where the configuration has nothing of it (%s)",
    (reason, address) => {
      expect(changeOf("oddities-removed", address)).toMatchObject({ kind: "destroy", reason });
      expect(refusalOf("oddities-removed", address)).toBeDefined();
    },
  );

  it.each([
    ["delete_because_each_key", 'aws_launch_template.row["b"]'],
    // AWS knows nothing of it.
    ["delete_because_no_resource_config", "terraform_data.values"],
  ])("lets go what is harmless (%s)", (reason, address) => {
    expect(changeOf("oddities-removed", address)).toMatchObject({ kind: "destroy", reason });
    expect(refusalOf("oddities-removed", address)).toBeUndefined();
  });

  describe("of what an apply left half made", () => {
    const tainted = { address: BASTION, actions: ["delete", "create"], reason: "replace_because_tainted", before: {} };
    const inState = (mode: string, type: string, ...depends_on: string[]) => ({
      prior_state: { values: { root_module: { resources: [{ mode, type, depends_on }] } } },
    });

    it.each([
      ["lets it be made anew while nothing was made from it", inState("managed", "aws_eip", "aws_vpc.network_vpc"), []],
      ["does not count what was only read because of it", inState("data", "aws_eip", BASTION), []],
      ["does not count what is back at once", inState("managed", "terraform_data", BASTION), []],
      ["refuses it when something was made from it", inState("managed", "aws_eip", "aws_vpc.a", BASTION), [BASTION]],
      ["refuses it when the plan does not say what was made from it", {}, [BASTION]],
    ])("%s", (_, more, refused) => {
      expect(refusals(planOf([tainted], more), []).map(({ address }) => address)).toEqual(refused);
    });

    it("knows one of many by its name", () => {
      const one = { ...tainted, address: SUBNET_C };
      const plan = planOf([one], inState("managed", "aws_autoscaling_group", "aws_subnet.network_private_subnet"));

      expect(refusals(plan, []).map(({ address }) => address)).toEqual([SUBNET_C]);
      expect(refusals(plan, [SUBNET_C])).toEqual([]);
    });
  });

  describe("of what AWS does not have any more", () => {
    const made = (address: string) => ({ address, actions: ["create"] });
    const drift = (address: string, ...actions: string[]) => ({ resource_drift: [{ address, change: { actions } }] });
    const refused = (address: string, more: Record<string, unknown>, allowed: readonly string[] = []) =>
      refusals(planOf([made(address)], more), allowed).map(refusalText);

    it("refuses to make it once more", () => {
      expect(refused(CLUSTER, drift(CLUSTER, "delete"))).toEqual([
        "aws_eks_cluster.cluster_control_plane: the cluster would be made once more: the state has one, and AWS says " +
          "that there is none; where it was not deleted on purpose, look whether these are the account and the region " +
          "that it is in; if you mean it, add --allow-replace aws_eks_cluster.cluster_control_plane",
      ]);
    });

    // So it is where only what an interrupted replacement had left behind is gone.
    it("refuses nothing where one is there, too", () => {
      expect(refusals(planOf([{ address: BASTION, actions: ["no-op"] }], drift(BASTION, "delete")), [])).toEqual([]);
    });

    it.each([
      ["was never made", CLUSTER, drift(BASTION, "delete"), []],
      ["has changed", CLUSTER, drift(CLUSTER, "update"), []],
      ["holds nothing", LAUNCH, drift(LAUNCH, "delete"), []],
      ["is allowed by name", CLUSTER, drift(CLUSTER, "delete"), [CLUSTER]],
    ])("lets be made what %s", (_, address, more, allowed) => {
      expect(refused(address, more, allowed)).toEqual([]);
    });
  });

  it("refuses a replacement, with the attribute that forces it and what is lost", () => {
    const refusal = refusalOf("workshop-cluster-renamed", CLUSTER);

    expect(refusal).toMatchObject({ address: CLUSTER, noun: "the cluster", what: "replaced" });
    expect(refusal && refusalText(refusal)).toBe(
      "aws_eks_cluster.cluster_control_plane: the cluster would be replaced: " +
        'name changes from "awskrug_gudi_eks" to "other", which cannot be done in place; ' +
        "lost by it: everything that runs in it, and its endpoint: every node has to join and every kubeconfig to be " +
        "written anew; if you mean it, add --allow-replace aws_eks_cluster.cluster_control_plane",
    );
  });

  it("refuses a destruction, with an option that a shell takes as it is", () => {
    const refusal = refusalOf("workshop-subnet-removed", SUBNET_C);

    expect(refusal && refusalText(refusal)).toBe(
      'aws_subnet.network_private_subnet["private-subnet-c"]: a subnet would be destroyed: ' +
        "the tfvars no longer have a row of its name; " +
        "lost by it: the nodes, load balancers and interfaces in it, and it does not go while any of them is left; " +
        `if you mean it, add --allow-replace 'aws_subnet.network_private_subnet["private-subnet-c"]'`,
    );
  });

  it.each([
    ["taint", "workshop-tainted-cluster", CLUSTER, "an apply left it half made (tainted)"],
    ["-replace", "workshop-tainted-cluster", BASTION, "-replace asks for it"],
    ["a trigger", "oddities-replaced", "aws_cloudwatch_log_group.follower", "something that it has to follow"],
    ["destroy", "oddities-removed", "aws_sqs_queue.ours", "the configuration no longer has it"],
    [
      "a module that is gone",
      "oddities-removed",
      'module.part["b"].aws_launch_template.part',
      "the configuration no longer has its module",
    ],
    ["a move to nowhere", "oddities-removed", "aws_eip.nowhere", "a moved block leads to where nothing is"],
    ["a lower count", "oddities-removed", "aws_eip.counted[1]", "there are to be fewer of it"],
    ["a row", "oddities-removed", 'aws_eip.row["b"]', "the tfvars no longer have a row of its name"],
    ["no longer many", "oddities-removed", 'aws_eip.repeated["a"]', "it became one of many, or stopped being it"],
    ["plan -destroy", "access-both-cluster-destroyed", CLUSTER, "the plan destroys it"],
    [
      "a leftover",
      "oddities-interrupted",
      "aws_eip.interrupted",
      "left over from a replacement that was interrupted (deposed ",
    ],
    [
      "what is unknown",
      "oddities-replaced",
      "aws_cloudwatch_log_group.later",
      'name changes from "now" to what only the apply will tell, which cannot',
    ],
    ["a secret", "oddities-replaced", "aws_cloudwatch_log_group.secret", "name changes, which cannot be done in place"],
    ["nothing before", "oddities-replaced", "aws_eip.addressed", 'address changes from nothing to "198.51.100.7"'],
    ["a long value", "oddities-replaced", "aws_cloudwatch_log_group.long", `to "${"x".repeat(78)}…, which`],
    [
      "two attributes",
      "workshop-bastion-image",
      BASTION,
      'ami changes from "ami-0fd02cb7da42ee5e0" to "ami-023bb403131889300", and key_name changes from ' +
        '"aws-krug-gudi" to "other", which',
    ],
  ])("says why: %s", (_, scenario, address, because) => {
    expect(refusalOf(scenario, address)?.because).toContain(because);
  });

  it.each([
    ["a change in place", "update", "workshop-authentication-one-step", CLUSTER],
    ["a creation", "create", "workshop-first", CLUSTER],
    ["a renamed address", "no-op", "workshop-moved", CLUSTER],
    ["a resource that is only forgotten", "forget", "oddities-removed", "aws_eip.forgotten"],
    ["a new launch configuration", "replace", "workshop-instance-type", LAUNCH],
    ["a data source", "read", "oddities-replaced", "data.aws_partition.after"],
  ])("lets pass: %s", (_, kind, scenario, address) => {
    expect(changeOf(scenario, address)).toMatchObject({ kind });
    expect(refusalOf(scenario, address)).toBeUndefined();
  });

  it("refuses a resource that is renamed and replaced", () => {
    expect(changeOf("workshop-moved-and-renamed", CLUSTER)).toMatchObject({
      previousAddress: "module.eks.aws_eks_cluster.eks_cluster",
    });
    expect(refusalOf("workshop-moved-and-renamed", CLUSTER)).toMatchObject({ what: "replaced" });
  });

  it("allows what is named, and nothing else", () => {
    const plan = recorded("workshop-moved-and-renamed");

    expect(refusals(plan, [CLUSTER]).map(({ address }) => address)).toEqual([GROUP, SUBNET_C]);
    expect(refusals(plan, [CLUSTER, GROUP, SUBNET_C])).toEqual([]);
  });

  it("allows nothing that EKS would refuse all the same", () => {
    const plan = recorded("workshop-version-two-up");

    expect(refusals(plan, [CLUSTER]).map(({ address }) => address)).toEqual([CLUSTER]);
    expect(() => refusals(plan, ["x"])).toThrow("replaces and destroys nothing that is guarded, so leave it out");
  });

  it("takes a name that the plan has and leaves as it is", () => {
    expect(changeOf("workshop-unchanged", CLUSTER)).toMatchObject({ kind: "no-op" });
    expect(refusals(recorded("workshop-unchanged"), [CLUSTER])).toEqual([]);
  });

  it.each([
    ["aws_eks_cluster.control_plane", `did you mean --allow-replace ${CLUSTER}?`],
    // What a shell leaves of the address when nobody quotes it.
    ["aws_subnet.network_private_subnet[private-subnet-c]", `did you mean --allow-replace '${SUBNET_C}'?`],
    ["aws_subnet.network_private_subnet", `name each: --allow-replace '${SUBNET_C}'`],
    ["module.vpc.aws_vpc.vpc", "did you mean --allow-replace 'aws_vpc.network_vpc[0]'?"],
    ["", `it is for '${GROUP}', ${CLUSTER}, '${SUBNET_C}'`],
    ["x", `it is for '${GROUP}', ${CLUSTER}, '${SUBNET_C}'`],
  ])("fails for an allowed %s", (allowed, hint) => {
    const error = thrownBy(() => refusals(recorded("workshop-moved-and-renamed"), [CLUSTER, allowed]));

    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 64,
      message: `--allow-replace names what the plan does not have, ${JSON.stringify(allowed)}: ${hint}`,
    });
  });

  it("names each of many that an allowed name without its index may mean", () => {
    const [a, b] = ["a", "b"].map((zone) => `aws_subnet.network_private_subnet["private-subnet-${zone}"]`);

    expect(() => refusals(recorded("workshop-vpc-range"), ["aws_subnet.network_private_subnet"])).toThrow(
      `: name each: --allow-replace '${String(a)}' --allow-replace '${String(b)}' --allow-replace '${SUBNET_C}'`,
    );
  });

  it("fails for an allowed data source, which no plan replaces or destroys", () => {
    expect(() => refusals(recorded("oddities-replaced"), ["data.aws_partition.after"])).toThrow(
      'names what the plan does not have, "data.aws_partition.after": ',
    );
  });

  it("fails for anything allowed where nothing is refused", () => {
    expect(() => refusals(recorded("workshop-unchanged"), ["x"])).toThrow(
      "the plan replaces and destroys nothing that is guarded, so leave it out",
    );
  });

  it("lets no plan pass that ends at an error, since what is not in it is not guarded", () => {
    const error = thrownBy(() => {
      refuseUnlessAllowed(recorded("oddities-errored"), []);
    });

    expect(error).toMatchObject({
      exitCode: 1,
      message:
        "the plan ends where an error was found, and what is not in it cannot be guarded; mend what Terraform " +
        "complained of, and plan again",
    });
  });

  it("ends the command with exit code 3 and a paragraph for each", () => {
    const plan = recorded("workshop-moved-and-renamed");
    const error = thrownBy(() => {
      refuseUnlessAllowed(plan, []);
    });

    expect(error).toMatchObject({ exitCode: 3 });
    const paragraphs = (error as UserError).message.split("\n\n");
    expect(paragraphs.map((text) => text.slice(0, text.indexOf(": ")))).toEqual([GROUP, CLUSTER, SUBNET_C]);
    expect(() => {
      refuseUnlessAllowed(plan, [GROUP, CLUSTER, SUBNET_C]);
    }).not.toThrow();
  });
});

// Typed, as no plan of one account has it: what another provider calls its types, values of each length, and a Terraform
// that is newer than the one that wrote the others.
describe("the guard, on what no recorded plan has", () => {
  it("refuses a type that is called like a property of every object", () => {
    const [refusal] = refusals(planOf([{ address: "constructor.ours", actions: ["delete"] }]), []);

    expect(refusal && refusalText(refusal)).toContain("constructor.ours: constructor would be destroyed");
  });

  it.each([
    ["an empty text", "", "x", 'changes from nothing to "x"'],
    ["the longest value that is shown whole", "y".repeat(78), "x", `changes from "${"y".repeat(78)}" to "x"`],
    ["a value that is too long by one", "y".repeat(79), "x", `changes from "${"y".repeat(78)}… to "x"`],
    ["two that differ only where nothing is shown of them", "y".repeat(90), "y".repeat(91), "changes, which"],
  ])("says what changes: %s", (_, before, after, said) => {
    const change: ChangeJson = {
      address: "aws_eip.a",
      actions: ["delete", "create"],
      before: { address: before },
      after: { address: after },
      replacePaths: [["address"]],
    };

    expect(refusals(planOf([change]), [])[0]?.because).toContain(`address ${said}`);
  });

  it.each([
    ["becomes one", {}, { address: true }, 'changes from "a" to what is not shown (sensitive)'],
    ["was one", { address: true }, {}, 'changes from what is not shown (sensitive) to "b"'],
    ["was one and is one", { address: true }, { address: true }, "changes"],
  ])("shows nothing of a value that is a secret: it %s", (_, before, after, said) => {
    const { resource_changes: changes, ...document } = planDocument([
      {
        address: "aws_eip.a",
        actions: ["delete", "create"],
        before: { address: "a" },
        after: { address: "b" },
        replacePaths: [["address"]],
      },
    ]);
    for (const { change } of changes) Object.assign(change, { before_sensitive: before, after_sensitive: after });
    const plan = readPlan(JSON.stringify({ ...document, resource_changes: changes }), "plan");

    expect(refusals(plan, [])).toMatchObject([{ because: `address ${said}, which cannot be done in place` }]);
  });

  it("says that it does not know a word of a newer Terraform", () => {
    const change: ChangeJson = { address: CLUSTER, actions: ["delete", "create"], reason: "replace_for_fun" };

    expect(refusals(planOf([change]), [])[0]?.because).toBe("Terraform does not say why");
  });
});
