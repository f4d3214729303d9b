import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import {
  startSurroundings,
  type BastionOptions,
  type StandInBastion,
  type Surroundings,
} from "../../rehearsal/bastion/surroundings";
import { runBootstrap, treeOf } from "./bootstrap";
import type { Ended } from "./run";
import { wholeBastion, withoutClusters } from "./whole-bastion";

/** Where something is broken, and what a bastion is to be in the end. */
export interface Ground {
  /** Gone with everything in it at the end; who is not its owner can get through it, and not look into it. */
  readonly folder: string;
  readonly surroundings: Surroundings;
  /** What a bastion has in its root when nothing was in the way. */
  readonly whole: Readonly<Record<string, string>>;
  run(options: readonly string[], onOutput?: (soFar: string) => void): Promise<Ended>;
  /** A bastion whose PATH begins with a folder of stand-ins, shell scripts by their names. */
  addBastion(
    programs?: Readonly<Record<string, string>>,
    options?: BastionOptions,
  ): Promise<StandInBastion & { readonly bin: string }>;
  stop(): Promise<void>;
}

/** Starts surroundings with stand-ins for programs, in which a bootstrap makes a whole bastion of a first one. */
export async function startGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-faults-"));
  chmodSync(folder, 0o711);
  const operator = join(folder, "operator");
  mkdirSync(operator);
  const surroundings = await startSurroundings(join(folder, "site"), { programs: "stand-ins" });
  const run: Ground["run"] = (options, onOutput) => runBootstrap(operator, options, {}, onOutput);
  const stop = async () => {
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  };
  const untouched = await surroundings.addBastion();
  const { root: whole } = await wholeBastion(surroundings);
  const { code, output } = await run(untouched.options);
  try {
    expect({ code, output, made: madeIn(untouched.root) }).toMatchObject({ code: 0, made: whole });
    expect(Object.keys(madeIn(untouched.root)).sort()).toEqual(Object.keys(whole).sort());
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    folder,
    surroundings,
    whole,
    run,
    addBastion: async (programs = {}, options = {}) => {
      const bin = mkdtempSync(join(folder, "bin-"));
      for (const [name, script] of Object.entries(programs)) standIn(bin, name, script);
      const bastion = await surroundings.addBastion({
        ...options,
        environment: { ...options.environment, PATH: bin },
      });
      return { ...bastion, bin };
    },
    stop,
  };
}

/** Where a bastion's files are. */
type Places = Pick<StandInBastion, "root" | "home">;

/** Expects that a run has failed, with these lines and no others, and has left nothing half done. */
export function expectFailure(ended: Ended, { root, home }: Places, ...failures: readonly unknown[]): void {
  expect(failuresOf(ended)).toEqual(failures);
  expect(ended.code).toBe(1);
  expect([...leftoversIn(root), ...leftoversIn(home)]).toEqual([]);
}

/** Expects that a plain run makes everything, as if nothing had ever been in the way. */
export async function expectToConverge(
  ground: Ground,
  bastion: Places & Pick<StandInBastion, "options">,
): Promise<void> {
  const ended = await ground.run(bastion.options);

  expect(failuresOf(ended)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(madeIn(bastion.root)).toMatchObject(ground.whole);
  expect([...leftoversIn(bastion.root), ...leftoversIn(bastion.home)]).toEqual([]);
}

/** Writes a file that can be executed, and the folders above it. */
export function put(folder: string, path: string, text = ""): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** Writes a program, as a shell script, into a folder of stand-ins, which is made when it does not exist. */
export function standIn(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A command line in which some options have other values, and those with undefined are left out. */
export function withOptions(
  options: readonly string[],
  values: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  const kept = options.flatMap((word, at) => {
    const isOption = at % 2 === 0;
    return Object.hasOwn(values, (isOption ? word : options[at - 1]) ?? "") ? [] : [word];
  });
  const given = Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return [...kept, ...given];
}

/**
 * What a run says of its failure: the text of each line that begins with `failed:`, without the host's name.
 *
 * @throws when there is anything in the output that is for developers
 */
export function failuresOf({ output }: Pick<Ended, "output">): string[] {
  const trace = /^ +at .*$|^.*(bug of the bootstrap|node:internal|\bundefined\b|\[object ).*$/m.exec(output);
  if (trace !== null) throw new Error(`a line for developers: ${trace[0]}`);
  return [...output.matchAll(/^failed: (?:\[\S+\] )?(.*)$/gm)].map(([, text = ""]) => text);
}

/** The lines that say what is waited for, without the host's name. */
export function waitsOf({ output }: Pick<Ended, "output">): string[] {
  return [...output.matchAll(/^waiting: \[\S+\] (.*)$/gm)].map(([, text = ""]) => text);
}

/** A whole line in which `…` stands for anything: what a program says, which differs from version to version. */
export function line(text: string): unknown {
  const parts = text.split("…").map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`));
  return expect.stringMatching(new RegExp(`^${parts.join(".*")}$`));
}

/** Files and folders that nobody should see once a run is over. */
function leftoversIn(folder: string): string[] {
  return Object.keys(treeOf(folder)).filter((path) => /(^|\/)\.[^/]+\.[A-Za-z0-9]{6}$/.test(path));
}

/** What is in a bastion's root once everything is right; the kubeconfig's text is that of one cluster. */
export function madeIn(root: string): Readonly<Record<string, string>> {
  return withoutClusters(treeOf(root));
}
