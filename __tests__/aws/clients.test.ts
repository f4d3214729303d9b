import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { DescribeImagesCommand } from "@aws-sdk/client-ec2";

import { withAws } from "../../aws/clients";

const CLONE = join(__dirname, "../..");
/** Nobody listens there. */
const NOWHERE = {
  region: "ap-northeast-2",
  endpoint: "http://127.0.0.1:1",
  maxAttempts: 1,
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
};

describe("clients of AWS", () => {
  it("are made once, share their connections, and say what was asked when a call fails", async () => {
    await withAws(NOWHERE, async (aws) => {
      expect(aws.ec2).toBe(aws.ec2);
      expect(aws.iam.config.requestHandler).toBe(aws.ec2.config.requestHandler);
      await expect(aws.ec2.send(new DescribeImagesCommand({}))).rejects.toMatchObject({
        asked: "ec2:DescribeImages",
      });
    });
  });

  it.each([
    ["cli/pin/write-pins.ts", ["client-ec2", "client-eks", "client-ssm"]],
    [
      "cli/destroy/destroy.ts",
      [
        "client-auto-scaling",
        "client-cloudwatch-logs",
        "client-ec2",
        "client-eks",
        "client-elastic-load-balancing",
        "client-elastic-load-balancing-v2",
        "client-iam",
        "client-kms",
        "client-resource-groups-tagging-api",
        "client-route-53",
        "client-sts",
      ],
    ],
  ])("load no package that the command does not need: %s", (file, packages) => {
    const script = `require("./${file}");
      const loaded = Object.keys(require.cache).flatMap((path) => /@aws-sdk\\/(client-[\\w-]+)\\//.exec(path)?.[1] ?? []);
      console.log(JSON.stringify([...new Set(loaded)].sort()));`;
    const said = execFileSync(process.execPath, ["--require", "./bin/typescript.cjs", "--eval", script], {
      cwd: CLONE,
    });

    expect(JSON.parse(said.toString())).toEqual(packages);
  });
});
