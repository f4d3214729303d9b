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
    const { assume_role_policy, ...role } = resource("aws_iam_role", "pod_roles_role");
    const [, byToken = "", byPodIdentity = ""] =
      /^%\{if each\.value\.via == "irsa"\}(.*)%\{else\}(.*)%\{endif\}$/.exec(String(assume_role_policy)) ?? [];

    expect(JSON.parse(byToken)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Federated: "${one(aws_iam_openid_connect_provider.pod_roles_oidc_provider[*].arn)}" },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: {
              "${local.pod_roles_issuer}:aud": "sts.amazonaws.com",
              "${local.pod_roles_issuer}:sub":
                "system:serviceaccount:${each.value.namespace}:${each.value.service_account}",
            },
          },
        },
      ],
    });
    expect(JSON.parse(byPodIdentity)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "pods.eks.amazonaws.com" },
          Action: ["sts:AssumeRole", "sts:TagSession"],
          Condition: {
            StringEquals: {
              "aws:RequestTag/eks-cluster-arn": "${aws_eks_cluster.cluster_control_plane.arn}",
              "aws:RequestTag/kubernetes-namespace": "${each.value.namespace}",
              "aws:RequestTag/kubernetes-service-account": "${each.value.service_account}",
            },
          },
        },
      ],
    });
    expect(role).toEqual({
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
