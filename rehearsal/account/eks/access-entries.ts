import { randomUUID } from "node:crypto";

import type { AccessScope } from "@aws-sdk/client-eks";

import { EksError, found, invalid, pageOf, type Asked } from "./call";
import type { Operations, StandInAccessEntry, StandInEksCluster } from "./cluster";

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

const EC2_NODE = "system:node:{{EC2PrivateDNSName}}";
const SESSION_NODE = "system:node:{{SessionName}}";

/**
 * What EKS itself says of an entry of a type; those of the type STANDARD say it themselves.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
 */
const NODE_TYPES: Readonly<Record<string, { readonly username: string; readonly kubernetesGroups: string[] }>> = {
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

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessEntry.html */
export const ACCESS_ENTRY_OPERATIONS: Operations = {
  "GET /clusters/{clusterName}/access-entries": async (asked, cluster) => {
    const { associatedPolicyArn: policy } = asked;
    const entries = [...(await entriesOf(cluster))];
    const matching = entries.filter(([, { policies }]) => policy === undefined || policies.has(policy));
    return pageOf("accessEntries", matching.map(([arn]) => arn).sort(), asked);
  },

  "POST /clusters/{clusterName}/access-entries": async (asked, cluster) => {
    const { principalArn = "", type = "STANDARD" } = asked;
    const entries = await entriesOf(cluster);
    const [, account, kind] = PRINCIPAL.exec(principalArn) ?? [];
    if (account === undefined) throw invalid("The principalArn parameter format is not valid");
    if (principalArn.includes(":role/aws-service-role/")) {
      // https://github.com/hashicorp/terraform-provider-aws/issues/36447
      throw invalid(
        "The caller is not allowed to modify access entries with a principalArn value of a Service Linked Role",
      );
    }
    const types = ["STANDARD", ...Object.keys(NODE_TYPES)];
    if (!types.includes(type)) throw invalid(`The type ${type} is not one of ${types.join(", ")}`);
    if (type !== "STANDARD" && kind !== "role") {
      throw invalid(`The principalArn of an entry of type ${type} must be a role`);
    }
    refuseIdentity(type, asked);
    if (entries.has(principalArn)) {
      // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3293
      const message = "The specified access entry resource is already in use on this cluster.";
      throw new EksError("ResourceInUseException", message);
    }
    // Nobody can look into another account.
    if (cluster.accountId === account && (await cluster.account.principal(principalArn)) === undefined) {
      throw invalid("The specified principalArn is invalid: invalid principal.");
    }
    return { accessEntry: addEntry(cluster, asked).entry };
  },

  "GET /clusters/{clusterName}/access-entries/{principalArn}": async (asked, cluster) => ({
    accessEntry: (await entryOf(cluster, asked)).entry,
  }),

  "POST /clusters/{clusterName}/access-entries/{principalArn}": async (asked, cluster) => {
    const { username, kubernetesGroups } = asked;
    const there = await entryOf(cluster, asked);
    refuseIdentity(there.entry.type ?? "", asked);
    there.entry = {
      ...there.entry,
      ...(username !== undefined && { username }),
      ...(kubernetesGroups !== undefined && { kubernetesGroups }),
      modifiedAt: new Date(),
    };
    return { accessEntry: there.entry };
  },

  "DELETE /clusters/{clusterName}/access-entries/{principalArn}": async (asked, cluster) => {
    const { entry } = await entryOf(cluster, asked);
    cluster.accessEntries.delete(entry.principalArn ?? "");
    return {};
  },

  "GET /clusters/{clusterName}/access-entries/{principalArn}/access-policies": async (asked, cluster) => {
    const { policies } = await entryOf(cluster, asked);
    const { name: clusterName } = cluster;
    const { principalArn } = asked;
    return { clusterName, principalArn, ...pageOf("associatedAccessPolicies", [...policies.values()], asked) };
  },

  "POST /clusters/{clusterName}/access-entries/{principalArn}/access-policies": async (asked, cluster) => {
    const { principalArn, policyArn = "", accessScope = {} } = asked;
    const { entry, policies } = await entryOf(cluster, asked);
    if (entry.type !== "STANDARD" && !(entry.type === "EC2" && policyArn.endsWith("/AmazonEKSAutoNodePolicy"))) {
      const message = `Access policies cannot be associated with an entry of type ${entry.type ?? ""}`;
      throw new EksError("InvalidRequestException", message);
    }
    found(
      accessPolicies(cluster.partition).find(({ arn }) => arn === policyArn),
      "The specified policyArn could not be found.",
    );
    const { type = "cluster", namespaces = [] } = accessScope;
    if (type === "namespace" && namespaces.length === 0) throw invalid("The accessScope namespace needs namespaces");
    if (type === "cluster" && namespaces.length > 0) throw invalid("The accessScope cluster takes no namespaces");
    const associatedAccessPolicy = associate(policies, policyArn, { type, namespaces });
    return { clusterName: cluster.name, principalArn, associatedAccessPolicy };
  },

  "DELETE /clusters/{clusterName}/access-entries/{principalArn}/access-policies/{policyArn}": async (
    asked,
    cluster,
  ) => {
    const { policies } = await entryOf(cluster, asked);
    const { policyArn = "" } = asked;
    found(policies.get(policyArn), "The specified policyArn is not associated with the access entry.");
    policies.delete(policyArn);
    return {};
  },
};

/** What ListAccessPolicies says in a partition. */
export function accessPolicies(partition: string): readonly { name: string; arn: string }[] {
  return ACCESS_POLICIES.map((name) => ({ name, arn: `arn:${partition}:eks::aws:cluster-access-policy/${name}` }));
}

/**
 * The entries of a cluster, with that of its creator, which is there from the beginning but does not show in the mode
 * CONFIG_MAP.
 *
 * @throws EksError InvalidRequestException when the cluster does not look at them
 * @see https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html
 */
async function entriesOf(cluster: StandInEksCluster): Promise<Map<string, StandInAccessEntry>> {
  if (cluster.authenticationMode === "CONFIG_MAP") {
    // https://github.com/aws-ia/terraform-aws-eks-blueprints/issues/1877
    throw new EksError(
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
  }
  if (cluster.isCreatorPending) {
    cluster.isCreatorPending = false;
    const { policies } = addEntry(cluster, { principalArn: await cluster.account.callerArn() });
    const admin = accessPolicies(cluster.partition).find(({ name }) => name === "AmazonEKSClusterAdminPolicy");
    associate(policies, admin?.arn ?? "", { type: "cluster", namespaces: [] });
  }
  return cluster.accessEntries;
}

async function entryOf(cluster: StandInEksCluster, { principalArn = "" }: Asked): Promise<StandInAccessEntry> {
  return found(
    (await entriesOf(cluster)).get(principalArn),
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3024
    "The specified principalArn could not be found. " +
      "You can view your available access entries with 'list-access-entries'.",
  );
}

function addEntry(
  cluster: StandInEksCluster,
  { principalArn = "", type = "STANDARD", tags = {}, ...asked }: Asked,
): StandInAccessEntry {
  const [, owner = cluster.accountId, kind = "role", name = ""] = PRINCIPAL.exec(principalArn) ?? [];
  const { username, kubernetesGroups } = NODE_TYPES[type] ?? {
    username: usernameOf(principalArn),
    kubernetesGroups: [],
  };
  const now = new Date();
  const created: StandInAccessEntry = {
    entry: {
      clusterName: cluster.name,
      principalArn,
      kubernetesGroups: asked.kubernetesGroups ?? kubernetesGroups,
      accessEntryArn: cluster.arnOf("access-entry", kind, owner, name, randomUUID()),
      createdAt: now,
      modifiedAt: now,
      tags,
      username: asked.username ?? username,
      type,
    },
    policies: new Map(),
  };
  cluster.accessEntries.set(principalArn, created);
  return created;
}

function associate(policies: StandInAccessEntry["policies"], policyArn: string, accessScope: AccessScope) {
  const modifiedAt = new Date();
  const associatedAt = policies.get(policyArn)?.associatedAt ?? modifiedAt;
  const associated = { policyArn, accessScope, associatedAt, modifiedAt };
  policies.set(policyArn, associated);
  return associated;
}

/** A role's is that of its sessions, whose ARN has no path. */
function usernameOf(principalArn: string): string {
  return principalArn.replace(
    /^(arn:[\w-]+):iam::(\d+):role\/(?:.*\/)?([^/]+)$/,
    "$1:sts::$2:assumed-role/$3/{{SessionName}}",
  );
}

/** Refuses names that a client must not say. */
function refuseIdentity(type: string, { username, kubernetesGroups = [] }: Asked): void {
  if (type !== "STANDARD" && (username !== undefined || kubernetesGroups.length > 0)) {
    throw invalid(`An access entry of type ${type} takes neither a username nor kubernetesGroups`);
  }
  const [, start] = RESERVED.exec(username ?? "") ?? [];
  // https://github.com/aws-ia/terraform-aws-eks-blueprints/pull/1920
  if (start !== undefined) throw invalid(`The username must not begin with ${start}:`);
  for (const group of kubernetesGroups) {
    const [, reserved] = RESERVED.exec(group) ?? [];
    if (reserved === undefined) continue;
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2915
    throw invalid(`The kubernetes group name ${group} is invalid, it cannot start with ${reserved}:`);
  }
}
