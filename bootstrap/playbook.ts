import type { Handover } from "../contract/handover";
import { kubectlFor, mirrored, type Artifact, type Release, type Releases } from "./releases";
import type { Options } from "./options";
import { ownHome, rootHome, siteOf } from "./site";
import type { Stage } from "./engine/task";
import { awsCli } from "./tasks/aws-cli";
import { awsConfig } from "./tasks/aws-config";
import { binary } from "./tasks/binary";
import { awsAuth, clusterApi, nodes, type ClusterAddress } from "./tasks/cluster";
import { kubeconfig } from "./tasks/kubeconfig";
import { packages } from "./tasks/packages";
import { ready } from "./tasks/ready";
import { shell } from "./tasks/shell";

/** What makes a bastion of a bare machine, in order; what stands in one stage is done side by side. */
export function playbook(
  handover: Handover,
  releases: Releases,
  options: Pick<Options, "root" | "user" | "mirror" | "timeoutSeconds">,
): Stage[] {
  const { mirror, timeoutSeconds: patienceSeconds } = options;
  const from = (release: Release) => (mirror === undefined ? release : releaseAt(mirror, release));
  const site = siteOf(handover, options);
  // Participants become root with `sudo su -`.
  const homes = site.root === "" && !site.sudo ? [ownHome()] : [ownHome(), rootHome(site)];
  const arn = clusterArn(handover);
  const address: ClusterAddress = { context: arn, hasAwsAuth: handover.authentication_mode === "CONFIG_MAP" };
  const kubectl = kubectlFor(releases, handover.kubernetes_version);
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
    homes.map((home) => kubeconfig(site, home, handover, arn)),
    [clusterApi(address, patienceSeconds)],
    ...(address.hasAwsAuth ? [[awsAuth(address, handover, kubectl.version)]] : []),
    [nodes(address, handover, patienceSeconds)],
  ];
}

function releaseAt(mirror: string, { artifacts: { amd64, arm64 }, ...release }: Release): Release {
  const at = ({ url, sha256 }: Artifact) => ({ url: mirrored(url, mirror), sha256 });
  return { ...release, artifacts: { amd64: at(amd64), arm64: at(arm64) } };
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
