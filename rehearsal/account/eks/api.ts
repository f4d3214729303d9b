import { parse } from "node:querystring";

import type { Cluster, CreateClusterRequest } from "@aws-sdk/client-eks";

import { accessPolicies, ACCESS_ENTRY_OPERATIONS } from "./access-entries";
import type { ClusterAccount } from "./account";
import { ADD_ON_OPERATIONS, describeAddOnConfiguration, describeAddOnVersions } from "./add-ons";
import { answerTo, pageOf, type Asked, type EksAnswer } from "./call";
import { refuseNewCluster, StandInEksCluster, type ClusterState, type Operations } from "./cluster";
import { POD_IDENTITY_OPERATIONS } from "./pod-identity";
import { CLUSTER_VERSIONS } from "./releases";
import { UPDATE_OPERATIONS } from "./updates";

/** What is answered here, but for tags. */
const OPERATIONS: Operations = {
  "GET /access-policies": (asked) => pageOf("accessPolicies", accessPolicies("aws"), asked),
  "GET /addons/configuration-schemas": describeAddOnConfiguration,
  "GET /addons/supported-versions": describeAddOnVersions,
  "GET /cluster-versions": describeClusterVersions,
  ...ACCESS_ENTRY_OPERATIONS,
  ...ADD_ON_OPERATIONS,
  ...POD_IDENTITY_OPERATIONS,
  ...UPDATE_OPERATIONS,
};

const ROUTES = Object.entries(OPERATIONS).map(([key, operation]) => ({
  pattern: new RegExp(`^${key.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
  operation,
}));

/** A call that is answered here. */
interface Route {
  readonly operation: Operations[string];
  /** What its path and its query say. */
  readonly asked: Asked;
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html */
function describeClusterVersions(asked: Asked): object {
  const { clusterVersions = [], status, versionStatus } = asked;
  const all = CLUSTER_VERSIONS.filter((one) => {
    if (clusterVersions.length > 0) return [clusterVersions].flat().includes(one.clusterVersion ?? "");
    if (asked.defaultOnly === "true") return one.defaultVersion === true;
    if (status !== undefined) return one.status === status;
    if (versionStatus !== undefined) return one.versionStatus === versionStatus;
    return asked.includeAll === "true" || one.versionStatus !== "UNSUPPORTED";
  });
  return pageOf("clusterVersions", all, asked);
}

/**
 * A stand-in for the parts of the EKS API that the AWS emulator does not have: access entries, add-ons, pod identity
 * associations, versions and updates, and what the emulator forgets of a cluster. What it holds is in memory, and all
 * that it is told to do is done at once, but for an add-on that has a Deployment: it is active when there is a node for
 * its pods.
 *
 * A refusal has AWS' own words where they are publicly known, and otherwise the stand-in's.
 *
 * It does not know updates of managed node groups, Auto Mode, zonal shift, hybrid nodes, identity providers, insights.
 * It is consistent at once, and keeps the access entry of a principal who is deleted and made again; AWS does neither.
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
    const { pathname, search } = new URL(url, "http://emulator");
    const query: Asked = parse(search.slice(1));
    const [, arn] = /^\/tags\/(.+)/.exec(pathname) ?? [];
    const tags = arn === undefined ? undefined : this.#tagsOf(decodeURIComponent(arn));
    if (tags !== undefined) return { operation: (asked) => answerTags(method, tags, asked), asked: query };
    for (const { pattern, operation } of ROUTES) {
      const found = pattern.exec(`${method} ${pathname}`);
      if (found === null) continue;
      const names = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { operation, asked: { ...query, ...Object.fromEntries(names) } as Asked };
    }
    return undefined;
  }

  /**
   * Answers a call.
   *
   * @param told what the emulator says of the cluster that it is about; undefined when it is about none
   */
  answer(
    { operation, asked }: Route,
    body: string,
    account: ClusterAccount,
    told: Cluster | undefined,
  ): Promise<EksAnswer> {
    return answerTo(asked, () => {
      const sent = body === "" ? {} : (JSON.parse(body) as Asked);
      // One that is about no cluster does not look at it.
      return operation({ ...sent, ...asked }, (told && this.#clusterOf(told, account)) as StandInEksCluster);
    });
  }

  /** Why a cluster is not made; undefined when the emulator is to make it. */
  async refusalOfNew(asked: Partial<CreateClusterRequest>, account: ClusterAccount): Promise<EksAnswer | undefined> {
    const answer = await answerTo({ clusterName: asked.name }, async () => {
      await refuseNewCluster(asked, account);
      return {};
    });
    return answer.status === 200 ? undefined : answer;
  }

  /** A cluster that the emulator has made: gives it a security group, and remembers what it was asked to be. */
  async created(asked: Partial<CreateClusterRequest>, told: Cluster, account: ClusterAccount): Promise<Cluster> {
    const vpc = await account.vpcOf(asked.resourcesVpcConfig?.subnetIds ?? []);
    const place = vpc && { ...vpc, securityGroupId: await account.addSecurityGroup(vpc.id, told.name ?? "") };
    const kubernetes = () => this.kubernetesOf(told.name ?? "");
    this.#clusters.set(keyOf(told), new StandInEksCluster(account, kubernetes, told, asked, place));
    return this.described(told, account);
  }

  /** What the emulator says of a cluster, with what it has forgotten. */
  described(told: Cluster, account: ClusterAccount): Cluster {
    return { ...told, ...this.#clusterOf(told, account).described };
  }

  /** A cluster that the emulator has deleted. */
  async deleted(told: Cluster): Promise<void> {
    const cluster = this.#clusters.get(keyOf(told));
    this.#clusters.delete(keyOf(told));
    if (cluster?.place !== undefined) await cluster.account.removeSecurityGroup(cluster.place.securityGroupId);
  }

  /** The cluster that the emulator tells of; one that was made behind the stand-in's back has EKS' defaults. */
  #clusterOf(told: Cluster, account: ClusterAccount): StandInEksCluster {
    const known = this.#clusters.get(keyOf(told));
    if (known !== undefined && known.told.createdAt === told.createdAt) return known;
    const cluster = new StandInEksCluster(account, () => this.kubernetesOf(told.name ?? ""), told);
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

/** Answers a call about these tags. */
function answerTags(method: string, own: Record<string, string>, { tags, tagKeys = [] }: Asked): object {
  if (method === "GET") return { tags: own };
  Object.assign(own, tags);
  for (const key of [tagKeys].flat()) Reflect.deleteProperty(own, key);
  return {};
}
