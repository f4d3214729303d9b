import type { Node } from "../../bootstrap/nodes";
import type { ConnectProblem } from "../../bootstrap/ssh/ssh-host";
import type { AccountFacts, NetworkFact } from "../../cli/doctor/account-facts";
import type { BeforeFacts } from "../../cli/doctor/before";
import type { Cluster } from "../../aws/clusters";
import type { Instance } from "../../aws/instances";
import type { NatGateway, Subnet } from "../../aws/network";
import type { ClusterFacts, Launch, NodeGroup } from "../../cli/doctor/cluster-facts";
import type { AfterFacts } from "../../cli/doctor/after-facts";
import type { Fact } from "../../cli/doctor/fact";
import type { Finding } from "../../cli/doctor/finding";
import { notInside, type ApiProblem, type InsideFacts, type WorkloadFact } from "../../cli/doctor/inside-facts";
import { stackInputs, type NodeGroupInput, type StackInputs } from "../../cli/stack-inputs";
import type { StateFacts } from "../../terraform/state";
import { AFTER, awsAuthOf, BEFORE, mapRoles, rule, STATE, userData, workload } from "./facts";

/** What a fact holds that is known in the fixtures. */
export function value<T>(fact: Fact<T>): NonNullable<T> {
  if ("unknown" in fact || fact.ok === undefined || fact.ok === null) throw new Error("not in the fixture");
  return fact.ok;
}

const lock = (who: string, operation: string, isHeld: boolean | undefined) => ({
  ...{ id: undefined, who, operation, since: undefined, isHeld },
});
export const inputs = (change: Partial<StackInputs>): BeforeFacts => ({
  ...BEFORE,
  inputs: { ...BEFORE.inputs, ...change },
});
export const inputsAnd = (change: Partial<StackInputs>, facts: Partial<AccountFacts>): BeforeFacts => ({
  inputs: { ...BEFORE.inputs, ...change },
  account: { ...BEFORE.account, ...facts },
});
export const account = (change: Partial<AccountFacts>): BeforeFacts => ({
  ...BEFORE,
  account: { ...BEFORE.account, ...change },
});
export const cluster = (change: Partial<ClusterFacts>, from = AFTER): AfterFacts => ({
  ...from,
  cluster: { ...from.cluster, ...change },
});
export const inside = (change: Partial<InsideFacts>, from = AFTER): AfterFacts => ({
  ...from,
  inside: { ...from.inside, ...change },
});
export const plane = (change: Partial<Cluster>, from = AFTER) =>
  cluster({ controlPlane: { ok: { ...value(from.cluster.controlPlane), ...change } } }, from);
export const group = (change: Partial<NodeGroup>) =>
  cluster({ groups: { ok: value(AFTER.cluster.groups).map((it) => ({ ...it, ...change })) } });
export const launch = (change: Partial<Launch>, from = AFTER) => {
  const [only] = Object.values(value(AFTER.cluster.launches));
  if (only === undefined) throw new Error("not in the fixture");
  return cluster({ launches: { ok: { [only.id]: { ...only, ...change } } } }, from);
};
export const instance = (change: Partial<Instance>) =>
  cluster({ instances: { ok: value(AFTER.cluster.instances).map((it, i) => (i === 0 ? { ...it, ...change } : it)) } });
export const state = () => {
  const known = value(AFTER.inside.cluster);
  if ("unreachable" in known) throw new Error("not in the fixture");
  return known;
};
/** The cluster's nodes are others. */
export const nodes = (change: (node: Node, index: number) => Node, from = AFTER): AfterFacts =>
  inside({ cluster: { ok: { ...state(), nodes: state().nodes.map(change) } } }, from);
const AWS_NODE = workload("DaemonSet", "kube-system/aws-node");
/** So many pods of one workload are ready, of two. */
export const ready = (kind: WorkloadFact["kind"], path: string, pods: number, from = AFTER): AfterFacts => {
  const one = workload(kind, path, pods);
  const usual = value(AFTER.inside.workloads);
  const isUsual = usual.some(({ name }) => name === one.name);
  const others = usual.map((it) => (it.name === one.name ? one : it));
  return inside({ workloads: { ok: isUsual ? others : [...others, one] } }, from);
};
/** One of the usual workloads is otherwise. */
const usual = (name: string, change: Partial<WorkloadFact>, from = AFTER): AfterFacts =>
  inside(
    { workloads: { ok: value(from.inside.workloads).map((it) => (it.name === name ? { ...it, ...change } : it)) } },
    from,
  );
/** The first of three nodes is not Ready. */
const oneOfThreeSick = (): AfterFacts => {
  const three = [
    ...state().nodes,
    ...state()
      .nodes.slice(0, 1)
      .map((it) => ({ ...it, name: "third.internal" })),
  ];
  return inside({ cluster: { ok: { ...state(), nodes: three.map((it, i) => ({ ...it, isReady: i > 0 })) } } });
};
/** The cluster has no node of the first instance. */
export const unregistered = (from: AfterFacts): AfterFacts =>
  inside({ cluster: { ok: { ...state(), nodes: state().nodes.slice(1) } } }, from);
export const unreachable = (problem: ApiProblem, why: string, from = AFTER) =>
  inside({ cluster: { ok: { unreachable: why, problem } } }, from);
export const awsAuth = (text: string) => inside({ cluster: { ok: { ...state(), awsAuth: awsAuthOf(text) } } });
export const login = (problem: ConnectProblem, message: string, from = AFTER) => ({
  ...from,
  inside: notInside("nobody could log in", { ok: { reached: false, problem, message } }),
});
/** One security group lets nobody in, or out. */
export const closed = (id: string, side: "inbound" | "outbound" = "inbound") =>
  cluster({
    securityGroups: {
      ok: value(AFTER.cluster.securityGroups).map((it) => (it.id === id ? { ...it, [side]: [] } : it)),
    },
  });
export const bastion = (change: Partial<Instance>) =>
  cluster({ bastion: { ok: { ...value(AFTER.cluster.bastion), ...change } } });
export const subnetOf = (id: string, change: Partial<Subnet>, from = AFTER) =>
  cluster(
    { subnets: { ok: value(from.cluster.subnets).map((it) => (it.id === id ? { ...it, ...change } : it)) } },
    from,
  );
export const subnet = (change: Partial<Subnet>, from = AFTER) => subnetOf("subnet-a", change, from);
export const image = (change: object) => ({
  ok: Object.fromEntries(
    Object.entries(value(BEFORE.account.nodeImages)).map(([id, it]) => [id, { ...it, ...change }]),
  ),
});
/** The workshop's group is another. */
export const worker = (change: Partial<NodeGroupInput>): Pick<StackInputs, "groups"> => ({
  groups: BEFORE.inputs.groups.map((it) => ({ ...it, ...change })),
});
export const nodesImage = (change: object) =>
  cluster({ images: { ok: value(AFTER.cluster.images).map((it) => ({ ...it, ...change })) } });

/** Nodes of the family of a golden file. */
const ofFamily = (file: string, change: Parameters<typeof userData>[1] = {}) => {
  const name = file.endsWith(".mime") ? AL2023 : file.endsWith(".toml") ? BOTTLEROCKET : undefined;
  return launch({ userData: userData(file, change) }, name === undefined ? AFTER : nodesImage({ name }));
};

const BASTION_ROLE = value(AFTER.cluster.profiles)[value(AFTER.cluster.bastion).instanceProfile] ?? "";

export const ROLE = AFTER.handover.node_role_arn;
const OTHER_ROLE = "arn:aws:iam::123456789012:role/other";
export const AL2023 = "amazon-eks-node-al2023-x86_64-standard-1.32-v20260714";
const BOTTLEROCKET = "bottlerocket-aws-k8s-1.32-x86_64-v1.40.0-abcdef";

/** An image of Amazon Linux 2 listens to the other cluster's name, one of Amazon Linux 2023 to that of its own. */
const FOR_TWO_FAMILIES = { al2: { name: "other" }, al2023: { name: AFTER.handover.cluster_name } };

/** A kind of finding, how bad it is, what it is about, and facts that show it; of some, facts that do not. */
export type Row<Facts> = readonly [string, Finding["severity"], string, Facts, Facts?];

const G5 = { vcpus: 192, memoryMiB: 786432, interfaces: 15, addressesPerInterface: 50, architectures: ["x86_64"] };

const ADD_ONS = { ok: { coredns: ["v1.12.1-eksbuild.2", "v1.11.4-eksbuild.2"] } };
const addOns = (name: string, version?: string) => inputsAnd({ addOns: [{ name, version }] }, { addOns: ADD_ONS });

/** The network of the fixtures, as one that exists already. */
const EXISTING: NetworkFact = {
  hasVpc: true,
  subnets: value(AFTER.cluster.subnets),
  natGateways: value(AFTER.cluster.natGateways),
  endpoints: [],
};
/** A stack in it. */
const existing = (change: Partial<NetworkFact>, more: Partial<StackInputs> = {}): BeforeFacts => {
  const [publicSubnetIds, privateSubnetIds] = [["subnet-public"], ["subnet-a", "subnet-b"]];
  const own = { vpcId: "vpc-1", publicSubnets: [], privateSubnets: [], publicSubnetIds, privateSubnetIds };
  return inputsAnd({ ...own, ...more }, { network: { ok: { ...EXISTING, ...change } } });
};
/** Its gateway is in a state; none has left no trace. */
const gateway = (state: string) => ({ natGateways: EXISTING.natGateways.map((it) => ({ ...it, state })) });

const ONE_ZONE: Partial<AccountFacts> = {
  instanceTypes: { ok: { ...value(BEFORE.account.instanceTypes), "t3.large": G5 } },
  offerings: {
    ok: Object.fromEntries(["t3.medium", "t3.large", "t3.micro"].map((type) => [type, ["ap-northeast-2a"]])),
  },
};

