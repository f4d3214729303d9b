import { ADD_ON_WORKLOADS } from "../../facts/add-on-workloads";
import { isRecord, jsonIn } from "../json";
import { matches, matching, type Condition } from "./condition";
import { flag, inputs, mapOf, object, oneOf, text } from "./description";
import { MINOR } from "./kinds";
import { registrationIn } from "./registration";
import { everyRow, none, once, rule, type Rule } from "./rule";

const addOn = object({
  version: text({
    default: null,
    says: "EKS' default for the cluster's version when not set.",
    conditions: [
      matching(
        String.raw`^v[0-9]+\.[0-9]+\.[0-9]+-eksbuild\.[0-9]+$`,
        "a version as EKS writes it, vX.Y.Z-eksbuild.N,",
        "`aws eks describe-addon-versions` shows them, and without one it is EKS' default",
      ),
    ],
  }),
  configuration: text({
    default: null,
    says: "JSON, as `aws eks describe-addon-configuration` describes it.",
    conditions: [isJsonObject()],
  }),
  pod_role: text({ default: null, says: "A key of pod_roles: what the add-on may do in AWS." }),
  resolve_conflicts: oneOf(["OVERWRITE", "PRESERVE"], {
    default: "OVERWRITE",
    says: "What becomes of what others changed when the add-on is updated.",
  }),
  before_nodes: flag({
    default: null,
    says: "Whether it comes before the nodes: never one that runs a Deployment; by its name when not set.",
  }),
});

/** The way out for what is not in the table: it is taken for a Deployment. */
const UNKNOWN =
  `; of those that are not known here (all but ${Object.keys(ADD_ON_WORKLOADS).join(", ")}) before_nodes = true ` +
  "says that they run DaemonSets alone";

/** What runs in the cluster by EKS' own hand. */
export const addOns = inputs({
  add_ons: mapOf(addOn, {
    default: {},
    says:
      "EKS add-ons, by EKS' names: vpc-cni, coredns, kube-proxy, eks-pod-identity-agent, aws-ebs-csi-driver, " +
      "metrics-server and others. Without a version it is EKS' default for the cluster's; configuration is JSON; " +
      "pod_role is a key of pod_roles; resolve_conflicts says whether updates OVERWRITE or PRESERVE what others " +
      "changed. Those that run a Deployment need authentication_mode = API_AND_CONFIG_MAP or API, and a node that " +
      "they can run on.",
    rules: [...addOnRules(), ...deploymentRules()],
  }),

  prefix_delegation: flag({
    default: false,
    says:
      "Whether the CNI takes addresses by the sixteen (/28), so that a node holds more pods. Needs the add-on " +
      "vpc-cni, instance types built on Nitro, and room in the subnets.",
    rules: [needsCni("prefix_delegation")],
  }),

  network_policy: flag({
    default: false,
    says: "Whether the CNI enforces NetworkPolicies. Needs the add-on vpc-cni, and Kubernetes 1.25.",
    rules: [
      needsCni("network_policy"),
      rule(
        `!var.network_policy || try(${MINOR} >= 25, true)`,
        `network_policy needs Kubernetes 1.25, got eks_version \${var.eks_version}; take a newer one, or set
         network_policy = false.`,
      ),
      rule(
        String.raw`!var.network_policy ||
          try(tonumber(regex("^v1\\.([0-9]+)\\.", var.add_ons["vpc-cni"].version)[0]) >= 14, true)`,
        `network_policy needs vpc-cni v1.14, got \${try(coalesce(var.add_ons["vpc-cni"].version), "none")}; pin a newer
         version.`,
      ),
    ],
  }),
});

function isJsonObject(): Condition<string> {
  return {
    must: (field) => `have a JSON object in ${field}`,
    cure: "jsonencode is no tfvars function: write it as a text, or in a heredoc",
    holds: (json) => isRecord(jsonIn(json)),
    hcl: (it) => `can(keys(jsondecode(${it})))`,
  };
}

function needsCni(name: "prefix_delegation" | "network_policy"): Rule {
  return rule(
    `!var.${name} || contains(keys(var.add_ons), "vpc-cni")`,
    `${name} needs the add-on vpc-cni, got add_ons with
     \${length(var.add_ons) == 0 ? "nothing" : join(", ", keys(var.add_ons))}; add "vpc-cni" = {} to add_ons, or set
     ${name} = false.`,
  );
}

