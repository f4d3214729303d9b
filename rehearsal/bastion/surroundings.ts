import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CreateClusterCommand } from "@aws-sdk/client-eks";

import { withAws } from "../../aws/clients";
import type { Handover } from "../../contract/handover";
import { findMappingProblem } from "../../facts/aws-auth";
import { makeArtifacts, minorOf, ownKubectlVersion, ownPrograms, type Artifacts } from "./artifacts";
import { startEksFront } from "../account/eks/front";
import { settingsOf, startEmulator, WORKSHOP_ACCOUNT } from "../account/emulator";
import { startKubernetes, type StandInKubernetes } from "../cluster/kubernetes";
import { startLightPrograms } from "./light-programs";
import { startMirror, type Mirror } from "./mirror";
import { startSshd, type Sshd, type SshdOptions } from "./sshd";

/** What is around bastions, all of it on this machine: an account, a cluster's API, artifacts to download. */
export interface Surroundings {
  readonly kubernetes: StandInKubernetes;
  readonly mirror: Mirror;
  /** The table of releases that the mirror has, in the form of `bootstrap/release-table.json`. */
  readonly releasesFile: string;
  /** Paths at the mirror. */
  readonly artifacts: Artifacts["paths"];
  /** Puts one more bastion with a cluster of its own there. */
  addBastion(options?: BastionOptions): Promise<StandInBastion>;
  /** Ends everything. */
  stop(): Promise<void>;
}

/** How surroundings are made. */
export interface SurroundingsOptions {
  /**
   * What is downloaded onto a bastion: the kubectl and the AWS CLI of this machine, which talk to a real `moto_server`;
   * or stand-ins (see `startLightPrograms`), which are much quicker, for what is about neither program.
   *
   * @default "real"
   */
  readonly programs?: "real" | "stand-ins";
}

