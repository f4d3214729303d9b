import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../../contract/user-error";
import { sh, type Command } from "../../../bootstrap/engine/command";
import type { CommandResult, Host } from "../../../bootstrap/engine/host";
import { Log, logged, masked } from "../../../bootstrap/engine/log";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "log-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n-----END OPENSSH PRIVATE KEY-----";
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

describe("a mask", () => {
  it.each([
    ["a private key", `before\n${KEY}\nafter`, "before\n*** private key ***\nafter"],
    ["a private key of another kind", KEY.replaceAll("OPENSSH", "RSA"), "*** private key ***"],
    ["a private key without a kind", KEY.replaceAll("OPENSSH ", ""), "*** private key ***"],
    ["a private key that was cut off", KEY.slice(0, 60), "*** private key ***"],
    ["two private keys apart", `${KEY} and ${KEY}`, "*** private key *** and *** private key ***"],
    ["a token of EKS", '"token": "x", k8s-aws-v1.aHR0cHM6Ly9z_-a', '"token": ***, k8s-aws-v1.***'],
    ["a bearer", "curl -H 'Authorization: Bearer eyJhbGciOi.J9.x-_y'", "curl -H 'Authorization: Bearer ***'"],
    ["basic credentials", "authorization: basic YTpi", "authorization: basic ***"],
    ["a signature in a header", "Authorization=AWS4-HMAC-SHA256 Credential=a/b", "Authorization=AWS4-HMAC-SHA256 ***"],
    ["a bearer without its header", "got bearer eyJhbGciOiJIUzI1NiJ9.e30", "got bearer ***"],
    ["an access key", "found AKIAIOSFODNN7EXAMPLE in", "found AKIAIOSF*** in"],
    ["a temporary access key", "ASIAIOSFODNN7EXAMPLE", "ASIAIOSF***"],
    [
      "a secret key in an environment",
      `AWS_SECRET_ACCESS_KEY=${SECRET} aws s3 ls`,
      "AWS_SECRET_ACCESS_KEY=*** aws s3 ls",
    ],
    ["a secret key in a profile", `aws_secret_access_key = ${SECRET}`, "aws_secret_access_key = ***"],
    ["a secret key in JSON", `{"SecretAccessKey": "${SECRET}", "a": 1}`, '{"SecretAccessKey": ***, "a": 1}'],
    ["a session", "aws_session_token=FwoGZXIvYXdzE+/=", "aws_session_token=***"],
    ["a password", "password: hunter2; user: kim", "password: ***; user: kim"],
    ["a password of several words", `DB_PASSWORD="correct horse battery" next`, "DB_PASSWORD=*** next"],
    ["a password in single quotes", "passwd='a b' next", "passwd=*** next"],
    ["a quote that does not end", 'password="a b', "password=***"],
    ["a passphrase", "passphrase=abc", "passphrase=***"],
    ["an API key", "api_key=abc&x=1", "api_key=***&x=1"],
    ["a client's key of a kubeconfig", "client-key-data: LS0tLS1CRUdJTg==", "client-key-data: ***"],
    ["a token as an option", "kubectl --token eyJhbGci get nodes", "kubectl --token *** get nodes"],
    ["a secret as an option", "x --client-secret 'a b' y", "x --client-secret *** y"],
    [
      "a signed URL",
      "https://s3/x?X-Amz-Credential=AKIA%2F&X-Amz-Signature=ab12&v=1",
      "https://s3/x?X-Amz-Credential=***&X-Amz-Signature=***&v=1",
    ],
    [
      "a session in a signed URL",
      "https://s3/x?X-Amz-Security-Token=ab%2F&v=1",
      "https://s3/x?X-Amz-Security-Token=***&v=1",
    ],
    ["a password in a URL", "http://kim:hunter2@proxy:3128/", "http://kim:***@proxy:3128/"],
    ["a password in a URL with @", "http://kim:hunt@r2@proxy:3128/", "http://kim:***@proxy:3128/"],
    ["a password without a user", "redis://:hunter2@cache", "redis://:***@cache"],
  ])("covers %s", (_, text, expected) => {
    expect(masked(text)).toBe(expected);
  });

  it.each([
    "-----BEGIN PUBLIC KEY-----\nabc\n-----END PUBLIC KEY-----",
    "-----BEGIN CERTIFICATE-----",
    "certificate-authority-data: LS0tLS1CRUdJTg==",
    "sudo: a password is required",
    "[sudo] password for ubuntu",
    "An error occurred (ExpiredToken) when calling the DescribeCluster operation: The security token included is expired",
    "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation",
    "Error when retrieving token from sso",
    "basic authentication failed",
    "the bearer of this",
    "Error from server (Forbidden): secrets is forbidden",
    "kubectl --token-file /run/token",
    "aws eks get-token --cluster-name awskrug_gudi_eks",
    "AKIAIOSFODNN7EXAMPLEANDMORE",
    "AROAIOSFODNN7EXAMPLE",
    "https://dl.k8s.io:443/release/v1.31.4/bin@2",
    "ssh://ubuntu@203.0.113.9:22",
    "arn:aws:iam::123456789012:role/x",
    "SHA256:uNiVztksCsDhcc0u9e8BrYXNQVbxCKpxbsHLCPTHHZw",
  ])("leaves %j readable", (text) => {
    expect(masked(text)).toBe(text);
  });
});