function addOnRules(): readonly Rule[] {
  const configuration = 'try(jsondecode(coalesce(row.configuration, "{}")), {})';
  return [
    ...everyRow("add_ons", [
      {
        holds: matches("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$").hcl("key"),
        must: "be named as EKS names add-ons, such as vpc-cni",
        got: "length(key)",
        cure: "`aws eks describe-addon-versions` shows the names",
      },
      {
        holds: `!(key == "vpc-cni" && can(${configuration}.env.ENABLE_PREFIX_DELEGATION))`,
        must: "leave ENABLE_PREFIX_DELEGATION to the variable prefix_delegation, because the nodes' pods depend on it",
        got: "row.configuration",
      },
      {
        holds: `!(key == "vpc-cni" && can(${configuration}.enableNetworkPolicy))`,
        must: "leave enableNetworkPolicy to the variable network_policy",
        got: "row.configuration",
      },
    ]),
    rule(
      `length(var.add_ons) == 0 || try(${MINOR} >= 18, true)`,
      "add_ons need Kubernetes 1.18, got eks_version ${var.eks_version}; take a newer one, or set no add_ons.",
    ),
    once(
      "[for key, row in var.add_ons : row.pod_role if try(row.pod_role != null, false)]",
      (found) => `add_ons must have a role of its own for each, got for more than one: ${found}.`,
    ),
  ];
}

/**
 * What an add-on with a Deployment needs: EKS calls it active when its pods run, and the apply waits for that, 20
 * minutes at most.
 *
 * One that is not known is taken for one with a Deployment, unless its row says that it comes before the nodes.
 */
function deploymentRules(): readonly Rule[] {
  const workloads = Object.entries(ADD_ON_WORKLOADS);
  const known = JSON.stringify(Object.fromEntries(workloads.map(([name, { runs }]) => [name, runs])));
  const tolerant = JSON.stringify(
    workloads.flatMap(([name, { toleratesCritical }]) => (toleratesCritical ? name : [])),
  );

  const isEarly = "coalesce(row.before_nodes, false)";
  const runs = `lookup(${known}, name, ${isEarly} ? "daemon-sets" : "deployment")`;
  const withDeployment = (condition: string) =>
    `[for name, row in var.add_ons : name if row != null && try(${runs} == "deployment" && ${condition}, false)]`;

  /** What each group starts with: an autoscaler has seen no pod yet. */
  const nodes = 'g.desired_size_owner == "autoscaler" ? g.min_size : coalesce(g.desired_size, g.min_size)';
  const rows = `[for name, g in var.node_groups :
    { name = name, nodes = ${nodes}, taints = concat(g.taints, ${registrationIn("g.kubelet_extra_args").taints}) }
    if g != null]`;
  const workshops = registrationIn("var.eks_worker_user_data_group.kubelet_extra_args").taints;
  const worker = `[for desire in [var.eks_worker_nodes_asg_group.desire] :
    { name = "eks_worker_nodes_asg_group", nodes = desire, taints = ${workshops} }
    if length(var.node_groups) == 0]`;
  const groups = `concat(${rows}, ${worker})`;
  const isTolerated = `(taint.effect == "PreferNoSchedule" ||
    taint.key == "CriticalAddonsOnly" && contains(${tolerant}, name))`;
  const hasTolerations = String.raw`strcontains(coalesce(row.configuration, "{}"), "\"tolerations\"")`;
  const hasNode = `anytrue([for g in ${groups} :
    g.nodes > 0 && (${hasTolerations} || alltrue([for taint in g.taints : ${isTolerated}]))])`;
  const shown = `\${join(", ", [for g in ${groups} :
    "\${g.name} (\${g.nodes}\${length(g.taints) > 0 ? ", with taints" : ""})"])}`;

  return [
    none(
      withDeployment('coalesce(var.authentication_mode, "CONFIG_MAP") == "CONFIG_MAP"'),
      (found) =>
        `add_ons must have none that runs a Deployment where authentication_mode is CONFIG_MAP, as it is when not set,
         got ${found}: nodes join only after the apply, when the bootstrap has written aws-auth, and the apply would
         wait 20 minutes for these pods and fail; set authentication_mode = "API_AND_CONFIG_MAP", or leave them out
         (EKS brings coredns by itself)${UNKNOWN}.`,
    ),
    none(
      withDeployment(isEarly),
      (found) =>
        `add_ons must have before_nodes = true only for what runs without nodes, got ${found}: it runs a Deployment, and
         nodes and add-on would wait for each other; leave before_nodes out.`,
    ),
    none(
      withDeployment(`!(${hasNode})`),
      (found) =>
        `add_ons must have a node to run on, got ${found} with groups that start with no node or with taints that the
         add-on does not tolerate: ${shown}; let a group without taints start with a node (min_size or desired_size),
         write tolerations into the add-on's configuration, or leave it out${UNKNOWN}.`,
    ),
  ];
}
