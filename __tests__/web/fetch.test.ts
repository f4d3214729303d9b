import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

import { fetchPage } from "../../web/fetch";

/** Answers each page with the token that it was asked with; `/to?PAGE` leads to a page, `/back` to the first one's. */
async function serve(back: () => string): Promise<[Server, address: string]> {
  const server = createServer((incoming, response) => {
    const [path = "", location] = (incoming.url ?? "").split("?");
    if (path === "/silent") return;
    if (path === "/to") response.writeHead(302, { location });
    if (path === "/back") response.writeHead(302, { location: `${back()}/page` });
    if (path === "/loop") response.writeHead(302, { location: "/loop" });
    response.end(`${path} ${incoming.headers.authorization ?? "without a token"}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return [server, `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`];
}

/** Any certificate is enough to have pages fetched by this project's own connections. */
const BUNDLE = mkdtempSync(join(tmpdir(), "eks-test-fetch-"));
writeFileSync(join(BUNDLE, "pem"), rootCertificates[0] ?? "");

describe.each<[string, NodeJS.ProcessEnv]>([
  ["as Node does it", {}],
  ["with what AWS_CA_BUNDLE trusts", { AWS_CA_BUNDLE: join(BUNDLE, "pem") }],
])("a page, %s", (_, environment) => {
  let servers: Server[];
  let here: string;
  let elsewhere: string;
  const headers = { authorization: "Bearer secret" };

  beforeAll(async () => {
    const both = await Promise.all([serve(() => here), serve(() => here)]);
    servers = both.map(([server]) => server);
    [here, elsewhere] = both.map(([, address]) => address) as [string, string];
  });
  afterAll(() => {
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  it.each<[string, () => string, string]>([
    ["is asked with a token", () => "/page", "/page Bearer secret"],
    ["that leads to another one of the same server takes it along", () => "/to?/page", "/page Bearer secret"],
    ["that leads to another server does not", () => `/to?${elsewhere}/page`, "/page without a token"],
    ["that leads there and back does not either", () => `/to?${elsewhere}/back`, "/page without a token"],
  ])("%s", async (_, page, answer) => {
    const answered = await fetchPage(here + page(), { headers }, environment);

    expect(await answered.text()).toBe(answer);
  });

  it("is followed nowhere when it is not to be", async () => {
    const answered = await fetchPage(`${here}/to?/page`, { headers, redirect: "manual" }, environment);

    expect([answered.status, answered.headers.get("location")]).toEqual([302, "/page"]);
  });

  it("that leads to itself fails", async () => {
    await expect(fetchPage(`${here}/loop`, { headers }, environment)).rejects.toThrow(
      /^(fetch failed|.* leads from one page to the next without an end)$/,
    );
  });

  it("ends with its signal", async () => {
    const reason = new Error("no longer");
    const controller = new AbortController();
    const answered = fetchPage(`${here}/silent`, { signal: controller.signal }, environment);
    setImmediate(() => {
      controller.abort(reason);
    });

    await expect(answered).rejects.toBe(reason);
  });
});

afterAll(() => {
  rmSync(BUNDLE, { recursive: true });
});