// One less, as where all is well, is just enough.
const NO_VPC: Partial<AccountFacts> = { quotaOfVpcs: { ok: { used: 5, limit: 5 } } };
const TOO_MANY_VPCS: Partial<AccountFacts> = { quotaOfVpcs: { ok: { used: 6, limit: 5 } } };
const NO_ADDRESS: Partial<AccountFacts> = { quotaOfAddresses: { ok: { used: 5, limit: 5 } } };

/** A t3.medium that has so many interfaces, and so many addresses on each. */
const mediumOf = (interfaces: number, addressesPerInterface: number): Partial<AccountFacts> => ({
  instanceTypes: {
    ok: {
      ...value(BEFORE.account.instanceTypes),
      "t3.medium": { vcpus: 2, memoryMiB: 4096, interfaces, addressesPerInterface, architectures: ["x86_64"] },
    },
  },
});
/** Every instance type is for these processors. */
const processors = (...architectures: readonly string[]): Partial<AccountFacts> => ({
  instanceTypes: {
    ok: Object.fromEntries(
      Object.entries(value(BEFORE.account.instanceTypes)).map(([type, it]) => [type, { ...it, architectures }]),
    ),
  },
});
/** The only private subnet. */
const only = (cidr: string): Pick<StackInputs, "privateSubnets"> => ({
  privateSubnets: [{ az: "ap-northeast-2a", cidr, name: "only" }],
});
const desired = (nodes: number) => worker({ size: { min: 0, max: nodes, desired: nodes } });
/** The zones, of which the first has another id. */
const firstZone = (id: string): Pick<AccountFacts, "zones"> => ({
  zones: { ok: value(BEFORE.account.zones).map((it, i) => (i === 0 ? { ...it, id } : it)) },
});
const named = (name: string) => account({ nodeImages: image({ name }) });
const bastionImage = (change: object) =>
  account({ bastionImage: { ok: { ...value(BEFORE.account.bastionImage), ...change } } });
const oldestRole = (made: string) => account({ launchConfigurations: { ok: [] }, oldestRole: { ok: made } });
/** A stack in a network that exists already, in an account that is not as usual. */
const existingIn = (facts: Partial<AccountFacts>): BeforeFacts =>
  inputsAnd(existing({}).inputs, { ...existing({}).account, ...facts });

/** A row of node_groups for the other processor. */
const ARM_ROW = inputsAnd(
  {
    groups: stackInputs({
      aws_krug_admin_role: "aws-krug-admin",
      node_groups: {
        arm: {
          ami_id: "ami-0123456789abcdef0",
          ami_family: "al2",
          architecture: "arm64",
          instance_types: ["t4g.medium"],
        },
      },
    }).groups,
  },
  {
    offerings: {
      ok: {
        ...value(BEFORE.account.offerings),
        "t4g.medium": ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"],
      },
    },
  },
);

/** A cluster that looks into access entries, with one for a principal. */
const admitting = (principal: string, inAccount = "123456789012"): Partial<StackInputs> => ({
  authenticationMode: "API",
  creatorAdmin: true,
  admitted: { me: `arn:aws:iam::${inAccount}:${principal}` },
});

const KIM: Partial<AccountFacts> = {
  identity: { ok: { account: "123456789012", arn: "arn:aws:iam::123456789012:user/kim" } },
};
/** What nobody may ask. */
const HIDDEN = { unknown: "the credentials do not allow it" };

