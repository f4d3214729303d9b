import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { bootstrapScript, type BootstrapScript } from "../../modules/user-data";

const GOLDEN = join(__dirname, "../golden/user-data");

const NOTHING_SUPPLIED: BootstrapScript = {
  clusterName: "learning",
  endpoint: "https://ABCDEF.gr7.us-west-2.eks.amazonaws.com",
  certificateAuthorityData: "Q0VSVElGSUNBVEU=",
  preUserData: "",
  additionalUserData: "",
  kubeletExtraArgs: "",
  enableDockerBridge: "false",
};

/** One golden file per scenario, named for it. */
const SCENARIOS: Readonly<Record<string, BootstrapScript>> = {
  "nothing-supplied": NOTHING_SUPPLIED,
  "user-supplied-parts": {
    ...NOTHING_SUPPLIED,
    preUserData: "yum install -y amazon-ssm-agent\nsystemctl enable --now amazon-ssm-agent",
    additionalUserData: "echo joined > /var/log/joined",
  },
  "kubelet-arguments": { ...NOTHING_SUPPLIED, kubeletExtraArgs: "--node-labels=team=a --max-pods=20" },
  "docker-bridge": { ...NOTHING_SUPPLIED, enableDockerBridge: "true" },
  "everything-supplied": {
    ...NOTHING_SUPPLIED,
    preUserData: 'echo "${HOME} 준비"',
    additionalUserData: "echo '100%{done}'",
    kubeletExtraArgs: String.raw`--node-labels=team=a,owner='\''kim'\'' --max-pods=20`,
    enableDockerBridge: "true",
  },
};

describe("the boot script of a node", () => {
  it.each(Object.entries(SCENARIOS))("%s", (scenario, values) => {
    expect(bootstrapScript(values)).toBe(readFileSync(join(GOLDEN, `${scenario}.sh`), "utf8"));
  });

  it("has a golden file for each scenario, and no other", () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(
      Object.keys(SCENARIOS)
        .map((scenario) => `${scenario}.sh`)
        .sort(),
    );
  });
});
