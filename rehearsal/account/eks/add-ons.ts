import { randomUUID } from "node:crypto";

import type { Addon, AddonInfo, AddonIssue } from "@aws-sdk/client-eks";

import { ADD_ONS, type AddOnOffer } from "./add-on-table";
import { EksError, found, invalid, pageOf, type Asked } from "./call";
import type { Operations, StandInEksCluster } from "./cluster";
import { associateAddOn, refuseNoRole } from "./pod-identity";
import { minorIn, VERSIONS } from "./releases";
import { startUpdate } from "./updates";
import { isRecord, jsonIn } from "../../../contract/json";
import { takesPods, type Toleration, type Workloads } from "../../cluster/scheduling";

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Addon.html */
export const ADD_ON_OPERATIONS: Operations = {
  "GET /clusters/{clusterName}/addons": (asked, { addOns }) => pageOf("addons", [...addOns.keys()].sort(), asked),

  "POST /clusters/{clusterName}/addons": async (asked, cluster) => {
    const { addonName = "", tags = {} } = asked;
    if (cluster.addOns.has(addonName)) throw new EksError("ResourceInUseException", "Addon already exists.");
    const addOn: Addon = {
      addonName,
      clusterName: cluster.name,
      status: "CREATING",
      health: { issues: [] },
      addonArn: cluster.arnOf("addon", addonName, randomUUID()),
      createdAt: new Date(),
      tags,
    };
    return { addon: await install(cluster, addOn, asked) };
  },

  "GET /clusters/{clusterName}/addons/{addonName}": (asked, cluster) => {
    const addon = withStatus(cluster, addOnOf(cluster, asked));
    cluster.addOns.set(addon.addonName ?? "", addon);
    return { addon };
  },

  "POST /clusters/{clusterName}/addons/{addonName}/update": async (asked, cluster) => {
    await install(cluster, addOnOf(cluster, asked), asked);
    return startUpdate(cluster, "AddonUpdate", {
      AddonVersion: asked.addonVersion,
      ServiceAccountRoleArn: asked.serviceAccountRoleArn,
      ResolveConflicts: asked.resolveConflicts,
      ConfigurationValues: asked.configurationValues,
      PodIdentityAssociations: asked.podIdentityAssociations,
    });
  },

  "DELETE /clusters/{clusterName}/addons/{addonName}": async (asked, cluster) => {
    const addOn = addOnOf(cluster, asked);
    await associateAddOn(cluster, addOn.addonArn ?? "", "", []);
    cluster.addOns.delete(addOn.addonName ?? "");
    if (asked.preserve !== "true") cluster.kubernetes()?.uninstall(offerOf(asked.addonName, cluster.described.version));
    return { addon: { ...addOn, status: "DELETING" } };
  },
};

/** An add-on of a cluster. @throws EksError ResourceNotFoundException */
function addOnOf(cluster: StandInEksCluster, { addonName = "" }: Asked): Addon {
  return found(cluster.addOns.get(addonName), `No addon: ${addonName} found in cluster: ${cluster.name}`);
}

/** Installs an add-on, or changes one that is there, as far as something else is asked for. */
async function install(cluster: StandInEksCluster, addOn: Addon, asked: Asked): Promise<Addon> {
  const offer = offerOf(addOn.addonName, cluster.described.version);
  const versions = VERSIONS.includes(cluster.described.version)
    ? offer.versions(minorIn(cluster.described.version))
    : [];
  if (asked.addonVersion !== undefined && !versions.includes(asked.addonVersion)) throw invalid(UNKNOWN_VERSION);
  const addonVersion = asked.addonVersion ?? addOn.addonVersion ?? versions[offer.defaultAt];
  if (addonVersion === undefined) throw notOffered(offer.name, cluster.described.version);
  const { serviceAccountRoleArn, configurationValues = addOn.configurationValues, podIdentityAssociations } = asked;
  if (serviceAccountRoleArn !== undefined) refuseNoRole("serviceAccountRoleArn", serviceAccountRoleArn);
  refuseConfiguration(offer, configurationValues);
  const installed: Addon = {
    ...addOn,
    addonVersion,
    modifiedAt: new Date(),
    serviceAccountRoleArn: serviceAccountRoleArn ?? addOn.serviceAccountRoleArn,
    configurationValues: configurationValues === "" ? undefined : configurationValues,
    podIdentityAssociations:
      podIdentityAssociations === undefined
        ? addOn.podIdentityAssociations
        : await associateAddOn(cluster, addOn.addonArn ?? "", offer.namespace, podIdentityAssociations),
  };
  cluster.addOns.set(offer.name, installed);
  cluster.kubernetes()?.install(workloadsOf(offer, installed));
  return installed;
}

// https://github.com/hashicorp/terraform-provider-aws/issues/32238
const UNKNOWN_VERSION = "Addon version specified is not supported";

/** @param kubernetesVersion undefined when the question is about none */
function offerOf(name: string | undefined, kubernetesVersion: string | undefined): AddOnOffer {
  const offer = ADD_ONS.find((one) => one.name === name);
  if (offer === undefined) throw notOffered(name, kubernetesVersion);
  return offer;
}