export const BEFORE_ROWS: readonly Row<BeforeFacts>[] = [
  [
    "credentials",
    "error",
    "AWS credentials",
    account({ identity: { unknown: "there are no AWS credentials", follows: ["credentials"] } }),
    account({ identity: { unknown: "sts:GetCallerIdentity failed: Rate exceeded" } }),
  ],
  [
    "aws-unreachable",
    "error",
    "ap-northeast-2",
    account({ identity: { unknown: "AWS cannot be reached (ENOTFOUND)", follows: ["aws-unreachable"] } }),
  ],
  [
    "own-clock",
    "error",
    "this machine",
    account({
      identity: { unknown: "this machine's clock is wrong, AWS says (Signature expired)", follows: ["own-clock"] },
    }),
  ],
  [
    "identity",
    "note",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    BEFORE,
    account({ identity: { unknown: "no credentials" } }),
  ],
  ...[true, false].map((creatorAdmin): Row<BeforeFacts> => [
    "identity",
    "note",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    inputs({ authenticationMode: "API", creatorAdmin }),
    account({ identity: { unknown: "no credentials" } }),
  ]),
  [
    "creator",
    "warning",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    inputs({ authenticationMode: "API", creatorAdmin: false }),
    inputs({ authenticationMode: "API", creatorAdmin: true }),
  ],
  [
    "creator",
    "warning",
    "arn:aws:iam::123456789012:user/kim",
    account({ identity: { ok: { account: "123456789012", arn: "arn:aws:iam::123456789012:user/kim" } } }),
    // An instance profile that is not called as its role.
    inputsAnd({ adminRole: "jump-profile" }, { adminProfile: { ok: ["aws-krug-admin"] } }),
  ],
  [
    "creator",
    "warning",
    "arn:aws:iam::123456789012:user/kim",
    inputsAnd({ authenticationMode: "API" }, KIM),
    // An access entry admits the bastion's role, or it has one of its own.
    inputsAnd(
      { authenticationMode: "API", admitted: { ops: "arn:aws:iam::123456789012:role/ops/aws-krug-admin" } },
      KIM,
    ),
  ],
  ["creator", "warning", "arn:aws:iam::123456789012:user/kim", account(KIM), inputsAnd({ adminRole: undefined }, KIM)],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:user/kim",
    inputsAnd(admitting("user/kim"), KIM),
    inputsAnd({ ...admitting("user/kim"), creatorAdmin: false }, KIM),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:user/kim",
    inputsAnd(admitting("user/kim"), KIM),
    inputsAnd(admitting("user/team/kim"), KIM),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:role/ops/aws-krug-admin",
    inputs(admitting("role/ops/aws-krug-admin")),
    inputs(admitting("role/aws-krug-admin/other")),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:role/aws-krug-admin",
    inputs(admitting("role/aws-krug-admin")),
    // Of another account.
    inputs(admitting("role/aws-krug-admin", "210987654321")),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:role/aws-krug-admin",
    inputs(admitting("role/aws-krug-admin")),
    // Of a user who is called like the role.
    inputs(admitting("user/aws-krug-admin")),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:role/aws-krug-admin",
    inputs(admitting("role/aws-krug-admin")),
    inputs({ ...admitting("role/aws-krug-admin"), authenticationMode: "CONFIG_MAP" }),
  ],
  [
    "access-entry-creator",
    "error",
    "arn:aws:iam::123456789012:user/team:ops/kim",
    inputsAnd(admitting("user/team:ops/kim"), {
      identity: { ok: { account: "123456789012", arn: "arn:aws:iam::123456789012:user/team:ops/kim" } },
    }),
  ],
  ["admin-role", "error", "aws-krug-admin", account({ adminProfile: { ok: undefined } })],
  [
    "admin-role",
    "error",
    "aws-krug-admin",
    account({ adminProfile: { ok: undefined } }),
    inputsAnd({ adminRole: undefined }, { adminProfile: { ok: undefined } }),
  ],
  ["admin-role", "error", "aws-krug-admin", account({ adminProfile: { ok: [] } })],
  ["admin-role", "error", "aws-krug-admin", account({ adminProfile: { ok: undefined }, hasAdminRole: { ok: false } })],
  ["admin-role", "error", "aws-krug-admin", account({ adminProfile: { ok: undefined }, hasAdminRole: HIDDEN })],
  [
    "key-pair",
    "error",
    "aws-krug-gudi",
    account({ hasKeyPair: { ok: false } }),
    inputsAnd({ makesKeyPair: true }, { hasKeyPair: { ok: false } }),
  ],
  ["name-taken", "error", "awskrug_gudi_eks", account({ hasCluster: { ok: true } })],
  ["name-taken", "error", "awskrug_gudi-eks-cluster", account({ roles: { ok: { "awskrug_gudi-eks-cluster": true } } })],
  [
    "name-taken",
    "error",
    "awskrug_gudi_eks_worker_nodes_role",
    account({ roles: { ok: { awskrug_gudi_eks_worker_nodes_role: true } } }),
  ],
  ["name-taken", "error", "awskrug_gudi_eks_worker_nodes_role", account({ hasNodeProfile: { ok: true } })],
  // Said once of both.
  [
    "name-taken",
    "error",
    "awskrug_gudi_eks_worker_nodes_role",
    account({ roles: { ok: { awskrug_gudi_eks_worker_nodes_role: true } }, hasNodeProfile: { ok: true } }),
  ],
  [
    "name-taken",
    "error",
    "awskrug_gudi-kubectl",
    account({ roles: { ok: { "awskrug_gudi-kubectl": true } } }),
    account({ roles: { ok: { "awskrug_gudi-kubectl": false } } }),
  ],
  ["name-taken", "error", "awskrug_gudi_eks-worker", account({ takenGroups: { ok: ["awskrug_gudi_eks-worker"] } })],
  [
    "version",
    "error",
    "1.14",
    inputs({ eksVersion: "1.14" }),
    inputsAnd({ eksVersion: "1.14" }, { versions: { ok: [] } }),
  ],
  ["version", "error", "1.30", inputs({ eksVersion: "1.30" })],
  ["version-support", "warning", "1.31", inputs({ eksVersion: "1.31" })],
  [
    "version-support",
    "warning",
    "1.31",
    inputsAnd(
      { eksVersion: "1.31" },
      { versions: { ok: value(BEFORE.account.versions).map((it) => ({ ...it, standardUntil: "" })) } },
    ),
  ],
  ["image-missing", "error", "ami-0123456789abcdef0", account({ nodeImages: { ok: {} } })],
  ["image-missing", "error", "ami-0123456789abcdef0", account({ nodeImages: image({ state: "disabled" }) })],
  ["image-missing", "error", "ami-0fd02cb7da42ee5e0", account({ bastionImage: { ok: undefined } })],
  ["image-architecture", "error", "ami-0123456789abcdef0", account({ nodeImages: image({ architecture: "arm64" }) })],
  [
    "image-architecture",
    "error",
    "ami-0123456789abcdef0",
    ARM_ROW,
    { ...ARM_ROW, account: { ...ARM_ROW.account, nodeImages: image({ architecture: "arm64" }) } },
  ],
  // One that is not there, and one that does not say what it is for.
  ...[{ ok: {} }, image({ architecture: "" })].map((nodeImages): Row<BeforeFacts> => [
    "image-architecture",
    "error",
    "ami-0123456789abcdef0",
    ARM_ROW,
    { ...ARM_ROW, account: { ...ARM_ROW.account, nodeImages } },
  ]),
  // Older instance types are for two.
  [
    "image-architecture",
    "error",
    "ami-0123456789abcdef0",
    account({ ...processors("i386", "x86_64"), nodeImages: image({ architecture: "arm64" }) }),
    account({ ...processors("i386", "x86_64"), nodeImages: image({ architecture: "i386" }) }),
  ],
  [
    "image-architecture",
    "error",
    "ami-0fd02cb7da42ee5e0",
    account({ ...bastionImage({ architecture: "arm64" }).account, ...processors("i386", "x86_64") }),
  ],
  ["image-architecture", "error", "ami-0fd02cb7da42ee5e0", bastionImage({ architecture: "arm64" })],
  // The nodes' volumes have 10 GiB, and so has the image where all is well; the bastion's has 8.
  ["image-volume", "error", "ami-0123456789abcdef0", account({ nodeImages: image({ rootGiB: 11 }) })],
  ["image-volume", "error", "ami-0fd02cb7da42ee5e0", bastionImage({ rootGiB: 9 }), bastionImage({ rootGiB: 8 })],
  ["image-family", "error", "ami-0123456789abcdef0", account({ nodeImages: image({ name: AL2023 }) })],
  ["image-family", "error", "ami-0123456789abcdef0", inputs(worker({ family: "al2023" }))],
  ["image-version", "error", "ami-0123456789abcdef0", named("amazon-eks-node-1.14-v20190927")],
  [
    "image-version",
    "error",
    "ami-0123456789abcdef0",
    named("amazon-eks-node-1.28-v20250927"),
    named("amazon-eks-node-1.29-v20250927"),
  ],
  ["image-version", "error", "ami-0123456789abcdef0", named("amazon-eks-node-1.33-v20250927")],
  ["image-unknown", "note", "ami-0123456789abcdef0", named("of my own")],
  ["image-unknown", "note", "ami-0123456789abcdef0", named("")],
  [
    "image-unknown",
    "note",
    "ami-0123456789abcdef0",
    named("of my own"),
    inputsAnd(worker({ kubernetesVersion: "1.32" }), { nodeImages: image({ name: "of my own" }) }),
  ],
  [
    "image-recommended",
    "note",
    "ami-0123456789abcdef0",
    account({ recommendedImages: { ok: { worker: "ami-0fedcba9876543210" } } }),
  ],
  ["image-recommended", "note", "ami-0123456789abcdef0", account({ recommendedImages: { ok: { worker: undefined } } })],
  [
    "launch-configuration",
    "note",
    "ap-northeast-2",
    account({ launchConfigurations: { ok: [] }, oldestRole: { ok: "2025-02-01T00:00:00.000Z" } }),
    inputsAnd(worker({ launchedFrom: "launch template" }), {
      launchConfigurations: { ok: [] },
      oldestRole: { ok: undefined },
    }),
  ],
  [
    "launch-configuration",
    "note",
    "ap-northeast-2",
    account({ launchConfigurations: { ok: [] }, oldestRole: { ok: undefined } }),
    account({ launchConfigurations: { unknown: "not allowed" }, oldestRole: { ok: "2025-02-01T00:00:00.000Z" } }),
  ],
  [
    "launch-configuration",
    "note",
    "ap-northeast-2",
    oldestRole("2024-10-01T00:00:00.000Z"),
    oldestRole("2024-09-30T23:59:59.999Z"),
  ],
  [
    "launch-configuration",
    "note",
    "ap-northeast-2",
    inputsAnd(
      {
        groups: BEFORE.inputs.groups.flatMap((it) => [
          it,
          { ...it, key: "more", variables: { ...it.variables, launch: "node_groups.more.launch" } },
        ]),
      },
      { launchConfigurations: { ok: [] }, oldestRole: { ok: undefined } },
    ),
    // There is one.
    account({ oldestRole: { ok: undefined } }),
  ],
  ["add-on", "error", "no-such", addOns("no-such"), addOns("coredns")],
  ...[3, 4].map((offered): Row<BeforeFacts> => [
    "add-on",
    "error",
    "coredns",
    inputsAnd(
      { addOns: [{ name: "coredns", version: "v1" }] },
      { addOns: { ok: { coredns: ["v5", "v4", "v3", "v2"].slice(0, offered) } } },
    ),
  ]),
  ["add-on", "error", "coredns", addOns("coredns", "v1.9.3-eksbuild.1"), addOns("coredns", "v1.11.4-eksbuild.2")],
  ["network-missing", "error", "vpc-1", existing({ hasVpc: false, subnets: [] }), existing({})],
  [
    "network-missing",
    "error",
    "subnet-b",
    existing({ subnets: EXISTING.subnets.filter(({ id }) => id !== "subnet-b") }),
  ],
  ["network-missing", "error", "subnet-x", existing({}, worker({ subnetIds: ["subnet-x"] }))],
  ...["deleted", "deleting", "failed"].map((state): Row<BeforeFacts> => [
    ...(["node-egress", "error", "subnet-a, subnet-b"] as const),
    existing(gateway(state)),
    // Nodes may do without a way out.
    existing({ ...gateway(state), endpoints: ["ec2", "s3"] }, { vpcEndpoints: ["ecr.api", "ecr.dkr"] }),
  ]),
  [
    "node-egress",
    "error",
    "subnet-a",
    existing({
      subnets: EXISTING.subnets.map((it) => (it.id === "subnet-a" ? { ...it, defaultRoute: "blackhole" } : it)),
    }),
    // One that nobody named, and one without any route, of which the plan speaks.
    existing({
      subnets: [
        ...EXISTING.subnets.map((it) => (it.id === "subnet-a" ? { ...it, defaultRoute: undefined } : it)),
        { ...value(AFTER.cluster.subnets)[0], id: "subnet-c", defaultRoute: "blackhole" } as Subnet,
      ],
    }),
  ],
  [
    "node-egress",
    "error",
    "subnet-c",
    // The nodes of a group that stands in a subnet of its own.
    existing(
      {
        subnets: [
          ...EXISTING.subnets,
          { ...value(AFTER.cluster.subnets)[0], id: "subnet-c", defaultRoute: "blackhole" } as Subnet,
        ],
      },
      worker({ subnetIds: ["subnet-c"] }),
    ),
    // What leads to the internet by itself is the plan's to judge.
    existing({
      subnets: EXISTING.subnets.map((it) => (it.id === "subnet-a" ? { ...it, defaultRoute: "igw-1" } : it)),
    }),
  ],
  [
    "instance-type",
    "error",
    "t3.gigantic, t3.huge",
    inputs(worker({ instanceTypes: ["t3.medium", "t3.gigantic", "t3.huge", "t3.micro"] })),
    // Nobody could see which there are.
    account({ instanceTypes: HIDDEN }),
  ],
  [
    "instance-type",
    "error",
    "t3.gigantic",
    inputs(worker({ instanceTypes: ["t3.medium", "t3.gigantic"] })),
    existing({}),
  ],
  ["instance-type", "warning", "t3.medium", inputsAnd(existing({}).inputs, { ...existing({}).account, ...ONE_ZONE })],
  [
    "zone",
    "error",
    "ap-northeast-2b",
    account({
      zones: {
        ok: [
          { name: "ap-northeast-2a", id: "apne2-az1" },
          { name: "ap-northeast-2c", id: "apne2-az3" },
        ],
      },
    }),
  ],
  ["zone", "error", "ap-northeast-2b", existingIn({ zones: { ok: value(BEFORE.account.zones).slice(0, 1) } })],
  ["zone", "error", "ap-northeast-2a", existingIn(firstZone("use1-az3"))],
  ...["use1-az3", "usw1-az2", "cac1-az3"].map((id): Row<BeforeFacts> => [
    "zone",
    "error",
    "ap-northeast-2a",
    account(firstZone(id)),
    // Nothing of the control plane stands in a public subnet.
    inputsAnd({ privateSubnets: BEFORE.inputs.privateSubnets.slice(1) }, firstZone(id)),
  ]),
  [
    "instance-type",
    "warning",
    "t3.medium",
    account({ offerings: { ok: { "t3.medium": ["ap-northeast-2a"], "t3.micro": ["ap-northeast-2a"] } } }),
  ],
  [
    "instance-type",
    "error",
    "t3.medium",
    account({ offerings: { ok: { "t3.medium": ["ap-northeast-2d"], "t3.micro": ["ap-northeast-2a"] } } }),
  ],
  [
    "instance-type",
    "error",
    "t3.medium",
    // One group for each zone has no other to launch in.
    inputsAnd(worker({ names: ["a", "b"], zones: ["ap-northeast-2a", "ap-northeast-2b"] }), ONE_ZONE),
    inputsAnd(worker({ names: ["a", "b"], zones: ["ap-northeast-2a"] }), ONE_ZONE),
  ],
  [
    "instance-type",
    "warning",
    "t3.medium, t3.large",
    inputsAnd(worker({ instanceTypes: ["t3.medium", "t3.large"] }), ONE_ZONE),
    // Of several types any will do.
    inputsAnd(worker({ instanceTypes: ["t3.medium", "t3.micro"] }), {
      offerings: { ok: { ...value(BEFORE.account.offerings), "t3.medium": [] } },
    }),
  ],
  ...(
    [
      ["error", {}],
      ["warning", { "t3.medium": ["ap-northeast-2c", "ap-northeast-2d"] }],
    ] as const
  ).map(([severity, offered]): Row<BeforeFacts> => [
    "instance-type",
    severity,
    "t3.medium",
    account({ offerings: { ok: { "t3.micro": ["ap-northeast-2a"], ...offered } } }),
  ]),
  [
    "instance-type",
    "error",
    "t3.medium",
    // In which zones the subnets are, nobody could see.
    existingIn({ network: HIDDEN, offerings: { ok: { ...value(BEFORE.account.offerings), "t3.medium": [] } } }),
    existingIn({ network: HIDDEN }),
  ],
  [
    "instance-type",
    "error",
    "t3.micro",
    account({ offerings: { ok: { ...value(BEFORE.account.offerings), "t3.micro": ["ap-northeast-2b"] } } }),
    account({ offerings: { ok: { ...value(BEFORE.account.offerings), "t3.micro": ["ap-northeast-2a"] } } }),
  ],
  [
    "instance-type",
    "error",
    "t3.micro",
    existingIn({ offerings: { ok: { ...value(BEFORE.account.offerings), "t3.micro": ["ap-northeast-2b"] } } }),
  ],
  ["quota-vpcs", "error", "VPCs per Region", account(NO_VPC), inputsAnd({ vpcId: "vpc-1" }, TOO_MANY_VPCS)],
  ["quota-addresses", "error", "EC2-VPC Elastic IPs", account(NO_ADDRESS), inputsAnd({ natGateways: 0 }, NO_ADDRESS)],
  ["quota-addresses", "error", "EC2-VPC Elastic IPs", inputs({ natGateways: 3 })],
  [
    "quota-vcpus",
    "error",
    "Running On-Demand Standard instances",
    account({ quotaOfVcpus: { ok: { used: 11, limit: 16 } } }),
    // Other families have quotas of their own.
    inputsAnd(worker({ instanceTypes: ["g5.48xlarge"] }), {
      instanceTypes: { ok: { ...value(BEFORE.account.instanceTypes), "g5.48xlarge": G5 } },
    }),
  ],
  [
    "quota-vcpus",
    "error",
    "Running On-Demand Standard instances",
    inputs(worker({ onDemand: 3 })),
    // Spot instances have a quota of their own.
    inputs(worker({ size: { min: 0, max: 50, desired: 20 }, onDemand: 0 })),
  ],
  [
    "subnet-small",
    "warning",
    "private-subnet-a",
    // Thirty nodes in each zone.
    inputs(worker({ names: ["a", "b", "c"], size: { min: 0, max: 30, desired: 1 } })),
    inputs(worker({ size: { min: 0, max: 30, desired: 1 } })),
  ],
  [
    "subnet-small",
    "warning",
    "private-subnet-a",
    inputs(
      worker({
        names: ["a", "b"],
        zones: ["ap-northeast-2a", "ap-northeast-2b"],
        size: { min: 0, max: 30, desired: 1 },
      }),
    ),
  ],
  [
    "subnet-small",
    "warning",
    "private-subnet-a",
    inputs(worker({ zones: ["ap-northeast-2a"], size: { min: 0, max: 30, desired: 1 } })),
    inputs({
      ...worker({ zones: ["ap-northeast-2a"], size: { min: 0, max: 30, desired: 1 } }),
      prefixDelegation: true,
    }),
  ],
  [
    "subnet-small",
    "error",
    "tiny",
    inputs({ privateSubnets: [{ az: "ap-northeast-2a", cidr: "172.16.10.0/29", name: "tiny" }] }),
  ],
  [
    "subnet-small",
    "warning",
    "small",
    inputs({ privateSubnets: [{ az: "ap-northeast-2a", cidr: "172.16.10.0/27", name: "small" }] }),
  ],
  [
    "subnet-small",
    "warning",
    "for one day",
    inputs({
      privateSubnets: [{ az: "ap-northeast-2a", cidr: "172.16.10.0/28", name: "for one day" }],
      ...worker({ size: { min: 0, max: 30, desired: 2 } }),
    }),
  ],
  [
    "subnet-small",
    "warning",
    "only",
    // 6 for the control plane and 22 for the node, of 27; then 6 and 21.
    inputsAnd({ ...only("172.16.10.0/27"), ...desired(1) }, mediumOf(2, 11)),
    inputsAnd({ ...only("172.16.10.0/27"), ...desired(1) }, mediumOf(3, 7)),
  ],
  [
    "subnet-small",
    "warning",
    "private-subnet-a",
    // Of three groups two stand in it.
    inputs({
      groups: ["ap-northeast-2a", "ap-northeast-2a", "ap-northeast-2b"].flatMap(
        (zone) => worker({ zones: [zone], size: { min: 0, max: 20, desired: 1 } }).groups,
      ),
    }),
    // No group stands in the one that is too small even for the control plane.
    inputs({
      ...worker({ zones: ["ap-northeast-2a"] }),
      privateSubnets: [
        ...BEFORE.inputs.privateSubnets.slice(0, 1),
        { az: "ap-northeast-2b", cidr: "172.16.12.0/29", name: "tiny" },
      ],
    }),
  ],
  // 6 for the control plane, and one for each node, of 11.
  ["subnet-small", "error", "only", inputs({ ...only("172.16.10.0/28"), ...desired(6) })],
  ["subnet-small", "warning", "only", inputs({ ...only("172.16.10.0/28"), ...desired(5) })],
  ["pods-few", "note", "t3.micro", inputs(worker({ instanceTypes: ["t3.micro"] }))],
  // A node holds 5 pods, then 6; four are the system's own.
  ["pods-few", "note", "t3.medium", inputsAnd(desired(1), mediumOf(3, 2)), inputsAnd(desired(1), mediumOf(4, 2))],
  // It holds 3: of two nodes' pods the system's own are all, of three nodes' all but one.
  ["pods-few", "warning", "t3.medium", inputsAnd(desired(2), mediumOf(1, 2))],
  ["pods-few", "note", "t3.medium", inputsAnd(desired(3), mediumOf(1, 2))],
  ["capacity", "note", "t3.medium", BEFORE, inputs(worker({ instanceTypes: ["t3.micro"] }))],
  [
    "capacity",
    "note",
    "t3.medium",
    inputs({
      privateSubnets: [
        { az: "ap-northeast-2a", cidr: "172.16.10.0/23", name: "large" },
        { az: "ap-northeast-2b", cidr: "172.16.12.0/24", name: "small" },
      ],
    }),
    inputs(desired(0)),
  ],
  // In a network that exists already no addresses are counted.
  ["capacity", "note", "t3.medium", existing({}), account(mediumOf(3, 0))],
  [
    "ssh-nobody",
    "warning",
    "kubectl_ssh_cidrs",
    inputs({ sshCidrs: ["2001:db8::/64"] }),
    inputs({ sshCidrs: ["2001:db8::/64", "203.0.113.7/32"] }),
  ],
];

