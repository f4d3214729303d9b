import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where stacks are synthesized, in the project's folder; cdktf's own choice. */
export const OUTDIR = "cdktf.out";

/** What Terraform chooses its providers by, in the folder where it runs. */
export const LOCK = ".terraform.lock.hcl";

/** The values that Terraform reads without being asked for, in the folder where it runs. */
const AUTOMATIC_TFVARS = /^terraform\.tfvars(\.json)?$|\.auto\.tfvars(\.json)?$/;

/** Names of the files in a stack's folder that are copies; what somebody has put there by hand stays. */
const COPIES = ".copied-tfvars.json";

/**
 * Keeps each stack's lock file in the project's folder as `terraform.STACK.lock.hcl`, beside its state, since the
 * folder where Terraform runs may be deleted. The newer of the two counts: the project's after somebody has pulled
 * another one, the stack's after `init` has written it.
 *
 * One for each stack, as Terraform drops the providers that a stack does not need.
 *
 * @param outdir where the stacks are synthesized, in the project's folder: `cdktf.out`
 * @throws NodeJS.ErrnoException
 * @see https://developer.hashicorp.com/terraform/language/files/dependency-lock
 */
export function shareLocks(outdir: string): void {
  const stacks = join(outdir, "stacks");
  for (const stack of existsSync(stacks) ? readdirSync(stacks) : []) {
    const kept = join(outdir, "..", `terraform.${stack}.lock.hcl`);
    const used = join(stacks, stack, LOCK);
    if (!existsSync(kept) && !existsSync(used)) continue;
    const [from, to] = modified(used) > modified(kept) ? [used, kept] : [kept, used];
    const text = readFileSync(from);
    if (!existsSync(to) || !readFileSync(to).equals(text)) writeFileSync(to, text);
  }
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -1;
}

/**
 * Copies the project's `terraform.tfvars` and `*.auto.tfvars` to where Terraform runs, which looks for them there
 * alone. Copies of what the project no longer has are deleted.
 *
 * No links: a link that leads out of its folder cannot be uploaded to Terraform Cloud.
 *
 * @param outdir where the stacks are synthesized, in the project's folder: `cdktf.out`
 * @throws NodeJS.ErrnoException
 */
export function copyTfvars(outdir: string): void {
  const project = join(outdir, "..");
  const folder = join(outdir, "stacks", "eks");
  const names = readdirSync(project).filter(
    (name) =>
      AUTOMATIC_TFVARS.test(name) && statSync(join(project, name), { throwIfNoEntry: false })?.isFile() === true,
  );
  const list = join(folder, COPIES);
  for (const name of copiesIn(folder).filter((it) => !names.includes(it))) rmSync(join(folder, name), { force: true });
  for (const name of names) {
    const copy = join(folder, name);
    // A link to the original would be written through, and a copy that is read-only cannot be.
    rmSync(copy, { force: true });
    copyFileSync(join(project, name), copy);
  }
  if (names.length > 0) writeFileSync(list, JSON.stringify(names));
  else rmSync(list, { force: true });
}

/** Names of the files in a stack's folder that were copied there. */
function copiesIn(folder: string): readonly string[] {
  const list = join(folder, COPIES);
  return existsSync(list) ? (JSON.parse(readFileSync(list, "utf8")) as string[]) : [];
}

/**
 * What Terraform reads in the folder where it runs without being asked for, and the project's folder has not: somebody
 * has put it there by hand.
 *
 * @param outdir where the stacks are synthesized, in the project's folder: `cdktf.out`
 * @returns paths that begin with `outdir`
 * @throws NodeJS.ErrnoException
 */
export function foreignTfvars(outdir: string): readonly string[] {
  const folder = join(outdir, "stacks", "eks");
  const copies = copiesIn(folder);
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => AUTOMATIC_TFVARS.test(name) && !copies.includes(name) && !existsSync(join(outdir, "..", name)))
    .map((name) => join(folder, name));
}
