import type { Cluster, CreateClusterRequest, EncryptionConfig } from "@aws-sdk/client-eks";

import {
  accessPolicies,
  associateAccessPolicy,
  createAccessEntry,
  deleteAccessEntry,
  describeAccessEntry,
  disassociateAccessPolicy,
  listAccessEntries,
  listAssociatedAccessPolicies,
  updateAccessEntry,
} from "./access-entries";
import type { ClusterAccount } from "./account";
import {
  createAddOn,
  deleteAddOn,
  describeAddOn,
  describeAddOnConfiguration,
  describeAddOnVersions,
  listAddOns,
  updateAddOn,
} from "./add-ons";
import { answerWith, EksError, pageOf, refusalWith, type EksAnswer, type EksRequest } from "./call";
import {
  associateEncryption,
  describe,
  describeUpdate,
  newCluster,
  refuseNewCluster,
  updateConfig,
  updateVersion,
  type ClusterState,
  type StandInEksCluster,
} from "./cluster";
import {
  createPodIdentity,
  deletePodIdentity,
  describePodIdentity,
  listPodIdentities,
  updatePodIdentity,
} from "./pod-identity";
import { CLUSTER_VERSIONS } from "./releases";

/** An operation that is answered here: about a cluster, or about none. */
type Operation =
  | {
      readonly about: "cluster";
      readonly answer: (cluster: StandInEksCluster, request: EksRequest) => object | Promise<object>;
    }
  | { readonly about: "everything"; readonly answer: (request: EksRequest) => object };

const ofCluster = (
  answer: (cluster: StandInEksCluster, request: EksRequest) => object | Promise<object>,
): Operation => ({
  about: "cluster",
  answer,
});
const ofAll = (answer: (request: EksRequest) => object): Operation => ({ about: "everything", answer });

/** By method and path, in which `*` is open; in one about a cluster the first is its name. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  "GET /access-policies": ofAll(({ query }) => {
    const { items, nextToken } = pageOf(accessPolicies({ arn: "" }), query);
    return { accessPolicies: items, nextToken };
  }),
  "GET /addons/configuration-schemas": ofAll(describeAddOnConfiguration),
  "GET /addons/supported-versions": ofAll(describeAddOnVersions),
  "GET /cluster-versions": ofAll(describeClusterVersions),

  "POST /clusters/*/access-entries": ofCluster(createAccessEntry),
  "GET /clusters/*/access-entries": ofCluster(listAccessEntries),
  "GET /clusters/*/access-entries/*": ofCluster(describeAccessEntry),
  "POST /clusters/*/access-entries/*": ofCluster(updateAccessEntry),
  "DELETE /clusters/*/access-entries/*": ofCluster(deleteAccessEntry),
  "POST /clusters/*/access-entries/*/access-policies": ofCluster(associateAccessPolicy),
  "GET /clusters/*/access-entries/*/access-policies": ofCluster(listAssociatedAccessPolicies),
  "DELETE /clusters/*/access-entries/*/access-policies/*": ofCluster(disassociateAccessPolicy),

  "POST /clusters/*/addons": ofCluster(createAddOn),
  "GET /clusters/*/addons": ofCluster(listAddOns),
  "GET /clusters/*/addons/*": ofCluster(describeAddOn),
  "POST /clusters/*/addons/*/update": ofCluster(updateAddOn),
  "DELETE /clusters/*/addons/*": ofCluster(deleteAddOn),

  "POST /clusters/*/pod-identity-associations": ofCluster(createPodIdentity),
  "GET /clusters/*/pod-identity-associations": ofCluster(listPodIdentities),
  "GET /clusters/*/pod-identity-associations/*": ofCluster(describePodIdentity),
  "POST /clusters/*/pod-identity-associations/*": ofCluster(updatePodIdentity),
  "DELETE /clusters/*/pod-identity-associations/*": ofCluster(deletePodIdentity),

  "POST /clusters/*/encryption-config/associate": ofCluster((cluster, { body }) => {
    const { encryptionConfig = [] } = body as { encryptionConfig?: EncryptionConfig[] };
    return associateEncryption(cluster, encryptionConfig);
  }),
  "POST /clusters/*/update-config": ofCluster((cluster, { body }) => updateConfig(cluster, body as object)),
  "POST /clusters/*/updates": ofCluster((cluster, { body }) => {
    const { version = "" } = body as { version?: string };
    return updateVersion(cluster, version);
  }),
  "GET /clusters/*/updates": ofCluster((cluster, { query }) => {
    const { items, nextToken } = pageOf([...cluster.updates.keys()], query);
    return { updateIds: items, nextToken };
  }),
  "GET /clusters/*/updates/*": ofCluster((cluster, { names }) => describeUpdate(cluster, names[0] ?? "")),
};

