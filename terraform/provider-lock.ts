import { AWS_PROVIDER_COMPARED, AWS_PROVIDER_RUN, isNewer } from "../facts/provider-versions";

/** Where Terraform has its providers from. */
export const TERRAFORM_REGISTRY = "registry.terraform.io";
/** Where OpenTofu has them from. */
export const OPENTOFU_REGISTRY = "registry.opentofu.org";

/**
 * The versions that a lock file (`.terraform.lock.hcl`) holds, by the provider's address, such as
 * `registry.terraform.io/hashicorp/aws`. It is always Terraform or OpenTofu that writes it.
 *
 * @see https://developer.hashicorp.com/terraform/language/files/dependency-lock
 */
export function lockedVersions(lock: string): ReadonlyMap<string, string> {
  const blocks = lock.matchAll(/^provider "([^"]+)" \{\n\s*version\s*=\s*"([^"]+)"/gm);
  return new Map([...blocks].map(([, address = "", version = ""]) => [address, version]));
}

/**
 * What somebody has to know of the providers that `init` has chosen, one line each: of a version that is newer than
 * what this project was run with, and of providers that a state names which OpenTofu wrote.
 *
 * @param command what a person types for Terraform in the stack's folder
 */
export function providerNotes(lock: string, command: string): readonly string[] {
  const locked = lockedVersions(lock);
  const aws = [...locked].find(([address]) => address.endsWith("/hashicorp/aws"))?.[1];
  const fromOpenTofu = [...locked.keys()].filter((address) => {
    const [, ...name] = address.split("/");
    return address.startsWith(`${OPENTOFU_REGISTRY}/`) && locked.has([TERRAFORM_REGISTRY, ...name].join("/"));
  });
  return [
    ...(aws === undefined || !isNewer(aws, AWS_PROVIDER_RUN) ? [] : [newerThanRun(aws)]),
    ...(fromOpenTofu.length === 0
      ? []
      : [
          "the state was written by OpenTofu, so that its providers are installed beside Terraform's; this makes " +
            `the state Terraform's: ${replaceProviders(fromOpenTofu, command)}`,
        ]),
  ];
}

function newerThanRun(version: string): string {
  const compared = isNewer(version, AWS_PROVIDER_COMPARED)
    ? `it is newer than ${AWS_PROVIDER_COMPARED} too, up to which the schemas were compared with what the stack writes`
    : "what the stack writes was compared with the newer schemas, up to " + AWS_PROVIDER_COMPARED;
  return `the AWS provider is ${version}, and this project was run with ${AWS_PROVIDER_RUN}; ${compared}`;
}

/**
 * The way back from OpenTofu, where Terraform complains that it cannot have a provider of OpenTofu's registry, which
 * only the state names; undefined for any other complaint.
 *
 * @param command what a person types for Terraform in the stack's folder
 */
export function backFromOpenTofu(complaint: string, command: string): string | undefined {
  const named = complaint.matchAll(new RegExp(`${OPENTOFU_REGISTRY}/[\\w-]+/[\\w-]+`, "g"));
  const addresses = [...new Set([...named].map(([address]) => address))];
  return addresses.length === 0
    ? undefined
    : `the state was written by OpenTofu; this makes it Terraform's: ${replaceProviders(addresses, command)}`;
}

/** @see https://developer.hashicorp.com/terraform/cli/commands/state/replace-provider */
function replaceProviders(addresses: readonly string[], command: string): string {
  return addresses
    .map((address) => {
      const terraforms = address.replace(OPENTOFU_REGISTRY, TERRAFORM_REGISTRY);
      return `\`${command} state replace-provider ${address} ${terraforms}\``;
    })
    .join(", then ");
}