const UNAUTHORIZED = unreachable("unauthorized", "error: You must be logged in to the server (Unauthorized)");
const FORBIDDEN = unreachable("forbidden", "Error from server (Forbidden): nodes is forbidden");
const REFUSED = { why: "the server cannot be reached (curl: (7) refused)", cure: "check its way out" };
const NOT_ANSWERED = { unknown: "the bastion failed: connection lost" };
/** @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html */
const LAUNCH_FAILURES = [
  "You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket",
  "There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number of instances",
  "We currently do not have sufficient t3.medium capacity in the Availability Zone you requested (us-east-1a)",
  "Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e)",
  "The image id '[ami-0123]' does not exist",
  "The architecture 'x86_64' of the specified instance type does not match the architecture 'arm64' of the AMI",
  "Volume of size 10GB is smaller than snapshot 'snap-1', expect size >= 20GB",
  "The key pair 'aws-krug-gudi' does not exist",
  "The security group 'sg-1' does not exist",
  "Invalid IAM Instance Profile name",
  "In order to use this AWS Marketplace product you need to accept terms and subscribe (OptInRequired)",
  "Client.InternalError: Client error on launch",
];
const nat = (change: Partial<NatGateway>) =>
  cluster({ natGateways: { ok: value(AFTER.cluster.natGateways).map((it) => ({ ...it, ...change })) } });

