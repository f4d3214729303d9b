import { authorization, proxiesOf, proxyFor } from "../../web/proxy";

const PROXY = { HTTPS_PROXY: "http://proxy:3128", HTTP_PROXY: "http://plain:3128" };

describe("the way to a page", () => {
  it.each<[what: string, page: string, environment: NodeJS.ProcessEnv, proxy: string | undefined]>([
    ["direct without a proxy", "https://eks.aws", {}, undefined],
    ["the proxy of HTTPS", "https://eks.aws", PROXY, "http://proxy:3128/"],
    ["the proxy of HTTP", "http://eks.aws", PROXY, "http://plain:3128/"],
    ["direct for HTTP when only HTTPS has one", "http://eks.aws", { HTTPS_PROXY: "http://p:1" }, undefined],
    ["the proxy in small letters", "https://eks.aws", { https_proxy: "http://small:1" }, "http://small:1/"],
    ["that in capitals before it", "https://eks.aws", { ...PROXY, https_proxy: "http://s:1" }, "http://proxy:3128/"],
    [
      "that in small letters where that in capitals is empty",
      "http://x",
      { HTTP_PROXY: "", http_proxy: "s:1" },
      "http://s:1/",
    ],
    ["a proxy without a scheme", "https://eks.aws", { HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128/"],
    ["a proxy over TLS", "https://eks.aws", { HTTPS_PROXY: "https://proxy:3129" }, "https://proxy:3129/"],
    ["direct to this machine", "http://127.0.0.1:8000", PROXY, undefined],
    ["direct to this machine by name", "http://localhost:8000", PROXY, undefined],
    ["direct to this machine over IPv6", "https://[::1]:8000", PROXY, undefined],
  ])("is %s", (_, page, environment, proxy) => {
    expect(proxyFor(new URL(page), proxiesOf(environment))?.href).toBe(proxy);
  });

  // The rows of golang.org/x/net/http/httpproxy, whose rules Terraform follows.
  it.each<[exceptions: string, page: string, isDirect: boolean]>([
    ["*", "https://eks.aws", true],
    ["eks.aws", "https://eks.aws", true],
    ["eks.aws", "https://a.eks.aws", true],
    ["eks.aws", "https://noteks.aws", false],
    [".eks.aws", "https://a.eks.aws", true],
    [".eks.aws", "https://eks.aws", false],
    ["*.eks.aws", "https://a.eks.aws", true],
    ["*.eks.aws", "https://eks.aws", false],
    ["EKS.aws", "https://eks.AWS", true],
    ["other, eks.aws ,", "https://eks.aws", true],
    ["eks.aws:443", "https://eks.aws", true],
    ["eks.aws:8443", "https://eks.aws", false],
    ["eks.aws:8443", "https://eks.aws:8443", true],
    ["10.0.0.0/8", "http://10.1.2.3", true],
    ["10.0.0.0/8", "http://11.1.2.3", false],
    ["10.0.0.0/8", "http://ten.aws", false],
    ["10.0.0.0/99", "http://10.0.0.0", false],
    ["169.254.169.254", "http://169.254.169.254", true],
    ["169.254.169.254:80", "http://169.254.169.254", true],
    ["fd00::/8", "http://[fd00::1]", true],
    ["[fd00::1]:80", "http://[fd00::1]", true],
    ["fd00::1", "http://[fd00::2]", false],
  ])("with NO_PROXY=%s to %s is direct: %s", (exceptions, page, isDirect) => {
    const proxies = [{ NO_PROXY: exceptions }, { no_proxy: exceptions }].map((it) => proxiesOf({ ...PROXY, ...it }));

    expect(proxies.map((it) => proxyFor(new URL(page), it) === undefined)).toEqual([isDirect, isDirect]);
  });

  it.each(["socks5://me:secret@proxy:1080", "http://", "http://me:secret@proxy:port"])(
    "is none by %s, whose password is not repeated",
    (address) => {
      expect(() => proxiesOf({ https_proxy: address })).toThrow(
        /^HTTPS_PROXY is no proxy that eks can use: write http:\/\/HOST:PORT or https:\/\/HOST:PORT$/,
      );
    },
  );

  it("knows who asks, if the proxy's address says so", () => {
    // printf 'me:a b' | base64
    expect(authorization(new URL("http://me:a%20b@proxy"))).toEqual({ "Proxy-Authorization": "Basic bWU6YSBi" });
    expect(authorization(new URL("http://proxy"))).toEqual({});
  });
});
