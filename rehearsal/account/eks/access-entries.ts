import { randomUUID } from "node:crypto";

import type {
  AccessEntry,
  AssociateAccessPolicyRequest,
  CreateAccessEntryRequest,
  UpdateAccessEntryRequest,
} from "@aws-sdk/client-eks";

import { EksError, pageOf, type EksRequest } from "./call";
import type { StandInAccessEntry, StandInEksCluster } from "./cluster";

/** Policies that can be associated with an access entry, as far as they are for people and their tools. */
export const ACCESS_POLICIES = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSViewPolicy",
] as const;

/** What EKS itself says of an entry of a type; STANDARD ones say it themselves. */
interface OwnIdentity {
  readonly username: string;
  readonly kubernetesGroups: readonly string[];
}

const EC2_NODE = "system:node:{{EC2PrivateDNSName}}";
const SESSION_NODE = "system:node:{{SessionName}}";

/** @see https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html */
const TYPES: Readonly<Record<string, OwnIdentity | "own">> = {
  STANDARD: "own",
  EC2: { username: EC2_NODE, kubernetesGroups: ["system:nodes"] },
  EC2_LINUX: { username: EC2_NODE, kubernetesGroups: ["system:nodes"] },
  EC2_WINDOWS: { username: EC2_NODE, kubernetesGroups: ["system:nodes", "eks:kube-proxy-windows"] },
  FARGATE_LINUX: {
    username: SESSION_NODE,
    kubernetesGroups: ["system:bootstrappers", "system:nodes", "system:node-proxier"],
  },
  HYBRID_LINUX: { username: SESSION_NODE, kubernetesGroups: ["system:nodes"] },
};
const PRINCIPAL = /^arn:[\w-]+:iam::(\d{12}):(role|user)\/(?:[^\s]+\/)?([^\s/]+)$/;
const RESERVED = /^(system|eks|aws|amazon|iam):/;

/** Refuses all that is about access entries in a cluster that does not look at them. */
function refuseWithoutEntries({ name, authenticationMode }: StandInEksCluster): void {
  if (authenticationMode !== "CONFIG_MAP") return;
  // https://github.com/aws-ia/terraform-aws-eks-blueprints/issues/1877
  throw new EksError(
    "InvalidRequestException",
    "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    { clusterName: name },
  );
}

/**
 * The entries of a cluster, with that of its creator, which is there from the beginning but does not show in the mode
 * CONFIG_MAP.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
 */
async function entriesOf(cluster: StandInEksCluster): Promise<Map<string, StandInAccessEntry>> {
  refuseWithoutEntries(cluster);
  if (cluster.isCreatorPending) {
    cluster.isCreatorPending = false;
    const creator = await cluster.account.callerArn();
    const associated = newEntry(cluster, { principalArn: creator });
    const [, partition = "aws"] = cluster.arn.split(":");
    const policyArn = `arn:${partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`;
    const now = new Date();
    associated.policies.set(policyArn, {
      policyArn,
      accessScope: { type: "cluster", namespaces: [] },
      associatedAt: now,
      modifiedAt: now,
    });
    cluster.accessEntries.set(creator, associated);
  }
  return cluster.accessEntries;
}

