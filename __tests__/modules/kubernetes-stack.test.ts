import { keepState, KUBERNETES_SUFFIX, ofBothStacks, type StateEnvironment } from "../../modules/state";
import { versionConstraint } from "../../facts/provider-versions";
import { addresses, meant, synthesized, synthesizedKubernetes } from "../support/synthesized";

const stack = synthesizedKubernetes();

/** The provider cannot be installed everywhere: what is said here is checked by synth and by the bindings' types. */
describe("the stack eks-kubernetes, by synth alone", () => {
  it("has these resources, each there only when tfvars ask for it", () => {
    const instances = addresses(stack).map((address) => {
      const [type = "", name = ""] = address.split(".");
      const { count, for_each } = stack.resource[type]?.[name] ?? {};
      return [address, count ?? meant(stack, for_each)];
    });

    expect(Object.fromEntries(instances)).toEqual({
      "kubernetes_config_map_v1.aws_auth_config_map": "${var.own_aws_auth ? 1 : 0}",
      "kubernetes_namespace_v1.namespaces_namespace": "${var.namespaces}",
      "kubernetes_network_policy_v1.namespaces_default_deny_egress":
        "${{ for name, row in var.namespaces : name => row if row.default_deny_egress }}",
      "kubernetes_network_policy_v1.namespaces_default_deny_ingress":
        "${{ for name, row in var.namespaces : name => row if row.default_deny }}",
      "kubernetes_storage_class_v1.storage_class_ebs": "${(var.storage_class != null) ? 1 : 0}",
    });
  });

  it("takes every variable of the stack eks, so that one tfvars file serves both, and needs no other", () => {
    const { variable } = synthesized();

    expect(stack.variable).toMatchObject(variable);
    const own = Object.keys(stack.variable).filter((name) => !(name in variable));
    expect(own.sort()).toEqual(["adopt_aws_auth", "namespaces", "node_role_arns", "own_aws_auth", "storage_class"]);
    for (const name of own) expect(stack.variable[name]).toHaveProperty("default");
  });

  it("asks for a token at every call, and keeps none", () => {
    expect(stack.provider["kubernetes"]).toEqual([
      {
        host: "${data.aws_eks_cluster.cluster.endpoint}",
        cluster_ca_certificate: "${base64decode(data.aws_eks_cluster.cluster.certificate_authority[0].data)}",
        exec: [
          {
            api_version: "client.authentication.k8s.io/v1beta1",
            command: "aws",
            args: ["eks", "get-token", "--cluster-name", "${local.names_cluster}", "--region", "${var.aws_region}"],
          },
        ],
      },
    ]);
    expect(JSON.stringify(stack)).not.toContain("aws_eks_cluster_auth");
    expect(stack.terraform).toMatchObject({
      required_providers: {
        aws: { version: versionConstraint("aws") },
        kubernetes: { version: ">= 2.38.0, < 3.3.0" },
      },
    });
  });

  it("owns the whole of aws-auth, never deletes it, and says whose it is", () => {
    expect(stack.resource["kubernetes_config_map_v1"]?.["aws_auth_config_map"]).toMatchObject({
      metadata: {
        name: "aws-auth",
        namespace: "kube-system",
        labels: { "app.kubernetes.io/managed-by": "terraform" },
      },
      data: "${local.aws_auth_data}",
      lifecycle: { prevent_destroy: true },
    });
    expect(stack.import).toEqual([
      {
        for_each: '${toset(var.own_aws_auth && var.adopt_aws_auth ? ["kube-system/aws-auth"] : [])}',
        id: "${each.value}",
        to: "kubernetes_config_map_v1.aws_auth_config_map[0]",
      },
    ]);
  });

  it("lets nothing into a namespace, and nothing out but questions to the DNS", () => {
    const { namespaces_default_deny_ingress: ingress, namespaces_default_deny_egress: egress } =
      stack.resource["kubernetes_network_policy_v1"] ?? {};

    expect(ingress?.["spec"]).toEqual({ pod_selector: {}, policy_types: ["Ingress"] });
    expect(egress?.["spec"]).toEqual({
      pod_selector: {},
      policy_types: ["Egress"],
      egress: [
        {
          to: [
            {
              namespace_selector: { match_labels: { "kubernetes.io/metadata.name": "kube-system" } },
              pod_selector: { match_labels: { "k8s-app": "kube-dns" } },
            },
          ],
          ports: [
            { port: "53", protocol: "UDP" },
            { port: "53", protocol: "TCP" },
          ],
        },
      ],
    });
  });

  it("makes encrypted gp3 volumes where the pod is", () => {
    expect(stack.resource["kubernetes_storage_class_v1"]?.["storage_class_ebs"]).toMatchObject({
      metadata: { annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      storage_provisioner: "ebs.csi.aws.com",
      volume_binding_mode: "WaitForFirstConsumer",
      allow_volume_expansion: true,
      parameters: expect.stringContaining('{ type = "gp3", encrypted = "true" }') as string,
    });
  });
});

describe("the state of the stack eks-kubernetes", () => {
  const backend = (environment: StateEnvironment) =>
    synthesizedKubernetes((it) => {
      keepState(it, ofBothStacks(environment), KUBERNETES_SUFFIX);
    }).terraform;

  it("is another file than that of the stack eks, also in a workspace of Terraform's", () => {
    expect(backend({})).toMatchObject({
      backend: {
        local: {
          path: "../../../terraform.eks-kubernetes.tfstate",
          workspace_dir: "../../../terraform.eks-kubernetes.tfstate.d",
        },
      },
    });
  });

  it.each([
    [undefined, "terraform.eks-kubernetes.tfstate"],
    ["kim/eks.tfstate", "kim/eks-kubernetes.tfstate"],
    ["kim/eks", "kim/eks-kubernetes"],
  ])("has another key than %s", (key, expected) => {
    expect(backend({ EKS_STATE_BUCKET: "states", ...(key !== undefined && { EKS_STATE_KEY: key }) })).toMatchObject({
      backend: { s3: { key: expected } },
    });
  });

  it.each(["prod", "prod-kubernetes"])(
    "is the same workspace whichever of the two TF_WORKSPACE is: %s",
    (workspace) => {
      const environment = { TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: workspace };
      const { terraform } = synthesized((it) => {
        keepState(it, ofBothStacks(environment));
      });

      expect(backend(environment)).toMatchObject({ cloud: { workspaces: { name: "prod-kubernetes" } } });
      expect(terraform).toMatchObject({ cloud: { workspaces: { name: "prod" } } });
    },
  );
});
