import { nodeRoleArns } from "../facts/aws-auth";
import type { Handover } from "../contract/handover";
import { kubectlFor, mirrored, type Artifact, type Release, type Releases } from "./releases";
import { ownHome, rootHome, type Home, type Site } from "./site";
import type { Stage } from "./engine/task";
import { awsCli } from "./tasks/aws-cli";
import { awsConfig } from "./tasks/aws-config";
import { binary } from "./tasks/binary";
import { awsAuth, clusterApi, nodes, type ClusterAddress } from "./tasks/cluster";
import { kubeconfig, type ClusterAccess } from "./tasks/kubeconfig";
import { packages } from "./tasks/packages";
import { ready } from "./tasks/ready";
import { shell } from "./tasks/shell";

/** What of the playbook is the user's to choose. */
export interface PlaybookOptions {
  /** Who is logged in on the host. */
  readonly user: string;
  readonly site: Site;
  readonly releases: Releases;
  /** Where to download from, instead of the releases' own hosts. */
  readonly mirror?: string | undefined;
  /** How long each state that comes by itself may take. */
  readonly patienceSeconds: number;
}

/** What makes a bastion of a bare machine, in order; what stands in one stage is done side by side. */
export function playbook(handover: Handover, options: PlaybookOptions): Stage[] {
  const { site, user, releases, mirror, patienceSeconds } = options;
  const from = (release: Release) => (mirror === undefined ? release : releaseAt(mirror, release));
  const homes = homesOf(user, site);
  const access = accessTo(handover);
  const address: ClusterAddress = { context: access.arn, hasAwsAuth: handover.authentication_mode === "CONFIG_MAP" };
  const kubectl = kubectlFor(releases, handover.kubernetes_version);
  const groups = Object.entries(handover.node_groups).map(([name, { desired }]) => [name, desired] as const);
  const wanted = {
    groups: Object.fromEntries(groups),
    region: handover.region,
    nodeRoleArns: nodeRoleArns(handover),
  };
  return [
    ready(site, patienceSeconds),
    [packages(site)],
    [
      awsCli(site, from(releases.awsCli)),
      binary(site, from(kubectl)),
      binary(site, from(releases.awsIamAuthenticator)),
      ...homes.map((home) => awsConfig(site, home, handover.region)),
      shell(site),
    ],
    homes.map((home) => kubeconfig(site, home, access)),
    [clusterApi(address, patienceSeconds)],
    ...(address.hasAwsAuth ? [[awsAuth(address, handover, kubectl.version)]] : []),
    [nodes(address, wanted, patienceSeconds)],
  ];
}

function releaseAt(mirror: string, { artifacts, ...release }: Release): Release {
  const at = ({ url, sha256 }: Artifact) => ({ url: mirrored(url, mirror), sha256 });
  return { ...release, artifacts: { amd64: at(artifacts.amd64), arm64: at(artifacts.arm64) } };
}

/** Whose homes are set up: the participants become root with `sudo su -`. */
function homesOf(user: string, site: Site): readonly Home[] {
  const isRoot = user === "root" && site.root === "";
  return isRoot ? [ownHome()] : [ownHome(), rootHome(site)];
}

/**
 * The cluster's ARN, which is what `aws eks update-kubeconfig` calls its context.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
 */
export function clusterArn({ region, cluster_name: name, node_role_arn: roleArn }: Handover): string {
  // The cluster is in the account of its nodes.
  const [, partition = "", , , account = ""] = roleArn.split(":");
  return `arn:${partition}:eks:${region}:${account}:cluster/${name}`;
}

function accessTo(handover: Handover): ClusterAccess {
  return {
    name: handover.cluster_name,
    region: handover.region,
    arn: clusterArn(handover),
    endpoint: handover.cluster_endpoint,
    certificateAuthorityData: handover.certificate_authority_data,
  };
}
