import { findMappingProblem } from "../../facts/aws-auth";
import { NODE_SERVICES } from "../../facts/endpoint-services";
import { HALF_APPLIED } from "./account-rules";
import {
  type AfterFacts,
  joining,
  missing,
  launchesInQuestion,
  nodeRoles,
  planeOf,
  controlPlane,
  APPLY,
  BOOTSTRAP,
  aws,
  usedSubnets,
  blockedCalls,
  launchAnew,
  BOOTING_SECONDS,
  awsAuthData,
  attachPolicy,
  enableMetadata,
} from "./after-facts";
import type { Launch } from "./cluster-facts";
import { known, orElse } from "./fact";
import { nodeImage } from "../../facts/images";
import { familiesOf } from "../../modules/user-data/read";
import { routeProblem } from "./network-rules";
import { found, when, type Rule } from "./rule";

const NODE_POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"];

/** Any one of them. */
const IMAGE_POLICIES = ["AmazonEC2ContainerRegistryReadOnly", "AmazonEC2ContainerRegistryPullOnly"];

/** What is wrong with aws-auth where it alone admits nodes: with access entries the bootstrap leaves it alone. */
function mappingProblems(facts: AfterFacts): readonly { readonly role: string; readonly problem: string }[] {
  const auth = awsAuthData(facts);
  const mode = planeOf(facts)?.authenticationMode ?? facts.handover.authentication_mode;
  if (auth === undefined || mode !== "CONFIG_MAP") return [];
  return nodeRoles(facts).flatMap((role) => {
    const problem = findMappingProblem(auth.data, role);
    return problem === undefined ? [] : [{ role, problem }];
  });
}

/** Why a role without an access entry is not admitted by aws-auth either; undefined when it is, or when nobody knows. */
function unmapped(facts: AfterFacts, mode: string, role: string): string | undefined {
  if (mode === "API") return "it does not look into aws-auth";
  const auth = awsAuthData(facts);
  return auth && findMappingProblem(auth.data, role);
}

const IS_PROFILE = /:instance-profile\//;

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

