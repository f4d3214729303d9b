import type { WrongInput } from "./row";

/** Kubernetes as new as anything here asks for, and the agent for roles by Pod Identity. */
const NEW = 'aws_krug_admin_role = "aws-krug-admin"\neks_version = "1.33"\nauthentication_mode = "API_AND_CONFIG_MAP"';
const AMI = 'ami_id = "ami-0123456789abcdef0"';
const AGENT = '"eks-pod-identity-agent" = {}';
const set = (line: string) => `${NEW}\n${line}`;
const addOns = (rows: string, more = "") => set(`add_ons = { ${rows} }\n${more}`);

/** One row of pod_roles that is right but for `fields`. */
const row = (fields = "", key = "r") =>
  `${key} = { namespace = "apps", service_account = "web", policies = ["external-dns"] ${fields} }`;
const roles = (rows: string, rest = `add_ons = { ${AGENT} }`) => set(`pod_roles = { ${rows} }\n${rest}`);
/** A row with one field in another way. */
const named = (field: "namespace" | "service_account" | "policies", value: string) =>
  roles(
    `r = { ${Object.entries({
      namespace: '"apps"',
      service_account: '"web"',
      policies: '["external-dns"]',
      [field]: value,
    })
      .map(([name, written]) => `${name} = ${written}`)
      .join(", ")} }`,
  );

