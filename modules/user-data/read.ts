import { gunzipSync } from "node:zlib";

import { parseAllDocuments } from "yaml";
import { z } from "zod";

import { FAMILIES, type Family } from "../../facts/images";
import { shellWords } from "../../contract/shell";
import { kubernetesSettings, SettingsError, type KubernetesSettings } from "./bottlerocket-settings";

/** A taint with which a node registers. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  /** `NoSchedule`, `PreferNoSchedule` or `NoExecute`; a kubelet does not start with another one. */
  readonly effect: string;
}

/** The cluster that a node's user data names, as far as it names one, and what the node registers with. */
export interface NamedCluster {
  readonly name?: string;
  /** `https://…` */
  readonly endpoint?: string;
  /** PEM in base64. */
  readonly certificateAuthorityData?: string;
  /** Of the cluster's services, which nodeadm alone has to be told. */
  readonly serviceCidr?: string;
  /** Address of the cluster's DNS. */
  readonly dnsIp?: string;
  /** @default - none of its own */
  readonly labels?: Readonly<Record<string, string>>;
  /** A kubelet does not start with an effect that it does not know. @default - none */
  readonly taints?: readonly Taint[];
}

/**
 * What user data tells a node that boots, by the family whose images listen to it: the arguments of
 * `/etc/eks/bootstrap.sh`, what NodeConfig documents say to nodeadm, or Bottlerocket's settings for Kubernetes.
 */
export type ParsedUserData = { readonly [family in Family]?: NamedCluster };

interface Part {
  readonly type: string;
  readonly text: string;
}

const NODE_CONFIG = "application/node.eks.aws";
/** Bottlerocket gives it no type. */
const SETTINGS = "toml";
const SCRIPT = "text/x-shellscript";

/** What the user data of each family calls what it says of the cluster; `name` of al2 stands without an option. */
const CALLED = {
  al2: {
    name: "name",
    endpoint: "--apiserver-endpoint",
    certificateAuthorityData: "--b64-cluster-ca",
    dnsIp: "--dns-cluster-ip",
  },
  al2023: {
    name: "name",
    endpoint: "apiServerEndpoint",
    certificateAuthorityData: "certificateAuthority",
    serviceCidr: "cidr",
  },
  bottlerocket: {
    name: "cluster-name",
    endpoint: "api-server",
    certificateAuthorityData: "cluster-certificate",
    dnsIp: "cluster-dns-ip",
  },
} satisfies Record<Family, Partial<Record<keyof NamedCluster, string>>>;

/** What a family's user data says of the cluster; an empty text says nothing. */
function named(family: Family, said: Readonly<Record<string, unknown>>): NamedCluster {
  const fields = Object.entries(CALLED[family]).map(([field, name]) => [field, [said[name]].flat()[0]] as const);
  return Object.fromEntries(fields.filter(([, value]) => typeof value === "string" && value !== ""));
}

const RECORD = z.record(z.string(), z.unknown()).catch({});
const NODE_CONFIG_DOCUMENT = z.object({
  kind: z.literal("NodeConfig"),
  spec: z.object({ cluster: RECORD, kubelet: RECORD }),
});

/** What the images of each family read of user data. */
const READERS = {
  al2: (parts) =>
    textsOf(SCRIPT, parts)
      .map(argumentsIn)
      .findLast((found) => found !== undefined),
  al2023: (parts) => {
    const configs = textsOf(NODE_CONFIG, parts).flatMap(clustersIn);
    // nodeadm merges them, and the last one wins.
    return configs.length > 0 ? configs.reduce(merged) : undefined;
  },
  bottlerocket: ([first]) => (first?.type === SETTINGS ? settingsIn(first.text) : undefined),
} satisfies Record<Family, (parts: readonly Part[]) => NamedCluster | undefined>;

/**
 * Reads what user data says of the cluster to join: a shell script, a NodeConfig, a MIME archive of both, or
 * Bottlerocket's TOML, compressed or not. It runs no shell: values that a script takes from variables or from other
 * programs are what is written there, such as `$NAME`. What cannot be read says nothing; it never throws.
 *
 * @param base64 as EC2 reports it
 * @see https://docs.cloud-init.io/en/latest/explanation/format.html
 * @see https://github.com/awslabs/amazon-eks-ami/blob/al2/templates/al2/runtime/bootstrap.sh
 * @see https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
 * @see https://bottlerocket.dev/en/os/latest/api/settings/kubernetes/
 */
export function readUserData(base64: string): ParsedUserData {
  const parts = partsOf(decoded(base64));
  const read = FAMILIES.map((family) => [family, READERS[family](parts)] as const);
  return Object.fromEntries(read.filter(([, cluster]) => cluster !== undefined));
}

/** The families whose nodes user data makes join: one, none, or several where it is for images of several families. */
export function familiesOf(userData: ParsedUserData): readonly Family[] {
  return FAMILIES.filter((family) => userData[family] !== undefined);
}

/** A text that is in base64, and that may be compressed inside. */
function decoded(base64: string): string {
  let bytes = Buffer.from(base64, "base64");
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      bytes = gunzipSync(bytes);
    } catch {
      // It says nothing.
    }
  }
  return bytes.toString().replaceAll("\r\n", "\n");
}