/** Whether a text stands in user data as it is; what a script takes from a variable or a program is known to it alone. */
function isWritten(text: string): boolean {
  return !/[$`]/.test(text);
}

/** Rules about the chain by which a node that runs joins the cluster. */
export const JOINING_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "user-data-cluster",
    judge: (facts) =>
      launchesInQuestion(facts).flatMap((launch) => {
        const name = facts.handover.cluster_name;
        const others = named(facts, launch)
          .map((told) => told.name ?? "")
          .filter((other) => isWritten(other) && other !== name);
        return when(
          others.length > 0,
          "error",
          launch.id,
          `the user data of the ${launch.kind} names ${others.filter((it) => it !== "").join(" and ") || "no cluster"} instead of the cluster ${name}: its nodes do not join it`,
          launchAnew(facts, launch.id),
        );
      }),
  },
  {
    code: "user-data-endpoint",
    judge: (facts) =>
      controlPlane(facts, ({ endpoint, certificateAuthorityData }) =>
        launchesInQuestion(facts).flatMap((launch) => {
          const wrong = named(facts, launch).flatMap((told) => {
            // Without both, bootstrap.sh asks EKS itself; the others have to have them.
            const isGiven = told.endpoint !== undefined && told.certificateAuthorityData !== undefined;
            if (told.family === "al2" && !isGiven) return [];
            // A control plane that is being made has neither yet.
            const differs = (text = "", own: string) => own !== "" && isWritten(text) && text !== own;
            return [
              ...(differs(told.endpoint, endpoint) ? [`the endpoint ${endpoint}`] : []),
              ...(differs(told.certificateAuthorityData, certificateAuthorityData)
                ? ["the certificate authority"]
                : []),
            ];
          });
          return when(
            wrong.length > 0,
            "error",
            launch.id,
            `the user data of the ${launch.kind} has not ${[...new Set(wrong)].join(" and ")} of this cluster: its nodes do not join it`,
            launchAnew(facts, launch.id),
          );
        }),
      ),
  },
  {
    code: "instance-profile",
    follows: HALF_APPLIED,
    judge: ({ cluster, ...facts }) =>
      known(cluster.profiles, (profiles) =>
        launchesInQuestion({ cluster, ...facts }).flatMap(({ id, kind, instanceProfile }) =>
          when(
            profiles[instanceProfile] === undefined,
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
      missing(facts).flatMap(({ instance: { id, hasMetadata } }) =>
        when(
          hasMetadata === false,
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
        nodeRoles(facts).flatMap((role) => {
          const has = policies[role];
          if (has === undefined) return [];
          const lacks = [
            ...NODE_POLICIES.filter((name) => !has.includes(name)),
            ...(IMAGE_POLICIES.some((name) => has.includes(name)) ? [] : IMAGE_POLICIES.slice(0, 1)),
          ];
          return when(
            lacks.length > 0,
            // Policies of one's own may allow the same, and the CNI may have a role of its own.
            "warning",
            role,
            `the nodes' role has not the policies ${lacks.join(", ")}: without what they allow, nodes do not join or do not get Ready`,
            `${APPLY}; or ${lacks.map((policy) => attachPolicy(facts, role, policy)).join(" && ")}`,
          );
        }),
      ),
  },
  {
    code: "sg-control-plane",
    judge: (facts) =>
      blockedCalls(facts, (nodes, plane) => ({
        from: nodes,
        to: plane,
        protocols: ["tcp"],
        port: 443,
        what: "nodes cannot call the control plane",
      })),
  },
  {
    code: "node-egress",
    follows: HALF_APPLIED,
    judge: (facts) => {
      const { ofNodes } = usedSubnets(facts);
      const endpoints = orElse(facts.cluster.vpcEndpoints, []);
      const ways = { subnets: orElse(facts.cluster.subnets, []), natGateways: orElse(facts.cluster.natGateways, []) };
      const lacks = NODE_SERVICES.filter((name) => !endpoints.includes(name));
      const hasPrivateNode = (id: string) =>
        joining(facts).some(
          ({ instance }) => instance.subnetId === id && instance.state === "running" && instance.publicAddress === "",
        );
      const problems = new Map<string, string[]>();
      for (const subnet of ofNodes) {
        const problem = routeProblem(ways, subnet, hasPrivateNode(subnet.id));
        if (problem !== undefined) problems.set(problem, [...(problems.get(problem) ?? []), subnet.id]);
      }
      return [...problems].flatMap(([problem, ids]) =>
        when(
          lacks.length > 0,
          "error",
          ids.join(", "),
          `nodes here have no way out (0.0.0.0/0 ${problem}): they fetch no images and call no AWS API`,
          `${APPLY}: the stack leads a subnet that is its own to its NAT gateway; a subnet without one needs VPC endpoints, and has none for ${lacks.join(", ")}`,
        ),
      );
    },
  },
  {
    code: "aws-auth-instance-profile",
    judge: (facts) =>
      mappingProblems(facts)
        .filter(({ problem }) => IS_PROFILE.test(problem))
        .map(({ role, problem }) =>
          found(
            "error",
            role,
            problem,
            `${BOOTSTRAP}, which maps the role; then remove the wrong entry: eks ssh, and there kubectl -n kube-system edit configmap aws-auth`,
          ),
        ),
  },
  {
    code: "aws-auth",
    judge: (facts) =>
      mappingProblems(facts)
        .filter(({ problem }) => !IS_PROFILE.test(problem))
        .map(({ role, problem }) =>
          found("error", role, problem, `${BOOTSTRAP}, which merges the mapping, and leaves everybody else's`),
        ),
  },
  {
    code: "access-entry",
    judge: (facts) =>
      controlPlane(facts, ({ authenticationMode: mode }) =>
        known(facts.cluster.accessEntries, (entries) =>
          nodeRoles(facts).flatMap((role) => {
            if (mode === "CONFIG_MAP") return [];
            const type = entries.find(({ principalArn }) => principalArn === role)?.type;
            const { cluster_name: name } = facts.handover;
            const command = (text: string) => aws(facts, `eks ${text} --cluster-name ${name} --principal-arn ${role}`);
            const create = command("create-access-entry --type EC2_LINUX");
            if (type === undefined) {
              const alone = unmapped(facts, mode, role);
              return when(
                alone !== undefined,
                "error",
                role,
                `no access entry admits the nodes' role to ${name}, and ${alone ?? ""}`,
                `${APPLY}, if authentication_mode = "${mode}" is in your tfvars; else ${create}`,
              );
            }
            return when(
              !["EC2_LINUX", "EC2"].includes(type),
              "error",
              role,
              `the access entry of the nodes' role is of the type ${type}; it has to be EC2_LINUX`,
              // The type of an entry cannot be changed.
              `${command("delete-access-entry")} && ${create}`,
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
                `the instance was launched ${String(ageSeconds)} s ago, and no node ${privateDnsName} has registered yet`,
                "wait: a node takes two to five minutes",
              )
            : found(
                "error",
                id,
                `the instance runs, and nothing seen from outside keeps it from joining, but no node ${privateDnsName} has registered`,
                `its own log says why: ${aws(facts, `ec2 get-console-output --latest --output text --instance-id ${id}`)}; ` +
                  `or with the key of kubectl_ec2_keypair, from the bastion: ssh ec2-user@${privateDnsName} sudo journalctl -u kubelet`,
              ),
        ),
  },
];
