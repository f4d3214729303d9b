import { randomUUID } from "node:crypto";

import type { Addon, AddonInfo, AddonIssue, CreateAddonRequest, Update, UpdateAddonRequest } from "@aws-sdk/client-eks";

import { ADD_ONS, type AddOnOffer } from "./add-on-table";
import { EksError, pageOf, type EksRequest } from "./call";
import { startUpdate, type StandInEksCluster } from "./cluster";
import { associateAddOn } from "./pod-identity";
import { CLUSTER_VERSIONS, minorIn } from "./releases";
import { isRecord } from "../../../contract/json";
import { takesPods, type Toleration, type Workloads } from "../../cluster/scheduling";

const ROLE = /^arn:[\w-]+:iam::\d{12}:role\/\S+$/;

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAddon.html */
export async function createAddOn(cluster: StandInEksCluster, { body }: EksRequest): Promise<object> {
  const asked = body as Partial<CreateAddonRequest>;
  const { addonName = "", serviceAccountRoleArn, configurationValues, podIdentityAssociations, tags = {} } = asked;
  const offer = offerOf(cluster, addonName);
  const addonVersion = versionOf(cluster, offer, asked.addonVersion);
  refuseSettings(cluster, offer, asked);
  if (cluster.addOns.has(addonName)) {
    throw new EksError("ResourceInUseException", "Addon already exists.", aboutOf(cluster, addonName));
  }
  const [, partition = "aws", , region = "", account = ""] = cluster.arn.split(":");
  const addonArn = `arn:${partition}:eks:${region}:${account}:addon/${cluster.name}/${addonName}/${randomUUID()}`;
  const now = new Date();
  const associated =
    podIdentityAssociations === undefined
      ? undefined
      : await associateAddOn(cluster, addonArn, offer.namespace, podIdentityAssociations);
  const addOn: Addon = {
    addonName,
    clusterName: cluster.name,
    status: "CREATING",
    addonVersion,
    health: { issues: [] },
    addonArn,
    createdAt: now,
    modifiedAt: now,
    tags,
    ...(serviceAccountRoleArn !== undefined && { serviceAccountRoleArn }),
    ...(isSaid(configurationValues) && { configurationValues }),
    ...(associated !== undefined && { podIdentityAssociations: associated }),
  };
  cluster.addOns.set(addonName, addOn);
  cluster.kubernetes()?.install(workloadsOf(offer, addOn));
  return { addon: addOn };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateAddon.html */
export async function updateAddOn(cluster: StandInEksCluster, request: EksRequest): Promise<{ update: Update }> {
  const asked = request.body as Partial<UpdateAddonRequest>;
  const { addonVersion, serviceAccountRoleArn, configurationValues, podIdentityAssociations, resolveConflicts } = asked;
  const existing = addOnOf(cluster, request.names[0]);
  const { addonName = "", addonArn = "" } = existing;
  const offer = offerOf(cluster, addonName);
  const version = addonVersion === undefined ? existing.addonVersion : versionOf(cluster, offer, addonVersion);
  refuseSettings(cluster, offer, asked);
  const associated =
    podIdentityAssociations === undefined
      ? existing.podIdentityAssociations
      : await associateAddOn(cluster, addonArn, offer.namespace, podIdentityAssociations);
  const updated: Addon = {
    ...existing,
    addonVersion: version,
    ...(serviceAccountRoleArn !== undefined && { serviceAccountRoleArn }),
    ...(configurationValues !== undefined && { configurationValues: configurationValues || undefined }),
    ...(associated !== undefined && { podIdentityAssociations: associated }),
    modifiedAt: new Date(),
  };
  cluster.addOns.set(addonName, updated);
  cluster.kubernetes()?.install(workloadsOf(offer, updated));
  return startUpdate(cluster, "AddonUpdate", {
    ...(addonVersion !== undefined && { AddonVersion: addonVersion }),
    ...(serviceAccountRoleArn !== undefined && { ServiceAccountRoleArn: serviceAccountRoleArn }),
    ...(resolveConflicts !== undefined && { ResolveConflicts: resolveConflicts }),
    ...(configurationValues !== undefined && { ConfigurationValues: configurationValues }),
    ...(podIdentityAssociations !== undefined && { PodIdentityAssociations: podIdentityAssociations }),
  });
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddon.html */
export function describeAddOn(cluster: StandInEksCluster, { names }: EksRequest): object {
  return { addon: withStatus(cluster, addOnOf(cluster, names[0])) };
}

/**
 * How long EKS waits for an add-on's pods before it calls it degraded: it comes before Terraform gives up, after twenty
 * minutes, as often as not.
 *
 * @see https://github.com/pulumi/pulumi-eks/issues/1819
 * @see https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2596
 */
const PATIENCE_MS = 15 * 60 * 1000;

/** An add-on as it is now: active when its pods could run. */
function withStatus(cluster: StandInEksCluster, addOn: Addon): Addon {
  const { addonName = "", status, createdAt = new Date() } = addOn;
  const isNew = status === "CREATING" && Date.now() - createdAt.getTime() < PATIENCE_MS;
  const isRunning = canRun(cluster, addOn);
  const now: Addon = {
    ...addOn,
    status: isRunning ? "ACTIVE" : isNew ? "CREATING" : "DEGRADED",
    health: { issues: isRunning || isNew ? [] : [TOO_FEW] },
  };
  cluster.addOns.set(addonName, now);
  return now;
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonIssue.html */
const TOO_FEW: AddonIssue = {
  code: "InsufficientNumberOfReplicas",
  // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3003
  message: "The add-on is unhealthy because it doesn't have the desired number of replicas.",
  resourceIds: [],
};

/** Whether there is a node for the pods of an add-on. DaemonSets are content without any. */
function canRun(cluster: StandInEksCluster, addOn: Addon): boolean {
  const { deployment } = workloadsOf(offerOf(cluster, addOn.addonName), addOn);
  if (deployment === undefined) return true;
  const nodes = cluster.kubernetes()?.nodes() ?? [];
  return nodes.some((node) => takesPods(node, deployment.tolerations));
}

/** What an add-on runs as it is configured. Of its configuration only the tolerations count. */
function workloadsOf({ namespace, daemonSet, deployment }: AddOnOffer, { configurationValues = "" }: Addon): Workloads {
  const daemonSets = { namespace, ...(daemonSet !== undefined && { daemonSet }) };
  if (deployment === undefined) return daemonSets;
  const { tolerationsAt, ...rest } = deployment;
  const configuration: unknown = configurationValues === "" ? {} : JSON.parse(configurationValues);
  const said = tolerationsAt.reduce((within, name) => (isRecord(within) ? within[name] : undefined), configuration);
  const tolerations = Array.isArray(said) ? (said as Toleration[]) : [];
  return { ...daemonSets, deployment: { ...rest, tolerations: [...rest.tolerations, ...tolerations] } };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_ListAddons.html */
export function listAddOns(cluster: StandInEksCluster, { query }: EksRequest): object {
  const { items, nextToken } = pageOf([...cluster.addOns.keys()].sort(), query);
  return { addons: items, nextToken };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DeleteAddon.html */
export async function deleteAddOn(cluster: StandInEksCluster, { names, query }: EksRequest): Promise<object> {
  const addOn = addOnOf(cluster, names[0]);
  await associateAddOn(cluster, addOn.addonArn ?? "", "", []);
  cluster.addOns.delete(addOn.addonName ?? "");
  if (query.get("preserve") !== "true") cluster.kubernetes()?.uninstall(offerOf(cluster, addOn.addonName));
  return { addon: { ...addOn, status: "DELETING" } };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html */
export function describeAddOnVersions({ query }: EksRequest): object {
  const [name, kubernetesVersion] = [query.get("addonName"), query.get("kubernetesVersion")];
  const offers = ADD_ONS.filter((offer) => name === null || offer.name === name);
  if (offers.length === 0) throw notOffered(name ?? "", kubernetesVersion);
  const clusterVersions = CLUSTER_VERSIONS.flatMap(({ clusterVersion = "" }) => clusterVersion).filter(
    (version) => kubernetesVersion === null || version === kubernetesVersion,
  );
  const all = offers
    .map((offer) => infoOf(offer, clusterVersions))
    .filter(({ addonVersions = [] }) => addonVersions.length > 0);
  const { items, nextToken } = pageOf(all, query);
  return { addons: items, nextToken };
}

function infoOf(offer: AddOnOffer, clusterVersions: readonly string[]): AddonInfo {
  const compatible = clusterVersions.flatMap((clusterVersion) =>
    offer
      .versions(minorIn(clusterVersion))
      .map((addonVersion, at) => ({ addonVersion, clusterVersion, defaultVersion: at === offer.defaultAt })),
  );
  const versions = [...new Set(compatible.map(({ addonVersion }) => addonVersion))];
  return {
    addonName: offer.name,
    type: offer.type,
    owner: "aws",
    publisher: "eks",
    defaultNamespace: offer.namespace,
    addonVersions: versions.map((addonVersion) => ({
      addonVersion,
      architecture: ["amd64", "arm64"],
      computeTypes: ["ec2"],
      compatibilities: compatible
        .filter((one) => one.addonVersion === addonVersion)
        .map(({ clusterVersion, defaultVersion }) => ({ clusterVersion, platformVersions: ["*"], defaultVersion })),
      requiresConfiguration: false,
      requiresIamPermissions: offer.needsRole,
    })),
  };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html */
export function describeAddOnConfiguration({ query }: EksRequest): object {
  const [addonName, addonVersion] = [query.get("addonName") ?? "", query.get("addonVersion") ?? ""];
  const offer = ADD_ONS.find(({ name }) => name === addonName);
  if (offer === undefined) throw notOffered(addonName, null);
  const minors = CLUSTER_VERSIONS.map(({ clusterVersion = "" }) => minorIn(clusterVersion));
  if (!minors.some((minor) => offer.versions(minor).includes(addonVersion))) {
    throw new EksError("InvalidParameterException", "Addon version specified is not supported", { addonName });
  }
  const { podIdentity } = offer;
  return {
    addonName,
    addonVersion,
    configurationSchema: JSON.stringify({
      $schema: "http://json-schema.org/draft-06/schema#",
      type: "object",
      additionalProperties: false,
      // What they hold, AWS' own schemas say; here they may hold anything.
      properties: Object.fromEntries(offer.settings.map((name) => [name, {}])),
    }),
    podIdentityConfiguration:
      podIdentity === undefined
        ? []
        : [{ serviceAccount: podIdentity.serviceAccount, recommendedManagedPolicies: [podIdentity.policy] }],
  };
}

function aboutOf(cluster: StandInEksCluster, addonName: string): Record<string, string> {
  return { clusterName: cluster.name, addonName };
}

function notOffered(name: string, kubernetesVersion: string | null): EksError {
  // https://github.com/marcincuber/eks/issues/10
  const where = kubernetesVersion === null ? "" : ` in ${kubernetesVersion} kubernetes version`;
  return new EksError("InvalidParameterException", `Addon ${name} specified is not supported${where}`, {
    addonName: name,
  });
}

function offerOf(cluster: StandInEksCluster, name = ""): AddOnOffer {
  const offer = ADD_ONS.find((one) => one.name === name);
  if (offer === undefined) throw notOffered(name, cluster.version);
  return offer;
}

function versionOf(cluster: StandInEksCluster, offer: AddOnOffer, wanted: string | undefined): string {
  const isKnown = CLUSTER_VERSIONS.some(({ clusterVersion }) => clusterVersion === cluster.version);
  const versions = isKnown ? offer.versions(minorIn(cluster.version)) : [];
  const version = wanted ?? versions[offer.defaultAt];
  if (version === undefined) throw notOffered(offer.name, cluster.version);
  if (!versions.includes(version)) {
    // https://github.com/hashicorp/terraform-provider-aws/issues/32238
    const message = "Addon version specified is not supported";
    throw new EksError("InvalidParameterException", message, aboutOf(cluster, offer.name));
  }
  return version;
}

function addOnOf(cluster: StandInEksCluster, name = ""): Addon {
  const found = cluster.addOns.get(name);
  if (found !== undefined) return found;
  throw new EksError(
    "ResourceNotFoundException",
    `No addon: ${name} found in cluster: ${cluster.name}`,
    aboutOf(cluster, name),
  );
}

function isSaid(text: string | undefined): text is string {
  return text !== undefined && text !== "";
}

/** Refuses a role that is none, and a configuration that the add-on's schema does not have. */
function refuseSettings(
  cluster: StandInEksCluster,
  { name, settings }: AddOnOffer,
  {
    serviceAccountRoleArn,
    configurationValues,
  }: Pick<UpdateAddonRequest, "serviceAccountRoleArn" | "configurationValues">,
): void {
  const refuse = (message: string) => new EksError("InvalidParameterException", message, aboutOf(cluster, name));
  if (serviceAccountRoleArn !== undefined && !ROLE.test(serviceAccountRoleArn)) {
    throw refuse(`serviceAccountRoleArn ${serviceAccountRoleArn} is not the ARN of an IAM role`);
  }
  if (!isSaid(configurationValues)) return;
  // https://github.com/aws/containers-roadmap/issues/2216, https://github.com/cookpad/terraform-aws-eks/pull/331
  const invalid = (why: string) =>
    refuse(
      `ConfigurationValue provided in request is not supported: Json schema validation failed with error: [${why}]`,
    );
  let values: unknown;
  try {
    values = JSON.parse(configurationValues);
  } catch {
    throw refuse("ConfigurationValue provided in request is not supported: it is not JSON");
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    const found = values === null ? "null" : Array.isArray(values) ? "array" : typeof values;
    throw invalid(`$: ${found} found, object expected`);
  }
  const unknown = Object.keys(values).filter((key) => !settings.includes(key));
  if (unknown.length > 0) {
    const each = (key: string) =>
      `$.${key}: is not defined in the schema and the schema does not allow additional properties`;
    throw invalid(unknown.map(each).join(", "));
  }
}
