/** Of the release that is downloaded where this machine has none; the stack is tested with it. */
export const TERRAFORM_VERSION = "1.11.4";

/**
 * By the platform, SHA-256 of `terraform_VERSION_PLATFORM.zip`, as `terraform_VERSION_SHA256SUMS` beside it has it.
 * They were not taken from there, but from three kinds of public files that were written independently and agree:
 * HashiCorp's formula of this version for Homebrew (all four), others' casks and formulas for it (darwin,
 * linux_amd64), and build scripts and a Nix flake that pin it (each row at least twice).
 *
 * @see https://releases.hashicorp.com/terraform/1.11.4/
 */
export const TERRAFORM_SHA256: Readonly<Record<string, string>> = {
  linux_amd64: "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
  linux_arm64: "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
  darwin_amd64: "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
  darwin_arm64: "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
};
