import { synthesized } from "../support/synthesized";

const { resource, variable } = synthesized();
const controlPlane = resource["aws_eks_cluster"]?.["cluster_control_plane"];

describe("the control plane", () => {
  it("has what can be absent in blocks that Terraform counts", () => {
    expect(controlPlane?.["dynamic"]).toEqual({
      access_config: {
        for_each: "${var.authentication_mode[*]}",
        content: {
          authentication_mode: "${access_config.value}",
          bootstrap_cluster_creator_admin_permissions: "${var.cluster_creator_admin}",
        },
      },
      upgrade_policy: { for_each: "${var.upgrade_policy[*]}", content: { support_type: "${upgrade_policy.value}" } },
      encryption_config: {
        for_each: "${var.secrets_encryption[*]}",
        content: {
          provider: [{ key_arn: expect.stringContaining("aws_kms_key.cluster_secrets_key[*].arn") as string }],
          resources: ["secrets"],
        },
      },
      kubernetes_network_config: {
        for_each: '${(var.service_cidr != null || var.ip_family == "ipv6") ? [1] : []}',
        content: { service_ipv4_cidr: "${var.service_cidr}", ip_family: "${var.ip_family}" },
      },
    });
  });

  it("is not replaced for what counts only when it is made", () => {
    expect(controlPlane?.["lifecycle"]).toEqual({
      ignore_changes: ["access_config[0].bootstrap_cluster_creator_admin_permissions"],
    });
  });

  it("goes to another version in place, for nothing keeps it or replaces it", () => {
    expect(controlPlane?.["version"]).toBe("${var.eks_version}");
    expect(JSON.stringify(controlPlane?.["lifecycle"])).not.toMatch(/version|replace_triggered_by/);
  });

  it("comes after the log group that EKS would make otherwise, without a retention", () => {
    expect(controlPlane?.["depends_on"]).toContain("aws_cloudwatch_log_group.cluster_log_group");
  });

  it("has an endpoint in the internet only where it is asked for, and then for the networks that are named", () => {
    expect(variable["endpoint_access"]?.default).toBe("vpc");
    expect(controlPlane?.["vpc_config"]).toMatchObject({
      endpoint_private_access: true,
      endpoint_public_access: '${var.endpoint_access == "vpc-and-internet"}',
      public_access_cidrs: '${(var.endpoint_access == "vpc-and-internet") ? var.endpoint_access_cidrs : null}',
    });
  });

  it("has keys that rotate", () => {
    for (const key of Object.values(resource["aws_kms_key"] ?? {}))
      expect(key).toMatchObject({ enable_key_rotation: true });
    expect(Object.keys(resource["aws_kms_key"] ?? {})).toEqual(["cluster_secrets_key", "logs_key", "volumes_key"]);
  });
});
