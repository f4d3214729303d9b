import { meant, synthesized } from "../support/synthesized";

const stack = synthesized();
const { resource } = stack;
const entries = resource["aws_eks_access_entry"] ?? {};
const associations = resource["aws_eks_access_policy_association"] ?? {};
const HAS_ENTRIES = '(contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP")))';

describe("access entries", () => {
  it("exist for nodes only in a cluster that looks at them, and say nothing that EKS says itself", () => {
    const { for_each, ...entry } = entries["access_node"] ?? {};

    expect(meant(stack, for_each)).toBe(
      `\${{ for key, arn in local.node_group_role_arns : key => arn if ${HAS_ENTRIES} }}`,
    );
    expect(entry).toEqual({
      cluster_name: "${aws_eks_cluster.cluster_control_plane.name}",
      principal_arn: "${each.value}",
      type: "EC2_LINUX",
    });
  });

  it("come before the nodes that they let in", () => {
    expect(resource["aws_autoscaling_group"]?.["node_group_autoscaling_group"]?.["depends_on"]).toEqual(
      expect.arrayContaining([
        "aws_eks_access_entry.access_node",
        "aws_security_group_rule.cluster_https_from_vpc",
        "aws_security_group_rule.cluster_https_from_bastion",
      ]),
    );
  });

  it("make an admin of the bastion's own role", () => {
    const count = `\${(${HAS_ENTRIES} && var.kubectl_own_role) ? 1 : 0}`;

    expect(entries["access_bastion"]).toMatchObject({
      count,
      principal_arn: "${one(aws_iam_role.bastion_role[*].arn)}",
    });
    expect(associations["access_bastion_admin"]).toMatchObject({
      count,
      access_scope: { type: "cluster" },
      policy_arn: expect.stringMatching(/cluster-access-policy\/AmazonEKSClusterAdminPolicy$/) as string,
    });
  });

  it("come before their policies, by reference", () => {
    expect(associations["access_policy"]).toMatchObject({
      principal_arn: "${aws_eks_access_entry.access_entry[each.value.entry].principal_arn}",
    });
    expect(associations["access_bastion_admin"]).toMatchObject({
      principal_arn: "${one(aws_eks_access_entry.access_bastion[*].principal_arn)}",
    });
  });

  it("lose their groups when the list becomes empty", () => {
    expect(entries["access_entry"]).toMatchObject({
      kubernetes_groups: '${each.value.type == "STANDARD" ? each.value.kubernetes_groups : null}',
    });
  });
});
