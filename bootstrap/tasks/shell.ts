import { quoted } from "../../contract/shell";
import { stdoutOf } from "../engine/errors";
import { reading, write } from "../engine/place";
import { asRoot, type Site } from "../site";
import type { Task } from "../engine/task";

/**
 * What every login shell gets; also those that are no bash read it. `k` and `kcd` are the workshop's.
 *
 * @see https://kubernetes.io/docs/reference/kubectl/generated/kubectl_completion/
 */
export const PROFILE = `# kubectl for people. Written by the bootstrap of eks-hands-on: changes made here are lost.
alias k=kubectl
# kcd NAMESPACE: work in this namespace from now on
kcd() { kubectl config set-context --current --namespace="\${1:?usage: kcd NAMESPACE}"; }
if [ -n "\${BASH_VERSION-}" ] && command -v kubectl >/dev/null; then
  case $- in
    *i*) eval "$(kubectl completion bash)"; complete -o default -F __start_kubectl k ;;
  esac
fi
`;

/** `k`, `kcd` and completion in every login shell. */
export function shell(site: Site): Task<string> {
  const path = quoted(`${site.root}/etc/profile.d/eks-hands-on.sh`);
  return {
    title: "k, kcd, completion",
    current: {
      command: reading(path),
      parse: stdoutOf,
    },
    change: (text) =>
      text === PROFILE ? undefined : { commands: [asRoot(site, write({ path, mode: "0644" }, PROFILE))] },
  };
}
