import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";

import { asking } from "../../aws/call";
import { withAws } from "../../aws/clients";
import { neutralEnvironment } from "../../rehearsal/machine/neutral-environment";

describe("without credentials that AWS takes", () => {
  let folder: string;
  const before = process.env;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-profiles-"));
    writeFileSync(
      join(folder, "config"),
      "[default]\nregion = x\n[profile workshop]\n [ profile 'my own' ]\n[sso-session s]\n",
    );
    writeFileSync(join(folder, "credentials"), "[lab]\naws_access_key_id = a\n");
    process.env = {
      ...neutralEnvironment(),
      HOME: folder,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: join(folder, "config"),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, "credentials"),
    };
  });
  afterEach(() => {
    process.env = before;
    rmSync(folder, { recursive: true });
  });

  /** What a command ends with that asks AWS whose credentials these are. */
  async function told(): Promise<string> {
    const settings = { region: "ap-northeast-2", endpoint: "http://127.0.0.1:9", maxAttempts: 1 };
    const failed = withAws(settings, ({ sts }) => asking("ask AWS", sts.send(new GetCallerIdentityCommand({})))).then(
      () => "an answer",
      (error: unknown) => (error as Error).message.replaceAll(folder, "~"),
    );
    return failed;
  }

  const CURE =
    "; set AWS_PROFILE, log in (aws sso login, of the AWS CLI 2), or use the jump EC2 with its role, until this answers: " +
    "aws sts get-caller-identity --region REGION; a region that has to be enabled for the account takes nobody's before " +
    "(aws account enable-region --region-name REGION)";

  it("the nearest profile is named for one that there is not", async () => {
    process.env["AWS_PROFILE"] = "workshp";

    expect(await told()).toBe(
      'cannot ask AWS: there are no AWS credentials (AWS_PROFILE names "workshp", and ~/config and ~/credentials have no ' +
        `such profile: did you mean workshop?)${CURE}`,
    );
  });

  it.each([
    ["elsewhere", "there are default, workshop, my own, lab"],
    ["my on", "did you mean my own?"],
  ])("all are named where none is like %s", async (profile, hint) => {
    process.env["AWS_PROFILE"] = profile;

    expect(await told()).toContain(`have no such profile: ${hint})`);
  });

  it("there may be no profiles at all", async () => {
    Object.assign(process.env, { AWS_PROFILE: "x", AWS_CONFIG_FILE: "/none", AWS_SHARED_CREDENTIALS_FILE: "/none" });

    expect(await told()).toContain(
      '(AWS_PROFILE names "x", and /none and /none have no such profile: there are no profiles)',
    );
  });

  it("what the SDK says is said, where the profile is there or none is named", async () => {
    expect(await told()).toMatch(
      /^cannot ask AWS: there are no AWS credentials \(Could not load credentials from any providers\)/,
    );
    process.env["AWS_PROFILE"] = "workshop";
    expect(await told()).toMatch(/^cannot ask AWS: there are no AWS credentials \((?!AWS_PROFILE)/);
  });

  it("a way that does not lead to AWS is another matter", async () => {
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" });

    expect(await told()).toMatch(
      /^cannot ask AWS: AWS cannot be reached \(.*\); check aws_region, and the way from here to AWS/,
    );
  });
});
