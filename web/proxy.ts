import { BlockList, isIP } from "node:net";

import { UserError } from "../contract/user-error";

/** The proxies that the environment names. */
export interface Proxies {
  /** For pages of this protocol. */
  readonly "http:": URL | undefined;
  readonly "https:": URL | undefined;
  /** What is asked without them, as NO_PROXY lists it. */
  readonly except: string;
}

/**
 * The proxies of HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in capitals or small letters, as Terraform reads them: what is
 * checked here and what is made there go the same way.
 *
 * @throws UserError for the address of a proxy that is of no use
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#FromEnvironment
 */
export function proxiesOf(environment: NodeJS.ProcessEnv): Proxies {
  const setting = (name: string) => {
    const [capitals = "", small = ""] = [environment[name], environment[name.toLowerCase()]];
    return (capitals === "" ? small : capitals).trim();
  };
  const proxy = (name: string) => {
    const text = setting(name);
    if (text === "") return undefined;
    const address = text.includes("://") ? text : `http://${text}`;
    if (URL.canParse(address)) {
      const url = new URL(address);
      if (["http:", "https:"].includes(url.protocol) && url.hostname !== "") return url;
    }
    // Not repeated: it may have a password in it.
    throw new UserError(`${name} is no proxy that eks can use: write http://HOST:PORT or https://HOST:PORT`);
  };
  return { "http:": proxy("HTTP_PROXY"), "https:": proxy("HTTPS_PROXY"), except: setting("NO_PROXY") };
}

/** The proxy that is asked for a page; undefined where the page itself is asked. */
export function proxyFor(page: URL, proxies: Proxies): URL | undefined {
  if (isOwn(page) || isExcepted(page, proxies.except)) return undefined;
  return page.protocol === "https:" ? proxies["https:"] : proxies["http:"];
}

/** The port of a page, also where its address leaves it out. */
export function portOf({ protocol, port }: URL): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** The host of a page; an address of IPv6 without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, "$1");
}

/** What has a proxy's user and password in it, as a header; none where it has none. */
export function authorization({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** No proxy leads to this machine itself. */
function isOwn(page: URL): boolean {
  const host = hostOf(page);
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

function isExcepted(page: URL, exceptions: string): boolean {
  const host = hostOf(page).toLowerCase().replace(/\.$/, "");
  return exceptions
    .toLowerCase()
    .split(",")
    .map((it) => it.trim())
    .some((it) => it !== "" && matches(it, host, portOf(page)));
}

/** Whether a host is what NO_PROXY names: everything, a range, an address, a domain and what is under it. */
function matches(exception: string, host: string, port: number): boolean {
  if (exception === "*") return true;
  const [, range = "", bits = ""] = /^(.+)\/(\d+)$/.exec(exception) ?? [];
  if (range !== "") return isInRange(host, range, Number(bits));
  const [, name = exception, ofPort] = /^(\[.+\]|[^:]+):(\d+)$/.exec(exception) ?? [];
  if (ofPort !== undefined && Number(ofPort) !== port) return false;
  const bare = name.replace(/^\[(.*)\]$/, "$1").replace(/^\*\./, ".");
  if (isIP(bare) !== 0) return bare === host;
  return bare.startsWith(".") ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

function isInRange(host: string, range: string, bits: number): boolean {
  const family = (address: string) => (isIP(address) === 6 ? "ipv6" : "ipv4");
  if (isIP(range) === 0 || isIP(range) !== isIP(host) || bits > (isIP(range) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(range, bits, family(range));
  return list.check(host, family(host));
}
