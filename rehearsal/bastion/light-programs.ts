import { parse, stringify } from "yaml";

import { isRecord } from "../../contract/json";
import type { StandInKubernetes } from "../cluster/kubernetes";
import { findResource, StatusError, type Resource } from "../cluster/kubernetes-documents";
import type { KubernetesState } from "../cluster/kubernetes-state";
import { startProxy } from "../machine/proxy";
import type { Programs } from "./artifacts";

/** Programs that stand for kubectl and the AWS CLI; texts of shell scripts. */
export interface LightPrograms extends Programs {
  readonly kubectl: string;
  stop(): void;
}

/**
 * Stand-ins for kubectl and the AWS CLI, for what is about neither: shell scripts that end within some milliseconds,
 * where the real ones take up to half a second to start. The one for kubectl asks this process, which answers from the
 * state of the stand-in Kubernetes API; nobody signs or checks a token. The one for the AWS CLI writes a kubeconfig of
 * its own where there is none, and refuses to touch one that somebody else has made; the Auto Scaling groups that it
 * knows are those in STAND_IN_AUTO_SCALING_GROUPS of its environment, in JSON with commas between them.
 *
 * @param clusterOf the cluster of a name; of no name where the command says none
 * @param account number of the account in the names of clusters
 */
export async function startLightPrograms(
  clusterOf: (name: string | undefined) => StandInKubernetes | undefined,
  account: string,
): Promise<LightPrograms> {
  const proxy = await startProxy(({ incoming, body, response }) => {
    const args = String(incoming.headers["arguments"]);
    const [, name] = /(?:cluster\/|--name )([\w-]+)/.exec(args) ?? [];
    const kubernetes = clusterOf(name);
    try {
      if (kubernetes === undefined) response.writeHead(404).end("No cluster found for name\n");
      else if (args.startsWith("eks update-kubeconfig ")) response.end(kubeconfig(kubernetes, account, args));
      else response.end(kubectl(kubernetes.state, args, body.toString()));
    } catch (error) {
      const isRefusal = error instanceof StatusError;
      const why = isRefusal ? `Error from server (${error.reason}): ${error.message}` : `error: ${String(error)}`;
      response.writeHead(isRefusal ? error.code : 500).end(`${why}\n`);
    }
  });
  const url = `${proxy.endpoint}/`;
  return { ...proxy, kubectl: kubectlScript(url), aws: awsScript(url, account) };
}

/** What of kubectl is asked for here. */
function kubectl(state: KubernetesState, args: string, input: string): string {
  const [, verb, rest = ""] = / (get|delete|create|replace|patch|apply) (.*)$/.exec(` ${args}`) ?? [];
  if (verb === "get" || verb === "delete") {
    const [kinds = "", ...names] = (rest.split(" --")[0] ?? "").split(" ");
    const resources = kinds.split(",").map(findResource);
    if (resources.some((it) => !state.resources.includes(it))) {
      throw new StatusError(404, "NotFound", "the server could not find the requested resource");
    }
    return verb === "get" ? get(state, resources, rest) : remove(state, resources, names, rest);
  }
  const sent: unknown = parse(input);
  const options = { isDryRun: false, isStrict: false };
  const exists = state.configMap("kube-system", "aws-auth") !== undefined;
  if (verb === "patch") {
    state.patchConfigMap("kube-system", "aws-auth", sent, options);
    return "configmap/aws-auth patched\n";
  }
  if (verb === "replace" || (verb === "apply" && exists)) {
    state.replaceConfigMap("kube-system", "aws-auth", sent, options);
    return "configmap/aws-auth replaced\n";
  }
  if (!isRecord(sent) || verb === undefined) throw new Error(`this stand-in does not know kubectl ${args}`);
  state.createConfigMap("kube-system", sent, options);
  return "configmap/aws-auth created\n";
}

