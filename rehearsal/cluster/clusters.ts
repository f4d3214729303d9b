import { startEksFront, type DescribedCluster } from "../account/eks/front";
import type { ClientSettings } from "../account/emulator";
import { startJoining, type Joining, type JoiningOptions } from "../joining/joining";
import { startKubernetes, type StandInKubernetes } from "./kubernetes";

/** A cluster of an emulated account, with an API that answers. */
export interface StandInCluster {
  readonly kubernetes: StandInKubernetes;
  /** Its nodes. */
  readonly joining: Joining;
}

/** The clusters of an emulated account. */
export interface Clusters {
  /** `http://127.0.0.1:PORT`: the account, with these clusters in it. */
  readonly endpoint: string;
  /** By its name, from the moment that anybody was told of it. */
  get(name: string): StandInCluster | undefined;
  /** Ends all of them, and the way to the account. */
  stop(): Promise<void>;
}

/**
 * Puts a front before an emulated account, in which every cluster that is made gets a stand-in Kubernetes API of its own,
 * with nodes that join by the rules of EKS: it answers before anybody is told of the cluster.
 *
 * @param settings the account itself, without a front
 * @param folder an existing one, for the time that certificates are made in it
 */
export async function startClusters(
  settings: ClientSettings,
  folder: string,
  options: JoiningOptions = {},
): Promise<Clusters> {
  const clusters = new Map<string, { readonly created: string; readonly cluster: Promise<StandInCluster> }>();
  const started = new Map<string, StandInCluster>();
  const start = async ({ name, version }: DescribedCluster): Promise<StandInCluster> => {
    const kubernetes = await startKubernetes({
      folder,
      ...(version !== undefined && { version: versionOf(version) }),
    });
    const joining = startJoining(kubernetes, { ...settings, endpoint: front.endpoint }, name, options);
    const cluster = { kubernetes, joining };
    started.set(name, cluster);
    return cluster;
  };
  const end = async (cluster: Promise<StandInCluster>) => {
    const { kubernetes, joining } = await cluster;
    joining.stop();
    await kubernetes.stop();
  };
  const front = await startEksFront(settings.endpoint, async (name, described) => {
    const created = String(described.createdAt);
    const known = clusters.get(name);
    if (known?.created === created) {
      const { kubernetes } = await known.cluster;
      if (described.version !== undefined) kubernetes.upgrade(versionOf(described.version));
      return kubernetes;
    }
    // Another one of the same name: a real one has another endpoint, and nothing of what was in the first.
    const cluster = known === undefined ? start(described) : end(known.cluster).then(() => start(described));
    clusters.set(name, { created, cluster });
    return (await cluster).kubernetes;
  });
  return {
    endpoint: front.endpoint,
    get: (name) => started.get(name),
    stop: async () => {
      front.stop();
      await Promise.all([...clusters.values()].map(({ cluster }) => end(cluster)));
    },
  };
}

/** What the Kubernetes API of a cluster says of its version. */
function versionOf(minor: string): string {
  return `v${minor}.0-eks-0000000`;
}
