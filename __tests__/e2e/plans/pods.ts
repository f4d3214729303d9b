import type { Planned, PlanRow } from "./row";

/** What the workshop's plan adds. */
const WORKSHOP = 40;
const NEW = 'eks_version = "1.32"';
const AGENT = '"eks-pod-identity-agent" = { version = "v1.3.8-eksbuild.2" }';
const SINGLE_GROUP = "prefix_delegation does not raise the number of pods of the single group";
const CNI = "v1.20.1-eksbuild.3";

const of = (planned: Planned, address: string) => {
  const values = planned.get(address);
  if (values === undefined) throw new Error(`${address} is not planned; there are ${[...planned.keys()].join(", ")}`);
  return values;
};
const addOn = (planned: Planned, name: string, when: "before" | "after") =>
  of(planned, `aws_eks_addon.add_ons_${when}_nodes["${name}"]`);
const configuration = (planned: Planned) =>
  JSON.parse(addOn(planned, "vpc-cni", "before")["configuration_values"] as string) as unknown;
const policy = (planned: Planned, name: string, key: string) => {
  const { policy: text, role } = of(planned, `aws_iam_role_policy.pod_roles_${name}["${key}"]`);
  return { role, statements: (JSON.parse(text as string) as { Statement: Record<string, unknown>[] }).Statement };
};
const tfvars = (...lines: string[]) => [NEW, ...lines].join("\n");
/** Where nodes join while the apply runs, by an access entry, and add-ons find nodes for their pods. */
const joined = (...lines: string[]) => tfvars(...lines, 'authentication_mode = "API_AND_CONFIG_MAP"');
const WITH_ENTRY = WORKSHOP + 1;

