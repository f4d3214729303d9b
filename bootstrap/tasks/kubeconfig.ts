import { parse as parseYaml } from "yaml";

import type { Handover } from "../../contract/handover";
import { isRecord } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import { sh } from "../engine/command";
import { stdoutOf } from "../engine/errors";
import { placing, reading } from "../engine/place";
import { asOwner, type Home, type Site } from "../site";
import type { Task } from "../engine/task";

/** What of a handover says where a kubeconfig shall lead. */
export type ClusterAccess = Pick<
  Handover,
  "cluster_name" | "region" | "cluster_endpoint" | "certificate_authority_data"
>;

/**
 * What kubectl 1.24 and newer take from an exec plugin. @see
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1beta1/
 */
const EXEC_VERSIONS = ["client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1"];

/**
 * A kubeconfig with which kubectl reaches the cluster, made by `aws eks update-kubeconfig` on a copy that then takes
 * the place of the file; other clusters in it stay. The cluster's context becomes the current one when it is new:
 * whoever has chosen another one later keeps it.
 *
 * @param arn of the cluster: what `aws eks update-kubeconfig` calls cluster, user and context
 */
export function kubeconfig(site: Site, home: Home, access: ClusterAccess, arn: string): Task<readonly string[]> {
  const path = `${home.path}/.kube/config`;
  const update = sh`aws eks update-kubeconfig --name ${access.cluster_name} --region ${access.region}`.text;
  return {
    title: `${home.name}/.kube/config`,
    current: {
      command: asOwner(site, home, reading(path)),
      parse: (result) => differences(access, arn, asRecord(parsed(stdoutOf(result)))),
    },
    change: (different) => {
      if (different.length === 0) return undefined;
      // The lock is for two runs of this at once: the second begins with the file of the first.
      const fill = `exec 8<"$dir"; flock 8
if [ -s "$file" ]; then cat "$file" >"$part"; fi
${update} --kubeconfig "$part" >/dev/null`;
      return {
        commands: [asOwner(site, home, { text: placing({ path, mode: "0600" }, fill) })],
        diff: different.join("; "),
      };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (cause) {
    const what = (cause as Error).message.split("\n")[0] ?? "";
    throw new UserError(`~/.kube/config is not YAML (${what}): mend it or move it away, then run again`, { cause });
  }
}

/** What a kubeconfig lacks, in words. */
function differences(access: ClusterAccess, arn: string, file: Readonly<Record<string, unknown>>): string[] {
  const named = (section: string, name: unknown) => {
    const entries = Array.isArray(file[section]) ? file[section].map(asRecord) : [];
    return entries.find((entry) => entry["name"] === name);
  };
  const context = asRecord(named("contexts", arn)?.["context"]);
  const cluster = asRecord(named("clusters", context["cluster"])?.["cluster"]);
  const user = asRecord(named("users", context["user"])?.["user"]);
  const { server, "certificate-authority-data": authority } = cluster;
  const { apiVersion, command, args } = asRecord(user["exec"]);
  const words = [command, ...(Array.isArray(args) ? (args as unknown[]) : [])];

  const all: string[] = [];
  if (typeof server !== "string") all.push("the cluster is not in it");
  else if (trimmed(server) !== trimmed(access.cluster_endpoint)) {
    all.push(`the endpoint is ${server}, and the outputs have ${access.cluster_endpoint}`);
  }
  if (typeof server === "string" && authority !== access.certificate_authority_data) {
    all.push("the certificate authority is not the one of the outputs");
  }
  if (typeof apiVersion !== "string") all.push("it has no way to get a token");
  else if (!EXEC_VERSIONS.includes(apiVersion)) all.push(`tokens are asked for by ${apiVersion}`);
  else if (!["get-token", access.cluster_name, access.region].every((word) => words.includes(word))) {
    all.push(`tokens come from: ${words.join(" ")}`);
  }
  if (named("contexts", file["current-context"]) === undefined) all.push("no context is the current one");
  return all;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, "").toLowerCase();
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