function notOffered(name = "", kubernetesVersion: string | undefined): EksError {
  // https://github.com/marcincuber/eks/issues/10
  const where = kubernetesVersion === undefined ? "" : ` in ${kubernetesVersion} kubernetes version`;
  return invalid(`Addon ${name} specified is not supported${where}`);
}

/** Refuses a configuration that the add-on's schema does not have. */
function refuseConfiguration({ settings }: AddOnOffer, configurationValues = ""): void {
  if (configurationValues === "") return;
  // https://github.com/aws/containers-roadmap/issues/2216, https://github.com/cookpad/terraform-aws-eks/pull/331
  const refuse = (why: string) => invalid(`ConfigurationValue provided in request is not supported: ${why}`);
  const mismatch = (why: string) => refuse(`Json schema validation failed with error: [${why}]`);
  const values = jsonIn(configurationValues);
  if (values === undefined) throw refuse("it is not JSON");
  if (!isRecord(values)) {
    const type = values === null ? "null" : Array.isArray(values) ? "array" : typeof values;
    throw mismatch(`$: ${type} found, object expected`);
  }
  const unknown = Object.keys(values).filter((key) => !settings.includes(key));
  if (unknown.length > 0) {
    const why = "is not defined in the schema and the schema does not allow additional properties";
    throw mismatch(unknown.map((key) => `$.${key}: ${why}`).join(", "));
  }
}

/**
 * How long EKS waits for an add-on's pods before it calls it degraded: it comes before Terraform gives up, after twenty
 * minutes, as often as not.
 *
 * @see https://github.com/pulumi/pulumi-eks/issues/1819
 * @see https://github.com/terraform-aws-modules/terraform-aws-eks/issues/2596
 */
const PATIENCE_MS = 15 * 60 * 1000;

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AddonIssue.html */
const TOO_FEW: AddonIssue = {
  code: "InsufficientNumberOfReplicas",
  // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3003
  message: "The add-on is unhealthy because it doesn't have the desired number of replicas.",
  resourceIds: [],
};

/** An add-on as it is now: active when there is a node for its pods. DaemonSets are content without any. */
function withStatus(cluster: StandInEksCluster, addOn: Addon): Addon {
  const { deployment } = workloadsOf(offerOf(addOn.addonName, cluster.described.version), addOn);
  const nodes = cluster.kubernetes()?.nodes() ?? [];
  if (deployment === undefined || nodes.some((node) => takesPods(node, deployment.tolerations))) {
    return { ...addOn, status: "ACTIVE", health: { issues: [] } };
  }
  const { status, createdAt = new Date() } = addOn;
  const isNew = status === "CREATING" && Date.now() - createdAt.getTime() < PATIENCE_MS;
  return isNew ? addOn : { ...addOn, status: "DEGRADED", health: { issues: [TOO_FEW] } };
}

/** What an add-on runs as it is configured. Of its configuration only the tolerations count. */
function workloadsOf({ namespace, daemonSet, deployment }: AddOnOffer, { configurationValues }: Addon): Workloads {
  if (deployment === undefined) return { namespace, daemonSet };
  const { tolerationsAt, ...rest } = deployment;
  const configuration: unknown = JSON.parse(configurationValues ?? "{}");
  const said = tolerationsAt.reduce((within, name) => (isRecord(within) ? within[name] : undefined), configuration);
  const tolerations = [...rest.tolerations, ...(Array.isArray(said) ? (said as Toleration[]) : [])];
  return { namespace, daemonSet, deployment: { ...rest, tolerations } };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonVersions.html */
export function describeAddOnVersions(asked: Asked): object {
  const { addonName, kubernetesVersion } = asked;
  const offers = addonName === undefined ? ADD_ONS : [offerOf(addonName, kubernetesVersion)];
  const versions = VERSIONS.filter((version) => [undefined, version].includes(kubernetesVersion));
  const infos = offers.map((offer) => infoOf(offer, versions)).filter((it) => it.addonVersions?.length !== 0);
  return pageOf("addons", infos, asked);
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
      requiresIamPermissions: offer.podIdentity !== undefined,
    })),
  };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeAddonConfiguration.html */
export function describeAddOnConfiguration({ addonName, addonVersion = "" }: Asked): object {
  const { podIdentity, settings, versions } = offerOf(addonName, undefined);
  if (!VERSIONS.some((version) => versions(minorIn(version)).includes(addonVersion))) throw invalid(UNKNOWN_VERSION);
  return {
    addonName,
    addonVersion,
    configurationSchema: JSON.stringify({
      $schema: "http://json-schema.org/draft-06/schema#",
      type: "object",
      additionalProperties: false,
      // What they hold, AWS' own schemas say; here they may hold anything.
      properties: Object.fromEntries(settings.map((name) => [name, {}])),
    }),
    podIdentityConfiguration: podIdentity === undefined ? [] : [podIdentity],
  };
}
