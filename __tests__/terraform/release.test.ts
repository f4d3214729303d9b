import { terraformPlatform } from "../../terraform/platform";
import { TERRAFORM_SHA256, TERRAFORM_VERSION } from "../../terraform/release";

describe("the release of Terraform that is downloaded", () => {
  it.each([
    ["linux", "x64"],
    ["linux", "arm64"],
    ["darwin", "x64"],
    ["darwin", "arm64"],
  ])("has a checksum for a machine with %s on %s", (system, cpu) => {
    expect(TERRAFORM_SHA256[terraformPlatform(system, cpu)]).toMatch(/^[0-9a-f]{64}$/);
  });

  it("has another checksum for every platform, and no further platform", () => {
    expect(new Set(Object.values(TERRAFORM_SHA256)).size).toBe(4);
  });

  it("is newer than what the stack asks for", () => {
    const [major = 0, minor = 0] = TERRAFORM_VERSION.split(".").map(Number);

    expect(TERRAFORM_VERSION).toMatch(/^\d+\.\d+\.\d+$/);
    expect(major * 100 + minor).toBeGreaterThanOrEqual(110);
  });
});