/** A host that ends every command as it was told to. */
function hostThat(ends: (command: Command) => Promise<CommandResult>): Host {
  return { name: "bastion", run: ends };
}

/** The log of one command on a host, without times. */
async function logOf(host: Host, command: Command): Promise<string> {
  const log = new Log(join(folder, "a.log"));
  await logged(host, log)
    .run(command)
    .catch(() => undefined);
  return readFileSync(log.file, "utf8").replaceAll(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/gm, "TIME");
}

describe("a log", () => {
  it("makes its folder, and is for its owner alone", () => {
    const file = join(folder, "2026-11-21T15-00-00.000Z", "bastion.log");

    new Log(file).note("hello");

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).toMatch(/^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z {2}hello\n$/);
  });

  it("is made anew, whatever was there and whoever could read it", () => {
    const file = join(folder, "a.log");
    writeFileSync(file, "old\n", { mode: 0o644 });
    chmodSync(file, 0o644);

    new Log(file).note("new");

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, "utf8")).not.toContain("old");
  });

  it("fails for a place where it cannot be", () => {
    const file = join(folder, "a.log");
    mkdirSync(file);
    const make = () => new Log(file);

    expect(make).toThrow(UserError);
    expect(make).toThrow(
      `the log ${file} cannot be written (ERR_FS_EISDIR): make room or a folder that can be written,`,
    );
  });

  it("indents what belongs to a note, without its secrets and control characters", () => {
    const log = new Log(join(folder, "a.log"));

    log.note("failed: \u001b[2Jx\npassword=hunter2");

    expect(readFileSync(log.file, "utf8")).toMatch(/^\S+ {2}failed: \\x1b\[2Jx\n {2}password=\*\*\*\n$/);
  });

  it("has a command, its exit code, how long it took and what it complained of", async () => {
    const host = hostThat(
      () =>
        new Promise((resolve) =>
          setTimeout(resolve, 30, { exitCode: 2, stdout: "out", stderr: "\none\n\ntwo\u0007\r\n" }),
        ),
    );

    const log = await logOf(
      host,
      sh`echo ${"a b"}
true`,
    );

    expect(log).toMatch(
      /^TIME {2}0\.0[3-9]\d s {2}exit 2\n {2}\$ echo 'a b'\n {2}\$ true\n {2}! one\n {2}! two\\x07\n$/,
    );
  });

  it("has neither what went in nor what came out", async () => {
    const host = hostThat(() => Promise.resolve({ exitCode: 0, stdout: "came-out", stderr: "" }));

    const log = await logOf(host, { ...sh`tee ${"/etc/x"}`, input: "went-in" });

    expect(log).toMatch(/^TIME {2}0\.\d{3} s {2}exit 0\n {2}\$ tee \/etc\/x\n$/);
  });

  it("has no secret of a command or a complaint", async () => {
    const host = hostThat(() => Promise.resolve({ exitCode: 1, stdout: "", stderr: `denied\n${KEY}\n` }));

    const log = await logOf(host, sh`curl ${"https://kim:hunter2@mirror/x"}`);

    expect(log).toContain("$ curl https://kim:***@mirror/x\n");
    expect(log).toContain("! denied\n  ! *** private key ***\n");
  });

  it("has a lost connection, and lets it through", async () => {
    const lost = new UserError("bastion: connection lost (read ECONNRESET) during: uname\nTIME  forged");
    const log = new Log(join(folder, "a.log"));
    const host = logged(
      hostThat(() => Promise.reject(lost)),
      log,
    );

    await expect(host.run(sh`uname`)).rejects.toBe(lost);

    expect(readFileSync(log.file, "utf8")).toMatch(
      /^\S+ {2}0\.\d{3} s {2}bastion: connection lost \(read ECONNRESET\) during: uname\n {2}TIME {2}forged\n {2}\$ uname\n$/,
    );
  });

  it("changes nothing about the host", async () => {
    const result = { exitCode: 7, stdout: "", stderr: "" };
    const asked: Command[] = [];
    const host = logged(
      hostThat((command) => {
        asked.push(command);
        return Promise.resolve(result);
      }),
      new Log(join(folder, "a.log")),
    );
    const command = { ...sh`cat`, input: "text" };

    expect(host.name).toBe("bastion");
    expect(await host.run(command)).toBe(result);
    expect(asked).toEqual([command]);
  });
});
