import { readFileSync } from "node:fs";
import { join } from "node:path";

const GOLDEN = readFileSync(join(__dirname, "../golden/user-data/nothing-supplied.sh"), "utf8");

/** What a script names instead of what the golden file does. */
export interface Named {
  readonly clusterName: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  readonly preUserData?: string;
  readonly additionalUserData?: string;
  /** With every `'` already written as `'\''`. */
  readonly kubeletExtraArgs?: string;
}

/** The boot script of a node of the Amazon Linux 2 family: the golden file of one that nothing was supplied for. */
export function al2Script(named: Named): string {
  const { clusterName, endpoint, certificateAuthorityData, preUserData = "", additionalUserData = "" } = named;
  return GOLDEN.replace("'learning'", () => `'${clusterName}'`)
    .replace("'https://ABCDEF.gr7.us-west-2.eks.amazonaws.com'", () => `'${endpoint}'`)
    .replace("'Q0VSVElGSUNBVEU='", () => `'${certificateAuthorityData}'`)
    .replace("--kubelet-extra-args ''", () => `--kubelet-extra-args '${named.kubeletExtraArgs ?? ""}'`)
    .replace("pre userdata code\n", (line) => line + preUserData)
    .replace(/$/, () => additionalUserData);
}
