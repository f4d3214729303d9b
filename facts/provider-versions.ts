import awsSchema from "./aws-schema.json";
import { compareVersions } from "./version-order";

/**
 * The versions of each provider that the stacks take: the oldest, and the newest that they were proven with. The
 * end-to-end tests run on the oldest AWS provider, and what is written is compared with the schema of the newest.
 */
const PROVEN = {
  aws: { oldest: "5.100.0", newest: awsSchema.version },
  // Planned with both, and what 2.38 wrote into the state read by 3.2. What 3.0 broke is resources without a version in
  // their names, of which the stack has none: the schemas of its own are the same.
  // https://registry.terraform.io/providers/hashicorp/kubernetes/latest/docs/guides/v3-upgrade-guide
  kubernetes: { oldest: "2.38.0", newest: "3.2.1" },
  tls: { oldest: "4.0.0", newest: "4.2.1" },
} as const;

/** The version of the AWS provider that the end-to-end tests and the rehearsal were run with. */
export const AWS_PROVIDER_RUN: string = PROVEN.aws.oldest;

/** The newest version of the AWS provider whose schema was compared with everything that the stack writes. */
export const AWS_PROVIDER_COMPARED: string = PROVEN.aws.newest;

/** A provider that a stack uses. */
export type Provider = keyof typeof PROVEN;

/** What a stack asks for in `required_providers`: a minor version brings new fields, a patch mends. */
export function versionConstraint(provider: Provider): string {
  return `>= ${PROVEN[provider].oldest}, < ${firstUnproven(provider)}`;
}

/** The same in words: `from 5.100.0, below 6.67.0`. */
export function versionsInWords(provider: Provider): string {
  return `from ${PROVEN[provider].oldest}, below ${firstUnproven(provider)}`;
}

/** Whether a stack takes a version of a provider: `6.25.0`, and no other way to write one. */
export function isTaken(provider: Provider, version: string): boolean {
  if (!/^\d+\.\d+\.\d+$/.test(version)) return false;
  return (
    compareVersions(version, PROVEN[provider].oldest) >= 0 && compareVersions(version, firstUnproven(provider)) < 0
  );
}

/** Whether a version is newer than another. */
export function isNewer(version: string, than: string): boolean {
  return compareVersions(version, than) > 0;
}

function firstUnproven(provider: Provider): string {
  const [major = 0, minor = 0] = PROVEN[provider].newest.split(".").map(Number);
  return `${String(major)}.${String(minor + 1)}.0`;
}
