import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { Expression, hcl } from "../../modules/hcl/expression";
import { kubernetesSettings } from "../../modules/user-data/bottlerocket-settings";
import { userDataOf } from "../../modules/user-data/family";
import type { NodeUserData } from "../../modules/user-data/node";
import { readUserData } from "../../modules/user-data/read";
import { WRITTEN_SETTINGS } from "../../facts/written-settings";
import { describeEndToEnd, terraformProgram } from "../support/end-to-end";
import { run } from "../support/run";

const GOLDEN = join(__dirname, "../golden/user-data");

const FAMILIES = {
  al2: { folder: "", extension: "sh" },
  al2023: { folder: "al2023", extension: "mime" },
  bottlerocket: { folder: "bottlerocket", extension: "toml" },
} as const;
type Family = keyof typeof FAMILIES;

/** What a scenario says; the rest is what a group that says nothing has. */
interface Said {
  readonly preUserData?: string;
  readonly additionalUserData?: string;
  readonly kubeletExtraArgs?: string;
  readonly enableDockerBridge?: boolean;
  readonly chosenServiceCidr?: string;
  readonly serviceCidr?: string;
  readonly maxPods?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value: string; readonly effect: string }[];
}

const LABELS_AND_TAINTS: Said = {
  labels: { team: "a", "example.com/pool": "batch-1", empty: "" },
  taints: [
    { key: "dedicated", value: "batch", effect: "NoSchedule" },
    { key: "dedicated", value: "batch", effect: "NoExecute" },
    { key: "example.com/gpu", value: "", effect: "PreferNoSchedule" },
  ],
};
const SHELL: Said = {
  preUserData: "yum install -y amazon-ssm-agent\nsystemctl enable --now amazon-ssm-agent",
  additionalUserData: "echo joined > /var/log/joined",
};
const KOREAN: Said = {
  preUserData: 'echo "${HOME} 준비"',
  additionalUserData: "echo '100%{done}'",
};
/** As an editor on Windows ends lines. */
const WINDOWS: Said = {
  preUserData: "echo first\r\necho second\r\n",
  additionalUserData: "if true; then\r\n  echo joined\r\nfi",
};
/** A label's value that YAML would take for something else when it stood there without quotes. */
const TRICKY: Said = { labels: { on: "true", version: "1.10", norway: "no" } };
const IPV6: Said = { serviceCidr: "fd12:3456:789a::/108" };

/** One golden file per scenario, named for it. */
const SCENARIOS: Readonly<Record<Family, Readonly<Record<string, Said>>>> = {
  al2: {
    "nothing-supplied": {},
    "user-supplied-parts": SHELL,
    "kubelet-arguments": { kubeletExtraArgs: "--node-labels=team=a --max-pods=20" },
    "docker-bridge": { enableDockerBridge: true },
    "everything-supplied": {
      ...KOREAN,
      kubeletExtraArgs: "--node-labels=team=a,owner='kim' --max-pods=20",
      enableDockerBridge: true,
    },
    "labels-and-taints": LABELS_AND_TAINTS,
    "max-pods": { maxPods: 110, kubeletExtraArgs: "--v=4" },
    "chosen-service-range": { serviceCidr: "192.168.0.0/20", chosenServiceCidr: "192.168.0.0/20" },
    "ip-version-6": IPV6,
    "lines-of-windows": WINDOWS,
  },
  al2023: {
    "nothing-supplied": {},
    "user-supplied-parts": SHELL,
    korean: KOREAN,
    "lines-of-windows": WINDOWS,
    "other-interpreter-and-korean": { ...KOREAN, preUserData: "#!/usr/bin/env python3\nprint('준비')\n" },
    "labels-and-taints": LABELS_AND_TAINTS,
    "kubelet-arguments": { kubeletExtraArgs: "--v=4  --kube-reserved=cpu=100m", maxPods: 110 },
    "values-yaml-would-misread": TRICKY,
    "ip-version-6": IPV6,
    "everything-supplied": { ...LABELS_AND_TAINTS, ...SHELL, kubeletExtraArgs: "--v=4", maxPods: 29 },
  },
  bottlerocket: {
    "nothing-supplied": {},
    "labels-and-taints": LABELS_AND_TAINTS,
    "more-settings": {
      additionalUserData:
        'log-level = 4\n\n[settings.host-containers.admin]\nenabled = true\n\n[settings.motd]\n"motd" = "준비"\n',
    },
    "max-pods": { maxPods: 110 },
    "ip-version-6": IPV6,
    "lines-of-windows": { additionalUserData: "log-level = 4\r\n\r\n[settings.motd]\r\nmotd = 'hello'\r\n" },
    "everything-supplied": {
      ...LABELS_AND_TAINTS,
      maxPods: 29,
      additionalUserData: '[settings.kernel.sysctl]\n"user.max_user_namespaces" = "16384"\n',
    },
  },
};