/** A call that is answered here. */
interface Route {
  readonly operation: Operation;
  /** @default - the operation is about no cluster */
  readonly clusterName?: string;
  readonly names: readonly string[];
  readonly query: URLSearchParams;
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html */
function describeClusterVersions({ query }: EksRequest): object {
  const wanted = query.getAll("clusterVersions");
  const [status, versionStatus] = [query.get("status"), query.get("versionStatus")];
  const all = CLUSTER_VERSIONS.filter((one) => {
    if (wanted.length > 0) return wanted.includes(one.clusterVersion ?? "");
    if (query.get("defaultOnly") === "true") return one.defaultVersion === true;
    if (status !== null) return one.status === status;
    if (versionStatus !== null) return one.versionStatus === versionStatus;
    return query.get("includeAll") === "true" || one.versionStatus !== "UNSUPPORTED";
  });
  const { items, nextToken } = pageOf(all, query);
  return { clusterVersions: items, nextToken };
}

/**
 * A stand-in for the parts of the EKS API that the AWS emulator does not have: access entries, add-ons, pod identity
 * associations, versions and updates, and what the emulator forgets of a cluster. What it holds is in memory, and all that
 * it is told to do is done at once, but for an add-on that has a Deployment: it is active when there is a node for its pods.
 *
 * A refusal has AWS' own words where they are publicly known, and else its own.
 *
 * What it does not know: managed node groups' updates, Auto Mode, zonal shift, hybrid nodes, identity providers, insights,
 * that a principal who is deleted and made anew has lost their entry, and eventual consistency.
 *
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
 */
export class EksApi {
  /** By ARN, or where the emulator tells none by name. */
  readonly #clusters = new Map<string, StandInEksCluster>();

  /** @param kubernetesOf what the Kubernetes API of a cluster has, by its name; undefined when it has no such API */
  constructor(private readonly kubernetesOf: (clusterName: string) => ClusterState | undefined) {}

  /** How an operation is answered; undefined when it is not one of these. */
  route(method: string, url: string): Route | undefined {
    const { pathname, searchParams: query } = new URL(url, "http://emulator");
    const parts = pathname.split("/").slice(1);
    const tags = /^\/tags\/./.test(pathname)
      ? this.#tagsOf(decodeURIComponent(pathname.slice("/tags/".length)))
      : undefined;
    if (tags !== undefined)
      return { operation: ofAll((request) => answerTags(method, tags, request)), names: [], query };
    const found = Object.entries(OPERATIONS).find(([key]) => {
      const [wanted, pattern = ""] = key.split(" ");
      const open = pattern.split("/").slice(1);
      return (
        wanted === method &&
        open.length === parts.length &&
        open.every((part, at) => part === "*" || part === parts[at])
      );
    });
    if (found === undefined) return undefined;
    const [key, operation] = found;
    const open = key.split("/").slice(1);
    const [clusterName = "", ...names] = parts.filter((_, at) => open[at] === "*").map(decodeURIComponent);
    return operation.about === "cluster" ? { operation, clusterName, names, query } : { operation, names: [], query };
  }

