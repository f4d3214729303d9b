import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";

import { findMappingProblem } from "../../facts/aws-auth";
import type { Handover } from "../../contract/handover";
import { makeArtifacts, minorOf, ownKubectlVersion, ownPrograms, type Artifacts, type Programs } from "./artifacts";
import { startEksFront } from "../account/eks/front";
import { startEmulator, WORKSHOP_ACCOUNT } from "../account/emulator";
import { startKubernetes, type StandInKubernetes } from "../cluster/kubernetes";
import type { StandInNode } from "../cluster/nodes";
import { startLightPrograms } from "./light-programs";
import { startMirror, type Mirror } from "./mirror";
import { startSshd, type Sshd } from "./sshd";

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
   * What is downloaded onto a bastion: the kubectl and the AWS CLI of this machine, which talk to a real `moto_server`, or
   * stand-ins that are much quicker (see `startLightPrograms`), for what is about neither.
   *
   * @default "real"
   */
  readonly programs?: "real" | "stand-ins";
}

/** A stand-in for one bastion. */
export interface BastionOptions {
  /** Name of its cluster. @default `awskrug_gudi_eks`, with a number from the second on */
  readonly clusterName?: string;
  /** More for the environment of its sessions; a PATH goes before the usual one. */
  readonly environment?: Readonly<Record<string, string>>;
  /** See `SshdOptions.maxSessions`. */
  readonly maxSessions?: number;
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
 * Starts the surroundings of bastions on free ports of 127.0.0.1: a stand-in Kubernetes API, a mirror, and unless the
 * programs are stand-ins a real `moto_server` with that API in its descriptions of clusters. Of the artifacts, the archive
 * of the AWS CLI is a stand-in whose program runs the `aws` of this machine, and aws-iam-authenticator is a stand-in that
 * does nothing.
 *
 * @param folder for everything that is written; made when it does not exist
 * @throws when `openssl`, `python3`, `sshd`, or for real programs `moto_server`, `aws` or `kubectl`, is not installed
 */
export async function startSurroundings(
  folder: string,
  { programs = "real" }: SurroundingsOptions = {},
): Promise<Surroundings> {
  mkdirSync(folder, { recursive: true });
  const endings: Endings = [];
  const stop = async () => {
    // The last first; a failure of one must not keep the others alive.
    const results = await Promise.allSettled(endings.reverse().map(async (end) => end()));
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  };
  try {
    const version = programs === "real" ? ownKubectlVersion() : STAND_IN_VERSION;
    const kubernetes = await startKubernetes({
      folder,
      version: `v${version}`,
      nodesJoinWhen: (awsAuth) => (findMappingProblem(awsAuth, NODE_ROLE) === undefined ? someNodes(version) : []),
    });
    endings.push(() => kubernetes.stop());
    const account = await (programs === "real"
      ? realAccount(folder, kubernetes, endings)
      : lightAccount(kubernetes, endings));
    const { environment, addCluster } = account;

    const { releasesFile, paths: artifacts, byPath } = makeArtifacts(folder, version, account);
    const mirror = await startMirror(byPath);
    endings.push(() => mirror.stop());

    let bastions = 0;
    const addBastion = async (options: BastionOptions = {}): Promise<StandInBastion> => {
      bastions++;
      const suffix = bastions === 1 ? "" : `_${String(bastions)}`;
      const { clusterName = `awskrug_gudi_eks${suffix}` } = options;
      await addCluster(clusterName, minorOf(version));
      const place = join(folder, `bastion${suffix}`);
      const handover: Handover = {
        region: WORKSHOP_ACCOUNT.region,
        cluster_name: clusterName,
        cluster_endpoint: kubernetes.endpoint,
        certificate_authority_data: kubernetes.certificateAuthorityData,
        kubernetes_version: minorOf(version),
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
      const bastion = await startBastion(place, handover, {
        ...options,
        environment: { ...environment, ...options.environment },
      });
      endings.push(() => bastion.sshd.stop());
      return {
        ...bastion,
        options: [...bastion.options, "--mirror", mirror.url, "--releases", releasesFile],
      };
    };
    return { kubernetes, mirror, releasesFile, artifacts, addBastion, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a bastion gets, and what must be so that it works there. */
interface Account extends Programs {
  /** Which one account and region is talked to, for AWS' tools on a bastion. */
  readonly environment: Readonly<Record<string, string>>;
  readonly addCluster: (name: string, version: string) => Promise<void>;
}

type Endings = (() => void | Promise<void>)[];

/** The programs of this machine, and an emulated account for them. */
async function realAccount(folder: string, kubernetes: StandInKubernetes, endings: Endings): Promise<Account> {
  const programs = ownPrograms();
  const emulator = await startEmulator(join(folder, "emulator"), WORKSHOP_ACCOUNT);
  endings.push(() => emulator.stop());
  const front = await startEksFront(emulator.endpoint, () => kubernetes);
  endings.push(() => {
    front.stop();
  });
  const environment = { ...emulator.environment, AWS_ENDPOINT_URL: front.endpoint };
  return {
    ...programs,
    environment,
    addCluster: (name, version) => createCluster(front.endpoint, environment, name, version),
  };
}

async function lightAccount(kubernetes: StandInKubernetes, endings: Endings): Promise<Account> {
  const programs = await startLightPrograms(() => kubernetes, ACCOUNT);
  endings.push(() => {
    programs.stop();
  });
  return {
    kubectl: Buffer.from(programs.kubectl),
    aws: programs.aws,
    environment: {},
    addCluster: () => Promise.resolve(),
  };
}

/** The nodes that a cluster has as soon as their role is mapped. */
function someNodes(version: string): StandInNode[] {
  return Array.from({ length: NODES }, (_, at) => ({
    name: `ip-172-16-1${String(at)}-12.${WORKSHOP_ACCOUNT.region}.compute.internal`,
    version: `v${version}-eks-0000000`,
  }));
}

async function createCluster(
  endpoint: string,
  environment: Readonly<Record<string, string>>,
  name: string,
  version: string,
): Promise<void> {
  const credentials = {
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const eks = new EKSClient({ endpoint, credentials, region: WORKSHOP_ACCOUNT.region });
  try {
    const roleArn = `arn:aws:iam::${ACCOUNT}:role/eks-cluster`;
    await eks.send(
      new CreateClusterCommand({ name, version, roleArn, resourcesVpcConfig: { subnetIds: ["subnet-1"] } }),
    );
  } finally {
    eks.destroy();
  }
}

async function startBastion(folder: string, handover: Handover, options: BastionOptions): Promise<StandInBastion> {
  const { environment, maxSessions } = options;
  const [root, home] = [join(folder, "root"), join(folder, "home")];
  for (const each of [root, home]) mkdirSync(each, { recursive: true });
  const path = environment?.["PATH"] === undefined ? SYSTEM_PATH : `${environment["PATH"]}:${SYSTEM_PATH}`;
  const sshd = await startSshd({
    folder: join(folder, "sshd"),
    home,
    environment: { ...environment, PATH: path },
    ...(maxSessions !== undefined && { maxSessions }),
  });
  const [outputsFile, knownHostsFile] = [join(folder, "outputs.json"), join(folder, "known_hosts")];
  const outputs = Object.entries(handover).map(([name, value]) => [
    name,
    { sensitive: false, value: value as unknown },
  ]);
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
    ],
  };
}
