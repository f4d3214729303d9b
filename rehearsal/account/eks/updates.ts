import { randomUUID } from "node:crypto";

import type {
  AuthenticationMode,
  EncryptionConfig,
  Update,
  UpdateParamType,
  UpdateType,
  VpcConfigResponse,
} from "@aws-sdk/client-eks";

import { EksError, found, invalid, pageOf, type Asked } from "./call";
import { refuseNoEndpoint, withLogs, type Operations, type StandInEksCluster } from "./cluster";
import { CLUSTER_VERSIONS, minorIn } from "./releases";

const MODES: readonly AuthenticationMode[] = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

/**
 * Keeps an update, which is done at once; its own answer alone says that it goes on.
 *
 * @param params a parameter that is undefined is none
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Update.html
 */
export function startUpdate(
  cluster: StandInEksCluster,
  type: UpdateType,
  params: Partial<Record<UpdateParamType, unknown>>,
): { update: Update } {
  const told = Object.entries(params).flatMap(([param, value]) =>
    value === undefined
      ? []
      : { type: param as UpdateParamType, value: typeof value === "string" ? value : JSON.stringify(value) },
  );
  const id = randomUUID();
  const update: Update = { id, type, params: told, createdAt: new Date(), errors: [] };
  cluster.updates.set(id, { ...update, status: "Successful" });
  return { update: { ...update, status: "InProgress" } };
}

/** What changes a cluster itself. */
export const UPDATE_OPERATIONS: Operations = {
  "GET /clusters/{clusterName}/updates": (asked, { updates }) => pageOf("updateIds", [...updates.keys()], asked),

  "GET /clusters/{clusterName}/updates/{updateId}": ({ updateId = "" }, { updates }) => ({
    update: found(updates.get(updateId), `No update found for ID: ${updateId}`),
  }),

  // One minor forward.
  "POST /clusters/{clusterName}/updates": ({ version = "" }, cluster) => {
    const offered = CLUSTER_VERSIONS.find(({ clusterVersion }) => clusterVersion === version);
    if (offered === undefined || offered.versionStatus === "UNSUPPORTED") {
      throw invalid("unsupported Kubernetes version");
    }
    const { version: before } = cluster.described;
    if (minorIn(version) !== minorIn(before) + 1) {
      throw invalid(`Unsupported Kubernetes minor version update from ${before} to ${version}`);
    }
    cluster.described.version = version;
    return startUpdate(cluster, "VersionUpdate", { Version: version, PlatformVersion: "eks.4" });
  },

  "POST /clusters/{clusterName}/encryption-config/associate": ({ encryptionConfig = [] }, cluster) => {
    if (cluster.described.encryptionConfig !== undefined) {
      throw new EksError("InvalidRequestException", `Cluster ${cluster.name} has an encryption config already`);
    }
    const isRight = ({ provider }: EncryptionConfig) => /^arn:[\w-]+:kms:/.test(provider?.keyArn ?? "");
    if (encryptionConfig.length !== 1 || !encryptionConfig.every(isRight)) {
      throw invalid("encryptionConfig must have the keyArn of a KMS key");
    }
    cluster.described.encryptionConfig = encryptionConfig;
    return startUpdate(cluster, "AssociateEncryptionConfig", { EncryptionConfig: encryptionConfig });
  },

  // One kind of change at a time.
  "POST /clusters/{clusterName}/update-config": (asked, cluster) => {
    const given = Object.keys({ ...asked, ...asked.resourcesVpcConfig });
    const [change, another] = CHANGES.filter(({ fields }) => fields.some((field) => given.includes(field)));
    if (change === undefined) throw invalid("No update parameters were provided");
    if (another !== undefined) throw invalid("Only one type of update can be allowed.");
    return change.make(cluster, asked);
  },
};

