import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { isRecord, jsonIn } from "../contract/json";
import { UserError } from "../contract/user-error";

const PROJECT = resolve(__dirname, "..");

/** What changes with the code instead of with tfvars: the `context` of cdktf.json says it. */
export interface Choices {
  /** `"kubernetes": "true"`: there is a second stack, `eks-kubernetes`, for what is inside the cluster. */
  readonly kubernetes: boolean;
  /**
   * `"sshIdentity": "generated"`: Terraform makes the key pair and the bastion's host key. Otherwise the key pair is
   * one that exists, and the bastion makes its host key by itself.
   */
  readonly sshIdentity: "given" | "generated";
}

/** How to write each choice in cdktf.json, and what may be written. */
const ALLOWED: Readonly<Record<keyof Choices, readonly string[]>> = {
  kubernetes: ["true", "false"],
  sshIdentity: ["generated", "given"],
};

/** Where cdktf's command line puts the context. */
export interface ContextEnvironment {
  /** JSON; its entries come before those of cdktf.json. */
  readonly CDKTF_CONTEXT_JSON?: string | undefined;
}

/**
 * The context of the project's cdktf.json and of the environment. cdktf itself looks for the file in the folder where
 * the process runs, which is the project's only by chance.
 *
 * @throws UserError when the environment's is no JSON object
 */
export function projectContext({ CDKTF_CONTEXT_JSON: json }: ContextEnvironment): Readonly<Record<string, unknown>> {
  const { context } = JSON.parse(readFileSync(join(PROJECT, "cdktf.json"), "utf8")) as {
    context: Record<string, unknown>;
  };
  if (json === undefined || json === "") return context;
  const given = jsonIn(json);
  if (!isRecord(given)) {
    throw refused(`CDKTF_CONTEXT_JSON must be a JSON object, got ${json}`);
  }
  return { ...context, ...given };
}

/**
 * What a context chooses.
 *
 * @throws UserError when a value is none of those allowed, or a name is nearly one of ours: it would count for
 *   nothing, and the cluster would be another than was meant
 */
export function choicesOf(context: Readonly<Record<string, unknown>>): Choices {
  const plain = (name: string) => name.replaceAll(/[^a-z]/gi, "").toLowerCase();
  for (const [name, allowed] of Object.entries(ALLOWED)) {
    const near = Object.keys(context).find((it) => plain(it) === plain(name) && it !== name);
    if (near !== undefined) throw refused(`the context in cdktf.json has ${JSON.stringify(near)}; write "${name}"`);
    const value = context[name];
    // `true` without quotes means the same to everybody but JSON.
    const said = typeof value === "boolean" ? String(value) : value;
    if (said !== undefined && !allowed.some((it) => it === said)) {
      throw refused(
        `"${name}" in the context of cdktf.json must be ${allowed.map((it) => `"${it}"`).join(" or ")}, or be left ` +
          `out, got ${JSON.stringify(value)}`,
      );
    }
  }
  return {
    kubernetes: String(context["kubernetes"]) === "true",
    sshIdentity: context["sshIdentity"] === "generated" ? "generated" : "given",
  };
}

function refused(message: string): UserError {
  return new UserError(message, { exitCode: 64 });
}
