import { podIdentityTrust, webIdentityTrust } from "../../facts/pod-policies";
import { meant, synthesized } from "../support/synthesized";

const stack = synthesized();
const resource = (type: string, name: string) => stack.resource[type]?.[name] ?? {};

describe("PodRole", () => {
  it("makes the OIDC provider of the cluster's issuer where it is asked for, and gives no thumbprints", () => {
    expect(resource("aws_iam_openid_connect_provider", "pod_roles_oidc_provider")).toEqual({
      client_id_list: ["sts.amazonaws.com"],
      count: "${var.irsa ? 1 : 0}",
      url: "${aws_eks_cluster.cluster_control_plane.identity[0].oidc[0].issuer}",
    });
  });

  it("gives each row a role that its service account takes by its token or by Pod Identity", () => {
    const account = { namespace: "${each.value.namespace}", serviceAccount: "${each.value.service_account}" };
    const byToken = webIdentityTrust({
      ...account,
      issuer: "${local.pod_roles_issuer}",
      providerArn: "${one(aws_iam_openid_connect_provider.pod_roles_oidc_provider[*].arn)}",
    });
    const byPodIdentity = podIdentityTrust({
      ...account,
      clusterArn: "${aws_eks_cluster.cluster_control_plane.arn}",
    });

    expect(resource("aws_iam_role", "pod_roles_role")).toEqual({
      assume_role_policy: `%{if each.value.via == "irsa"}${byToken}%{else}${byPodIdentity}%{endif}`,
      for_each: "${var.pod_roles}",
      name: "${var.project_name}-pod-${each.key}",
    });
  });

  it.each([
    ["cluster_autoscaler", "cluster-autoscaler"],
    ["aws_load_balancer_controller", "aws-load-balancer-controller"],
    ["external_dns", "external-dns"],
    ["volume_key", "ebs-csi"],
    ["vpc_cni_ipv6", "vpc-cni"],
  ])("gives the policy %s to the roles that name %s", (name, ready) => {
    const { for_each, role } = resource("aws_iam_role_policy", `pod_roles_${name}`);

    expect(meant(stack, for_each)).toContain(`if contains(row.policies, "${ready}")`);
    expect(role).toBe("${aws_iam_role.pod_roles_role[each.key].name}");
  });

  it("associates by Pod Identity what no add-on has, when it can do its work", () => {
    const association = resource("aws_eks_pod_identity_association", "pod_roles_association");

    expect(meant(stack, association["for_each"])).toContain('row.via == "pod_identity" && !contains(');
    expect(association["depends_on"]).toHaveLength(6);
  });

  it("puts out the ARN of each role by its key, for the service account's annotation", () => {
    expect(meant(stack, stack.output["pod_role_arns"]?.value)).toBe(
      "${{ for key, row in var.pod_roles : key => aws_iam_role.pod_roles_role[key].arn }}",
    );
  });
});
