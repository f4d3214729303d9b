import { platformOf, TERRAFORM_SHA256, TERRAFORM_VERSION } from "../../terraform/release";

describe("the release of Terraform that is downloaded", () => {
  it.each(["linux_amd64", "linux_arm64", "darwin_amd64", "darwin_arm64"] as const)(
    "has a checksum for %s",
    (platform) => {
      expect(TERRAFORM_SHA256[platform]).toMatch(/^[0-9a-f]{64}$/);
    },
  );

  it("has another checksum for every platform, and no further platform", () => {
    expect(new Set(Object.values(TERRAFORM_SHA256)).size).toBe(4);
  });

  it("is newer than what the stack asks for", () => {
    const [major = 0, minor = 0] = TERRAFORM_VERSION.split(".").map(Number);

    expect(TERRAFORM_VERSION).toMatch(/^\d+\.\d+\.\d+$/);
    expect(major * 100 + minor).toBeGreaterThanOrEqual(110);
  });

  it.each([
    ["linux", "x64", "linux_amd64"],
    ["linux", "arm64", "linux_arm64"],
    ["darwin", "x64", "darwin_amd64"],
    ["darwin", "arm64", "darwin_arm64"],
    ["win32", "x64", undefined],
    ["linux", "riscv64", undefined],
  ])("for a machine with %s on %s is that for %s", (system, cpu, platform) => {
    expect(platformOf(system, cpu)).toBe(platform);
  });
});