  /**
   * Answers a call.
   *
   * @param told what the emulator says of the cluster that it is about
   */
  async answer(
    { operation, names, query }: Route,
    body: string,
    account: ClusterAccount,
    told: Cluster | undefined,
  ): Promise<EksAnswer> {
    return refusing(async () => {
      const request = { names, query, body: body === "" ? {} : (JSON.parse(body) as unknown) };
      if (operation.about === "everything") return operation.answer(request);
      return operation.answer(this.#clusterOf(told ?? {}, account), request);
    });
  }

  /** Why a cluster is not made; undefined when the emulator is to make it. */
  async refusalOfNew(asked: Partial<CreateClusterRequest>, account: ClusterAccount): Promise<EksAnswer | undefined> {
    try {
      await refuseNewCluster(asked, account);
      return undefined;
    } catch (error) {
      if (error instanceof EksError) return refusalWith(error);
      throw error;
    }
  }

  /** A cluster that the emulator has made: gives it a security group, and remembers what it was asked to be. */
  async created(asked: Partial<CreateClusterRequest>, told: Cluster, account: ClusterAccount): Promise<Cluster> {
    const vpc = await account.vpcOf(asked.resourcesVpcConfig?.subnetIds ?? []);
    const found = vpc && {
      vpc,
      securityGroupId: await account.addSecurityGroup(vpc.id, told.name ?? ""),
    };
    const cluster = newCluster(account, () => this.kubernetesOf(told.name ?? ""), told, asked, found);
    this.#clusters.set(keyOf(told), cluster);
    return { ...told, ...describe(cluster) };
  }

  /** What the emulator says of a cluster, with what it has forgotten. */
  described(told: Cluster, account: ClusterAccount): Cluster {
    return { ...told, ...describe(this.#clusterOf(told, account)) };
  }

  /** A cluster that the emulator has deleted. */
  async deleted(told: Cluster): Promise<void> {
    const cluster = this.#clusters.get(keyOf(told));
    if (cluster === undefined) return;
    this.#clusters.delete(keyOf(told));
    const { clusterSecurityGroupId = "" } = cluster.vpc;
    if (clusterSecurityGroupId !== "") await cluster.account.removeSecurityGroup(clusterSecurityGroupId);
  }

  /** The cluster that the emulator tells of; one that was made behind the stand-in's back has EKS' defaults. */
  #clusterOf(told: Cluster, account: ClusterAccount): StandInEksCluster {
    const known = this.#clusters.get(keyOf(told));
    if (known !== undefined && known.createdAt === told.createdAt) return known;
    const cluster = newCluster(account, () => this.kubernetesOf(told.name ?? ""), told);
    this.#clusters.set(keyOf(told), cluster);
    return cluster;
  }

  /** The tags of an access entry, an add-on or an association, which may be changed; undefined for any other ARN. */
  #tagsOf(arn: string): Record<string, string> | undefined {
    for (const { accessEntries, addOns, podIdentities } of this.#clusters.values()) {
      const found =
        [...accessEntries.values()].find(({ entry }) => entry.accessEntryArn === arn)?.entry ??
        [...addOns.values()].find(({ addonArn }) => addonArn === arn) ??
        [...podIdentities.values()].find(({ associationArn }) => associationArn === arn);
      if (found?.tags !== undefined) return found.tags;
    }
    return undefined;
  }
}

function keyOf({ arn, name = "" }: Cluster): string {
  return arn ?? name;
}

async function refusing(answer: () => Promise<object>): Promise<EksAnswer> {
  try {
    return answerWith(await answer());
  } catch (error) {
    if (error instanceof EksError) return refusalWith(error);
    throw error;
  }
}

/** Answers a call about these tags. */
function answerTags(method: string, tags: Record<string, string>, { query, body }: EksRequest): object {
  if (method === "GET") return { tags };
  if (method === "POST") Object.assign(tags, (body as { tags?: Record<string, string> }).tags);
  else for (const key of query.getAll("tagKeys")) Reflect.deleteProperty(tags, key);
  return {};
}
