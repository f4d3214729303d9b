import { shell } from "../../contract/shell";
import { findMappingProblem } from "../../facts/aws-auth";
import { nodeImage } from "../../facts/images";
import { familiesOf } from "../../modules/user-data/read";
import {
  authenticationMode,
  BOOTING_SECONDS,
  controlPlane,
  joining,
  launchesInQuestion,
  missing,
  nodeRoles,
  stateOf,
  usedSubnets,
  type AfterFacts,
} from "./after-facts";
import type { Launch } from "./cluster-facts";
import { APPLY, attachPolicy, aws, BOOTSTRAP, enableMetadata, launchAnew } from "./cures";
import { noWaysOut } from "./egress";
import { orElse } from "./fact";
import { found, HALF_APPLIED, known, type Judgement, type Rule } from "./rule";
import { callRule } from "./security-groups";

const NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"];

/** Any one of them. */
const IMAGE_POLICIES = ["AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"];

/** Why aws-auth does not admit a role; undefined when it does, or when nobody knows. */
function mappingProblem(facts: AfterFacts, role: string): string | undefined {
  const state = stateOf(facts);
  return state && findMappingProblem(state.awsAuth?.data, role);
}

/**
 * What is wrong with aws-auth where it alone admits nodes: with access entries the bootstrap leaves it alone.
 *
 * @param isProfile whether it has the instance profile in the role's place
 */
function misMapped(facts: AfterFacts, isProfile: boolean, cure: string): Judgement {
  if (authenticationMode(facts) !== "CONFIG_MAP") return [];
  return nodeRoles(facts).map((role) => {
    const problem = mappingProblem(facts, role);
    return (
      problem !== undefined &&
      /:instance-profile\//.test(problem) === isProfile &&
      found("error", role, problem, `${BOOTSTRAP}, which ${cure}`)
    );
  });
}

/** Codes of findings of which each keeps nodes from joining. */
export const KEEPS_FROM_JOINING = [
  "state-locked",
  "apply-incomplete",
  "cluster-missing",
  "cluster-creating",
  "cluster-failed",
  "vpc-dns",
  "endpoint-closed",
  "image-family",
  "image-version",
  "node-tag",
  "user-data-none",
  "user-data-cluster",
  "user-data-endpoint",
  "instance-profile",
  "imds",
  "sg-control-plane",
  "node-egress",
  "aws-auth-instance-profile",
  "aws-auth",
  "access-entry",
];

/** The clusters that a launch's user data names to its image; to one that nobody knows, those that it names to any. */
function named({ cluster }: AfterFacts, { imageId, userData }: Launch) {
  const image = orElse(cluster.images, []).find(({ id }) => id === imageId);
  const own = image && nodeImage(image.name)?.family;
  return familiesOf(userData)
    .filter((family) => own === undefined || family === own)
    .map((family) => ({ family, ...userData[family] }));
}

