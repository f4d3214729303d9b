import { startEksFront } from "../account/eks/front";
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
 * Puts a front before an emulated account, in which every cluster that is made gets a stand-in Kubernetes API of its
 * own, with nodes that join by the rules of EKS: it answers before anybody is told of the cluster.
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
  const start = async (name: string): Promise<StandInCluster> => {
    const kubernetes = await startKubernetes({ folder });
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
  const front = await startEksFront(settings.endpoint, async (name, { createdAt, version }) => {
    const created = String(createdAt);
    let known = clusters.get(name);
    if (known?.created !== created) {
      // Another one of the same name: a real one has another endpoint, and nothing of what was in the first.
      const cluster = known === undefined ? start(name) : end(known.cluster).then(() => start(name));
      known = { created, cluster };
      clusters.set(name, known);
    }
    const { kubernetes } = await known.cluster;
    if (version !== undefined) kubernetes.upgrade(`v${version}.0-eks-0000000`);
    return kubernetes;
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
