import type { Emulator } from "../../rehearsal/account/emulator";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";

/**
 * The roles with all that they need, but no add-on and no association: the emulator knows neither.
 */
const TARGETS = [
  "aws_iam_role_policy.pod_roles_cluster_autoscaler",
  "aws_iam_role_policy.pod_roles_external_dns",
  "aws_iam_role_policy_attachment.pod_roles_managed_policy",
].map((address) => `-target=${address}`);

const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
eks_version         = "1.32"
irsa                = true
add_ons             = { "eks-pod-identity-agent" = { version = "v1.3.8-eksbuild.2" } }
pod_roles = {
  scaler = { namespace = "kube-system", service_account = "cluster-autoscaler", policies = ["cluster-autoscaler"] }
  dns    = { namespace = "dns", service_account = "external-dns", policies = ["external-dns", "ebs-csi"], via = "irsa" }
}
`;

interface Shown {
  readonly values: {
    readonly root_module: { readonly resources: readonly { address: string; values: Record<string, unknown> }[] };
  };
}

describeEndToEnd("roles for pods", () => {
  let emulator: Emulator;
  let project: Project;

  beforeAll(async () => {
    emulator = await emulate();
    project = new Project(emulator);
  });

  afterAll(async () => {
    await emulator.stop();
    project.remove();
  });

  it("trust one service account of one cluster, and stay as they are", async () => {
    const options = ["-input=false", "-no-color", `-var-file=${project.tfvars(TFVARS)}`, ...TARGETS];
    const applied = await project.terraform("apply", "-auto-approve", ...options);
    expect(applied.output).toContain("Apply complete!");

    const { stdout } = await project.terraform("show", "-json");
    const { resources } = (JSON.parse(stdout) as Shown).values.root_module;
    const of = (address: string) => resources.find((resource) => resource.address === address)?.values ?? {};
    const cluster = of("aws_eks_cluster.cluster_control_plane") as {
      arn: string;
      identity: [{ oidc: [{ issuer: string }] }];
    };
    const issuer = cluster.identity[0].oidc[0].issuer.replace("https://", "");
    const trust = (key: string) => {
      const { assume_role_policy, name } = of(`aws_iam_role.pod_roles_role["${key}"]`);
      const { Statement } = JSON.parse(assume_role_policy as string) as { Statement: unknown[] };
      return [name, ...Statement];
    };

    expect(issuer).toMatch(/^oidc\.eks\./);
    expect(trust("scaler")).toEqual([
      "awskrug_gudi-pod-scaler",
      {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:RequestTag/eks-cluster-arn": cluster.arn,
            "aws:RequestTag/kubernetes-namespace": "kube-system",
            "aws:RequestTag/kubernetes-service-account": "cluster-autoscaler",
          },
        },
      },
    ]);
    expect(trust("dns")).toEqual([
      "awskrug_gudi-pod-dns",
      {
        Effect: "Allow",
        Principal: { Federated: of("aws_iam_openid_connect_provider.pod_roles_oidc_provider[0]")["arn"] },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: "sts.amazonaws.com",
            [`${issuer}:sub`]: "system:serviceaccount:dns:external-dns",
          },
        },
      },
    ]);

    const again = await project.terraform("plan", ...options);
    expect(again.output).toContain("No changes.");
  });
});