export const AFTER_ROWS: readonly Row<AfterFacts>[] = [
  [
    "credentials",
    "error",
    "AWS credentials",
    cluster({ identity: { unknown: "the AWS credentials have expired", follows: ["credentials"] } }),
  ],
  [
    "aws-unreachable",
    "error",
    "ap-northeast-2",
    cluster({ identity: { unknown: "AWS cannot be reached (ETIMEDOUT)", follows: ["aws-unreachable"] } }),
  ],
  [
    "own-clock",
    "error",
    "this machine",
    cluster({
      identity: { unknown: "this machine's clock is wrong, AWS says (Signature expired)", follows: ["own-clock"] },
    }),
  ],
  ["cluster-missing", "error", "awskrug_gudi_eks", cluster({ controlPlane: { ok: undefined } })],
  ["cluster-missing", "error", "awskrug_gudi_eks", cluster({ controlPlane: { ok: undefined }, identity: HIDDEN })],
  ["cluster-creating", "note", value(AFTER.cluster.controlPlane).arn, plane({ status: "CREATING" })],
  ["cluster-creating", "note", value(AFTER.cluster.controlPlane).arn, plane({ status: "PENDING" })],
  ["cluster-creating", "note", value(AFTER.cluster.controlPlane).arn, plane({ status: "UPDATING" })],
  ["cluster-failed", "error", value(AFTER.cluster.controlPlane).arn, plane({ status: "FAILED" })],
  ["cluster-failed", "error", value(AFTER.cluster.controlPlane).arn, plane({ status: "DELETING" })],
  [
    "cluster-failed",
    "error",
    value(AFTER.cluster.controlPlane).arn,
    plane({ status: "FAILED", issues: ["Ec2SubnetNotFound: one", "InternalFailure: two"] }),
  ],
  ["cluster-failed", "error", value(AFTER.cluster.controlPlane).arn, plane({ issues: ["SubnetNotFound: gone"] })],
  ["outputs-stale", "error", value(AFTER.cluster.controlPlane).arn, plane({ endpoint: "https://OTHER.eks" })],
  ["outputs-stale", "error", value(AFTER.cluster.controlPlane).arn, plane({ certificateAuthorityData: "b3RoZXI=" })],
  ["vpc-dns", "error", "vpc-1", cluster({ vpc: { ok: { ...value(AFTER.cluster.vpc), dnsHostnames: false } } })],
  [
    "vpc-dns",
    "error",
    "vpc-1",
    cluster({ vpc: { ok: { ...value(AFTER.cluster.vpc), dnsSupport: false, dnsHostnames: false } } }),
  ],
  [
    "vpc-dns",
    "warning",
    "vpc-1",
    cluster({ vpc: { ok: { ...value(AFTER.cluster.vpc), nameServers: ["10.0.0.2"] } } }),
    cluster({ vpc: { ok: { ...value(AFTER.cluster.vpc), nameServers: undefined } } }),
  ],
  [
    "vpc-dns",
    "warning",
    "vpc-1",
    cluster(
      { vpc: { ok: { ...value(AFTER.cluster.vpc), nameServers: ["10.0.0.2", "10.0.0.3"] } } },
      { ...AFTER, handover: { ...AFTER.handover, region: "us-east-1" } },
    ),
  ],
  ["endpoint-closed", "error", value(AFTER.cluster.controlPlane).arn, plane({ privateAccess: false })],
  // EKS names the networks of a public endpoint that is off, too.
  [
    "endpoint-closed",
    "error",
    value(AFTER.cluster.controlPlane).arn,
    plane({ privateAccess: false, publicCidrs: ["0.0.0.0/0"] }),
  ],
  ...(
    [
      ["warning", ["0.0.0.0/0"]],
      ["error", ["203.0.113.0/24", "198.51.100.0/24"]],
    ] as const
  ).map(([severity, publicCidrs]): Row<AfterFacts> => [
    "endpoint-closed",
    severity,
    value(AFTER.cluster.controlPlane).arn,
    plane({ privateAccess: false, publicAccess: true, publicCidrs }),
  ]),
  ...[["203.0.113.0/24"], ["203.0.113.0/24", "198.51.100.0/24"], []].map((publicCidrs): Row<AfterFacts> => [
    "endpoint-public",
    "note",
    value(AFTER.cluster.controlPlane).arn,
    plane({ publicAccess: true, publicCidrs }),
  ]),
  [
    "endpoint-public",
    "warning",
    value(AFTER.cluster.controlPlane).arn,
    plane({ publicAccess: true, publicCidrs: ["0.0.0.0/0"] }),
  ],
  ["bastion", "error", "i-0123456789abcdef0", cluster({ bastion: { ok: undefined } })],
  ["bastion", "error", "i-0123456789abcdef0", bastion({ state: "stopped" })],
  ["bastion", "error", "i-0123456789abcdef0", bastion({ state: "stopping" })],
  ["bastion", "error", "i-0123456789abcdef0", bastion({ state: "pending" })],
  ["bastion", "error", "i-0123456789abcdef0", bastion({ state: "shutting-down" })],
  ["bastion", "error", "i-0123456789abcdef0", bastion({ state: "terminated" })],
  [
    "bastion",
    "error",
    "i-0123456789abcdef0",
    bastion({ publicAddress: "203.0.113.99" }),
    bastion({ publicAddress: "" }),
  ],
  ["ssh-unreachable", "error", "i-0123456789abcdef0", login("unreachable", "203.0.113.9 does not answer")],
  [
    "ssh-unreachable",
    "error",
    "i-0123456789abcdef0",
    // As connect() words it, with its own advice.
    login(
      "unreachable",
      "203.0.113.9:22: connect ETIMEDOUT\n  waited    60 s\n  what now  kubectl_ssh_cidrs must hold …\n" +
        "            check --host and --port",
      closed("sg-bastion"),
    ),
  ],
  [
    "ssh-unreachable",
    "error",
    "i-0123456789abcdef0",
    login(
      "unreachable",
      "203.0.113.9 does not answer",
      cluster({
        securityGroups: {
          ok: value(AFTER.cluster.securityGroups).map((it) =>
            it.id === "sg-bastion"
              ? {
                  ...it,
                  inbound: [
                    ...it.inbound,
                    rule("tcp", { from: 443, to: 443 }, ["0.0.0.0/0"]),
                    rule("tcp", { from: 22, to: 22 }, ["198.51.100.0/24"]),
                  ],
                }
              : it,
          ),
        },
      }),
    ),
  ],
  [
    "ssh-unreachable",
    "error",
    "i-0123456789abcdef0",
    login("unreachable", "203.0.113.9 does not answer", cluster({ bastion: HIDDEN })),
  ],
  [
    "ssh-unreachable",
    "note",
    "i-0123456789abcdef0",
    login("booting", "203.0.113.9:22: no identity was accepted; it says: System is booting up"),
  ],
  ["ssh-unreachable", "error", "i-0123456789abcdef0", login("name", "bastion.example: getaddrinfo ENOTFOUND")],
  ["ssh-unreachable", "error", "i-0123456789abcdef0", login("protocol", "203.0.113.9:22: no SSH banner")],
  ["host-key", "error", "i-0123456789abcdef0", login("host-key", "the host key has changed")],
  ["ssh-login", "error", "i-0123456789abcdef0", login("authentication", "no key was taken")],
  [
    "ssh-login",
    "error",
    "i-0123456789abcdef0",
    // A host's own words are none of ours.
    login("authentication", "no key was taken; it says: so  what now  then\n  what now  ssh-add FILE"),
  ],
  ...[301, -301].map((clockAheadSeconds): Row<AfterFacts> => [
    "clock",
    "error",
    "i-0123456789abcdef0",
    inside({ machine: { ok: { missing: [], clockAheadSeconds } } }),
    inside({ machine: { ok: { missing: [], clockAheadSeconds: clockAheadSeconds - Math.sign(clockAheadSeconds) } } }),
  ]),
  [
    "clock",
    "error",
    "i-0123456789abcdef0",
    unreachable("clock", "x509: certificate has expired or is not yet valid"),
    inside({ machine: { ok: { missing: [], clockAheadSeconds: 200 } } }),
  ],
  ["downloads", "warning", "i-0123456789abcdef0", inside({ downloads: { ok: REFUSED } })],
  [
    "downloads",
    "warning",
    "i-0123456789abcdef0",
    inside({ downloads: { ok: { why: "curl: (99)", cure: undefined } } }),
  ],
  [
    "downloads",
    "error",
    "i-0123456789abcdef0",
    inside({ downloads: { ok: REFUSED }, machine: { ok: { missing: ["kubectl"], clockAheadSeconds: 0 } } }),
  ],
  ["downloads", "error", "i-0123456789abcdef0", inside({ downloads: { ok: REFUSED }, machine: NOT_ANSWERED })],
  [
    "bastion-bare",
    "error",
    "i-0123456789abcdef0",
    inside({ machine: { ok: { missing: ["aws", "kubectl", "~/.kube/config"], clockAheadSeconds: 0 } } }),
  ],
  [
    "bastion-credentials",
    "error",
    "i-0123456789abcdef0",
    inside({ identity: { unknown: "Unable to locate credentials", follows: ["bastion-credentials"] } }),
    inside({ identity: { unknown: "the bastion failed: connection lost" } }),
  ],
  ["bastion-credentials", "error", "i-0123456789abcdef0", unreachable("token", "exec: executable aws failed")],
  ["bastion-credentials", "error", "i-0123456789abcdef0", unreachable("token", "no", cluster({ bastion: HIDDEN }))],
  [
    "bastion-credentials",
    "error",
    "i-0123456789abcdef0",
    inside({ identity: { unknown: "the server cannot be reached", follows: ["bastion-credentials"] } }),
    // AWS refuses what is signed with a wrong clock.
    unreachable("token", "no", inside({ machine: { ok: { missing: [], clockAheadSeconds: -900 } } })),
  ],
  ["bastion-credentials", "error", "i-0123456789abcdef0", unreachable("token", "no", bastion({ instanceProfile: "" }))],
  ["bastion-credentials", "error", "i-0123456789abcdef0", unreachable("token", "no", bastion({ hasMetadata: false }))],
  ["sg-bastion", "error", "i-0123456789abcdef0", closed("sg-bastion", "outbound")],
  ["sg-bastion", "error", "i-0123456789abcdef0", closed("sg-plane")],
  ["unauthorized", "error", "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0", UNAUTHORIZED],
  ...["API", "API_AND_CONFIG_MAP"].map((authenticationMode): Row<AfterFacts> => [
    "unauthorized",
    "error",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    plane(
      { authenticationMode },
      cluster({ accessEntries: { ok: [{ principalArn: ROLE, type: "EC2_LINUX" }] } }, UNAUTHORIZED),
    ),
    plane({ authenticationMode }),
  ]),
  [
    "unauthorized",
    "error",
    "arn:aws:iam::123456789012:user/kim",
    inside({ identity: { ok: "arn:aws:iam::123456789012:user/kim" } }, UNAUTHORIZED),
    // It has asked another cluster.
    plane({ endpoint: "https://OTHER.eks" }, UNAUTHORIZED),
  ],
  // Nobody could see whom it admits.
  ...[HIDDEN, { ok: [] }, { ok: [ROLE, OTHER_ROLE].map((principalArn) => ({ principalArn, type: "STANDARD" })) }].map(
    (accessEntries): Row<AfterFacts> => [
      "unauthorized",
      "error",
      "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
      plane({ authenticationMode: "API" }, cluster({ accessEntries }, UNAUTHORIZED)),
    ],
  ),
  // Nor who the bastion is, nor what role it has, nor both.
  ["unauthorized", "error", BASTION_ROLE, inside({ identity: NOT_ANSWERED }, UNAUTHORIZED)],
  [
    "unauthorized",
    "error",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    cluster({ profiles: HIDDEN }, UNAUTHORIZED),
  ],
  [
    "unauthorized",
    "error",
    "the role of the bastion",
    inside({ identity: NOT_ANSWERED }, cluster({ profiles: HIDDEN }, UNAUTHORIZED)),
  ],
  [
    "access-entry-bastion",
    "error",
    BASTION_ROLE,
    plane({ authenticationMode: "API" }),
    plane(
      { authenticationMode: "API" },
      cluster({ accessEntries: { ok: [{ principalArn: BASTION_ROLE, type: "STANDARD" }] } }),
    ),
  ],
  [
    "access-entry-bastion",
    "error",
    BASTION_ROLE,
    plane({ authenticationMode: "API" }),
    // aws-auth may map it.
    plane({ authenticationMode: "API_AND_CONFIG_MAP" }),
  ],
  [
    "access-entry-bastion",
    "error",
    BASTION_ROLE,
    plane({ authenticationMode: "API" }),
    // Where the cluster itself says so, that is enough.
    plane(
      { authenticationMode: "API" },
      unreachable("unauthorized", "You must be logged in to the server (Unauthorized)"),
    ),
  ],
  [
    "access-entry-bastion",
    "error",
    BASTION_ROLE,
    plane({ authenticationMode: "API" }),
    plane({ authenticationMode: "API" }, cluster({ profiles: HIDDEN })),
  ],
  ["forbidden", "error", "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0", FORBIDDEN],
  // aws-auth has a federated user as he is.
  [
    "forbidden",
    "error",
    "arn:aws:sts::123456789012:federated-user/kim",
    inside({ identity: { ok: "arn:aws:sts::123456789012:federated-user/kim" } }, FORBIDDEN),
  ],
  // Whom aws-auth maps has no entry that a policy could be given to.
  ...[
    { ok: [] },
    { ok: [{ principalArn: ROLE, type: "EC2_LINUX" }] },
    { ok: [{ principalArn: BASTION_ROLE, type: "STANDARD" }] },
    HIDDEN,
  ].map((accessEntries): Row<AfterFacts> => [
    "forbidden",
    "error",
    "arn:aws:sts::123456789012:assumed-role/aws-krug-admin/i-0123456789abcdef0",
    plane({ authenticationMode: "API_AND_CONFIG_MAP" }, cluster({ accessEntries }, FORBIDDEN)),
  ]),
  [
    "forbidden",
    "error",
    "arn:aws:iam::123456789012:user/kim",
    // Who it is there, and not its own role, lacks the policy.
    inside(
      { identity: { ok: "arn:aws:iam::123456789012:user/kim" } },
      plane(
        { authenticationMode: "API" },
        cluster(
          { accessEntries: { ok: [{ principalArn: "arn:aws:iam::123456789012:user/kim", type: "STANDARD" }] } },
          FORBIDDEN,
        ),
      ),
    ),
  ],
  [
    "kubeconfig",
    "error",
    "i-0123456789abcdef0",
    unreachable("kubeconfig", "context was not found for specified context: demo"),
  ],
  ["kubeconfig", "error", "i-0123456789abcdef0", unreachable("name", "lookup old.gr7.eks.amazonaws.com: no such host")],
  [
    "api-unreachable",
    "error",
    AFTER.handover.cluster_endpoint,
    unreachable("unreachable", "dial tcp 172.16.10.9:443: i/o timeout"),
    plane({ privateAccess: false }, unreachable("unreachable", "dial tcp 172.16.10.9:443: i/o timeout")),
  ],
  [
    "api-unreachable",
    "error",
    AFTER.handover.cluster_endpoint,
    unreachable("name", "lookup abcdef.gr7.ap-northeast-2.eks.amazonaws.com: no such host"),
  ],
  [
    "api-unreachable",
    "error",
    AFTER.handover.cluster_endpoint,
    unreachable("unreachable", "dial tcp 172.16.10.9:443: i/o timeout", cluster({ controlPlane: HIDDEN })),
  ],
  ["group-missing", "error", "awskrug_gudi_eks-worker", cluster({ groups: { ok: [] } })],
  ["group-missing", "error", "awskrug_gudi_eks-worker", group({ name: "other" })],
  // 6 for a node's first interface, and 6 for the control plane.
  ["subnet-full", "error", "subnet-a", subnet({ free: 5 })],
  ["subnet-full", "warning", "subnet-a", subnet({ free: 6 })],
  ["subnet-full", "warning", "subnet-a", subnet({ free: 11 }), subnet({ free: 12 })],
  // Of a type that EC2 does not tell of, one address.
  [
    "subnet-full",
    "warning",
    "subnet-a",
    cluster({ instanceTypes: { ok: {} } }, subnet({ free: 6 })),
    cluster({ instanceTypes: { ok: {} } }, subnet({ free: 7 })),
  ],
  // Only the control plane stands there.
  [
    "subnet-full",
    "warning",
    "subnet-public",
    plane({ subnetIds: ["subnet-a", "subnet-public"] }, subnetOf("subnet-public", { free: 5 })),
    plane({ subnetIds: ["subnet-a", "subnet-public"] }, subnetOf("subnet-public", { free: 6 })),
  ],
  ["launch-missing", "error", "awskrug_gudi_eks-worker", group({ launchId: "lc-gone", instances: [] })],
  [
    "launch-missing",
    "error",
    "awskrug_gudi_eks-worker",
    group({ launchId: undefined, instances: [] }),
    // Nobody could see what there is to launch from.
    cluster({ groups: HIDDEN, launches: { ok: {} } }),
  ],
  [
    "image-missing",
    "error",
    "ami-0123456789abcdef0",
    cluster({ images: { ok: [] } }),
    launch({ imageId: "resolve:ssm:/aws/service/eks/optimized-ami/1.32/amazon-linux-2/recommended/image_id" }),
  ],
  ["image-missing", "error", "ami-0123456789abcdef0", nodesImage({ state: "failed" })],
  ["image-architecture", "error", "ami-0123456789abcdef0", nodesImage({ architecture: "arm64" })],
  [
    "image-architecture",
    "error",
    "ami-0123456789abcdef0",
    cluster({
      images: {
        ok: value(AFTER.cluster.images).flatMap((it) => [
          { ...it, id: "ami-0fedcba9876543210" },
          { ...it, architecture: "arm64" },
        ]),
      },
    }),
  ],
  ["group-short", "error", "awskrug_gudi_eks-worker", group({ instances: [], failure: "no addresses" })],
  ["group-short", "error", "awskrug_gudi_eks-worker", group({ instances: [], suspended: ["Launch"] })],
  ["group-short", "warning", "awskrug_gudi_eks-worker", group({ instances: [] })],
  ["group-short", "warning", "awskrug_gudi_eks-worker", group({ desired: 3 }), group({ desired: 1 })],
  ...LAUNCH_FAILURES.map((failure): Row<AfterFacts> => [
    ...(["group-short", "error", "awskrug_gudi_eks-worker"] as const),
    group({ instances: [], failure }),
  ]),
  [
    "instance-stopped",
    "error",
    "i-1",
    unregistered(instance({ state: "stopped" })),
    unregistered(instance({ state: "shutting-down" })),
  ],
  [
    "instance-stopped",
    "error",
    "i-1",
    unregistered(instance({ state: "stopping" })),
    // One that boots is no error.
    unregistered(instance({ state: "pending", ageSeconds: 20 })),
  ],
  ["node-tag", "error", "i-1", unregistered(instance({ tags: {} }))],
  [
    "node-tag",
    "error",
    "i-1",
    unregistered(instance({ tags: { "kubernetes.io/cluster/awskrug_gudi_eks": "shared" } })),
  ],
  // Nobody could ask the cluster whether it has joined.
  ["node-tag", "error", "i-1", login("unreachable", "no answer", instance({ tags: {} }))],
  ["node-tag", "error", "awskrug_gudi_eks-worker", group({ tags: {} })],
  [
    "node-tag",
    "error",
    "awskrug_gudi_eks-worker",
    group({ tags: { "kubernetes.io/cluster/awskrug_gudi_eks": { value: "shared", propagates: true } } }),
  ],
  [
    "node-tag",
    "error",
    "awskrug_gudi_eks-worker",
    group({ tags: { "kubernetes.io/cluster/awskrug_gudi_eks": { value: "owned", propagates: false } } }),
  ],
  ["user-data-none", "error", "lc-1", launch({ userData: {} })],
  ["image-family", "error", "ami-0123456789abcdef0", nodesImage({ name: AL2023 })],
  [
    "image-family",
    "error",
    "ami-0123456789abcdef0",
    launch({ userData: userData("al2023/nothing-supplied.mime") }),
    launch({ userData: userData("al2023/nothing-supplied.mime") }, nodesImage({ name: AL2023 })),
  ],
  ["image-version", "error", "ami-0123456789abcdef0", nodesImage({ name: "amazon-eks-node-1.14-v20190927" })],
  ["image-version", "error", "ami-0123456789abcdef0", nodesImage({ name: "amazon-eks-node-1.33-v20250927" })],
  [
    "image-version",
    "error",
    "ami-0123456789abcdef0",
    nodesImage({ name: "amazon-eks-node-1.28-v20250927" }),
    nodesImage({ name: "amazon-eks-node-1.29-v20250927" }),
  ],
  ["image-unknown", "note", "ami-0123456789abcdef0", nodesImage({ name: "of my own" })],
  [
    "user-data-cluster",
    "error",
    "lc-1",
    launch({ userData: userData("nothing-supplied.sh", { name: "awskrug_gudi_eks-cluster" }) }),
    launch({ userData: { al2: { name: "$NAME" } } }),
  ],
  [
    "user-data-cluster",
    "error",
    "lc-1",
    launch({ userData: FOR_TWO_FAMILIES }),
    launch({ userData: FOR_TWO_FAMILIES }, nodesImage({ name: AL2023 })),
  ],
  [
    "user-data-cluster",
    "error",
    "lc-1",
    // The image of an instance that was launched from something else is the first.
    cluster(
      {
        images: {
          ok: value(AFTER.cluster.images).flatMap((it) => [{ ...it, id: "ami-0fedcba9876543210", name: AL2023 }, it]),
        },
      },
      launch({ userData: FOR_TWO_FAMILIES }),
    ),
  ],
  // To which family the image belongs, nobody knows.
  ...[{ al2: {} }, { al2: {}, al2023: { name: "other" } }, { al2: { name: "other" }, al2023: { name: "third" } }].map(
    (parsed): Row<AfterFacts> => [
      "user-data-cluster",
      "error",
      "lc-1",
      launch({ userData: parsed }, nodesImage({ name: "of my own" })),
    ],
  ),
  ...["nothing-supplied.sh", "al2023/nothing-supplied.mime", "bottlerocket/nothing-supplied.toml"].flatMap(
    (file): Row<AfterFacts>[] => [
      ["user-data-cluster", "error", "lc-1", ofFamily(file, { name: "other" }), ofFamily(file)],
      ["user-data-endpoint", "error", "lc-1", ofFamily(file, { endpoint: "https://FEDCBA.eks.amazonaws.com" })],
      ["user-data-endpoint", "error", "lc-1", ofFamily(file, { certificateAuthorityData: "b3RoZXI=" }), ofFamily(file)],
    ],
  ),
  [
    "user-data-endpoint",
    "error",
    "lc-1",
    // nodeadm asks nobody; bootstrap.sh asks EKS for what it is not told.
    launch({ userData: { al2023: { name: AFTER.handover.cluster_name } } }, nodesImage({ name: AL2023 })),
    launch({ userData: { al2: { name: AFTER.handover.cluster_name, endpoint: "https://OTHER.eks" } } }),
  ],
  [
    "user-data-endpoint",
    "error",
    "lc-1",
    launch({ userData: { al2023: { name: AFTER.handover.cluster_name } } }, nodesImage({ name: AL2023 })),
    launch({ userData: { al2: { name: AFTER.handover.cluster_name, certificateAuthorityData: "b3RoZXI=" } } }),
  ],
  ["instance-profile", "error", "lc-1", cluster({ profiles: { ok: {} } })],
  ["instance-profile", "error", "lc-1", launch({ instanceProfile: "" })],
  ["imds", "error", "i-1", unregistered(instance({ hasMetadata: false })), instance({ hasMetadata: undefined })],
  [
    "node-policies",
    "warning",
    ROLE,
    cluster({ policies: { ok: { [ROLE]: ["AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"] } } }),
  ],
  ["node-policies", "warning", ROLE, cluster({ policies: { ok: { [ROLE]: [] } } })],
  ["sg-control-plane", "error", "sg-nodes", closed("sg-plane")],
  // What an instance has counts, not what the next one will have.
  ["sg-control-plane", "error", "sg-nodes", launch({ securityGroupIds: ["sg-bastion"] }, closed("sg-plane"))],
  ["node-egress", "error", "subnet-a", subnet({ defaultRoute: undefined })],
  ["node-egress", "error", "subnet-a", subnet({ defaultRoute: "blackhole" })],
  [
    "node-egress",
    "error",
    "subnet-a",
    subnet({ defaultRoute: "igw-1" }),
    cluster(
      { instances: { ok: value(AFTER.cluster.instances).map((it) => ({ ...it, publicAddress: "203.0.113.20" })) } },
      subnet({ defaultRoute: "igw-1" }),
    ),
  ],
  [
    "node-egress",
    "error",
    "subnet-a",
    subnet({ defaultRoute: "igw-1" }),
    // One that is stopped has given its public address back.
    cluster(
      { instances: { ok: value(AFTER.cluster.instances).map((it) => ({ ...it, state: "stopped" })) } },
      subnet({ defaultRoute: "igw-1" }),
    ),
  ],
  [
    "node-egress",
    "error",
    "subnet-a",
    // Of two nodes one has none.
    cluster(
      {
        instances: {
          ok: value(AFTER.cluster.instances).map((it, i) => (i === 0 ? it : { ...it, publicAddress: "203.0.113.20" })),
        },
      },
      subnet({ defaultRoute: "igw-1" }),
    ),
    // They stand in another subnet.
    cluster(
      { instances: { ok: value(AFTER.cluster.instances).map((it) => ({ ...it, subnetId: "subnet-b" })) } },
      subnet({ defaultRoute: "igw-1" }),
    ),
  ],
  [
    "node-egress",
    "error",
    "subnet-a",
    subnet({ defaultRoute: undefined }),
    // There may be endpoints that stand for the way out.
    cluster({ vpcEndpoints: HIDDEN }, subnet({ defaultRoute: undefined })),
  ],
  ["node-egress", "error", "subnet-a, subnet-b", nat({ state: "failed" })],
  ["node-egress", "error", "subnet-a, subnet-b", nat({ subnetId: "subnet-b" })],
  [
    "node-egress",
    "error",
    "subnet-a",
    cluster({ vpcEndpoints: { ok: ["ec2", "s3"] } }, subnet({ defaultRoute: undefined })),
    cluster({ vpcEndpoints: { ok: ["ec2", "ecr.api", "ecr.dkr", "s3"] } }, subnet({ defaultRoute: undefined })),
  ],
  ["aws-auth-instance-profile", "error", ROLE, awsAuth(mapRoles(ROLE.replace(":role/", ":instance-profile/")))],
  ["aws-auth", "error", ROLE, awsAuth(mapRoles("arn:aws:iam::123456789012:role/other"))],
  ["aws-auth", "error", ROLE, inside({ cluster: { ok: { ...state(), awsAuth: undefined } } })],
  ["access-entry", "error", ROLE, plane({ authenticationMode: "API" })],
  [
    "access-entry",
    "error",
    ROLE,
    plane({ authenticationMode: "API_AND_CONFIG_MAP" }, awsAuth("[]")),
    // aws-auth still counts; who has written it is not asked.
    plane({ authenticationMode: "API_AND_CONFIG_MAP" }),
  ],
  [
    "access-entry",
    "error",
    ROLE,
    cluster(
      { accessEntries: { ok: [{ principalArn: ROLE, type: "STANDARD" }] } },
      plane({ authenticationMode: "API_AND_CONFIG_MAP" }),
    ),
    cluster(
      { accessEntries: { ok: [{ principalArn: ROLE, type: "EC2_LINUX" }] } },
      plane({ authenticationMode: "API" }),
    ),
  ],
  [
    "access-entry",
    "error",
    ROLE,
    plane({ authenticationMode: "API" }),
    cluster({ accessEntries: { ok: [{ principalArn: ROLE, type: "EC2" }] } }, plane({ authenticationMode: "API" })),
  ],
  ["node-not-registered", "error", "i-1", unregistered(AFTER)],
  ["node-not-registered", "note", "i-1", unregistered(instance({ ageSeconds: 299 }))],
  ["node-not-registered", "error", "i-1", unregistered(instance({ ageSeconds: 300 }))],
  [
    "node-not-ready",
    "error",
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    nodes((it, i) => (i === 0 ? { ...it, isReady: false, reason: "KubeletNotReady: no CNI" } : it)),
  ],
  ...(
    [
      ["note", 299],
      ["error", 300],
    ] as const
  ).map(([severity, ageSeconds]): Row<AfterFacts> => [
    "node-not-ready",
    severity,
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    nodes((it, i) => (i === 0 ? { ...it, isReady: false } : it), instance({ ageSeconds })),
  ]),
  // It is another instance that is new; nobody could see how old it is; and one is called by its instance's id.
  [
    "node-not-ready",
    "error",
    "ip-172-16-12-5.ap-northeast-2.compute.internal",
    nodes((it, i) => ({ ...it, isReady: i === 0 }), instance({ ageSeconds: 60 })),
  ],
  [
    "node-not-ready",
    "error",
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    cluster(
      { instances: HIDDEN },
      nodes((it, i) => ({ ...it, isReady: i > 0 })),
    ),
  ],
  [
    "node-not-ready",
    "note",
    "i-1",
    nodes((it, i) => (i === 0 ? { ...it, name: "i-1", isReady: false } : it), instance({ ageSeconds: 60 })),
  ],
  ["cni-missing", "error", "awskrug_gudi_eks", inside({ workloads: { ok: [] } })],
  [
    "cni-missing",
    "error",
    "awskrug_gudi_eks",
    inside({
      workloads: { ok: [workload("DaemonSet", "other/aws-node"), workload("DaemonSet", "kube-system/other")] },
    }),
    // Nobody could see what runs there.
    inside({ workloads: HIDDEN }),
  ],
  [
    "node-cordoned",
    "note",
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    nodes((it, i) => ({ ...it, isCordoned: i === 0 })),
  ],
  [
    "node-cordoned",
    "warning",
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    nodes((it) => ({ ...it, isCordoned: true })),
  ],
  ["workload-not-ready", "error", "kube-system/aws-node", ready("DaemonSet", "kube-system/aws-node", 0)],
  ["workload-not-ready", "error", "kube-system/kube-proxy", ready("DaemonSet", "kube-system/kube-proxy", 0)],
  ["workload-not-ready", "error", "kube-system/coredns", ready("Deployment", "kube-system/coredns", 0)],
  [
    "workload-not-ready",
    "warning",
    "kube-system/aws-node",
    ready("DaemonSet", "kube-system/aws-node", 1),
    // The node itself says more.
    ready(
      "DaemonSet",
      "kube-system/aws-node",
      1,
      nodes((it, i) => ({ ...it, isReady: i > 0 })),
    ),
  ],
  [
    "workload-not-ready",
    "warning",
    "kube-system/coredns",
    ready("Deployment", "kube-system/coredns", 1),
    ready(
      "Deployment",
      "kube-system/coredns",
      1,
      nodes((it, i) => ({ ...it, isReady: i > 0 })),
    ),
  ],
  [
    "workload-not-ready",
    "error",
    "kube-system/coredns",
    ready("Deployment", "kube-system/coredns", 0),
    // No node is Ready, which is said of the nodes.
    ready(
      "Deployment",
      "kube-system/coredns",
      0,
      nodes((it) => ({ ...it, isReady: false })),
    ),
  ],
  // A node that is sick accounts for one pod of a DaemonSet, and for none of a Deployment that another node can take.
  [
    "workload-not-ready",
    "warning",
    "kube-system/aws-node",
    usual("aws-node", { wanted: 3, ready: 1 }, oneOfThreeSick()),
    usual("aws-node", { wanted: 3, ready: 2 }, oneOfThreeSick()),
  ],
  [
    "workload-not-ready",
    "error",
    "kube-system/coredns",
    usual("coredns", { wanted: 1, ready: 0 }, oneOfThreeSick()),
    usual("coredns", { wanted: 2, ready: 1 }, oneOfThreeSick()),
  ],
  // A DaemonSet puts up with nodes that are cordoned.
  [
    "workload-not-ready",
    "warning",
    "kube-system/aws-node",
    ready(
      "DaemonSet",
      "kube-system/aws-node",
      1,
      nodes((it) => ({ ...it, isCordoned: true })),
    ),
  ],
  // A machine that boots takes no pods yet.
  [
    "workload-not-ready",
    "error",
    "kube-system/coredns",
    ready("Deployment", "kube-system/coredns", 0, unregistered(instance({ state: "pending", ageSeconds: 20 }))),
  ],
  [
    "workload-not-ready",
    "warning",
    "kube-system/metrics-server",
    ready("Deployment", "kube-system/metrics-server", 0),
    ready("Deployment", "shop/web", 0),
  ],
  [
    "workload-not-ready",
    "note",
    "kube-system/coredns",
    ready("Deployment", "kube-system/coredns", 0, instance({ ageSeconds: 299 })),
  ],
  [
    "workload-not-ready",
    "error",
    "kube-system/coredns",
    ready("Deployment", "kube-system/coredns", 0, instance({ ageSeconds: 300 })),
  ],
  [
    "workload-not-ready",
    "note",
    "kube-system/aws-node",
    ready("DaemonSet", "kube-system/aws-node", 1, instance({ ageSeconds: 60 })),
  ],
  [
    "workload-not-ready",
    "error",
    "kube-system/aws-node",
    ready("DaemonSet", "kube-system/aws-node", 0, instance({ ageSeconds: 60 })),
  ],
  ["sg-kubelet", "error", "sg-nodes", closed("sg-nodes")],
  ["sg-dns", "error", "sg-nodes", closed("sg-nodes")],
  ...(
    [
      ["error", "v1.33.5-eks-aeac579"],
      ["warning", "v1.31.14-eks-aeac579"],
      ["warning", "v1.29.15-eks-aeac579"],
      ["error", "v1.28.15-eks-aeac579"],
    ] as const
  ).map(([severity, version]): Row<AfterFacts> => [
    "node-version",
    severity,
    "ip-172-16-10-5.ap-northeast-2.compute.internal",
    nodes((it, i) => (i === 0 ? { ...it, version } : it)),
    nodes((it, i) => (i === 0 ? { ...it, version: "" } : it)),
  ]),
  [
    "subnet-tag",
    "warning",
    "subnet-a",
    subnet({ tags: {} }),
    subnet({ tags: { "kubernetes.io/role/internal-elb": "" } }),
  ],
  [
    "subnet-tag",
    "warning",
    "subnet-public",
    subnetOf("subnet-public", { tags: { "kubernetes.io/cluster/awskrug_gudi_eks": "shared" } }),
    // Somebody else's subnet in the same VPC.
    subnetOf("subnet-public", { tags: {} }),
  ],
  ["version-support", "note", value(AFTER.cluster.controlPlane).arn, plane({ supportType: "standard" })],
  [
    "pods-few",
    "warning",
    "t3.nano",
    cluster(
      {
        instanceTypes: {
          ok: {
            "t3.nano": { vcpus: 2, memoryMiB: 512, interfaces: 1, addressesPerInterface: 2, architectures: ["x86_64"] },
          },
        },
      },
      launch({ instanceType: "t3.nano" }),
    ),
  ],
  [
    "capacity",
    "note",
    "t3.medium",
    AFTER,
    cluster({ instanceTypes: { ok: { "t3.medium": { ...G5, interfaces: 0 } } } }),
  ],
  ["access", "note", value(AFTER.cluster.controlPlane).arn, AFTER, cluster({ controlPlane: { ok: undefined } })],
  ...["API", "API_AND_CONFIG_MAP"].map((authenticationMode): Row<AfterFacts> => [
    "access",
    "note",
    value(AFTER.cluster.controlPlane).arn,
    plane(
      { authenticationMode },
      cluster({ accessEntries: { ok: [{ principalArn: BASTION_ROLE, type: "STANDARD" }] } }),
    ),
    cluster({ controlPlane: { ok: undefined } }),
  ]),
  ...[
    inside({
      cluster: {
        ok: {
          ...state(),
          awsAuth: {
            ...awsAuthOf(""),
            data: { mapRoles: mapRoles(ROLE), mapUsers: "- userarn: arn:aws:iam::123456789012:user/kim\n" },
          },
        },
      },
    }),
    inside({ cluster: HIDDEN }),
    cluster({ accessEntries: HIDDEN }),
    plane({ authenticationMode: "API" }),
  ].map((facts): Row<AfterFacts> => [
    ...(["access", "note", value(AFTER.cluster.controlPlane).arn] as const),
    facts,
    cluster({ controlPlane: { ok: undefined } }),
  ]),
  ["node-group-owner", "note", "awskrug_gudi_eks-worker", AFTER, cluster({ groups: { ok: [] } })],
  [
    "node-group-owner",
    "note",
    "awskrug_gudi_eks-worker",
    group({ tags: { "aws:cloudformation:stack-name": { value: "nodes-of-2019", propagates: true } } }),
    cluster({ groups: { ok: [] } }),
  ],
  [
    "node-group-owner",
    "note",
    "awskrug_gudi_eks-worker",
    group({ launchId: undefined, instances: [] }),
    cluster({ groups: { ok: [] } }),
  ],
  ["pod-logs", "note", "awskrug_gudi_eks", inside({ workloads: { ok: [AWS_NODE] } })],
  [
    "pod-logs",
    "note",
    "awskrug_gudi_eks",
    {
      ...cluster({ profiles: { ok: {} } }, inside({ workloads: { ok: [AWS_NODE] } })),
      handover: { ...AFTER.handover, node_role_arns: [ROLE, OTHER_ROLE] },
    },
  ],
  ["metrics-server", "note", "awskrug_gudi_eks", inside({ workloads: { ok: [AWS_NODE] } })],
];

