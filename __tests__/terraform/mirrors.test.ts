import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";

import { versionsInWords } from "../../facts/provider-versions";
import { terraformConfigFile } from "../../terraform/mirrors";
import { terraformPlatform } from "../../terraform/platform";

const PLATFORM = terraformPlatform();

describe("where providers come from", () => {
  const environment = { ...process.env };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-mirrors-"));
  });

  afterEach(() => {
    process.env = { ...environment };
    rmSync(folder, { recursive: true });
  });

  /** A mirror with this in the provider's folder. */
  function mirror(content = join("5.100.0", PLATFORM), host = "registry.terraform.io"): string {
    const made = join(folder, "mirror");
    mkdirSync(join(made, host, "hashicorp", "aws", content), { recursive: true });
    return made;
  }

  it.each([`5.100.0/${PLATFORM}`, `6.27.0/${PLATFORM}`, `terraform-provider-aws_5.100.0_${PLATFORM}.zip`])(
    "takes the mirror that is named with %s",
    (content) => {
      process.env["TF_CLI_CONFIG_FILE"] = "";
      process.env["EKS_PROVIDER_MIRROR"] = mirror(content);
      const made = terraformConfigFile(join(folder, "made.tfrc")) ?? "";

      expect(readFileSync(made, "utf8")).toContain(`path    = "${folder}/mirror"`);
    },
  );

  it.each([
    "5.99.1/any",
    `4.67.0/${PLATFORM}`,
    `7.0.0/${PLATFORM}`,
    "5.100.0/plan9_amd64",
    "terraform-provider-aws_5.100.0_plan9_amd64.zip",
  ])("fails when the mirror that is named has no AWS provider that fits, but %s", (content) => {
    process.env["TF_CLI_CONFIG_FILE"] = "";
    process.env["EKS_PROVIDER_MIRROR"] = mirror(content);

    expect(() => terraformConfigFile(join(folder, "made.tfrc"))).toThrow(
      `EKS_PROVIDER_MIRROR must name a folder that holds registry.terraform.io/hashicorp/aws or registry.opentofu.org/hashicorp/aws ${versionsInWords("aws")}, for ${PLATFORM}, got ${folder}/mirror`,
    );
  });

  it("leaves Terraform's configuration to a file of the user's", () => {
    const own = join(folder, "own.tfrc");
    writeFileSync(own, "");
    process.env["TF_CLI_CONFIG_FILE"] = own;

    expect(terraformConfigFile(join(folder, "made.tfrc"))).toBe(own);
  });

  describe("writes one that takes the AWS provider, and nothing else, from the mirror", () => {
    const made = () => join(folder, "made", "made.tfrc");
    beforeEach(() => {
      mkdirSync(join(folder, "made"));
      process.env["TF_CLI_CONFIG_FILE"] = join(folder, "does-not-exist");
      process.env["EKS_PROVIDER_MIRROR"] = join(folder, "mirror");
    });

    /** What a configuration says: Terraform's provider from one folder, OpenTofu's from another. */
    const configuration = (terraforms: string, openTofus: string) => `provider_installation {
  filesystem_mirror {
    path    = "${terraforms}"
    include = ["registry.terraform.io/hashicorp/aws"]
  }
  filesystem_mirror {
    path    = "${openTofus}"
    include = ["registry.opentofu.org/hashicorp/aws"]
  }
  direct {
    exclude = ["registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"]
  }
}
`;
    const linked = () => join(folder, "made", "providers");
    const links = (host: string) => {
      const of = join(linked(), host, "hashicorp", "aws");
      return readdirSync(of, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isSymbolicLink())
        .map(({ parentPath, name }) => join(parentPath, name))
        .map((link) => [relative(of, link), relative(join(folder, "mirror"), readlinkSync(link))]);
    };

    it("which serves both programs where it has the provider by both names", () => {
      mirror();
      mirror(undefined, "registry.opentofu.org");

      expect(terraformConfigFile(made())).toBe(made());
      expect(readFileSync(made(), "utf8")).toBe(configuration(join(folder, "mirror"), join(folder, "mirror")));
      expect(existsSync(linked())).toBe(false);
    });

    it.each([
      ["OpenTofu", "registry.opentofu.org", "registry.terraform.io"],
      ["Terraform", "registry.terraform.io", "registry.opentofu.org"],
    ])("and from links to it for %s, whose name it has not", (_, lacking, host) => {
      const archive = `terraform-provider-aws_6.1.0_${PLATFORM}.zip`;
      mirror(undefined, host);
      mirror(archive, host);

      for (let i = 0; i < 2; i++) terraformConfigFile(made());

      const folders = [join(folder, "mirror"), linked()] as const;
      expect(readFileSync(made(), "utf8")).toBe(
        lacking === "registry.opentofu.org" ? configuration(...folders) : configuration(folders[1], folders[0]),
      );
      expect(links(lacking).sort()).toEqual([
        [`5.100.0/${PLATFORM}`, `${host}/hashicorp/aws/5.100.0/${PLATFORM}`],
        [archive, `${host}/hashicorp/aws/${archive}`],
      ]);
    });

    it("in one version, which is chosen", () => {
      mirror();
      mirror(`6.1.0/${PLATFORM}`);
      process.env["EKS_AWS_PROVIDER_VERSION"] = "6.1.0";

      terraformConfigFile(made());

      expect(readFileSync(made(), "utf8")).toBe(configuration(linked(), linked()));
      for (const host of ["registry.terraform.io", "registry.opentofu.org"]) {
        expect(links(host)).toEqual([[`6.1.0/${PLATFORM}`, `registry.terraform.io/hashicorp/aws/6.1.0/${PLATFORM}`]]);
      }
    });

    it("and fails when there is none of that version", () => {
      mirror();
      mirror(`6.1.0/${PLATFORM}`);
      process.env["EKS_AWS_PROVIDER_VERSION"] = "6.2.0";

      expect(() => terraformConfigFile(made())).toThrow(
        `EKS_AWS_PROVIDER_VERSION must be one of 5.100.0, 6.1.0, which are in ${folder}/mirror, got 6.2.0`,
      );
    });
  });

  it("fails when a version is chosen, and the user's own file says where providers come from", () => {
    const own = join(folder, "own.tfrc");
    writeFileSync(own, "");
    Object.assign(process.env, { TF_CLI_CONFIG_FILE: own, EKS_AWS_PROVIDER_VERSION: "6.1.0" });

    expect(() => terraformConfigFile(join(folder, "made.tfrc"))).toThrow(
      `EKS_AWS_PROVIDER_VERSION=6.1.0 chooses one of a mirror's versions, and TF_CLI_CONFIG_FILE=${own} says where providers come from: unset it`,
    );
  });
});
