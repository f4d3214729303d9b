import { App, Testing } from "cdktf";

import type { Choices } from "../../modules/choices";
import { KubernetesStack } from "../../modules/kubernetes-stack";
import { EksStack } from "../../modules/stack";

/** The parts of `cdk.tf.json` that tests look at. */
export interface Synthesized {
  readonly check: Record<string, { assert: { condition: string; error_message: string }[] }>;
  readonly data: Record<string, Record<string, Record<string, unknown>>>;
  readonly locals: Record<string, unknown>;
  readonly moved: { from: string; to: string }[];
  readonly output: Record<string, { value: unknown; description: string; sensitive?: boolean }>;
  readonly resource: Record<string, Record<string, Record<string, unknown>>>;
  readonly terraform: Record<string, unknown>;
  readonly variable: Record<
    string,
    {
      default?: unknown;
      description: string;
      nullable: boolean;
      type: string;
      validation?: { condition: string; error_message: string }[];
    }
  >;
}

/** What tests look at of the stack `eks-kubernetes`. */
export interface SynthesizedKubernetes extends Synthesized {
  readonly import: { for_each: string; id: string; to: string }[];
  readonly provider: Record<string, Record<string, unknown>[]>;
}

/** The stack as Terraform gets it, its validations run. */
export function synthesized(
  configure: (stack: EksStack) => void = () => undefined,
  choices: Pick<Choices, "sshIdentity"> = { sshIdentity: "given" },
): Synthesized {
  const stack = new EksStack(new App(), "eks", choices);
  configure(stack);
  return JSON.parse(Testing.synth(stack, true)) as Synthesized;
}

/** The stack `eks-kubernetes` as Terraform gets it. */
export function synthesizedKubernetes(
  configure: (stack: KubernetesStack) => void = () => undefined,
): SynthesizedKubernetes {
  const stack = new KubernetesStack(new App(), "eks-kubernetes");
  configure(stack);
  return JSON.parse(Testing.synth(stack, true)) as SynthesizedKubernetes;
}

/** What a local value stands for, when a value is one by its name; the value itself otherwise. */
export function meant({ locals }: Pick<Synthesized, "locals">, value: unknown): unknown {
  const [, name] = /^\$\{local\.(\w+)\}$/.exec(String(value)) ?? [];
  return name === undefined ? value : locals[name];
}

/** Every resource's address, without instance keys. */
export function addresses({ resource }: Synthesized): string[] {
  return Object.entries(resource)
    .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`))
    .sort();
}
