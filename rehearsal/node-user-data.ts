import { gunzipSync } from "node:zlib";

import { parseAllDocuments } from "yaml";

import { isRecord } from "./kubernetes-documents";

/** The cluster that a node's user data names, as far as it names one. */
export interface NamedCluster {
  readonly name?: string;
  /** `https://…` */
  readonly endpoint?: string;
  /** PEM in base64. */
  readonly certificateAuthorityData?: string;
  /** Of the cluster's services, which nodeadm alone has to be told. */
  readonly serviceCidr?: string;
}

/** What user data tells a node that boots; an AMI listens to one of both. */
export interface NodeUserData {
  /** The arguments of `/etc/eks/bootstrap.sh`, of the Amazon Linux 2 family. @default - it is not called */
  readonly bootstrapScript?: NamedCluster;
  /** What NodeConfig documents say to nodeadm, of the Amazon Linux 2023 family. @default - there is none */
  readonly nodeConfig?: NamedCluster;
}

interface Part {
  readonly type: string;
  readonly text: string;
}

const NODE_CONFIG = "application/node.eks.aws";

/**
 * Reads what user data says of the cluster to join: a shell script, a NodeConfig, or a MIME archive of both. It runs no
 * shell: values that the script takes from variables or from other programs are not found out.
 *
 * @param base64 as EC2 reports it
 * @see https://github.com/awslabs/amazon-eks-ami/blob/al2/templates/al2/runtime/bootstrap.sh
 * @see https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
 */
export function readUserData(base64: string): NodeUserData {
  const bytes = Buffer.from(base64, "base64");
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (isGzip ? gunzipSync(bytes) : bytes).toString().replaceAll("\r\n", "\n");
  const parts = partsOf(text);
  const scripts = parts.filter(({ type }) => type === "text/x-shellscript");
  const bootstrapScript = scripts
    .map(({ text: script }) => argumentsIn(script))
    .findLast((found) => found !== undefined);
  const configs = parts.filter(({ type }) => type === NODE_CONFIG).flatMap(({ text: yaml }) => clustersIn(yaml));
  return {
    ...(bootstrapScript !== undefined && { bootstrapScript }),
    // nodeadm merges them, and the last one wins.
    ...(configs.length > 0 && { nodeConfig: Object.assign({}, ...configs) as NamedCluster }),
  };
}

function partsOf(text: string): Part[] {
  const [, boundary] = /^content-type:\s*multipart\/[^\n]*\bboundary="?([^"\n;]+)/im.exec(text) ?? [];
  if (boundary === undefined || !/^(mime-version|content-type):/i.test(text)) {
    return [{ type: /^apiVersion:\s*node\.eks\.aws\//m.test(text) ? NODE_CONFIG : "text/x-shellscript", text }];
  }
  // What stands before the first boundary is the archive's own head.
  const parts = `\n${text}`.split(`\n--${boundary}--`)[0]?.split(`\n--${boundary}\n`).slice(1) ?? [];
  return parts.map((part) => {
    const [head = "", ...rest] = part.replace(/^\n+/, "").split("\n\n");
    const body = rest.join("\n\n");
    const header = (name: string) => new RegExp(`^${name}:\\s*([^;\\n]+)`, "im").exec(head)?.[1]?.trim().toLowerCase();
    const isEncoded = header("content-transfer-encoding") === "base64";
    return {
      type: header("content-type") ?? "text/plain",
      text: isEncoded ? Buffer.from(body, "base64").toString() : body,
    };
  });
}

function argumentsIn(script: string): NamedCluster | undefined {
  const call = /^[^#\n]*\/etc\/eks\/bootstrap\.sh[ \t]([^\n]*)/m.exec(script.replaceAll("\\\n", " "))?.[1];
  if (call === undefined) return undefined;
  const options = new Map<string, string>();
  const names: string[] = [];
  const words = shellWords(call);
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    // Each of its options has a value.
    if (word.startsWith("--")) options.set(word, words[++at] ?? "");
    else names.push(word);
  }
  const [name] = names;
  const [endpoint, data] = [options.get("--apiserver-endpoint"), options.get("--b64-cluster-ca")];
  return {
    ...(name !== undefined && { name }),
    ...(endpoint !== undefined && { endpoint }),
    ...(data !== undefined && { certificateAuthorityData: data }),
  };
}

/** The words of a command, up to where another one begins. */
function shellWords(command: string): string[] {
  const [own = ""] = /^(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^'"\\;&|])*/.exec(command) ?? [];
  const words = own.match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/g, (_, single?: string, double?: string, escaped?: string) =>
      double === undefined ? (single ?? escaped ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
    ),
  );
}

function clustersIn(yaml: string): NamedCluster[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const value: unknown = document.errors.length > 0 ? undefined : document.toJS();
    const spec = isRecord(value) && value["kind"] === "NodeConfig" ? value["spec"] : undefined;
    const cluster = isRecord(spec) ? spec["cluster"] : undefined;
    if (!isRecord(cluster)) return [];
    const named = {
      name: cluster["name"],
      endpoint: cluster["apiServerEndpoint"],
      certificateAuthorityData: cluster["certificateAuthority"],
      serviceCidr: cluster["cidr"],
    };
    return [Object.fromEntries(Object.entries(named).filter(([, found]) => typeof found === "string" && found !== ""))];
  });
}