function merged(one: NamedCluster, other: NamedCluster): NamedCluster {
  return {
    ...one,
    ...other,
    ...registration({ ...one.labels, ...other.labels }, [...(one.taints ?? []), ...(other.taints ?? [])]),
  };
}

/** Labels and taints, where there are any. */
function registration(
  labels: Readonly<Record<string, string>>,
  taints: readonly Taint[],
): Pick<NamedCluster, "labels" | "taints"> {
  return { ...(Object.keys(labels).length > 0 && { labels }), ...(taints.length > 0 && { taints }) };
}

function textsOf(wanted: string, parts: readonly Part[]): readonly string[] {
  return parts.filter(({ type }) => type === wanted).map(({ text }) => text);
}

function partsOf(text: string): Part[] {
  if (!/^(mime-version|content-type):/i.test(text)) return [{ type: typeOf(text), text }];
  const [, boundary] =
    /^content-type:\s*multipart\/(?:[^\n]|\n[ \t])*\bboundary="?([^"\n;]+)/im.exec(headOf(text)) ?? [];
  if (boundary === undefined) return [partIn(text)];
  // What stands before the first boundary is the archive's own head.
  return (`\n${text}`.split(`\n--${boundary}--`)[0]?.split(`\n--${boundary}\n`).slice(1) ?? []).map(partIn);
}

/**
 * What a text without a head is. Nothing runs a script without `#!`, and settings have no mark of their own: TOML
 * begins with comments, with any table, or with a key.
 */
function typeOf(text: string): string {
  if (text.trimStart().startsWith("#!")) return SCRIPT;
  return /["']?apiVersion["']?\s*:\s*["']?node\.eks\.aws\//.test(text) ? NODE_CONFIG : SETTINGS;
}

function partIn(text: string): Part {
  const [head = "", ...rest] = text.replace(/^\n+/, "").split("\n\n");
  const body = rest.join("\n\n");
  const header = (name: string) => new RegExp(`^${name}:\\s*([^;\\n]+)`, "im").exec(head)?.[1]?.trim().toLowerCase();
  const isEncoded = header("content-transfer-encoding") === "base64";
  return { type: header("content-type") ?? "text/plain", text: isEncoded ? decoded(body) : body };
}

/** What stands before the first empty line. */
function headOf(text: string): string {
  return text.split("\n\n", 1)[0] ?? "";
}

function argumentsIn(script: string): NamedCluster | undefined {
  const call = /^[^#\n]*\/etc\/eks\/bootstrap\.sh[ \t]([^\n]*)/m.exec(script.replaceAll("\\\n", " "))?.[1];
  if (call === undefined) return undefined;
  // Up to where another command begins.
  const [own = ""] = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\;&|])*/.exec(call) ?? [];
  const said: Record<string, string> = {};
  const words = shellWords(own);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    // Each of its options has a value.
    if (word.startsWith("--")) said[word] = words[++at] ?? "";
    else said["name"] ??= word;
  }
  return { ...named("al2", said), ...registrationIn(shellWords(said["--kubelet-extra-args"] ?? "")) };
}

/** What a kubelet's arguments let its node register with. */
function registrationIn(args: readonly string[]): Pick<NamedCluster, "labels" | "taints"> {
  const values = (flag: string) =>
    args
      .flatMap((arg, at) =>
        arg === flag ? (args[at + 1] ?? "") : arg.startsWith(`${flag}=`) ? arg.slice(flag.length + 1) : [],
      )
      .flatMap((list) => list.split(","))
      .filter((item) => item !== "");
  const labels = values("--node-labels").map((label): [string, string] => {
    const [key = "", ...rest] = label.split("=");
    return [key, rest.join("=")];
  });
  const taints = values("--register-with-taints").map((taint) => {
    const [, key = taint, value, effect = ""] = /^([^=:]+)(?:=([^:]*))?:(.*)$/.exec(taint) ?? [];
    return taintOf(key, value, effect);
  });
  return registration(Object.fromEntries(labels), taints);
}

function taintOf(key: string, value: string | undefined, effect: string): Taint {
  return { key, ...(value !== undefined && value !== "" && { value }), effect };
}

/**
 * What Bottlerocket's settings say of Kubernetes; undefined when a node does not boot with them, or they say nothing.
 */
function settingsIn(toml: string): NamedCluster | undefined {
  let own: KubernetesSettings | undefined;
  try {
    own = kubernetesSettings(toml);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
  }
  if (own === undefined) return undefined;
  const taints = Object.entries(own["node-taints"] ?? {}).flatMap(([key, value]) =>
    [value].flat().map((one) => {
      const [taint = "", effect = ""] = one.split(":");
      return taintOf(key, taint, effect);
    }),
  );
  return { ...named("bottlerocket", own), ...registration(own["node-labels"] ?? {}, taints) };
}

function clustersIn(yaml: string): NamedCluster[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const { data } = NODE_CONFIG_DOCUMENT.safeParse(document.errors.length > 0 ? undefined : document.toJS());
    if (data === undefined) return [];
    const { cluster, kubelet } = data.spec;
    const flags = Array.isArray(kubelet["flags"]) ? kubelet["flags"].map(String) : [];
    return { ...named("al2023", cluster), ...registrationIn(flags) };
  });
}
