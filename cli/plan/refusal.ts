import type { ResourceChange } from "../../terraform/plan-file";
import { quoted } from "../../contract/shell";

/** Something that a plan would do without being told to by name. */
export interface Refusal {
  readonly address: string;
  /** What it is to people: `the cluster`. */
  readonly noun: string;
  readonly what: "replaced" | "destroyed" | "changed" | "made";
  /** Why, in words. */
  readonly because: string;
  /** What is gone with it, in words; undefined where nothing is. */
  readonly lost?: string;
  /** What to write in the tfvars instead, where that is known. */
  readonly instead?: string;
  /**
   * What to add to the command line to have it done all the same, quoted for a shell; undefined where AWS would refuse
   * it too.
   */
  readonly option?: string;
}

/** What becomes of something, in a word. */
export function becomes({ kind }: Pick<ResourceChange, "kind">): Refusal["what"] {
  return kind === "destroy" ? "destroyed" : kind === "update" ? "changed" : "replaced";
}

/** What allows a refusal that is about an address. */
export function allowOption(address: string): string {
  return `--allow-replace ${quoted(address)}`;
}

/** A refusal in one paragraph. */
export function refusalText({ address, noun, what, because, lost, instead, option }: Refusal): string {
  return [
    `${address}: ${noun} would be ${what}: ${because}`,
    ...(lost === undefined ? [] : [`lost by it: ${lost}`]),
    ...(instead === undefined ? [] : [instead]),
    ...(option === undefined ? [] : [`if you mean it, add ${option}`]),
  ].join("; ");
}
