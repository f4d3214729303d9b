/**
 * A machine in Terraform's words, such as `linux_amd64`: what its providers and releases are built for.
 *
 * @param system in Node's words
 * @param cpu in Node's words
 * @see https://developer.hashicorp.com/terraform/internals/provider-registry-protocol#find-a-provider-package
 */
export function terraformPlatform(system: string = process.platform, cpu: string = process.arch): string {
  const names: ReadonlyMap<string, string> = new Map([
    ["win32", "windows"],
    ["x64", "amd64"],
    ["ia32", "386"],
  ]);
  return [system, cpu].map((name) => names.get(name) ?? name).join("_");
}
