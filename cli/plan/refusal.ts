import type { ResourceChange } from "../../terraform/plan-file";
import { shell } from "../../contract/shell";

/** Something that a plan would do without being told to by name. */
export interface Refusal {
  readonly address: string;
  /** What it is to people: `the cluster`. */
  readonly noun: string;
  readonly what: "replaced" | "destroyed" | "changed" | "made" | "made once more";
  /** Why, in words. */
  readonly because: string;
  /** What is gone with it, in words; undefined where nothing is. */
  readonly lost?: string;
  /** What to write in the tfvars instead, where that is known. */
  readonly instead?: string;
  /** AWS would refuse it too, whatever the command line allows. */
  readonly isFinal?: boolean;
}

/** What becomes of something, in a word. */
export function becomes({ kind }: Pick<ResourceChange, "kind">): Refusal["what"] {
  return kind === "destroy" ? "destroyed" : kind === "update" ? "changed" : "replaced";
}

/** What allows a refusal that is about an address. */
export function allowOption(address: string): string {
  return shell`--allow-replace ${address}`;
}

/** A refusal in one paragraph. */
export function refusalText({ address, noun, what, because, lost, instead, isFinal }: Refusal): string {
  return [
    `${address}: ${noun} would be ${what}: ${because}`,
    ...(lost === undefined ? [] : [`lost by it: ${lost}`]),
    ...(instead === undefined ? [] : [instead]),
    ...(isFinal === true ? [] : [`if you mean it, add ${allowOption(address)}`]),
  ].join("; ");
}