/** What roles for pods and add-ons add to the workshop's plan, and with which values. */
export const POD_PLANS: readonly PlanRow[] = [
  {
    what: "the cluster's OIDC provider, without thumbprints of ours",
    tfvars: tfvars("irsa = true"),
    adds: WORKSHOP + 1,
    expects: (planned) => {
      expect(of(planned, "aws_iam_openid_connect_provider.pod_roles_oidc_provider[0]")["client_id_list"]).toEqual([
        "sts.amazonaws.com",
      ]);
    },
  },
  {
    what: "a role via Pod Identity, with its association",
    tfvars: tfvars(
      `add_ons = { ${AGENT} }`,
      'pod_roles = { scaler = { namespace = "kube-system", service_account = "cluster-autoscaler", policies = ["cluster-autoscaler"] } }',
    ),
    adds: WORKSHOP + 4,
    expects: (planned) => {
      expect(of(planned, 'aws_eks_pod_identity_association.pod_roles_association["scaler"]')).toMatchObject({
        cluster_name: "awskrug_gudi_eks",
        namespace: "kube-system",
        service_account: "cluster-autoscaler",
      });
      const { role, statements } = policy(planned, "cluster_autoscaler", "scaler");
      expect(role).toBe("awskrug_gudi-pod-scaler");
      expect(statements[1]?.["Condition"]).toEqual({
        StringEquals: { "aws:ResourceTag/k8s.io/cluster-autoscaler/awskrug_gudi_eks": "owned" },
      });
    },
  },
  {
    what: "a role via IRSA, without an association",
    tfvars: tfvars(
      "irsa = true",
      'pod_roles = { lb = { namespace = "kube-system", service_account = "lb", policies = ["aws-load-balancer-controller"], via = "irsa" } }',
    ),
    adds: WORKSHOP + 3,
    expects: (planned) => {
      expect(policy(planned, "aws_load_balancer_controller", "lb").statements).toContainEqual(
        expect.objectContaining({
          Action: "ec2:DeleteSecurityGroup",
          Condition: { StringEquals: { "aws:ResourceTag/elbv2.k8s.aws/cluster": "awskrug_gudi_eks" } },
        }),
      );
    },
  },
  {
    what: "external-dns for one zone and for every zone",
    tfvars: tfvars(
      `add_ons = { ${AGENT} }`,
      `pod_roles = {
  one = { namespace = "dns", service_account = "one", policies = ["external-dns"], dns_zone_id = "Z0123456789ABCDEFGHIJ" }
  every = { namespace = "dns", service_account = "every", policies = ["external-dns"] }
}`,
    ),
    adds: WORKSHOP + 7,
    expects: (planned) => {
      const zones = (key: string) => policy(planned, "external_dns", key).statements[0]?.["Resource"];
      expect(zones("one")).toBe("arn:aws:route53:::hostedzone/Z0123456789ABCDEFGHIJ");
      expect(zones("every")).toBe("arn:aws:route53:::hostedzone/*");
    },
  },
  {
    what: "an add-on's own role via Pod Identity: EKS makes the association",
    tfvars: joined(
      `add_ons = { ${AGENT}, "aws-ebs-csi-driver" = { version = "v1.45.0-eksbuild.2", pod_role = "ebs" } }`,
      'pod_roles = { ebs = { namespace = "kube-system", service_account = "ebs-csi-controller-sa", policies = ["ebs-csi"] } }',
    ),
    adds: WITH_ENTRY + 4,
    expects: (planned) => {
      expect(addOn(planned, "aws-ebs-csi-driver", "after")["pod_identity_association"]).toEqual([
        { service_account: "ebs-csi-controller-sa" },
      ]);
      expect(of(planned, 'aws_iam_role_policy_attachment.pod_roles_managed_policy["ebs/ebs-csi"]')).toMatchObject({
        policy_arn: "arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2",
        role: "awskrug_gudi-pod-ebs",
      });
    },
  },
  {
    what: "an add-on's own role via IRSA",
    tfvars: tfvars(
      "irsa = true",
      `add_ons = { "vpc-cni" = { version = "${CNI}", pod_role = "cni" } }`,
      'pod_roles = { cni = { namespace = "kube-system", service_account = "aws-node", policies = ["vpc-cni"], via = "irsa" } }',
    ),
    adds: WORKSHOP + 4,
    expects: (planned) => {
      expect(addOn(planned, "vpc-cni", "before")["pod_identity_association"]).toEqual([]);
      expect(of(planned, 'aws_iam_role_policy_attachment.pod_roles_managed_policy["cni/vpc-cni"]')["policy_arn"]).toBe(
        "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
      );
    },
  },
  {
    what: "several policies of one role, ready ones and ARNs",
    tfvars: tfvars(
      "irsa = true",
      'pod_roles = { ops = { namespace = "ops", service_account = "ops", via = "irsa", policies = ["cluster-autoscaler", "external-dns", "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::123456789012:policy/team/own"] } }',
    ),
    adds: WORKSHOP + 6,
  },
  {
    what: "add-ons before and after the nodes",
    tfvars: joined(
      `add_ons = {
  ${AGENT}
  "vpc-cni" = { version = "${CNI}" }
  "kube-proxy" = { version = "v1.32.6-eksbuild.12" }
  coredns = { version = "v1.12.1-eksbuild.2" }
  "metrics-server" = { version = "v0.8.0-eksbuild.1", resolve_conflicts = "PRESERVE" }
}`,
    ),
    adds: WITH_ENTRY + 5,
    expects: (planned) => {
      const keys = (when: string) =>
        [...planned.keys()].filter((key) => key.startsWith(`aws_eks_addon.add_ons_${when}_nodes[`)).length;
      expect([keys("before"), keys("after")]).toEqual([3, 2]);
      expect(addOn(planned, "metrics-server", "after")).toMatchObject({
        addon_version: "v0.8.0-eksbuild.1",
        resolve_conflicts_on_create: "OVERWRITE",
        resolve_conflicts_on_update: "PRESERVE",
      });
    },
  },
  {
    what: "add-ons on the other side of the nodes",
    tfvars: tfvars(
      `add_ons = { "acme-agent" = { version = "v1.0.0-eksbuild.1", before_nodes = true }, "kube-proxy" = { version = "v1.32.6-eksbuild.12", before_nodes = false } }`,
    ),
    adds: WORKSHOP + 2,
    expects: (planned) => {
      addOn(planned, "acme-agent", "before");
      addOn(planned, "kube-proxy", "after");
    },
  },
  {
    what: "an add-on's configuration as it is given",
    tfvars: joined(
      String.raw`add_ons = { coredns = { version = "v1.12.1-eksbuild.2", configuration = "{ \"replicaCount\": 3 }" } }`,
    ),
    adds: WITH_ENTRY + 1,
    expects: (planned) => {
      expect(addOn(planned, "coredns", "after")["configuration_values"]).toBe('{ "replicaCount": 3 }');
    },
  },
  {
    what: "prefix delegation",
    tfvars: tfvars(`add_ons = { "vpc-cni" = { version = "${CNI}" } }`, "prefix_delegation = true"),
    adds: WORKSHOP + 1,
    warns: SINGLE_GROUP,
    expects: (planned) => {
      expect(configuration(planned)).toEqual({ env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1" } });
    },
  },
  {
    what: "network policies",
    tfvars: tfvars(`add_ons = { "vpc-cni" = { version = "${CNI}" } }`, "network_policy = true"),
    adds: WORKSHOP + 1,
    expects: (planned) => {
      expect(configuration(planned)).toEqual({ enableNetworkPolicy: "true" });
    },
  },
  {
    what: "both, and a configuration of one's own",
    tfvars: tfvars(
      String.raw`add_ons = { "vpc-cni" = { version = "${CNI}", configuration = "{\"env\":{\"WARM_PREFIX_TARGET\":\"2\",\"AWS_VPC_K8S_CNI_EXTERNALSNAT\":\"true\"},\"nodeAgent\":{\"enablePolicyEventLogs\":\"true\"}}" } }`,
      "prefix_delegation = true",
      "network_policy = true",
    ),
    adds: WORKSHOP + 1,
    warns: SINGLE_GROUP,
    expects: (planned) => {
      expect(configuration(planned)).toEqual({
        env: {
          AWS_VPC_K8S_CNI_EXTERNALSNAT: "true",
          ENABLE_PREFIX_DELEGATION: "true",
          WARM_PREFIX_TARGET: "2",
        },
        nodeAgent: { enablePolicyEventLogs: "true" },
        enableNetworkPolicy: "true",
      });
    },
  },
  {
    what: "an add-on that is not known here",
    tfvars: joined('add_ons = { "acme-operator" = { version = "v1.0.0-eksbuild.1" } }'),
    adds: WITH_ENTRY + 1,
    expects: (planned) => {
      addOn(planned, "acme-operator", "after");
    },
  },
  {
    what: "an add-on that tolerates what all nodes are tainted with",
    tfvars: joined(
      String.raw`add_ons = { coredns = { version = "v1.12.1-eksbuild.2" }, "metrics-server" = { version = "v0.8.0-eksbuild.1", configuration = "{\"tolerations\":[{\"operator\":\"Exists\"}]}" } }`,
      'eks_worker_user_data_group = { pre_userdata = "", additional_userdata = "", kubelet_extra_args = "--register-with-taints=CriticalAddonsOnly=true:NoSchedule", enable_docker_bridge = false }',
    ),
    adds: WITH_ENTRY + 2,
  },
  {
    what: "none of it, said by name",
    tfvars: tfvars("irsa = false", "pod_roles = {}", "add_ons = {}"),
    adds: WORKSHOP,
  },
];
