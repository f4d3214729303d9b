import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { isAsPublished } from "../bench/check-releases";
import { readReleases } from "../bootstrap/releases";

const sum = (text: string) => createHash("sha256").update(text).digest("hex");

describe("the comparison with what the makers publish", () => {
  let server: Server;
  let origin: string;
  let pages: Record<string, string>;

  beforeEach(async () => {
    // As the makers write them: kubectl's page has no name in it, the authenticator's list has every file.
    const list = `${sum("iam amd64")}  aws-iam-authenticator_0.7.19_linux_amd64\n${sum("iam arm64")}  aws-iam-authenticator_0.7.19_linux_arm64\n${sum("other")}  aws-iam-authenticator_0.7.19_darwin_arm64\n`;
    pages = {
      "/v1.36.4/amd64/kubectl.sha256": sum("kubectl amd64"),
      "/v1.36.4/arm64/kubectl.sha256": sum("kubectl arm64"),
      "/authenticator_0.7.19_checksums.txt": list,
      "/cli-x86_64-2.36.29.zip": "cli amd64",
      "/cli-aarch64-2.36.29.zip": "cli arm64",
    };
    server = createServer(({ url = "" }, response) => {
      const page = pages[url];
      response.writeHead(page === undefined ? 404 : 200).end(page);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  });
  afterEach(() => {
    server.close();
  });

  async function compared(): Promise<{ readonly isSame: boolean; readonly lines: readonly string[] }> {
    const of = (what: string, version: string) => ({
      version,
      amd64: sum(`${what} amd64`),
      arm64: sum(`${what} arm64`),
    });
    const table = {
      kubectl: { url: `${origin}/v{version}/{arch}/kubectl`, releases: { "1.36": of("kubectl", "1.36.4") } },
      "aws-iam-authenticator": {
        url: `${origin}/aws-iam-authenticator_{version}_linux_{arch}`,
        release: of("iam", "0.7.19"),
      },
      "aws-cli": {
        url: `${origin}/cli-{arch}-{version}.zip`,
        arch: { amd64: "x86_64", arm64: "aarch64" },
        release: of("cli", "2.36.29"),
      },
    };
    const lines: string[] = [];
    const isSame = await isAsPublished(readReleases(JSON.stringify(table), "table"), (line) => lines.push(line));
    return { isSame, lines };
  }

  it("finds every file as published", async () => {
    const { isSame, lines } = await compared();

    expect(lines).toEqual(
      ["kubectl 1.36.4", "aws-iam-authenticator 0.7.19", "aws-cli 2.36.29"].flatMap((release) =>
        ["amd64", "arm64"].map((arch) => `${release} ${arch}: as published`),
      ),
    );
    expect(isSame).toBe(true);
  });

  it.each([
    ["kubectl's page has another sum", "/v1.36.4/arm64/kubectl.sha256", sum("else"), `, ${sum("else")} there`],
    ["kubectl's page is an error in words", "/v1.36.4/arm64/kubectl.sha256", "<Error>", ", nothing there"],
    [
      "kubectl's page is not there",
      "/v1.36.4/arm64/kubectl.sha256",
      undefined,
      "/v1.36.4/arm64/kubectl.sha256 answers 404 there",
    ],
    ["the authenticator's list lacks the file", "/authenticator_0.7.19_checksums.txt", "", ", nothing there"],
    ["the AWS CLI is another file", "/cli-aarch64-2.36.29.zip", "tampered", `, ${sum("tampered")} there`],
  ])("says so when %s", async (_, page, content, end) => {
    if (content === undefined) Reflect.deleteProperty(pages, page);
    else pages[page] = content;

    const { isSame, lines } = await compared();

    expect(isSame).toBe(false);
    const wrong = lines.filter((line) => line.includes("NOT as published"));
    expect(wrong.length).toBeGreaterThan(0);
    for (const line of wrong) expect(line.endsWith(end)).toBe(true);
  });
});
