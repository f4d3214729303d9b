import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Texts that real Terraform writes from the stack's own expressions (`e2e/user-data.test.ts` compares each). */
const GOLDEN = join(__dirname, "../golden/user-data");

/** Families by the extension of their golden files. */
const FAMILIES = { sh: "al2", mime: "al2023", toml: "bottlerocket" } as const;

/** A golden file, and the family whose nodes it makes join. */
export interface GoldenUserData {
  /** Such as `al2023/nothing-supplied.mime`. */
  readonly file: string;
  readonly family: (typeof FAMILIES)[keyof typeof FAMILIES];
  readonly text: string;
}

/** Every golden file of a node's user data. */
export const GOLDEN_USER_DATA: readonly GoldenUserData[] = readdirSync(GOLDEN, { recursive: true, encoding: "utf8" })
  .filter((file): file is `${string}.${keyof typeof FAMILIES}` => /\.(sh|mime|toml)$/.test(file))
  .sort()
  .map((file) => ({
    file,
    family: FAMILIES[file.slice(file.lastIndexOf(".") + 1) as keyof typeof FAMILIES],
    text: readFileSync(join(GOLDEN, file), "utf8"),
  }));

/** The cluster that the golden files name. */
export const GOLDEN_CLUSTER = {
  name: "learning",
  endpoint: "https://ABCDEF.gr7.us-west-2.eks.amazonaws.com",
  certificateAuthorityData: "Q0VSVElGSUNBVEU=",
} as const;

/**
 * A golden file as it is for another cluster.
 *
 * @returns base64, as EC2 reports it
 */
export function goldenUserData(
  name: string,
  cluster: Partial<Record<keyof typeof GOLDEN_CLUSTER, string>> = {},
): string {
  const found = GOLDEN_USER_DATA.find(({ file }) => file === name);
  if (found === undefined) throw new Error(`there is no golden file ${name}`);
  const text = Object.entries(cluster).reduce(
    (all, [key, value]) => all.replaceAll(GOLDEN_CLUSTER[key as keyof typeof GOLDEN_CLUSTER], () => value),
    found.text,
  );
  return Buffer.from(text).toString("base64");
}
