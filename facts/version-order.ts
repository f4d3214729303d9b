/** Below, equal to or above 0 as one version is older than, equal to or newer than another: `1.31.4`, without a `v`. */
export function compareVersions(one: string, other: string): number {
  const numbers = other.split(".").map(Number);
  const differences = one.split(".").map((number, index) => Number(number) - (numbers[index] ?? 0));
  return differences.find((difference) => difference !== 0) ?? 0;
}
