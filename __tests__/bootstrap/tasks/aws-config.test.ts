import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { outcomesOf } from "../../support/outcomes";
import { ownHome } from "../../../bootstrap/site";
import { awsConfig, withRegion } from "../../../bootstrap/tasks/aws-config";
import { said } from "../../support/recorded";
import { LocalHost } from "../../support/local-host";

describe("the region in an AWS config file", () => {
  it.each([
    ["is written to an empty file", "", "[default]\nregion = R\n"],
    ["is added to the default profile", "[default]\noutput = json\n", "[default]\nregion = R\noutput = json\n"],
    [
      "is corrected where it stands",
      "[default]\noutput=json\nregion=us-east-1\n",
      "[default]\noutput=json\nregion=R\n",
    ],
    ["stays when it is right", "# mine\n[default]\nregion=R  \n", "# mine\n[default]\nregion=R  \n"],
    [
      "is not the one of another profile",
      "[profile a]\nregion = us-east-1\n\n[default]\n\n[profile b]\nregion = eu-west-1\n",
      "[profile a]\nregion = us-east-1\n\n[default]\nregion = R\n\n[profile b]\nregion = eu-west-1\n",
    ],
    [
      "is not the one of a nested setting",
      "[default]\ns3 =\n  region = x\noutput = text\n",
      "[default]\nregion = R\ns3 =\n  region = x\noutput = text\n",
    ],
    ["is no key that begins alike", "[default]\nregion_set = x\n", "[default]\nregion = R\nregion_set = x\n"],
    ["gets a profile of its own behind others", "[profile a]\nx = 1", "[profile a]\nx = 1\n\n[default]\nregion = R\n"],
    ["leaves comments alone", "[default]\n# region = old\n; x\n", "[default]\nregion = R\n# region = old\n; x\n"],
    ["keeps the ends of lines", "[ default ]\r\nregion = x\r\n", "[ default ]\r\nregion = R\r\n"],
  ])("%s", (_, before, after) => {
    expect(withRegion(before, "R")).toBe(after);
    expect(withRegion(after, "R")).toBe(after);
  });

  it("is found in what aws configure writes, and corrected there alone", () => {
    const { stdout } = said("aws", "configuration of two profiles");
    const corrected = withRegion(stdout, "R");

    expect(withRegion(stdout, "us-east-1")).toBe(stdout);
    expect(corrected.split("\n").filter((line) => !stdout.split("\n").includes(line))).toEqual(["region = R"]);
    expect(corrected.indexOf("region = R")).toBeLessThan(corrected.indexOf("[profile other]"));
    expect(corrected.split("\n")).toHaveLength(stdout.split("\n").length);
  });

  it("is read by the file's owner only, and the second run finds nothing to do", async () => {
    const home = mkdtempSync(join(tmpdir(), "eks-home-"));
    const host = new LocalHost({ PATH: process.env["PATH"] ?? "", HOME: home });
    const outcomes = () => outcomesOf(host, [[awsConfig({ root: "", sudo: false }, ownHome(), "ap-northeast-2")]]);
    try {
      const [first, second] = [await outcomes(), await outcomes()];

      const title = "~/.aws/config";
      expect(first).toEqual([{ kind: "changed", title, diff: "+ region = ap-northeast-2" }]);
      expect(second).toEqual([{ kind: "ok", title }]);
      expect(readFileSync(join(home, ".aws/config"), "utf8")).toBe("[default]\nregion = ap-northeast-2\n");
      expect(statSync(join(home, ".aws/config")).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