async function entryOf(cluster: StandInEksCluster, principalArn: string): Promise<StandInAccessEntry> {
  const found = (await entriesOf(cluster)).get(principalArn);
  if (found !== undefined) return found;
  // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3024
  throw new EksError(
    "ResourceNotFoundException",
    "The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'.",
    { clusterName: cluster.name },
  );
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html */
export async function createAccessEntry(cluster: StandInEksCluster, { body }: EksRequest): Promise<object> {
  const asked = body as Partial<CreateAccessEntryRequest>;
  const { principalArn = "", type = "STANDARD" } = asked;
  const entries = await entriesOf(cluster);
  const refuse = (message: string) => new EksError("InvalidParameterException", message, { clusterName: cluster.name });
  const [, account, kind] = PRINCIPAL.exec(principalArn) ?? [];
  if (account === undefined) throw refuse("The principalArn parameter format is not valid");
  if (principalArn.includes(":role/aws-service-role/")) {
    // https://github.com/hashicorp/terraform-provider-aws/issues/36447
    throw refuse(
      "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
    );
  }
  if (TYPES[type] === undefined) throw refuse(`The type ${type} is not one of ${Object.keys(TYPES).join(", ")}`);
  if (type !== "STANDARD" && kind !== "role")
    throw refuse(`The principalArn of an entry of type ${type} must be a role`);
  refuseIdentity(cluster, type, asked);
  if (entries.has(principalArn)) {
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3293
    throw new EksError(
      "ResourceInUseException",
      "The specified access entry resource is already in use on this cluster.",
      { clusterName: cluster.name },
    );
  }
  // Nobody can look into another account.
  const isOwn = cluster.arn.split(":")[4] === account;
  if (isOwn && (await cluster.account.principal(principalArn)) === undefined) {
    throw refuse("The specified principalArn is invalid: invalid principal.");
  }
  const created = newEntry(cluster, { ...asked, principalArn });
  entries.set(principalArn, created);
  return { accessEntry: created.entry };
}

function newEntry(cluster: StandInEksCluster, asked: CreateEntry): StandInAccessEntry {
  const { principalArn, type = "STANDARD", tags = {} } = asked;
  const [, partition = "aws", , region = "", account = ""] = cluster.arn.split(":");
  const [, owner = account, kind = "role", name = ""] = PRINCIPAL.exec(principalArn) ?? [];
  const now = new Date();
  const given = TYPES[type];
  const own = typeof given === "object" ? given : { username: usernameOf(principalArn), kubernetesGroups: [] };
  const entry: AccessEntry = {
    clusterName: cluster.name,
    principalArn,
    kubernetesGroups: [...(asked.kubernetesGroups ?? own.kubernetesGroups)],
    accessEntryArn: `arn:${partition}:eks:${region}:${account}:access-entry/${cluster.name}/${kind}/${owner}/${name}/${randomUUID()}`,
    createdAt: now,
    modifiedAt: now,
    tags,
    username: asked.username ?? own.username,
    type,
  };
  return { entry, policies: new Map() };
}

interface CreateEntry {
  readonly principalArn: string;
  readonly type?: string | undefined;
  readonly tags?: Record<string, string> | undefined;
  readonly username?: string | undefined;
  readonly kubernetesGroups?: readonly string[] | undefined;
}

/** A role's is that of its sessions, whose ARN has no path. */
function usernameOf(principalArn: string): string {
  return principalArn.replace(
    /^(arn:[\w-]+):iam::(\d+):role\/(?:.*\/)?([^/]+)$/,
    "$1:sts::$2:assumed-role/$3/{{SessionName}}",
  );
}

/** Refuses names that a client must not say. */
function refuseIdentity(
  { name }: StandInEksCluster,
  type: string,
  { username, kubernetesGroups = [] }: Pick<UpdateAccessEntryRequest, "username" | "kubernetesGroups">,
): void {
  const refuse = (message: string) => new EksError("InvalidParameterException", message, { clusterName: name });
  if (type !== "STANDARD" && (username !== undefined || kubernetesGroups.length > 0)) {
    throw refuse(`An access entry of type ${type} takes neither a username nor kubernetesGroups`);
  }
  const [, start] = RESERVED.exec(username ?? "") ?? [];
  // https://github.com/aws-ia/terraform-aws-eks-blueprints/pull/1920
  if (start !== undefined) throw refuse(`The username must not begin with ${start}:`);
  const group = kubernetesGroups.find((each) => RESERVED.test(each));
  if (group !== undefined) {
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2915
    const [, reserved = ""] = RESERVED.exec(group) ?? [];
    throw refuse(`The kubernetes group name ${group} is invalid, it cannot start with ${reserved}:`);
  }
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAccessEntry.html */
export async function describeAccessEntry(cluster: StandInEksCluster, { names }: EksRequest): Promise<object> {
  return { accessEntry: (await entryOf(cluster, names[0] ?? "")).entry };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_ListAccessEntries.html */
export async function listAccessEntries(cluster: StandInEksCluster, { query }: EksRequest): Promise<object> {
  const policy = query.get("associatedPolicyArn");
  const all = [...(await entriesOf(cluster))]
    .filter(([, { policies }]) => policy === null || policies.has(policy))
    .map(([principalArn]) => principalArn);
  const { items, nextToken } = pageOf(all.sort(), query);
  return { accessEntries: items, nextToken };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateAccessEntry.html */
export async function updateAccessEntry(cluster: StandInEksCluster, { names, body }: EksRequest): Promise<object> {
  const { username, kubernetesGroups } = body as Partial<UpdateAccessEntryRequest>;
  const found = await entryOf(cluster, names[0] ?? "");
  refuseIdentity(cluster, found.entry.type ?? "STANDARD", {
    ...(username !== undefined && { username }),
    ...(kubernetesGroups !== undefined && { kubernetesGroups }),
  });
  found.entry = {
    ...found.entry,
    ...(username !== undefined && { username }),
    ...(kubernetesGroups !== undefined && { kubernetesGroups }),
    modifiedAt: new Date(),
  };
  return { accessEntry: found.entry };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DeleteAccessEntry.html */
export async function deleteAccessEntry(cluster: StandInEksCluster, { names }: EksRequest): Promise<object> {
  await entryOf(cluster, names[0] ?? "");
  cluster.accessEntries.delete(names[0] ?? "");
  return {};
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateAccessPolicy.html */
export async function associateAccessPolicy(cluster: StandInEksCluster, { names, body }: EksRequest): Promise<object> {
  const { policyArn = "", accessScope = {} } = body as Partial<AssociateAccessPolicyRequest>;
  const [principalArn = ""] = names;
  const { entry, policies } = await entryOf(cluster, principalArn);
  const about = { clusterName: cluster.name };
  if (entry.type !== "STANDARD" && !(entry.type === "EC2" && policyArn.endsWith("/AmazonEKSAutoNodePolicy"))) {
    const type = entry.type ?? "";
    throw new EksError(
      "InvalidRequestException",
      `Access policies cannot be associated with an entry of type ${type}`,
      about,
    );
  }
  if (!accessPolicies(cluster).some(({ arn }) => arn === policyArn)) {
    throw new EksError("ResourceNotFoundException", "The specified policyArn could not be found.", about);
  }
  const { type = "cluster", namespaces = [] } = accessScope;
  const refuse = (message: string) => new EksError("InvalidParameterException", message, about);
  if (type === "namespace" && namespaces.length === 0) throw refuse("The accessScope namespace needs namespaces");
  if (type === "cluster" && namespaces.length > 0) throw refuse("The accessScope cluster takes no namespaces");
  const now = new Date();
  const associatedAt = policies.get(policyArn)?.associatedAt ?? now;
  const associatedAccessPolicy = { policyArn, accessScope: { type, namespaces }, associatedAt, modifiedAt: now };
  policies.set(policyArn, associatedAccessPolicy);
  return { clusterName: cluster.name, principalArn, associatedAccessPolicy };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_ListAssociatedAccessPolicies.html */
export async function listAssociatedAccessPolicies(cluster: StandInEksCluster, request: EksRequest): Promise<object> {
  const [principalArn = ""] = request.names;
  const { policies } = await entryOf(cluster, principalArn);
  const { items, nextToken } = pageOf([...policies.values()], request.query);
  return { clusterName: cluster.name, principalArn, associatedAccessPolicies: items, nextToken };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DisassociateAccessPolicy.html */
export async function disassociateAccessPolicy(cluster: StandInEksCluster, { names }: EksRequest): Promise<object> {
  const [principalArn = "", policyArn = ""] = names;
  const { policies } = await entryOf(cluster, principalArn);
  if (!policies.delete(policyArn)) {
    const message = "The specified policyArn is not associated with the access entry.";
    throw new EksError("ResourceNotFoundException", message, { clusterName: cluster.name });
  }
  return {};
}

/** What ListAccessPolicies says in a cluster's partition. */
export function accessPolicies({ arn }: Pick<StandInEksCluster, "arn">): readonly { name: string; arn: string }[] {
  const [, partition = "aws"] = arn.split(":");
  return ACCESS_POLICIES.map((name) => ({ name, arn: `arn:${partition}:eks::aws:cluster-access-policy/${name}` }));
}
