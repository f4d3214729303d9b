import { backFromOpenTofu, lockedVersions, providerNotes } from "../../terraform/provider-lock";
import { said } from "../support/recorded";

/** Written by `terraform init`, from a mirror. */
const LOCK = said("terraform", "lock file").stdout;
/** Written by `tofu init`, OpenTofu 1.12.6, over that. */
const OPENTOFU_LOCK = LOCK.replace('"terraform init"', '"tofu init"').replace("terraform.io", "opentofu.org");
/** Written by `terraform init` with both registries within reach, on a state that OpenTofu has written. */
const BOTH = `${OPENTOFU_LOCK.replace('"tofu init"', '"terraform init"')}\n${LOCK.split("\n").slice(3).join("\n")}`;

const COMMAND = "terraform -chdir=cdktf.out/stacks/eks";
const notes = (lock: string) => providerNotes(lock, COMMAND);
const withVersion = (version: string) => LOCK.replace('"5.100.0"', `"${version}"`);

describe("a lock file", () => {
  it.each([
    ["Terraform's", LOCK, [["registry.terraform.io/hashicorp/aws", "5.100.0"]]],
    ["OpenTofu's", OPENTOFU_LOCK, [["registry.opentofu.org/hashicorp/aws", "5.100.0"]]],
    ["none", "", []],
  ])("says which versions are locked: %s", (_, lock, versions) => {
    expect([...lockedVersions(lock)]).toEqual(versions);
  });

  it.each([LOCK, OPENTOFU_LOCK, "", withVersion("5.99.9")])(
    "with nothing newer than what was run needs no note",
    (lock) => {
      expect(notes(lock)).toEqual([]);
    },
  );

  it.each([
    ["5.100.1", "what the stack writes was compared with the newer schemas, up to 6.66.0"],
    ["6.0.0", "what the stack writes was compared with the newer schemas, up to 6.66.0"],
    ["6.66.0", "what the stack writes was compared with the newer schemas, up to 6.66.0"],
    ["6.66.1", "it is newer than 6.66.0 too, up to which the schemas were compared with what the stack writes"],
    ["6.100.0", "it is newer than 6.66.0 too, up to which the schemas were compared with what the stack writes"],
  ])("with a newer AWS provider, %s, says what was proven of it", (version, proven) => {
    expect(notes(withVersion(version))).toEqual([
      `the AWS provider is ${version}, and this project was run with 5.100.0; ${proven}`,
    ]);
  });

  it("with the providers of both registries says how the state becomes Terraform's", () => {
    expect(notes(BOTH)).toEqual([
      "the state was written by OpenTofu, so that its providers are installed beside Terraform's; this makes the state " +
        `Terraform's: \`${COMMAND} state replace-provider registry.opentofu.org/hashicorp/aws registry.terraform.io/hashicorp/aws\``,
    ]);
  });
});

describe("the way back from OpenTofu", () => {
  /** Printed by `terraform init`, without a way to any registry, on a state that OpenTofu wrote. */
  const COMPLAINT = said("terraform", "init with a state of OpenTofu, without a way to its registry").stderr;

  it("is told where Terraform cannot have a provider that only the state names", () => {
    for (const complaint of [COMPLAINT, said("terraform", "init with a state of OpenTofu").stderr])
      expect(backFromOpenTofu(complaint, COMMAND)).toBe(
        "the state was written by OpenTofu; this makes it Terraform's: " +
          `\`${COMMAND} state replace-provider registry.opentofu.org/hashicorp/aws registry.terraform.io/hashicorp/aws\``,
      );
    expect(backFromOpenTofu(`${COMPLAINT} registry.opentofu.org/hashicorp/tls: no`, COMMAND)).toMatch(
      /hashicorp\/aws`, then `terraform .* registry\.opentofu\.org\/hashicorp\/tls registry\.terraform\.io\/hashicorp\/tls`$/,
    );
  });

  it("is not for a registry of Terraform's that is out of reach", () => {
    const { stderr } = said("terraform", "init without a way to the registry");

    expect(stderr).toContain("could not connect to registry.terraform.io");
    expect(backFromOpenTofu(stderr, COMMAND)).toBeUndefined();
  });
});