/** The kinds of changes that UpdateClusterConfig makes, with the fields that ask for each. */
const CHANGES: readonly {
  readonly fields: readonly string[];
  readonly make: (cluster: StandInEksCluster, asked: Asked) => object | Promise<object>;
}[] = [
  { fields: ["accessConfig"], make: updateMode },
  { fields: ["logging"], make: updateLogging },
  { fields: ["upgradePolicy"], make: updateSupport },
  { fields: ["endpointPublicAccess", "endpointPrivateAccess", "publicAccessCidrs"], make: updateEndpoint },
  { fields: ["securityGroupIds", "subnetIds"], make: updateVpc },
];

/** Forward, one step at a time: https://github.com/pulumi/pulumi-eks/issues/1493 */
function updateMode(cluster: StandInEksCluster, { accessConfig = {} }: Asked) {
  const { authenticationMode: before, described } = cluster;
  const { authenticationMode: mode = "CONFIG_MAP" } = accessConfig;
  if (MODES.indexOf(mode) !== MODES.indexOf(before) + 1) {
    throw invalid(`Unsupported authentication mode update from ${before} to ${mode}`);
  }
  described.accessConfig = { authenticationMode: mode };
  return startUpdate(cluster, "AccessConfigUpdate", { AuthenticationMode: mode });
}

function updateLogging(cluster: StandInEksCluster, { logging: asked }: Asked) {
  const { described } = cluster;
  const logging = withLogs(described.logging, asked);
  if (JSON.stringify(logging) === JSON.stringify(described.logging)) {
    throw invalid("No changes needed for the logging config provided");
  }
  described.logging = logging;
  return startUpdate(cluster, "LoggingUpdate", { ClusterLogging: logging });
}

function updateSupport(cluster: StandInEksCluster, { upgradePolicy = {} }: Asked) {
  cluster.described.upgradePolicy = { supportType: "EXTENDED", ...upgradePolicy };
  return startUpdate(cluster, "UpgradePolicyUpdate", { UpgradePolicy: upgradePolicy });
}

function updateEndpoint(cluster: StandInEksCluster, { resourcesVpcConfig }: Asked) {
  const shown = (vpc: VpcConfigResponse) =>
    `endpointPrivateAccess: ${String(vpc.endpointPrivateAccess)} , ` +
    `endpointPublicAccess: ${String(vpc.endpointPublicAccess)}, ` +
    `and Public Endpoint Restrictions: [${[...(vpc.publicAccessCidrs ?? [])].sort().join(", ")}]`;
  const { described } = cluster;
  const wanted: VpcConfigResponse = { ...described.resourcesVpcConfig, ...resourcesVpcConfig };
  refuseNoEndpoint(wanted);
  if (shown(wanted) === shown(described.resourcesVpcConfig)) {
    throw invalid(`Cluster is already at the desired configuration with ${shown(wanted)}`);
  }
  described.resourcesVpcConfig = wanted;
  return startUpdate(cluster, "EndpointAccessUpdate", {
    EndpointPublicAccess: wanted.endpointPublicAccess,
    EndpointPrivateAccess: wanted.endpointPrivateAccess,
    PublicAccessCidrs: wanted.publicAccessCidrs,
  });
}

/**
 * Other subnets of the same zones.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
async function updateVpc(cluster: StandInEksCluster, { resourcesVpcConfig }: Asked) {
  const vpc: VpcConfigResponse = { ...cluster.described.resourcesVpcConfig, ...resourcesVpcConfig };
  const [zones, wanted] = [cluster.place?.zones, (await cluster.account.vpcOf(vpc.subnetIds ?? []))?.zones].map((it) =>
    it?.join(),
  );
  if (zones !== undefined && wanted !== undefined && wanted !== zones) {
    // https://github.com/aws/containers-roadmap/issues/2258
    throw invalid(
      `Provided subnets belong to the AZs '${wanted}'. But they should belong to the exact set of AZs '${zones}' ` +
        "in which subnets were provided during cluster creation.",
    );
  }
  cluster.described.resourcesVpcConfig = vpc;
  return startUpdate(cluster, "VpcConfigUpdate", { SecurityGroups: vpc.securityGroupIds, Subnets: vpc.subnetIds });
}
