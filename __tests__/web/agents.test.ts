import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";

import { withAws } from "../../aws/clients";
import { agentsFor } from "../../web/agents";
import { fetchPage } from "../../web/fetch";

/** What STS answers to who asks for an identity. */
const IDENTITY =
  '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
  "<Arn>arn:aws:iam::123456789012:user/me</Arn><Account>123456789012</Account>" +
  "</GetCallerIdentityResult></GetCallerIdentityResponse>";

async function listening<It extends Server>(server: It): Promise<[It, port: number]> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [server, (server.address() as AddressInfo).port];
}

describe("behind a proxy, which alone knows where aws.corp.invalid is", () => {
  const servers: Server[] = [];
  /** What the proxy was asked for, with its user if it was told one. */
  let asked: string[] = [];
  let folder: string;
  let certificate: string;
  let environment: NodeJS.ProcessEnv;
  /** With what the proxy answers CONNECT. */
  let answer: "200 OK" | "403 Forbidden" = "200 OK";

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-web-"));
    certificate = join(folder, "crt");
    const key = join(folder, "key");
    execFileSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=corp"],
      ...["-addext", "subjectAltName=DNS:*.corp.invalid", "-keyout", key, "-out", certificate],
    ]);
    const pair = { key: readFileSync(key), cert: readFileSync(certificate) };
    const [aws, port] = await listening(
      createSecureServer(pair, (incoming, response) => {
        if (incoming.url === "/moved") response.writeHead(302, { location: "/page" }).end();
        else
          response.end(
            incoming.method === "POST" ? IDENTITY : `${incoming.url ?? ""} of ${incoming.headers.host ?? ""}`,
          );
      }),
    );
    const [plain, plainPort] = await listening(
      createServer((incoming, response) => {
        response.end(incoming.method === "POST" ? IDENTITY : `${incoming.url ?? ""} of ${incoming.headers.host ?? ""}`);
      }),
    );
    const [proxy, proxyPort] = await listening(
      createServer((incoming, response) => {
        const { method = "", url = "", headers } = incoming;
        asked.push(`${method} ${url} ${headers["proxy-authorization"] ?? ""}`.trim());
        const { pathname } = new URL(url);
        const sent = request({ port: plainPort, host: "127.0.0.1", method, path: pathname, headers }, (got) => {
          response.writeHead(got.statusCode ?? 500, got.headers);
          got.pipe(response);
        });
        incoming.pipe(sent);
      }),
    );
    proxy.on("connect", ({ url = "", headers }, client, head) => {
      asked.push(`CONNECT ${url} ${headers["proxy-authorization"] ?? ""}`.trim());
      if (answer !== "200 OK") {
        client.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      const server = connect(port, "127.0.0.1", () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        server.write(head);
        server.pipe(client).pipe(server);
      });
      for (const end of [client, server]) end.on("error", () => undefined);
    });
    servers.push(aws, plain, proxy);
    const address = `http://127.0.0.1:${String(proxyPort)}`;
    environment = { HTTPS_PROXY: address, HTTP_PROXY: address, AWS_CA_BUNDLE: certificate };
  });
  beforeEach(() => {
    asked = [];
    answer = "200 OK";
  });
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  });

  /** Who AWS says that asks, by the environment of this process. */
  async function identity(endpoint: string, surroundings: NodeJS.ProcessEnv) {
    const before = { ...process.env };
    Object.assign(process.env, surroundings);
    try {
      const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
      return await withAws({ region: "ap-northeast-2", endpoint, maxAttempts: 1, credentials }, async ({ sts }) => {
        const { Account } = await sts.send(new GetCallerIdentityCommand({}));
        return Account;
      });
    } finally {
      process.env = before;
    }
  }

  it.each([
    ["https://aws.corp.invalid", "CONNECT aws.corp.invalid:443"],
    ["http://aws.corp.invalid:8000", "POST http://aws.corp.invalid:8000/"],
  ])("AWS answers its clients at %s", async (endpoint, question) => {
    expect(await identity(endpoint, environment)).toBe("123456789012");
    expect(asked).toEqual([question]);
  });

  it.each([
    ["https://aws.corp.invalid/page", "/page of aws.corp.invalid", ["CONNECT aws.corp.invalid:443"]],
    [
      "https://aws.corp.invalid/moved",
      "/page of aws.corp.invalid",
      ["CONNECT aws.corp.invalid:443", "CONNECT aws.corp.invalid:443"],
    ],
    ["http://aws.corp.invalid/page", "/page of aws.corp.invalid", ["GET http://aws.corp.invalid/page"]],
  ])("%s is fetched", async (page, text, questions) => {
    const answered = await fetchPage(page, {}, environment);

    expect([answered.status, await answered.text()]).toEqual([200, text]);
    expect(asked).toEqual(questions);
  });

  it("who asks is told to the proxy", async () => {
    const address = environment["HTTPS_PROXY"]?.replace("//", "//me:secret@") ?? "";
    const withUser = { ...environment, HTTPS_PROXY: address, HTTP_PROXY: address };

    for (const page of ["https://aws.corp.invalid/page", "http://aws.corp.invalid/page"]) {
      await (await fetchPage(page, {}, withUser)).text();
    }

    // printf me:secret | base64
    expect(asked).toEqual([
      "CONNECT aws.corp.invalid:443 Basic bWU6c2VjcmV0",
      "GET http://aws.corp.invalid/page Basic bWU6c2VjcmV0",
    ]);
  });

  it("a proxy that lets nobody through is named", async () => {
    answer = "403 Forbidden";

    await expect(identity("https://aws.corp.invalid", environment)).rejects.toThrow(
      /^the proxy 127\.0\.0\.1:\d+ does not let through to aws\.corp\.invalid:443: 403 Forbidden$/,
    );
  });

  it("nobody is believed whom AWS_CA_BUNDLE does not vouch for", async () => {
    await expect(identity("https://aws.corp.invalid", { ...environment, AWS_CA_BUNDLE: "" })).rejects.toThrow(
      /self-signed certificate/,
    );
  });

  it("a certificate of another name is refused", async () => {
    await expect(fetchPage("https://aws.other.invalid/page", {}, environment)).rejects.toThrow(/altnames/);
  });

  it("a bundle that is not there is named", () => {
    expect(() => agentsFor({ AWS_CA_BUNDLE: join(folder, "none.pem") })).toThrow(
      `AWS_CA_BUNDLE: ${join(folder, "none.pem")} cannot be used: it is not there`,
    );
  });

  it("Node's own connections are taken where nothing is set", () => {
    expect(agentsFor({ NO_PROXY: "*", HTTPS_PROXY: "" })).toBeUndefined();
  });
});
