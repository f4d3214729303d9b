import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { copyTfvars, OUTDIR, shareLocks } from "../terraform/stack-folder";
import { synthesize } from "../modules/synthesize";
import { usingFile } from "../contract/user-error";

/** Where Terraform runs, seen from the current folder. */
export const STACK_DIR = join(OUTDIR, "stacks", "eks");

const JSON_NAME = "cdk.tf.json";

/**
 * Synthesizes the stack. The current folder is left alone until it is placed: whoever has mistyped something, or is in
 * another folder than they think, finds nothing new in it.
 *
 * @returns writes it to where Terraform runs, with the lock file and the tfvars of the current folder beside it; throws
 *   UserError when that cannot be done
 * @throws UserError when the environment asks for something that cannot be done
 */
export function synthesized(environment: NodeJS.ProcessEnv): () => void {
  const outdir = mkdtempSync(join(tmpdir(), "eks-synthesized-"));
  try {
    synthesize(environment, outdir, true);
    const text = readFileSync(join(outdir, "stacks", "eks", JSON_NAME), "utf8");
    const file = join(STACK_DIR, JSON_NAME);
    return () => {
      usingFile(file, () => {
        mkdirSync(STACK_DIR, { recursive: true });
        writeFileSync(file, text);
        shareLocks(OUTDIR);
        copyTfvars(OUTDIR);
      });
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/** Keeps the lock files that Terraform has written in the current folder. @throws UserError when that cannot be done */
export function keepLock(): void {
  usingFile(OUTDIR, () => {
    shareLocks(OUTDIR);
  });
}