export const STATE_ROWS: readonly Row<StateFacts>[] = [
  [
    "state-locked",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, lock: lock("kim@jump", "OperationTypeApply", true) },
    { ...STATE, lock: lock("kim@jump", "OperationTypeApply", false) },
  ],
  [
    "state-locked",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, lock: lock("kim@jump", "OperationTypeApply", undefined) },
  ],
  [
    "state-locked",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, lock: lock("", "", undefined) },
    { ...STATE, lock: lock("", "", false) },
  ],
  [
    "apply-incomplete",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, lock: lock("kim@jump", "OperationTypeApply", false) },
    { ...STATE, lock: lock("kim@jump", "OperationTypePlan", false) },
  ],
  [
    "apply-incomplete",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, resources: 1, outputProblem: "bastion_address is missing" },
    { ...STATE, resources: 0, outputProblem: "bastion_address is missing" },
  ],
  [
    "apply-incomplete",
    "error",
    "terraform.eks.tfstate",
    { ...STATE, resources: 1, outputProblem: "bastion_address is missing" },
    // Whoever is at work has not said all outputs yet.
    {
      ...STATE,
      resources: 1,
      outputProblem: "bastion_address is missing",
      lock: lock("kim@jump", "OperationTypeApply", true),
    },
  ],
  ["resource-tainted", "warning", "aws_instance.bastion", { ...STATE, tainted: ["aws_instance.bastion"] }],
];