const json = (value: unknown) => new Expression(JSON.stringify(value));

function userData(said: Said): NodeUserData {
  return {
    clusterName: hcl`${"learning"}`,
    endpoint: hcl`${"https://ABCDEF.gr7.us-west-2.eks.amazonaws.com"}`,
    certificateAuthorityData: hcl`${"Q0VSVElGSUNBVEU="}`,
    serviceCidr: hcl`${said.serviceCidr ?? "10.100.0.0/16"}`,
    chosenServiceCidr: json(said.chosenServiceCidr ?? null),
    preUserData: hcl`${said.preUserData ?? ""}`,
    additionalUserData: hcl`${said.additionalUserData ?? ""}`,
    kubeletExtraArgs: hcl`${said.kubeletExtraArgs ?? ""}`,
    enableDockerBridge: hcl`${said.enableDockerBridge ?? false}`,
    maxPods: json(said.maxPods ?? null),
    labels: json(said.labels ?? {}),
    taints: json(said.taints ?? []),
  };
}

/** Every scenario as `FAMILY/NAME`. */
const ROWS = (Object.keys(FAMILIES) as Family[]).flatMap((family) =>
  Object.entries(SCENARIOS[family]).map(([name, said]) => ({ id: `${family}/${name}`, family, name, said })),
);

function goldenFile({ family, name }: { family: Family; name: string }): string {
  const { folder, extension } = FAMILIES[family];
  return join(GOLDEN, folder, `${name}.${extension}`);
}

/** Real Terraform, without any provider: one value for each scenario. */
describeEndToEnd("the user data of a node", () => {
  let rendered: Record<string, string>;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-user-data-"));
    const texts = ROWS.map(({ id, family, said }) => [id, `\${${userDataOf(hcl`${family}`, userData(said)).text}}`]);
    const output = { texts: { value: Object.fromEntries(texts) as unknown } };
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output }));
    const terraform = (...args: string[]) => run(terraformProgram(), args, { cwd: folder, env: neutralEnvironment() });
    const applied = await terraform("apply", "-auto-approve", "-input=false", "-no-color");
    if (applied.code !== 0) throw new Error(applied.output);
    const shown = JSON.parse((await terraform("output", "-json")).stdout) as {
      texts: { value: Record<string, string> };
    };
    rendered = shown.texts.value;
    rmSync(folder, { recursive: true });
  });

  it.each(ROWS)("$id", (row) => {
    expect(rendered[row.id]).toBe(readFileSync(goldenFile(row), "utf8"));
  });

  it("has a golden file for each scenario, and no other", () => {
    const files = readdirSync(GOLDEN, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

    expect(files.map(({ parentPath, name }) => join(parentPath, name)).sort()).toEqual(ROWS.map(goldenFile).sort());
  });

  it.each(ROWS.filter(({ family }) => family !== "bottlerocket"))(
    "$id names the cluster to join",
    ({ id, family, said }) => {
      const read = readUserData(Buffer.from(rendered[id] ?? "").toString("base64"));
      const { name, serviceCidr } = read[family] ?? {};

      expect(name).toBe("learning");
      if (family === "al2023") expect(serviceCidr).toBe(said.serviceCidr ?? "10.100.0.0/16");
    },
  );

  it.each(ROWS.filter(({ family }) => family === "bottlerocket"))("$id is what a node boots with", ({ id, said }) => {
    const settings = kubernetesSettings(rendered[id] ?? "");
    const { always, ofRows } = WRITTEN_SETTINGS;
    const own: readonly string[] = [...always, ...ofRows];

    expect(Object.keys(settings ?? {}).filter((key) => own.includes(key))).toEqual([
      ...always,
      ...(said.maxPods === undefined ? [] : ["max-pods"]),
      ...(said.labels === undefined ? [] : ["node-labels"]),
      ...(said.taints === undefined ? [] : ["node-taints"]),
    ]);
    expect(rendered[id]).not.toContain("\r");
  });
});
