import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { versionsInWords } from "../../modules/provider-versions";
import { findProgram, findProviderMirror, requireBasics, terraformConfigFile } from "../../rehearsal/programs";
import { platformOf } from "../../rehearsal/terraform-release";

const PLATFORM = platformOf() ?? "";

describe("what is on the machine", () => {
  const environment = { ...process.env };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-programs-"));
  });

  afterEach(() => {
    process.env = { ...environment };
    rmSync(folder, { recursive: true });
  });

  /** A mirror with this in the provider's folder. */
  function mirror(content = join("5.100.0", PLATFORM)): string {
    const made = join(folder, "mirror");
    mkdirSync(join(made, "registry.terraform.io", "hashicorp", "aws", content), { recursive: true });
    return made;
  }

  it("finds a program in the first folder on PATH where it can be run", () => {
    for (const name of ["no", "yes", "later"]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "tool"), "");
      chmodSync(join(folder, name, "tool"), name === "no" ? 0o644 : 0o755);
    }
    process.env["PATH"] = ["no", "nowhere", "yes", "later"].map((name) => join(folder, name)).join(":");

    expect(findProgram("tool")).toBe(join(folder, "yes", "tool"));
    expect(findProgram("another")).toBeUndefined();
  });

  it("takes no folder for a program", () => {
    mkdirSync(join(folder, "tool"));
    process.env["PATH"] = folder;

    expect(findProgram("tool")).toBeUndefined();
  });

  it("says in a line which of the system's programs are missing, and how to install them", () => {
    process.env["PATH"] = folder;
    for (const name of ["curl", "python3", "unzip"]) {
      writeFileSync(join(folder, name), "");
      chmodSync(join(folder, name), 0o755);
    }

    expect(requireBasics).toThrow(
      "there is no flock, no openssl on PATH; the stand-ins for a cluster and a bastion run on such programs of the system: " +
        "install them (Debian: apt-get install util-linux openssl)",
    );
  });

  it("takes the mirror that is named", () => {
    process.env["EKS_PROVIDER_MIRROR"] = mirror();

    expect(findProviderMirror()).toBe(join(folder, "mirror"));
  });

  it.each([`6.27.0/${PLATFORM}`, `terraform-provider-aws_5.100.0_${PLATFORM}.zip`])("takes one with %s", (content) => {
    process.env["EKS_PROVIDER_MIRROR"] = mirror(content);

    expect(findProviderMirror()).toBe(join(folder, "mirror"));
  });

  it.each([
    "5.99.1/any",
    `4.67.0/${PLATFORM}`,
    `7.0.0/${PLATFORM}`,
    "5.100.0/plan9_amd64",
    "terraform-provider-aws_5.100.0_plan9_amd64.zip",
  ])("fails when the mirror that is named has no AWS provider that fits, but %s", (content) => {
    process.env["EKS_PROVIDER_MIRROR"] = mirror(content);

    expect(findProviderMirror).toThrow(
      `EKS_PROVIDER_MIRROR must name a folder that holds registry.terraform.io/hashicorp/aws ${versionsInWords("aws")}, for ${PLATFORM}, got ${folder}/mirror`,
    );
  });

  it("leaves Terraform's configuration to a file of the user's", () => {
    const own = join(folder, "own.tfrc");
    writeFileSync(own, "");
    process.env["TF_CLI_CONFIG_FILE"] = own;

    expect(terraformConfigFile(join(folder, "made.tfrc"))).toBe(own);
  });

  it("writes one that takes the AWS provider, and nothing else, from the mirror", () => {
    process.env["TF_CLI_CONFIG_FILE"] = join(folder, "does-not-exist");
    process.env["EKS_PROVIDER_MIRROR"] = mirror();
    const made = join(folder, "made.tfrc");

    expect(terraformConfigFile(made)).toBe(made);
    expect(readFileSync(made, "utf8")).toBe(`provider_installation {
  filesystem_mirror {
    path    = "${join(folder, "mirror")}"
    include = ["registry.terraform.io/hashicorp/aws"]
  }
  direct {
    exclude = ["registry.terraform.io/hashicorp/aws"]
  }
}
`);
  });
});
