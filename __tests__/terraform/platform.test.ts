import { terraformPlatform } from "../../terraform/platform";

describe("Terraform's word for a machine", () => {
  it.each([
    ["linux", "x64", "linux_amd64"],
    ["darwin", "arm64", "darwin_arm64"],
    ["win32", "ia32", "windows_386"],
  ])("with %s on %s is that for %s", (system, cpu, platform) => {
    expect(terraformPlatform(system, cpu)).toBe(platform);
  });
});