function get(state: KubernetesState, resources: readonly Resource[], options: string): string {
  const namespace = options.includes("--all-namespaces") ? undefined : "kube-system";
  const items = resources.flatMap((one) => state.list(one, one.isNamespaced ? namespace : undefined));
  if (options.includes("--output json")) return `${JSON.stringify({ apiVersion: "v1", kind: "List", items })}\n`;
  return items.map(({ metadata }) => `${metadata.name}   Ready   <none>   0s\n`).join("");
}

/** What is not there is ignored, and that it is gone is not waited for. */
function remove(
  state: KubernetesState,
  resources: readonly Resource[],
  names: readonly string[],
  options: string,
): string {
  const [, named = "default"] = /--namespace (\S+)/.exec(options) ?? [];
  return resources
    .flatMap((resource) => {
      const namespace = resource.isNamespaced ? named : undefined;
      const found = state.list(resource, namespace).filter(({ metadata }) => names.includes(metadata.name));
      return found.map(({ metadata: { name } }) => {
        state.delete(resource, namespace, name);
        return `${resource.kind.toLowerCase()} "${name}" deleted\n`;
      });
    })
    .join("");
}

function kubectlScript(url: string): string {
  return `#!/bin/sh
# A stand-in for kubectl.
arguments= input= option=
for word; do
  case $option in --patch) input=$word word=- ;; --filename | --patch-file) input=@- ;; esac
  arguments="$arguments $word" option=$word
done
answer=$(curl -sS --max-time 20 --header "Arguments:$arguments" --header Content-Type: --header Expect: \\
  --data-binary "$input" --write-out '%{http_code}' ${url}) || {
  echo 'Unable to connect to the server: the stand-in is away' >&2
  exit 1
}
text=\${answer%???}
case $answer in *200) printf '%s\\n' "$text" ;; *) printf '%s\\n' "$text" >&2; exit 1 ;; esac
`;
}

/** @see https://docs.aws.amazon.com/cli/latest/reference/eks/update-kubeconfig.html */
function kubeconfig({ endpoint, certificateAuthorityData }: StandInKubernetes, account: string, args: string): string {
  const option = (name: string) => new RegExp(`--${name} (\\S+)`).exec(args)?.[1] ?? "";
  const [name, region] = [option("name"), option("region")];
  const arn = `arn:aws:eks:${region}:${account}:cluster/${name}`;
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1beta1",
    command: "aws",
    args: ["--region", region, "eks", "get-token", "--cluster-name", name, "--output", "json"],
  };
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: arn, cluster: { server: endpoint, "certificate-authority-data": certificateAuthorityData } }],
    contexts: [{ name: arn, context: { cluster: arn, user: arn } }],
    "current-context": arn,
    users: [{ name: arn, user: { exec } }],
  });
}

function awsScript(url: string, account: string): string {
  return `#!/bin/sh
# A stand-in for the AWS CLI.
case "$1 $2" in
"--version ") echo aws-cli/2.30.0; exit ;;
"autoscaling describe-auto-scaling-groups")
  printf '{"AutoScalingGroups": [%s]}\\n' "$STAND_IN_AUTO_SCALING_GROUPS"; exit ;;
"sts get-caller-identity") echo arn:aws:sts::${account}:assumed-role/stand-in/bastion; exit ;;
"eks update-kubeconfig") args=$* ;;
*) echo "this stand-in does not know aws $*" >&2; exit 252 ;;
esac
while [ $# -gt 0 ]; do
  case $1 in --kubeconfig) file=$2 ;; --name) name=$2 ;; esac
  shift
done
if [ -s "$file" ] && ! grep -qF ":cluster/$name" "$file"; then
  echo "this stand-in does not merge into $file" >&2
  exit 1
fi
mkdir -p "\${file%/*}"
text=$(curl -sS --fail --header "Arguments: $args" --data-binary "" ${url}) || {
  echo "An error occurred (ResourceNotFoundException): No cluster found for name: $name." >&2
  exit 254
}
printf '%s\\n' "$text" >"$file"
echo "Added new context to $file"
`;
}
