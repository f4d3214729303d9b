/** What this machine lacks for tests, as JSON: why, by need. The set-ups write it, and summary-reporter.cjs reads it. */
const MISSING = "EKS_TESTS_MISSING";

/** What some tests need and a machine may lack. */
export type Need =
  | "the end-to-end tests' programs"
  | "a stand-in bastion's programs"
  | "the right to mount"
  | "kubectl and aws"
  | "script"
  | "tmux"
  | "Terraform itself"
  | "the provider kubernetes"
  | "the provider tls";

function missing(): Partial<Record<Need, string>> {
  return JSON.parse(process.env[MISSING] ?? "{}") as Partial<Record<Need, string>>;
}

/** Says in a line which tests are skipped, and why. Of a set-up, which runs before the tests. */
export function tellMissing(need: Need, tests: string, why: string): void {
  process.env[MISSING] = JSON.stringify({ ...missing(), [need]: why });
  console.warn(`\n${tests} are skipped. Missing: ${why}`);
}

/** `describe` where there is all that it needs; else a skipped one, whose title says what it needs. */
export function describeNeeding(...needs: readonly Need[]): (title: string, tests: () => void) => void {
  const need = needs.find((it) => missing()[it] !== undefined);
  if (need === undefined) return describe;
  return (title, tests) => {
    describe.skip(named(title, need), tests);
  };
}

/** `it` where there is what it needs; else a skipped one, whose title says what it needs. */
export function itNeeding(need: Need): (title: string, test: () => Promise<void>) => void {
  if (missing()[need] === undefined) return it;
  return (title, test) => {
    it.skip(named(title, need), test);
  };
}

/** The reporter takes no other skip, and this one only where the set-up has found the same. */
function named(title: string, need: Need): string {
  return `${title} (needs ${need})`;
}
