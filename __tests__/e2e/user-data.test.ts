import { spawnSync } from "node:child_process";
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
import { fc } from "../support/properties";
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

/** One value for each row, by real Terraform without any provider. */
async function render(rows: readonly { id: string; family: Family; said: Said }[]): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-user-data-"));
  const texts = rows.map(({ id, family, said }) => [id, `\${${userDataOf(hcl`${family}`, userData(said)).text}}`]);
  const output = { texts: { value: Object.fromEntries(texts) as unknown } };
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ output }));
  const terraform = (...args: string[]) => run(terraformProgram(), args, { cwd: folder, env: neutralEnvironment() });
  const applied = await terraform("apply", "-auto-approve", "-input=false", "-no-color");
  if (applied.code !== 0) throw new Error(applied.output);
  const shown = JSON.parse((await terraform("output", "-json")).stdout) as { texts: { value: Record<string, string> } };
  rmSync(folder, { recursive: true });
  return shown.texts.value;
}

const base64 = (text = "") => Buffer.from(text).toString("base64");

describeEndToEnd("the user data of a node", () => {
  let rendered: Record<string, string>;

  beforeAll(async () => {
    rendered = await render(ROWS);
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
      const read = readUserData(base64(rendered[id]));
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

/** A key or value that a label may have. */
const NAME = fc.stringMatching(/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,8}[A-Za-z0-9])?$/);
const KEY = fc.oneof(
  NAME,
  NAME.map((name) => `example.com/${name}`),
);
const LABELS = fc.dictionary(KEY, fc.oneof(NAME, fc.constant("")), { maxKeys: 4, noNullPrototype: true });
const TAINTS = fc.array(
  fc.record({
    key: KEY,
    value: fc.oneof(NAME, fc.constant("")),
    effect: fc.constantFrom("NoSchedule", "PreferNoSchedule", "NoExecute"),
  }),
  { maxLength: 4 },
);
/** Harmless lines that a reader may stumble over. */
const SCRIPT = fc
  .array(
    fc.constantFrom(
      ...["# /etc/eks/bootstrap.sh --apiserver-endpoint wrong other", "true 'a # b'", "", 'true "$HOME"', "  true"],
      ...[
        "true '준비'",
        "if true; then true; fi",
        "true --eks-node-user-data--",
        "true ${HOME} %{HOME}",
        "Content-Type: a",
      ],
    ),
    { maxLength: 4 },
  )
  .map((lines) => lines.join("\n"));
const ARGUMENTS = fc
  .array(fc.constantFrom("--v=4", "--kube-reserved=cpu=100m,memory=1Gi", "--node-ip='::'", '--config="a b"'), {
    maxLength: 3,
  })
  .map((args) => args.join(" "));
const SAID = fc.record({
  labels: LABELS,
  taints: TAINTS,
  preUserData: SCRIPT,
  additionalUserData: SCRIPT,
  kubeletExtraArgs: ARGUMENTS,
  maxPods: fc.option(fc.integer({ min: 1, max: 250 }), { nil: undefined }),
});
type Chosen = Parameters<Parameters<typeof SAID.map>[0]>[0];

/** The words with which bash calls EKS' program. */
function wordsByBash(script: string): string[] {
  // The program itself is on a node only: a function stands for it.
  const called = script.replaceAll(/^\/etc\/eks\/bootstrap\.sh/gm, "bootstrap");
  const function_ = `bootstrap() { printf '%s\\0' "$@" >&3; }`;
  const { stdout, error } = spawnSync("bash", ["-c", `exec 3>&1 >/dev/null\n${function_}\n${called}\n`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  if (error) throw error;
  return stdout.split("\0").slice(0, -1);
}

interface Part {
  readonly type: string;
  readonly text: string;
}

/** The parts of each archive, as the parser finds them that cloud-init uses. */
function partsByPython(archives: readonly string[]): Part[][] {
  const program = `import email, json, sys
def parts(archive):
    found = [part for part in email.message_from_bytes(archive.encode()).walk() if not part.is_multipart()]
    return [{"type": part.get_content_type(), "text": part.get_payload(decode=True).decode()} for part in found]
print(json.dumps([parts(archive) for archive in json.load(sys.stdin)]))`;
  const input = JSON.stringify(archives);
  const { stdout, error, stderr } = spawnSync("python3", ["-c", program], { encoding: "utf8", input });
  if (error) throw error;
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Part[][];
}

describeEndToEnd("whatever a group of nodes says", () => {
  const seed = Number(process.env["EKS_SEED"] ?? Date.now() % 1e9);
  const chosen: readonly Chosen[] = fc.sample(SAID, { numRuns: 40, seed });
  let rendered: Record<string, string>;

  beforeAll(async () => {
    const rows = Object.keys(FAMILIES).flatMap((name) =>
      chosen.map((said, at) => {
        const family = name as Family;
        // Bottlerocket's are settings, not scripts.
        return {
          id: `${family}/${String(at)}`,
          family,
          said: family === "bottlerocket" ? { ...said, additionalUserData: "" } : said,
        };
      }),
    );
    rendered = await render(rows);
  });

  /** Each text, with what it was made from; a failure says how to make the same values. */
  function each(family: Family, judge: (text: string, said: Chosen) => void): void {
    expect(chosen).toHaveLength(40);
    chosen.forEach((said, at) => {
      const text = rendered[`${family}/${String(at)}`] ?? "";
      try {
        judge(text, said);
      } catch (error) {
        throw new Error(`with EKS_SEED=${String(seed)}, ${JSON.stringify(said)}:\n${text}`, { cause: error });
      }
    });
  }

  const inOrder = (taints: readonly object[] = []) => taints.map((taint) => JSON.stringify(taint)).sort();

  it.each<Family>(["al2", "al2023", "bottlerocket"])("is read as it was said from user data of %s", (family) => {
    each(family, (text, { labels, taints }) => {
      const read = readUserData(base64(text))[family];

      expect(read).toMatchObject({
        name: "learning",
        endpoint: "https://ABCDEF.gr7.us-west-2.eks.amazonaws.com",
        certificateAuthorityData: "Q0VSVElGSUNBVEU=",
      });
      expect(read?.labels ?? {}).toEqual(labels);
      expect(inOrder(read?.taints)).toEqual(
        inOrder(taints.map(({ key, value, effect }) => ({ key, ...(value !== "" && { value }), effect }))),
      );
    });
  });

  it("is what bash tells EKS' program", () => {
    each("al2", (text, { labels, taints, maxPods, kubeletExtraArgs }) => {
      // Terraform keeps a map's keys in order.
      const pairs = Object.keys(labels)
        .sort()
        .map((key) => `${key}=${labels[key] ?? ""}`);
      const registered = taints.map(({ key, value, effect }) => `${key}=${value}:${effect}`);
      const kubelet = [
        maxPods === undefined ? "" : `--max-pods=${String(maxPods)}`,
        pairs.length === 0 ? "" : `--node-labels=${pairs.join(",")}`,
        registered.length === 0 ? "" : `--register-with-taints=${registered.join(",")}`,
        kubeletExtraArgs,
      ];
      expect(wordsByBash(text)).toEqual([
        ...["--b64-cluster-ca", "Q0VSVElGSUNBVEU="],
        ...["--apiserver-endpoint", "https://ABCDEF.gr7.us-west-2.eks.amazonaws.com"],
        ...["--enable-docker-bridge", "false"],
        ...(maxPods === undefined ? [] : ["--use-max-pods", "false"]),
        ...["--kubelet-extra-args", kubelet.filter((part) => part !== "").join(" ")],
        "learning",
      ]);
    });
  });

  it("is in the parts that cloud-init finds", () => {
    const archives = partsByPython(chosen.map((_, at) => rendered[`al2023/${String(at)}`] ?? ""));
    const script = (own: string) =>
      own === "" ? [] : [{ type: "text/x-shellscript", text: `#!/bin/bash\n${own}`.trimEnd() }];

    each("al2023", (text, { preUserData, additionalUserData }) => {
      // One that is base64 for its characters ends with a line break.
      const parts = (archives.shift() ?? []).map((part) => ({ ...part, text: part.text.trimEnd() }));

      const config = parts.find(({ type }) => type === "application/node.eks.aws");
      expect(parts).toEqual([...script(preUserData), config, ...script(additionalUserData)]);
      expect(readUserData(base64(config?.text))).toEqual(readUserData(base64(text)));
    });
  });
});