/** Whether a text stands in user data as it is; what a script takes from a variable is known to it alone. */
function isWritten(text: string): boolean {
  return !/[$`]/.test(text);
}

/** Rules about the chain by which a node that runs joins the cluster. */
export const JOINING_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "user-data-cluster",
    judge: (facts) =>
      launchesInQuestion(facts).map((launch) => {
        const name = facts.handover.cluster_name;
        const others = named(facts, launch)
          .map((told) => told.name ?? "")
          .filter((other) => isWritten(other) && other !== name);
        return (
          others.length > 0 &&
          found(
            "error",
            launch.id,
            `the user data of the ${launch.kind} names ` +
              `${others.filter((it) => it !== "").join(" and ") || "no cluster"} instead of the cluster ${name}: ` +
              "its nodes do not join it",
            launchAnew(facts, launch.id),
          )
        );
      }),
  },
  {
    code: "user-data-endpoint",
    judge: (facts) =>
      controlPlane(facts, ({ endpoint, certificateAuthorityData }) =>
        launchesInQuestion(facts).map((launch) => {
          const wrong = named(facts, launch).flatMap((told) => {
            // Without both, bootstrap.sh asks EKS itself; the others have to have them.
            const isGiven = told.endpoint !== undefined && told.certificateAuthorityData !== undefined;
            if (told.family === "al2" && !isGiven) return [];
            // A control plane that is being made has neither yet.
            const differs = (text = "", own: string) => own !== "" && isWritten(text) && text !== own;
            return [
              differs(told.endpoint, endpoint) ? `the endpoint ${endpoint}` : [],
              differs(told.certificateAuthorityData, certificateAuthorityData) ? "the certificate authority" : [],
            ].flat();
          });
          return (
            wrong.length > 0 &&
            found(
              "error",
              launch.id,
              `the user data of the ${launch.kind} has not ${[...new Set(wrong)].join(" and ")} of this cluster: ` +
                "its nodes do not join it",
              launchAnew(facts, launch.id),
            )
          );
        }),
      ),
  },
  {
    code: "instance-profile",
    follows: HALF_APPLIED,
    judge: (facts) =>
      known(facts.cluster.profiles, (profiles) =>
        launchesInQuestion(facts).map(
          ({ id, kind, instanceProfile }) =>
            profiles[instanceProfile] === undefined &&
            found(
              "error",
              id,
              instanceProfile === ""
                ? `the ${kind} has no instance profile: its nodes have no role to join with`
                : `the instance profile ${instanceProfile} of the ${kind} does not exist, or has no role in it`,
              APPLY,
            ),
        ),
      ),
  },
  {
    code: "imds",
    judge: (facts) =>
      missing(facts).map(
        ({ instance: { id, hasMetadata } }) =>
          hasMetadata === false &&
          found(
            "error",
            id,
            "the instance's metadata service is off: it has no credentials to join with",
            enableMetadata(facts, id, 2),
          ),
      ),
  },
  {
    code: "node-policies",
    judge: (facts) =>
      known(facts.cluster.policies, (policies) =>
        nodeRoles(facts).map((role) => {
          const has = policies[role];
          if (has === undefined) return false;
          const lacks = [
            ...NODE_POLICIES.filter((name) => !has.includes(name)),
            ...(IMAGE_POLICIES.some((name) => has.includes(name)) ? [] : IMAGE_POLICIES.slice(0, 1)),
          ];
          return (
            lacks.length > 0 &&
            found(
              // Policies of one's own may allow the same, and the CNI may have a role of its own.
              "warning",
              role,
              `the nodes' role lacks the policies ${lacks.join(", ")}: without what they allow, nodes do not ` +
                "join or do not get Ready",
              `${APPLY}; or ${lacks.map((policy) => attachPolicy(facts, role, policy)).join(" && ")}`,
            )
          );
        }),
      ),
  },
  callRule("sg-control-plane", (nodes, plane) => ({
    from: nodes,
    to: plane,
    protocols: ["tcp"],
    port: 443,
    what: "nodes cannot call the control plane",
  })),
  {
    code: "node-egress",
    follows: HALF_APPLIED,
    judge: (facts) =>
      known(facts.cluster.vpcEndpoints, (endpoints) => {
        const { subnets, natGateways } = facts.cluster;
        const ways = { subnets: orElse(subnets, []), natGateways: orElse(natGateways, []), endpoints };
        const hasPrivateNode = (id: string) =>
          joining(facts).some(
            ({ instance }) => instance.subnetId === id && instance.state === "running" && instance.publicAddress === "",
          );
        return noWaysOut(ways, usedSubnets(facts).ofNodes, hasPrivateNode).map(({ ids, problem, lacks }) =>
          found(
            "error",
            ids,
            `nodes here have no way out (0.0.0.0/0 ${problem}): they fetch no images and call no AWS API`,
            `${APPLY}: the stack leads a subnet that is its own to its NAT gateway; a subnet without one needs VPC ` +
              `endpoints, and has none for ${lacks}`,
          ),
        );
      }),
  },
  {
    code: "aws-auth-instance-profile",
    judge: (facts) =>
      misMapped(
        facts,
        true,
        "maps the role; then remove the wrong entry: eks ssh, and there kubectl -n kube-system edit configmap aws-auth",
      ),
  },
  {
    code: "aws-auth",
    judge: (facts) => misMapped(facts, false, "merges the mapping, and leaves everybody else's"),
  },
  {
    code: "access-entry",
    judge: (facts) =>
      controlPlane(facts, ({ authenticationMode: mode }) =>
        known(facts.cluster.accessEntries, (entries) =>
          nodeRoles(facts).map((role) => {
            if (mode === "CONFIG_MAP") return false;
            const type = entries.find(({ principalArn }) => principalArn === role)?.type;
            const { cluster_name: name } = facts.handover;
            const create = aws(facts)`eks create-access-entry --type EC2_LINUX --cluster-name ${name}
              --principal-arn ${role}`;
            if (type === undefined) {
              const alone = mode === "API" ? "it does not look into aws-auth" : mappingProblem(facts, role);
              return (
                alone !== undefined &&
                found(
                  "error",
                  role,
                  `no access entry admits the nodes' role to ${facts.handover.cluster_name}, and ${alone}`,
                  `${APPLY}, if authentication_mode = "${mode}" is in your tfvars; else ${create}`,
                )
              );
            }
            return (
              !["EC2_LINUX", "EC2"].includes(type) &&
              found(
                "error",
                role,
                `the access entry of the nodes' role is of the type ${type}; it has to be EC2_LINUX`,
                // The type of an entry cannot be changed.
                `${aws(facts)`eks delete-access-entry --cluster-name ${name} --principal-arn ${role}`} && ${create}`,
              )
            );
          }),
        ),
      ),
  },
  {
    code: "node-not-registered",
    // The last resort: whatever else is found is the likelier reason.
    follows: KEEPS_FROM_JOINING,
    judge: (facts) =>
      missing(facts)
        .filter(({ registered, instance }) => registered === false && instance.state === "running")
        .map(({ instance: { id, privateDnsName, ageSeconds = Infinity } }) =>
          ageSeconds < BOOTING_SECONDS
            ? found(
                "note",
                id,
                `the instance was launched ${String(ageSeconds)} s ago, and no node ${privateDnsName} has ` +
                  "registered yet",
                "wait: a node takes two to five minutes",
              )
            : found(
                "error",
                id,
                "the instance runs, and nothing seen from outside keeps it from joining, but no node " +
                  `${privateDnsName} has registered`,
                "its own log says why: " +
                  `${aws(facts)`ec2 get-console-output --latest --output text --instance-id ${id}`}; ` +
                  "or with the key of kubectl_ec2_keypair, from the bastion: " +
                  shell`ssh ${`ec2-user@${privateDnsName}`} sudo journalctl -u kubelet`,
              ),
        ),
  },
];
