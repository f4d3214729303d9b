import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startClassroom } from "../rehearsal/bastion/classroom";
import { runProgram } from "../terminal/process";
import { startLink, type Link } from "../rehearsal/bastion/link";
import { findProgram } from "../terraform/program";
import { startSurroundings, type StandInBastion, type Surroundings } from "../rehearsal/bastion/surroundings";
import { bootstrap, WAYS, waysTo, type Commands, type Way } from "./bootstrap/ways";

const ROUNDS = 3;
const FAR_ROUNDS = 1;
const CLASS_ROUNDS = 3;
/** Each way. */
const FAR_MILLISECONDS = 100;
const CLASS = 30;

/**
 * `npm run bench:bootstrap`: the same work on the same sshd, with the same mirror and stand-in Kubernetes API, by this
 * bootstrap, by Ansible and by a script typed by hand; then thirty bastions beside one. Needs what the tests of the
 * bootstrap need, and Ansible.
 */
async function main(): Promise<void> {
  if (findProgram("ansible-playbook") === undefined) {
    throw new Error("ansible-playbook is not on PATH; `apt-get install ansible` installs it");
  }
  const folder = mkdtempSync(join(tmpdir(), "eks-bench-bootstrap-"));
  try {
    await inSurroundings(join(folder, "real"), "real", async (surroundings) => {
      const bastion = await surroundings.addBastion();
      const near = waysTo(bastion, surroundings, join(folder, "real-near"), bastion.sshd.port);
      heading(`kubectl and aws of this machine, emulated account, ${String(ROUNDS)} rounds`);
      await compare(bastion, surroundings, near, ROUNDS);
    });
    await inSurroundings(join(folder, "light"), "stand-ins", async (surroundings, links) => {
      const bastion = await surroundings.addBastion();
      const near = waysTo(bastion, surroundings, join(folder, "near"), bastion.sshd.port);
      heading(`stand-ins for both, ${String(ROUNDS)} rounds`);
      await compare(bastion, surroundings, near, ROUNDS);

      const link = await startLink({ target: bastion.sshd.port, delayMilliseconds: FAR_MILLISECONDS });
      links.push(link);
      const far = waysTo(bastion, surroundings, join(folder, "far"), link.port);
      heading(`stand-ins, ${String(FAR_MILLISECONDS)} ms away each way, ${String(FAR_ROUNDS)} round`);
      await compare(bastion, surroundings, far, FAR_ROUNDS);

      console.log("\nRound trips, those of TCP and SSH included:");
      makeBare([bastion], surroundings);
      console.log(
        `  cold ${String(await tripsOf(link, far.bootstrap))}, warm ${String(await tripsOf(link, far.bootstrap))}`,
      );
    });
    console.log(
      `\n| ${String(CLASS)} bastions on this machine, stand-ins | one | ${String(CLASS)} | ratio |\n|---|---|---|---|`,
    );
    for (const delayMilliseconds of [0, FAR_MILLISECONDS]) {
      await inSurroundings(join(folder, `class-${String(delayMilliseconds)}`), "stand-ins", (surroundings, links) =>
        compareClass(surroundings, join(folder, `room-${String(delayMilliseconds)}`), delayMilliseconds, links),
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function inSurroundings(
  folder: string,
  programs: "real" | "stand-ins",
  use: (surroundings: Surroundings, links: Link[]) => Promise<void>,
): Promise<void> {
  const surroundings = await startSurroundings(folder, { programs });
  const links: Link[] = [];
  try {
    await use(surroundings, links);
  } finally {
    for (const link of links) await link.stop();
    await surroundings.stop();
  }
}

/** As at its first boot, and with nobody in aws-auth. */
function makeBare(bastions: readonly StandInBastion[], { kubernetes }: Surroundings): void {
  for (const folder of bastions.flatMap(({ root, home }) => [root, home])) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  kubernetes.state.setConfigMap("kube-system", "aws-auth", undefined);
}

function heading(name: string): void {
  console.log(`\n| ${name} | ${WAYS.join(" | ")} | Ansible / bootstrap | bootstrap / by hand |`);
  console.log("|---|---|---|---|---|---|");
}

/** Prints medians of cold runs, on a bastion as bare as at its first boot, and of warm ones right after them. */
async function compare(
  bastion: StandInBastion,
  surroundings: Surroundings,
  commands: Commands,
  rounds: number,
): Promise<void> {
  const none = (): Record<Way, number[]> => ({ bootstrap: [], Ansible: [], "by hand": [] });
  const all = { cold: none(), warm: none() };
  for (let round = 0; round < rounds; round++) {
    for (const way of WAYS) {
      makeBare([bastion], surroundings);
      all.cold[way].push((await commands[way]()).seconds);
      all.warm[way].push((await commands[way]()).seconds);
    }
  }
  for (const [name, runs] of Object.entries(all)) {
    const [ours, ansible, byHand] = WAYS.map((way) => median(runs[way])) as [number, number, number];
    const seconds = [ours, ansible, byHand].map((each) => `${each.toFixed(2)} s`);
    console.log(`| ${[name, ...seconds, (ansible / ours).toFixed(1), (ours / byHand).toFixed(1)].join(" | ")} |`);
  }
}

/** Prints how long a class takes beside one bastion of it, all at once. */
async function compareClass(
  surroundings: Surroundings,
  folder: string,
  delayMilliseconds: number,
  links: Link[],
): Promise<void> {
  const classOf = (name: string, size: number) =>
    startClassroom(surroundings, join(folder, name), {
      size,
      portTo: async ({ port: target }) => {
        const link = await startLink({ target, delayMilliseconds });
        links.push(link);
        return link.port;
      },
    });
  const [one, all] = [await classOf("one", 1), await classOf("all", CLASS)];
  const runs = {
    cold: { one: [] as number[], all: [] as number[] },
    warm: { one: [] as number[], all: [] as number[] },
  };
  for (let round = 0; round < CLASS_ROUNDS; round++) {
    for (const [name, classroom] of Object.entries({ one, all }) as ["one" | "all", typeof one][]) {
      makeBare(classroom.bastions, surroundings);
      rmSync(classroom.roots, { recursive: true, force: true });
      const run = () => bootstrap([...classroom.options, "--concurrency", String(CLASS)], classroom.home);
      runs.cold[name].push((await run()).seconds);
      runs.warm[name].push((await run()).seconds);
    }
  }
  const where = delayMilliseconds === 0 ? "" : `, ${String(delayMilliseconds)} ms away each way`;
  for (const [kind, { one: few, all: many }] of Object.entries(runs)) {
    const [single, together] = [median(few), median(many)];
    const ratio = (together / single).toFixed(1);
    console.log(`| ${kind}${where} | ${single.toFixed(2)} s | ${together.toFixed(2)} s | ${ratio} |`);
  }
}

async function tripsOf(link: Link, run: () => Promise<unknown>): Promise<number> {
  const before = link.counts();
  await run();
  const after = link.counts();
  return after.roundTrips - before.roundTrips + (after.connections - before.connections);
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

runProgram(main);
