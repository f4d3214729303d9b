import { terraformCommand } from "../../terraform/program";
import { clusterTag, SUBNET_ROLE_TAGS } from "../../facts/cluster-tags";
import { controlPlane, groupTypes, nodeRoles, stateOf, usedSubnets, type AfterFacts } from "./after-facts";
import { addon, APPLY, attachPolicy, aws, createAccessEntry } from "./cures";
import { orElse } from "./fact";
import { podRules } from "./pod-rules";
import { found, HALF_APPLIED, known, type Rule } from "./rule";
import { missingWorkload } from "./workloads";

/** What else is good to know about a stack that exists. */
export const ABOUT_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "subnet-tag",
    follows: HALF_APPLIED,
    judge: (facts) => {
      const shared = clusterTag(facts.handover.cluster_name);
      const { all } = usedSubnets(facts);
      return orElse(facts.cluster.subnets, [])
        .filter((subnet) => all.includes(subnet) || shared in subnet.tags)
        .map(({ id, tags, defaultRoute }) => {
          const isPublic = defaultRoute?.startsWith("igw-") === true;
          const key = SUBNET_ROLE_TAGS[isPublic ? "public" : "private"];
          // The value may be empty, too.
          return (
            !["1", ""].includes(tags[key] ?? "none") &&
            found(
              "warning",
              id,
              `the ${isPublic ? "public" : "private"} subnet lacks the tag ${key}=1: load balancers ` +
                `${isPublic ? "to the internet" : "inside the VPC"} do not find it`,
              `${APPLY}, the stack sets it; or ` +
                aws(facts)`ec2 create-tags --resources ${id} --tags ${`Key=${key},Value=1`}`,
            )
          );
        });
    },
  },
  {
    code: "version-support",
    judge: (facts) =>
      controlPlane(
        facts,
        ({ supportType, version, arn }) =>
          supportType === "standard" &&
          found(
            "note",
            arn,
            `the upgrade policy is STANDARD: EKS upgrades ${version} by itself when its standard support ends`,
            "upgrade before that, nodes after the control plane",
          ),
      ),
  },
  ...podRules((facts: AfterFacts) => {
    const addresses = usedSubnets(facts).ofNodes.map(({ free }) => free);
    const { region } = facts.handover;
    const variable = "eks_worker_node_ec2_type";
    return groupTypes(facts).map(({ type, is, group }) => ({
      type,
      is,
      nodes: group.desired,
      addresses,
      region,
      variable,
    }));
  }),
  {
    code: "access",
    judge: (facts) =>
      controlPlane(facts, ({ arn, authenticationMode: mode }) => {
        // With access entries alone nobody looks into it.
        const auth = mode === "API" ? undefined : stateOf(facts)?.awsAuth?.data;
        const mapped = ["mapRoles", "mapUsers"].flatMap((key) =>
          [...(auth?.[key] ?? "").matchAll(/arn:[^\s'"]+/g)].map(([it]) => it),
        );
        const entries = orElse(facts.cluster.accessEntries, []).map(({ principalArn }) => principalArn);
        const admitted = [...new Set([...mapped, ...entries])].join(", ");
        // With access entries who made it has one of them, or is not admitted.
        const whom =
          mode === "CONFIG_MAP"
            ? `who made it${admitted === "" ? "; whom else cannot be seen or is nobody" : ` and ${admitted}`}`
            : admitted || "nobody, or whom cannot be seen";
        return found(
          "note",
          arn,
          `the cluster (${mode}) admits ${whom}`,
          mode === "CONFIG_MAP"
            ? "to admit others: name them in aws_auth_roles or aws_auth_users in your tfvars, and run eks up again"
            : "to admit others: name them in access_entries in your tfvars, and run eks up again; or " +
                createAccessEntry(facts, "ARN"),
        );
      }),
  },
  {
    code: "node-group-owner",
    judge: ({ cluster }) =>
      known(cluster.groups, (groups) =>
        groups.map(({ name, tags, launchId }) => {
          const stack = tags["aws:cloudformation:stack-name"]?.value;
          return found(
            "note",
            name,
            stack === undefined
              ? `the nodes are an Auto Scaling group of your own, launched from ${launchId ?? "nothing"}: no ` +
                  "CloudFormation stack makes roles or security groups beside it"
              : `the nodes belong to the CloudFormation stack ${stack}, which also owns their role and security groups`,
            stack === undefined
              ? `nothing; ${terraformCommand()} -chdir=cdktf.out/stacks/eks state list shows all that belongs to it`
              : "change them there",
          );
        }),
      ),
  },
  missingWorkload(
    "pod-logs",
    "note",
    ({ name }) => /fluent|cloudwatch|promtail|alloy|vector|filebeat|datadog|otel/i.test(name),
    "no DaemonSet collects the pods' logs: they are gone with the node",
    (facts) =>
      `Container Insights keeps them by namespace and pod: ${nodeRoles(facts)
        .map((role) => attachPolicy(facts, role, "CloudWatchAgentServerPolicy"))
        .join(" && ")} && ${addon(facts, "amazon-cloudwatch-observability")}`,
  ),
  missingWorkload(
    "metrics-server",
    "note",
    ({ name }) => name === "metrics-server",
    "there is no metrics-server: kubectl top and HorizontalPodAutoscalers do not work",
    (facts) => addon(facts, "metrics-server"),
  ),
];
