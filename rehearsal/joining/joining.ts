import { setTimeout as sleep } from "node:timers/promises";

import type { ClientSettings } from "../account/emulator";
import { AccountReader } from "./facts";
import { join, type JoinFacts, type JoinResult } from "./rules";
import type { KubernetesState } from "../cluster/kubernetes-state";

/** How nodes join a stand-in Kubernetes API. */
export interface JoiningOptions {
  /**
   * Is told every change of what became of an instance, one sentence each, and when the account cannot be read: for a
   * rehearsal's own log.
   *
   * @default - nobody is
   */
  readonly tell?: (sentence: string) => void;
}

/** Time between two readings of the account, at least; twice as long as one takes when that is more. */
const EVERY_MS = 1000;

/** Nodes that join as long as it is not stopped. */
export interface Joining {
  /** What became of each instance, as far as the account was read. */
  results(): readonly JoinResult[];
  /** Reads the account now. Never rejects: an account that cannot be read changes nothing. */
  refresh(): Promise<void>;
  /** Reads no more; the nodes stay as they are. */
  stop(): void;
}

/**
 * Lets the instances of an emulated account join a stand-in Kubernetes API by the rules of EKS (see `join`). Until the
 * account has such a cluster there are no nodes; while it cannot be read they stay as they were last.
 *
 * @param kubernetes whose rule for its nodes becomes this one
 */
export function startJoining(
  kubernetes: { readonly state: KubernetesState },
  settings: ClientSettings,
  clusterName: string,
  { tell = () => undefined }: JoiningOptions = {},
): Joining {
  const { state } = kubernetes;
  const account = new AccountReader(settings);
  const ended = new AbortController();
  let facts: JoinFacts | undefined;
  let before: readonly JoinResult[] = [];
  let failure = "";
  let reading: Promise<void> | undefined;

  const results = (awsAuth = state.configMap("kube-system", "aws-auth")): readonly JoinResult[] => {
    const now = facts === undefined ? [] : join(facts, awsAuth, before);
    const ofId = (all: readonly JoinResult[], id: string) => all.find(({ instanceId }) => instanceId === id);
    for (const { instanceId: id, why } of now) if (ofId(before, id)?.why !== why) tell(`${clusterName}: ${id}: ${why}`);
    for (const { instanceId: id } of before) if (ofId(now, id) === undefined) tell(`${clusterName}: ${id}: gone`);
    before = now;
    return now;
  };
  state.nodesJoinWhen = (awsAuth) => results(awsAuth).flatMap(({ node }) => node ?? []);

  const read = async () => {
    try {
      const found = await account.read(clusterName);
      if (ended.signal.aborted) return;
      facts = found;
      failure = "";
    } catch (error) {
      const why = `the account cannot be read: ${String(error)}`;
      if (!ended.signal.aborted && why !== failure) tell(`${clusterName}: ${why}`);
      failure = why;
    }
    // Nodes join, and leave, also when nobody looks.
    results();
  };
  const refresh = async () => {
    // What was being read when it was asked for may be older than what the asker knows.
    await reading;
    reading ??= read().finally(() => (reading = undefined));
    await reading;
  };
  void (async () => {
    while (!ended.signal.aborted) {
      const from = performance.now();
      await refresh();
      // On a busy machine an emulator takes long to answer: others need it more.
      const waitMs = Math.max(EVERY_MS, 2 * (performance.now() - from));
      await sleep(waitMs, undefined, { ref: false, signal: ended.signal }).catch(() => undefined);
    }
  })();

  return {
    results: () => results(),
    refresh,
    stop: () => {
      ended.abort();
      account.close();
    },
  };
}
