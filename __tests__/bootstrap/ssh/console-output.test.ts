import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

import { readConsole } from "../../../bootstrap/ssh/console-output";
import { consoleEnvironment, startEc2Console, type ConsoleAnswer, type Ec2Console } from "../../support/ec2-console";

/** What cloud-init 22.4.2 prints when it has made the keys of an instance. */
const BOOTED = readFileSync(join(__dirname, "../../golden/console-output/cloud-init-22.4.2.txt"), "utf8");

describe("the console output of an instance", () => {
  const environment = process.env;
  let server: Ec2Console | undefined;

  beforeEach(() => {
    const others = Object.entries(environment).filter(([name]) => !name.startsWith("AWS_"));
    process.env = Object.fromEntries(others);
  });

  afterEach(() => {
    process.env = environment;
    server?.stop();
    server = undefined;
  });

  async function answering(answer: (request: URLSearchParams) => ConsoleAnswer): Promise<Ec2Console> {
    server = await startEc2Console(answer);
    Object.assign(process.env, consoleEnvironment(server.endpoint));
    return server;
  }

  it("has the fingerprints that cloud-init printed", async () => {
    const { requests } = await answering(() => BOOTED);

    const fingerprints = [...BOOTED.matchAll(/(SHA256:\S+) \S+ \((\w+)\)/g)].map(([, fingerprint, type]) => ({
      fingerprint,
      type,
    }));
    expect(fingerprints).toHaveLength(3);
    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toEqual(fingerprints);
    expect(requests.map((it) => [it.get("InstanceId"), it.get("Latest")])).toEqual([["i-1", "true"]]);
  });

  it.each(["", "Linux version 6.8"])("has none while the instance has printed %j", async (printed) => {
    await answering(() => printed);

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toEqual([]);
  });

  it("is that of the last boot where EC2 has nothing newer", async () => {
    const { requests } = await answering((it) => (it.has("Latest") ? { code: "UnsupportedOperation" } : BOOTED));

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toHaveLength(3);
    expect(requests).toHaveLength(2);
  });

  it("is found by AWS_ENDPOINT_URL, too", async () => {
    const { endpoint } = await answering(() => BOOTED);
    delete process.env["AWS_ENDPOINT_URL_EC2"];
    process.env["AWS_ENDPOINT_URL"] = endpoint;

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toHaveLength(3);
  });

  it.each([
    ["UnauthorizedOperation", "the AWS credentials do not allow ec2:GetConsoleOutput"],
    ["InvalidInstanceID.NotFound", "EC2 has no instance i-1 in ap-northeast-2 in this account"],
    ["InvalidInstanceID.Malformed", "EC2 has no instance i-1 in ap-northeast-2 in this account"],
    ["AuthFailure", "EC2 in ap-northeast-2 could not be asked: not validated"],
    ["UnsupportedOperation", "EC2 in ap-northeast-2 could not be asked: not validated"],
  ])("is unavailable after %s", async (code, because) => {
    await answering(() => ({ code, message: "not validated" }));

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toBe(because);
  });

  it("is unavailable when nobody answers", async () => {
    const gone = await answering(() => BOOTED);
    gone.stop();

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toMatch(
      /^EC2 in ap-northeast-2 could not be asked: .*connect ECONNREFUSED/,
    );
  });

  it("is unavailable without credentials, after no more than the SDK's look at a metadata service", async () => {
    let looks = 0;
    const silent = createServer(() => looks++);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE } = consoleEnvironment("");
    Object.assign(process.env, {
      AWS_CONFIG_FILE,
      AWS_SHARED_CREDENTIALS_FILE,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${String((silent.address() as AddressInfo).port)}`,
    });

    expect(await readConsole("ap-northeast-2", "i-1", new AbortController().signal)).toMatch(
      /^there are no AWS credentials to ask EC2 with/,
    );
    // For a token and, without one, for the credentials.
    expect(looks).toBe(2);
    silent.close();
  });
});