/** What one can get wrong about roles for pods and add-ons: the tfvars file, and the words that have to be in the answer. */
export const POD_CASES: readonly WrongInput[] = [
  // Roles
  ["null for a pod's role", roles("r = null"), "pod_roles must have a value in every row, got r (null)"],
  [
    "a pod's role without policies",
    named("policies", "[]"),
    "pod_roles must name 1 to 10 policies in a row, as IAM attaches to a role, got r (0)",
  ],
  [
    "null for the policies of a pod's role",
    named("policies", "null"),
    "pod_roles must name 1 to 10 policies in a row, as IAM attaches to a role, got r (nothing)",
  ],
  [
    "a ready policy that there is none of",
    named("policies", '["autoscaler"]'),
    'pod_roles must have policies that are ARNs (arn:aws:iam::ACCOUNT:policy/NAME) or one of cluster-autoscaler, aws-load-balancer-controller, ebs-csi, external-dns, vpc-cni, got r (["autoscaler"])',
  ],
  [
    "the ARN of a role for a policy",
    named("policies", '["arn:aws:iam::123456789012:role/web"]'),
    "pod_roles must have policies that are ARNs",
  ],
  [
    "null among the policies",
    named("policies", '["external-dns", null]'),
    "pod_roles must have policies that are ARNs",
  ],
  [
    "a policy twice",
    named("policies", '["external-dns", "external-dns"]'),
    'pod_roles must name a policy once in a row, got r (["external-dns","external-dns"])',
  ],
  [
    "more policies than a role takes",
    named(
      "policies",
      `[${Array.from({ length: 11 }, (_, i) => `"arn:aws:iam::aws:policy/p${String(i)}"`).join(", ")}]`,
    ),
    "pod_roles must name 1 to 10 policies in a row, as IAM attaches to a role, got r (11)",
  ],
  ["a namespace in capitals", named("namespace", '"Apps"'), 'got r ("Apps")'],
  [
    "a namespace with a slash",
    named("namespace", '"apps/web"'),
    'pod_roles must have a namespace of 1 to 63 small letters, digits and "-" (not at either end) in every row, got r ("apps/web")',
  ],
  [
    "a namespace that is too long",
    named("namespace", `"${"n".repeat(64)}"`),
    'pod_roles must have a namespace of 1 to 63 small letters, digits and "-" (not at either end) in every row, got r ("nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn")',
  ],
  ["null for a namespace", named("namespace", "null"), "got r (null)"],
  [
    "an empty service account",
    named("service_account", '""'),
    'pod_roles must have a service_account of 1 to 253 small letters, digits, "-" and "." (letters or digits at both ends) in every row, got r ("")',
  ],
  ["a service account with its namespace", named("service_account", '"apps:web"'), "without the namespace before it"],
  [
    "two roles for a service account",
    roles(`${row()}, ${row("", "s")}`),
    "one role for each service account, got more than one for: apps/web",
  ],
  ["a key with a dot", roles(row("", '"a.b"')), "pod_roles must have keys that start with a letter or digit"],
  ["an empty key", roles(row("", '""')), "pod_roles must have keys that start with a letter or digit"],
  ["a key that makes the role's name too long", roles(row("", "k".repeat(48))), "at most 64 characters, as IAM allows"],
  [
    "keys that differ in capitals only",
    roles(`${row("", "web")}, Web = { namespace = "a", service_account = "b", policies = ["vpc-cni"] }`),
    "got: web",
  ],
  [
    "a way of its own",
    roles(row(', via = "kube2iam"')),
    'pod_roles must have pod_identity or irsa as via, got r ("kube2iam")',
  ],
  ["a role via irsa without irsa", roles(row(', via = "irsa"')), "set irsa = true, or take via = pod_identity"],
  [
    "a role via pod_identity without the agent",
    roles(row(), ""),
    'add "eks-pod-identity-agent" = {} to add_ons, or take via = "irsa"',
  ],
  [
    "a role via pod_identity with an old Kubernetes",
    roles(row()).replace("1.33", "1.23"),
    "no role via pod_identity before Kubernetes 1.24, got r (1.23)",
  ],
  ["a zone by its name", roles(row(', dns_zone_id = "example.com"')), "aws route53 list-hosted-zones"],
  [
    "a zone for a role without DNS",
    roles('r = { namespace = "a", service_account = "b", policies = ["vpc-cni"], dns_zone_id = "Z0123456789" }'),
    "dns_zone_id only in a row with the policy external-dns",
  ],
  ["a text for irsa", set('irsa = "maybe"'), "a bool is required"],
  ["a list of roles", set("pod_roles = []"), "map of object required"],
  ["a role without a service account", roles('r = { namespace = "a", policies = ["vpc-cni"] }'), "service_account"],

  // Add-ons
  ["null for an add-on", addOns("coredns = null"), "add_ons must have a value in every row, got coredns (null)"],
  ["an add-on with a slash", addOns('"aws/vpc-cni" = {}'), "add_ons must be named as EKS names add-ons"],
  [
    "an add-on with an old Kubernetes",
    addOns("coredns = {}").replace("1.33", "1.17"),
    "add_ons need Kubernetes 1.18, got eks_version 1.17",
  ],
  ["a version without its build", addOns('coredns = { version = "v1.11.4" }'), 'got coredns ("v1.11.4")'],
  ["the newest version", addOns('coredns = { version = "latest" }'), "vX.Y.Z-eksbuild.N"],
  ["an empty version", addOns('coredns = { version = "" }'), "vX.Y.Z-eksbuild.N"],
  [
    "a configuration in YAML",
    addOns('coredns = { configuration = "replicaCount: 2" }'),
    "a JSON object in configuration",
  ],
  ["a configuration that is a list", addOns('coredns = { configuration = "[]" }'), "a JSON object in configuration"],
  ["an empty configuration", addOns('coredns = { configuration = "" }'), "a JSON object in configuration"],
  [
    "prefixes in the CNI's configuration",
    addOns(String.raw`"vpc-cni" = { configuration = "{\"env\":{\"ENABLE_PREFIX_DELEGATION\":\"true\"}}" }`),
    "leave ENABLE_PREFIX_DELEGATION to the variable prefix_delegation",
  ],
  [
    "network policies in the CNI's configuration",
    addOns(String.raw`"vpc-cni" = { configuration = "{\"enableNetworkPolicy\":\"true\"}" }`),
    "leave enableNetworkPolicy to the variable network_policy",
  ],
  [
    "conflicts that are left alone",
    addOns('coredns = { resolve_conflicts = "NONE" }'),
    'add_ons must have OVERWRITE or PRESERVE as resolve_conflicts, got coredns ("NONE")',
  ],
  [
    "an add-on's role that there is none of",
    addOns('"aws-ebs-csi-driver" = { pod_role = "ebs" }'),
    'got no such key for: aws-ebs-csi-driver ("ebs"); it has none',
  ],
  [
    "an add-on's role for another service account",
    roles(row(), `add_ons = { ${AGENT}, "aws-ebs-csi-driver" = { pod_role = "r" } }`),
    "got: aws-ebs-csi-driver (r: apps/web, not kube-system/ebs-csi-controller-sa)",
  ],
  [
    "one role for two add-ons",
    roles(row(), `add_ons = { ${AGENT}, coredns = { pod_role = "r" }, "metrics-server" = { pod_role = "r" } }`),
    "a role of its own for each, got for more than one: r",
  ],
  ["prefix delegation without the CNI", set("prefix_delegation = true"), 'add "vpc-cni" = {} to add_ons'],
  [
    "prefix delegation with other add-ons",
    addOns("coredns = {}", "prefix_delegation = true"),
    "got add_ons with coredns",
  ],
  ["network policies without the CNI", set("network_policy = true"), "network_policy needs the add-on vpc-cni"],
  [
    "network policies with an old Kubernetes",
    addOns('"vpc-cni" = {}', "network_policy = true").replace("1.33", "1.24"),
    "network_policy needs Kubernetes 1.25, got eks_version 1.24",
  ],
  [
    "network policies with an old CNI",
    addOns('"vpc-cni" = { version = "v1.13.4-eksbuild.1" }', "network_policy = true"),
    "network_policy needs vpc-cni v1.14, got v1.13.4-eksbuild.1",
  ],
  ["a list of add-ons", set('add_ons = ["coredns"]'), "map of object required"],

  // Add-ons of which EKS waits for the pods
  [
    "an add-on with a Deployment where nodes join after the apply",
    addOns('coredns = {}, "vpc-cni" = {}, "metrics-server" = {}').replace(
      'authentication_mode = "API_AND_CONFIG_MAP"',
      "",
    ),
    'where authentication_mode is CONFIG_MAP, as it is when not set, got coredns, metrics-server: nodes join only after the apply, when the bootstrap has written aws-auth, and the apply would wait 20 minutes for these pods and fail; set authentication_mode = "API_AND_CONFIG_MAP", or leave them out (EKS brings coredns by itself)',
  ],
  [
    "the same, said by name",
    addOns('"aws-ebs-csi-driver" = {}').replace('"API_AND_CONFIG_MAP"', '"CONFIG_MAP"'),
    "as it is when not set, got aws-ebs-csi-driver: nodes join",
  ],
  [
    "an add-on that is not known where nodes join after the apply",
    addOns('"acme-operator" = {}').replace('"API_AND_CONFIG_MAP"', "null"),
    "as it is when not set, got acme-operator: nodes join",
  ],
  [
    "an add-on with a Deployment before the nodes",
    addOns('coredns = { before_nodes = true }, "vpc-cni" = {}'),
    "before_nodes = true only for what runs without nodes, got coredns: it runs a Deployment, and nodes and add-on would wait for each other; leave before_nodes out",
  ],
  [
    "an add-on with a Deployment and groups that start empty",
    addOns(
      'coredns = {}, "kube-proxy" = {}',
      `node_groups = { a = { ${AMI}, min_size = 0 }, b = { ${AMI}, min_size = 0, max_size = 9, desired_size_owner = "autoscaler", cluster_autoscaler = true } }`,
    ),
    "add_ons must have a node to run on, got coredns with groups that start with no node or with taints that the add-on does not tolerate: a (0), b (0); let a group without taints start with a node",
  ],
  [
    "an add-on with a Deployment and the workshop's single group empty",
    addOns("coredns = {}", "eks_worker_nodes_asg_group = { min = 0, max = 2, desire = 0 }"),
    "eks_worker_nodes_asg_group (0)",
  ],
  [
    "an add-on with a Deployment and nothing but tainted nodes",
    addOns(
      'coredns = {}, "metrics-server" = {}',
      `node_groups = { a = { ${AMI}, taints = [{ key = "CriticalAddonsOnly", effect = "NoSchedule" }] }, b = { ${AMI}, kubelet_extra_args = "--register-with-taints=dedicated=batch:NoExecute" } }`,
    ),
    "got metrics-server with groups that start with no node or with taints that the add-on does not tolerate: a (1, with taints), b (1, with taints)",
  ],
];