/** A stand-in for one bastion. */
export interface BastionOptions extends Pick<SshdOptions, "maxSessions"> {
  /** Name of its cluster. @default `awskrug_gudi_eks`, with a number from the second on */
  readonly clusterName?: string;
  /** More for the environment of its sessions; a PATH goes before the usual one. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A bastion made of a real sshd that writes to a folder of its own. */
export interface StandInBastion {
  readonly handover: Handover;
  /** The handover as `terraform output -json` prints it. Its address is a public one, which nobody must connect to. */
  readonly outputsFile: string;
  readonly knownHostsFile: string;
  readonly sshd: Sshd;
  /** What `--root` is to be. */
  readonly root: string;
  /** HOME of the user who logs in. */
  readonly home: string;
  /** The options with which the bootstrap reaches it. */
  readonly options: readonly string[];
}

const ACCOUNT = "123456789012";
const NODE_ROLE = `arn:aws:iam::${ACCOUNT}:role/awskrug_gudi_eks_worker_nodes_role`;
/** Of each group that is wanted; they join when the role is mapped. */
const NODES = 2;
/** A machine at its first boot has what its distribution put there, and not what a user of this one has installed. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Of the stand-ins for programs. */
const STAND_IN_VERSION = "1.32.0";

/**
 * Starts the surroundings of bastions on free ports of 127.0.0.1: a stand-in Kubernetes API, a mirror, and for real
 * programs a real `moto_server` whose clusters have that API. The archive of the AWS CLI is a stand-in, whose program
 * runs the `aws` of this machine; aws-iam-authenticator is a stand-in that does nothing.
 *
 * @param folder for everything that is written; made when it does not exist
 * @throws when `openssl`, `python3`, `sshd`, or for real programs `moto_server`, `aws` or `kubectl`, is not installed
 */
export async function startSurroundings(
  folder: string,
  { programs = "real" }: SurroundingsOptions = {},
): Promise<Surroundings> {
  mkdirSync(folder, { recursive: true });
  const endings: (() => void | Promise<void>)[] = [];
  const stop = async () => {
    // The last first; a failure of one must not keep the others alive.
    const results = await Promise.allSettled(endings.reverse().map(async (end) => end()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  };
  const ending = <T extends { stop(): void | Promise<void> }>(it: T): T => {
    endings.push(() => it.stop());
    return it;
  };
  try {
    const isReal = programs === "real";
    const version = isReal ? ownKubectlVersion() : STAND_IN_VERSION;
    const minor = minorOf(version);
    const nodes = Array.from({ length: NODES }, (_, at) => ({
      name: `ip-172-16-1${String(at)}-12.${WORKSHOP_ACCOUNT.region}.compute.internal`,
      version: `v${version}-eks-0000000`,
    }));
    const kubernetes = ending(
      await startKubernetes({
        folder,
        version: `v${version}`,
        nodesJoinWhen: (awsAuth) => (findMappingProblem(awsAuth, NODE_ROLE) === undefined ? nodes : []),
      }),
    );
    // With the programs of this machine they need an account that they talk to.
    const emulator = isReal ? ending(await startEmulator(join(folder, "emulator"), WORKSHOP_ACCOUNT)) : undefined;
    const front = emulator && ending(await startEksFront(emulator.endpoint, () => kubernetes));
    const environment: Readonly<Record<string, string>> =
      front === undefined ? {} : { ...emulator?.environment, AWS_ENDPOINT_URL: front.endpoint };
    const downloads = isReal ? ownPrograms() : ending(await startLightPrograms(() => kubernetes, ACCOUNT));
    const { releasesFile, paths: artifacts, byPath } = makeArtifacts(folder, version, downloads);
    const mirror = ending(await startMirror(byPath));

    let bastions = 0;
    const addBastion = async (options: BastionOptions = {}): Promise<StandInBastion> => {
      bastions++;
      const suffix = bastions === 1 ? "" : `_${String(bastions)}`;
      const { clusterName = `awskrug_gudi_eks${suffix}` } = options;
      if (front !== undefined) {
        const settings = settingsOf({ endpoint: front.endpoint, environment });
        const roleArn = `arn:aws:iam::${ACCOUNT}:role/eks-cluster`;
        const asked = { name: clusterName, version: minor, roleArn, resourcesVpcConfig: { subnetIds: ["subnet-1"] } };
        await withAws(settings, ({ eks }) => eks.send(new CreateClusterCommand(asked)));
      }
      const handover: Handover = {
        region: WORKSHOP_ACCOUNT.region,
        cluster_name: clusterName,
        cluster_endpoint: kubernetes.endpoint,
        certificate_authority_data: kubernetes.certificateAuthorityData,
        kubernetes_version: minor,
        authentication_mode: "CONFIG_MAP",
        bastion_instance_id: `i-${String(bastions).padStart(17, "0")}`,
        // Of a network for documentation: https://www.rfc-editor.org/rfc/rfc5737
        bastion_address: `203.0.113.${String(bastions)}`,
        bastion_user: "ubuntu",
        node_role_arn: NODE_ROLE,
        node_groups: { [`${clusterName}-worker`]: { min: NODES, max: NODES, desired: NODES } },
        aws_auth_roles: [],
        aws_auth_users: [],
      };
      const place = join(folder, `bastion${suffix}`);
      const [root, home] = [join(place, "root"), join(place, "home")];
      mkdirSync(root, { recursive: true });
      const { PATH: own } = options.environment ?? {};
      const PATH = own === undefined ? SYSTEM_PATH : `${own}:${SYSTEM_PATH}`;
      const sshd = ending(
        await startSshd({
          folder: join(place, "sshd"),
          home,
          environment: { ...environment, ...options.environment, PATH },
          maxSessions: options.maxSessions,
        }),
      );
      const [outputsFile, knownHostsFile] = [join(place, "outputs.json"), join(place, "known_hosts")];
      const outputs = Object.entries(handover).map(([name, value]) => [name, { sensitive: false, value }]);
      writeFileSync(outputsFile, JSON.stringify(Object.fromEntries(outputs), null, 2));
      writeFileSync(knownHostsFile, `${sshd.knownHostsLine}\n`);
      return {
        handover,
        outputsFile,
        knownHostsFile,
        sshd,
        root,
        home,
        options: [
          ...["--outputs", outputsFile, "--host", "127.0.0.1", "--port", String(sshd.port), "--user", sshd.user],
          ...["--identity", sshd.identityFile, "--known-hosts", knownHostsFile, "--root", root],
          ...["--mirror", mirror.url, "--releases", releasesFile],
        ],
      };
    };
    return { kubernetes, mirror, releasesFile, artifacts, addBastion, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
