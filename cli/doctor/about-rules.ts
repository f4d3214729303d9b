import { clusterTag, SUBNET_ROLE_TAGS } from "../../facts/cluster-tags";
import { capacity, HALF_APPLIED, podsFew } from "./account-rules";
import {
  type AfterFacts,
  controlPlane,
  APPLY,
  aws,
  usedSubnets,
  awsAuthData,
  nodeRoles,
  createAccessEntry,
  addon,
  attachPolicy,
} from "./after-facts";
import { terraformCommand } from "../../terraform/program";
import { known, orElse } from "./fact";
import { found, when, type Rule } from "./rule";

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
        .flatMap(({ id, tags, defaultRoute }) => {
          const isPublic = defaultRoute?.startsWith("igw-") === true;
          const key = SUBNET_ROLE_TAGS[isPublic ? "public" : "private"];
          return when(
            // The value may be empty, too.
            !["1", ""].includes(tags[key] ?? "none"),
            "warning",
            id,
            `the ${isPublic ? "public" : "private"} subnet has not the tag ${key}=1: load balancers ${isPublic ? "to the internet" : "inside the VPC"} do not find it`,
            `${APPLY}, the stack sets it; or ${aws(facts, `ec2 create-tags --resources ${id} --tags Key=${key},Value=1`)}`,
          );
        });
    },
  },
  {
    code: "version-support",
    judge: (facts) =>
      controlPlane(facts, ({ supportType, version, arn }) =>
        when(
          supportType === "standard",
          "note",
          arn,
          `the upgrade policy is STANDARD: EKS upgrades ${version} by itself when its standard support ends`,
          "upgrade before that, nodes after the control plane",
        ),
      ),
  },
  {
    code: "pods-few",
    judge: (facts) => {
      const types = orElse(facts.cluster.instanceTypes, {});
      const launches = orElse(facts.cluster.launches, {});
      return orElse(facts.cluster.groups, []).flatMap(({ launchId, desired }) => {
        const type = launches[launchId ?? ""]?.instanceType ?? "";
        return podsFew(type, types[type], desired);
      });
    },
  },
  {
    code: "capacity",
    follows: ["pods-few"],
    judge: (facts) => {
      const types = orElse(facts.cluster.instanceTypes, {});
      const launches = orElse(facts.cluster.launches, {});
      const free = usedSubnets(facts).ofNodes.map((subnet) => subnet.free);
      return orElse(facts.cluster.groups, []).flatMap(({ launchId, desired }) => {
        const type = launches[launchId ?? ""]?.instanceType ?? "";
        return capacity(type, types[type], desired, free, facts.handover.region);
      });
    },
  },
  {
    code: "access",
    judge: (facts) =>
      controlPlane(facts, ({ arn, authenticationMode: mode }) => {
        const auth = awsAuthData(facts)?.data;
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
        return [
          found(
            "note",
            arn,
            `the cluster (${mode}) admits ${whom}`,
            mode === "CONFIG_MAP"
              ? "to admit others: name them in aws_auth_roles or aws_auth_users in your tfvars, and run eks up again"
              : `to admit others: name them in access_entries in your tfvars, and run eks up again; or ${createAccessEntry(facts, "ARN")}`,
          ),
        ];
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
              ? `the nodes are an Auto Scaling group of your own, launched from ${launchId ?? "nothing"}: no CloudFormation stack makes roles or security groups beside it`
              : `the nodes belong to the CloudFormation stack ${stack}, which also owns their role and security groups`,
            stack === undefined
              ? `nothing; ${terraformCommand()} -chdir=cdktf.out/stacks/eks state list shows all that belongs to it`
              : "change them there",
          );
        }),
      ),
  },
  {
    code: "pod-logs",
    judge: (facts) =>
      known(facts.inside.workloads, (workloads) =>
        when(
          !workloads.some(({ name }) => /fluent|cloudwatch|promtail|alloy|vector|filebeat|datadog|otel/i.test(name)),
          "note",
          facts.handover.cluster_name,
          "no DaemonSet collects the pods' logs: they are gone with the node",
          `Container Insights keeps them by namespace and pod: ${nodeRoles(facts)
            .map((role) => attachPolicy(facts, role, "CloudWatchAgentServerPolicy"))
            .join(" && ")} && ${addon(facts, "amazon-cloudwatch-observability")}`,
        ),
      ),
  },
  {
    code: "metrics-server",
    judge: (facts) =>
      known(facts.inside.workloads, (workloads) =>
        when(
          !workloads.some(({ name }) => name === "metrics-server"),
          "note",
          facts.handover.cluster_name,
          "there is no metrics-server: kubectl top and HorizontalPodAutoscalers do not work",
          addon(facts, "metrics-server"),
        ),
      ),
  },
];
