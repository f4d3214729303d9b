import { z } from "zod";

import { jsonIn } from "../contract/json";
import { asHandover } from "../contract/outputs";
import { UserError } from "../contract/user-error";
import { terraformCommand } from "./program";
import type { StateLock } from "./state-lock";

/** Where the state of the stack is, if nobody says another place: in the project's folder. */
export const STATE_FILE = "terraform.eks.tfstate";

/** What a Terraform state says about the applies that wrote it. */
export interface StateFacts {
  /** Where it is, for people: a file's name. */
  readonly source: string;
  /** Number of managed resource instances: Terraform keeps an entry for a resource with `count = 0` as well. */
  readonly resources: number;
  /** Addresses of resources that were made, but not to their end. */
  readonly tainted: readonly string[];
  /** What is wrong with the outputs; undefined when they are a handover. */
  readonly outputProblem: string | undefined;
  /** The lock that was taken last and not given back; undefined when there is none. */
  readonly lock: StateLock | undefined;
}

/** A managed resource in the state. */
export interface StateResource {
  readonly address: string;
  /** Whether it was made, but not to its end. */
  readonly isTainted: boolean;
  /** Such as `aws_vpc`. */
  readonly type: string;
  /** Its name in the stack, such as `network_vpc`. */
  readonly name: string;
  readonly id: string;
  /** Empty when it has none. */
  readonly arn: string;
  /** The provider's default tags among them. */
  readonly tags: Readonly<Record<string, string>>;
}

const STATE = z.object({
  outputs: z.record(z.string(), z.object({ value: z.unknown() })).default({}),
  resources: z
    .array(
      z.object({
        mode: z.string(),
        type: z.string(),
        name: z.string(),
        module: z.string().optional(),
        instances: z.array(
          z.object({
            status: z.string().optional(),
            index_key: z.union([z.string(), z.number()]).optional(),
            attributes: z
              .object({
                id: z.string().catch(""),
                arn: z.string().catch(""),
                tags_all: z.record(z.string(), z.string()).catch({}),
              })
              .nullish(),
          }),
        ),
      }),
    )
    .default([]),
});

/**
 * Whether OpenTofu has encrypted a state. Only `tofu state pull` shows what is in such a state.
 *
 * @see https://opentofu.org/docs/language/state/encryption/
 */
export function isEncrypted(state: string): boolean {
  return z.object({ encrypted_data: z.string() }).safeParse(jsonIn(state)).success;
}

/**
 * Reads a state (`terraform state pull`, or the file).
 *
 * @param lock what `lockOf` says of the file
 * @throws UserError when the state is none
 */
export function readState(source: string, state: string, lock?: StateLock): StateFacts {
  const { outputs, managed } = parsed(source, state);
  const values = Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  return {
    source,
    resources: managed.length,
    tainted: managed.flatMap(({ status, address }) => (status === "tainted" ? address : [])),
    outputProblem: outputProblem(values, source),
    lock,
  };
}

/** Everything in a state that Terraform manages. @throws UserError when the state is none */
export function managedResources(state: string): readonly StateResource[] {
  return parsed("the state", state).managed.flatMap(({ address, status, type, name, attributes }) => {
    if (attributes == null) return [];
    const { id, arn, tags_all: tags } = attributes;
    return { address, isTainted: status === "tainted", type, name, id, arn, tags };
  });
}

/** The outputs in a state, and every instance of what Terraform manages. */
function parsed(source: string, state: string) {
  const { data } = STATE.safeParse(jsonIn(state));
  if (data === undefined) {
    throw new UserError(`${source} is no Terraform state; ${terraformCommand()} state pull shows the one that counts`);
  }
  const managed = data.resources
    .filter(({ mode }) => mode === "managed")
    .flatMap(({ module, type, name, instances }) =>
      instances.map(({ index_key: key, ...instance }) => {
        const address = [module, type, name].filter((part) => part !== undefined).join(".");
        return { ...instance, type, name, address: key === undefined ? address : `${address}[${JSON.stringify(key)}]` };
      }),
    );
  return { outputs: data.outputs, managed };
}

function outputProblem(outputs: Readonly<Record<string, unknown>>, source: string): string | undefined {
  try {
    asHandover(outputs, source);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
