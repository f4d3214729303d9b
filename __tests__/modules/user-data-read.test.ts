import { gzipSync } from "node:zlib";

import { readUserData } from "../../modules/user-data/read";
import { al2Script } from "../support/al2-script";
import { GOLDEN_CLUSTER, GOLDEN_USER_DATA, goldenUserData } from "../support/golden-user-data";

const NAMED = { name: "demo", endpoint: "https://127.0.0.1:6443", certificateAuthorityData: "LS0t" };
const SCRIPT = al2Script({
  clusterName: NAMED.name,
  endpoint: NAMED.endpoint,
  certificateAuthorityData: NAMED.certificateAuthorityData,
  preUserData: "echo 'before'; # /etc/eks/bootstrap.sh is next",
  additionalUserData: "echo after",
  kubeletExtraArgs: "--node-labels=a=b --register-with-taints='c=d:NoSchedule'".replaceAll("'", String.raw`'\''`),
});
/** A NodeConfig as people write it by hand, from nodeadm's own documentation. */
const NODE_CONFIG = `---
apiVersion: node.eks.aws/v1alpha1
kind: NodeConfig
spec:
  cluster:
    name: demo
    apiServerEndpoint: https://127.0.0.1:6443
    certificateAuthority: LS0t
    cidr: 172.20.0.0/16
`;
const NODEADM = { ...NAMED, serviceCidr: "172.20.0.0/16" };

const SETTINGS = `# of a group
[settings.kubernetes]
cluster-name = "demo"
api-server = 'https://127.0.0.1:6443'
cluster-certificate = "LS0t"
cluster-dns-ip = "172.20.0.10"
max-pods = 110

[settings.kubernetes.node-labels]
"example.com/role" = "web"
team = "a"

[settings.kubernetes.node-taints]
gpu = ["yes:NoSchedule"]
spot = [
  ":NoExecute", # at once
  "soon:PreferNoSchedule",
]
`;
const BOTTLEROCKET = {
  ...NAMED,
  dnsIp: "172.20.0.10",
  labels: { "example.com/role": "web", team: "a" },
  taints: [
    { key: "gpu", value: "yes", effect: "NoSchedule" },
    { key: "spot", effect: "NoExecute" },
    { key: "spot", value: "soon", effect: "PreferNoSchedule" },
  ],
};

function archive(...parts: string[]): string {
  const head = 'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="BOUNDARY"\n\n';
  return `${head}${parts.map((part) => `--BOUNDARY\n${part}\n`).join("")}--BOUNDARY--\n`;
}
const configPart = (text: string) => `Content-Type: application/node.eks.aws\n\n${text}`;
const scriptPart = (text: string) => `Content-Type: text/x-shellscript; charset="us-ascii"\n\n${text}`;

/** What others write: AWS' documentation, eksctl, people. */
describe("user data of a node", () => {
  it.each([
    [
      "the workshop's own script",
      SCRIPT,
      {
        al2: {
          ...NAMED,
          labels: { a: "b" },
          taints: [{ key: "c", value: "d", effect: "NoSchedule" }],
        },
      },
    ],
    ["a script that gives the name alone", "#!/bin/sh\n/etc/eks/bootstrap.sh demo\n", { al2: { name: "demo" } }],
    [
      "a script with its call on several lines, and more after it",
      '#!/bin/sh\nset -o xtrace\n/etc/eks/bootstrap.sh "demo" \\\n  --apiserver-endpoint https://127.0.0.1:6443 \\\n' +
        "  --b64-cluster-ca LS0t && echo joined > /tmp/it\n",
      { al2: NAMED },
    ],
    ["a script whose call is a comment", "#!/bin/sh\n# /etc/eks/bootstrap.sh demo\n", {}],
    ["nothing", "", {}],
    ["a NodeConfig on its own", NODE_CONFIG, { al2023: NODEADM }],
    ["a script that writes a NodeConfig for somebody else", `#!/bin/sh\ncat <<EOF\n${NODE_CONFIG}EOF\n`, {}],
    ["an archive with a NodeConfig", archive(configPart(NODE_CONFIG)), { al2023: NODEADM }],
    [
      "an archive with both, and a second NodeConfig that wins",
      archive(
        scriptPart("#!/bin/sh\n/etc/eks/bootstrap.sh old\n"),
        configPart(NODE_CONFIG),
        configPart("apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: { cluster: { name: other } }\n"),
      ),
      { al2: { name: "old" }, al2023: { ...NODEADM, name: "other" } },
    ],
    [
      "a part in base64",
      archive(
        `Content-Transfer-Encoding: base64\nContent-Type: application/node.eks.aws\n\n${Buffer.from(NODE_CONFIG).toString("base64")}`,
      ),
      { al2023: NODEADM },
    ],
    [
      "an archive with lines that end as in mail",
      archive(configPart(NODE_CONFIG)).replaceAll("\n", "\r\n"),
      { al2023: NODEADM },
    ],
    [
      "a NodeConfig with labels and taints among the kubelet's flags, and more of them in a second one",
      archive(
        configPart(`${NODE_CONFIG}  kubelet:
    flags:
      - --node-labels=role=web,team=a=b
      - --register-with-taints=gpu=yes:NoSchedule,spot:NoExecute
      - --v=2
`),
        configPart(
          "apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: { kubelet: { flags: [--node-labels=role=api] } }\n",
        ),
      ),
      {
        al2023: {
          ...NODEADM,
          labels: { role: "api", team: "a=b" },
          taints: [
            { key: "gpu", value: "yes", effect: "NoSchedule" },
            { key: "spot", effect: "NoExecute" },
          ],
        },
      },
    ],
    ["Bottlerocket's settings", SETTINGS, { bottlerocket: BOTTLEROCKET }],
    [
      "Bottlerocket's settings with dots in their keys",
      'settings.kubernetes.cluster-name = "demo"\n[settings.kubernetes.node-labels]\nrole = "web" # not "api"\n',
      { bottlerocket: { name: "demo", labels: { role: "web" } } },
    ],
    [
      "Bottlerocket's settings behind comments, in one table",
      '# of the team\n\n[settings] # all\nkubernetes = { cluster-name = "demo", api-server = "https://127.0.0.1:6443" }\n',
      { bottlerocket: { name: "demo", endpoint: "https://127.0.0.1:6443" } },
    ],
    [
      "Bottlerocket's settings with blanks in a header, and something else before",
      '[settings.host-containers.admin]\nenabled = true\n[ settings . "kubernetes" ]\ncluster-name = "demo"\n',
      { bottlerocket: { name: "demo" } },
    ],
    [
      "Bottlerocket's settings with a script inside",
      'settings.kubernetes.cluster-name = "demo"\nsettings.motd = """\n#!/bin/sh\n/etc/eks/bootstrap.sh other"""\n',
      { bottlerocket: { name: "demo" } },
    ],
    ["a call without #!, which nothing runs", "/etc/eks/bootstrap.sh demo\n", {}],
    ["a script behind an empty line", "\n#!/bin/sh\n/etc/eks/bootstrap.sh demo\n", { al2: { name: "demo" } }],
    [
      "a script with a head and no archive",
      `MIME-Version: 1.0\n${scriptPart("#!/bin/sh\n\n/etc/eks/bootstrap.sh demo\n")}`,
      { al2: { name: "demo" } },
    ],
    ["settings that are not TOML", `${SETTINGS}\nnot toml\n`, {}],
    ["settings with a key twice", SETTINGS.replace("cluster-name", 'cluster-name = "twice"\ncluster-name'), {}],
    ["settings with a table where a number belongs", `${SETTINGS}\n[settings.kubernetes.max-pods]\na = 1\n`, {}],
    ["settings of something else", "[settings.host-containers.admin]\nenabled = true\n", {}],
    ["a NodeConfig that is not YAML", archive(configPart("apiVersion: node.eks.aws/v1alpha1\nspec: [")), {}],
  ])("is understood when it is %s", (_, text, expected) => {
    expect(readUserData(Buffer.from(text).toString("base64"))).toEqual(expected);
    expect(readUserData(gzipSync(text).toString("base64"))).toEqual(expected);
  });
});

describe("the user data that Terraform renders for a node", () => {
  const { name, endpoint, certificateAuthorityData } = GOLDEN_CLUSTER;
  const labels = { empty: "", "example.com/pool": "batch-1", team: "a" };
  const taints = [
    { key: "dedicated", value: "batch", effect: "NoSchedule" },
    { key: "dedicated", value: "batch", effect: "NoExecute" },
    { key: "example.com/gpu", effect: "PreferNoSchedule" },
  ];
  const encoded = (text: string) => Buffer.from(text).toString("base64");

  it.each(GOLDEN_USER_DATA)("names its cluster in one way: $file", ({ text, family }) => {
    const read = readUserData(encoded(text));

    expect(Object.keys(read)).toEqual([family]);
    expect(read[family]).toMatchObject({ name, endpoint, certificateAuthorityData });
  });

  it.each([
    ["labels-and-taints.sh", "al2", { labels, taints }],
    ["everything-supplied.sh", "al2", { labels: { team: "a", owner: "kim" } }],
    ["chosen-service-range.sh", "al2", { dnsIp: "192.168.0.10" }],
    ["al2023/labels-and-taints.mime", "al2023", { labels, taints, serviceCidr: "10.100.0.0/16" }],
    ["al2023/everything-supplied.mime", "al2023", { labels, taints }],
    ["al2023/values-yaml-would-misread.mime", "al2023", { labels: { on: "true", version: "1.10", norway: "no" } }],
    ["al2023/ip-version-6.mime", "al2023", { serviceCidr: "fd12:3456:789a::/108" }],
    ["kubelet-arguments.sh", "al2", { labels: { team: "a" } }],
    ["bottlerocket/everything-supplied.toml", "bottlerocket", { labels, taints, dnsIp: "10.100.0.10" }],
    ["bottlerocket/ip-version-6.toml", "bottlerocket", { dnsIp: "fd12:3456:789a::a" }],
  ] as const)("says what the node registers with: %s", (file, family, expected) => {
    expect(readUserData(goldenUserData(file))[family]).toMatchObject(expected);
  });

  it("is read in an archive around it, compressed, with a part of the user's own before it", () => {
    const own = gzipSync("#!/bin/sh\necho before\n").toString("base64");
    const config = gzipSync(NODE_CONFIG).toString("base64");
    const part = (type: string, body: string) => `Content-Type: ${type}\nContent-Transfer-Encoding: base64\n\n${body}`;
    const text = archive(part("text/x-shellscript", own), part("application/node.eks.aws", config));

    expect(readUserData(gzipSync(text).toString("base64"))).toEqual({ al2023: NODEADM });
  });

  it("is read where the head of the archive goes on in a second line", () => {
    const text = archive(configPart(NODE_CONFIG)).replace("multipart/mixed; ", "multipart/mixed;\n ");

    expect(readUserData(encoded(text))).toEqual({ al2023: NODEADM });
  });

  it("that is broken says nothing", () => {
    expect(readUserData(Buffer.from([0x1f, 0x8b, 0, 0]).toString("base64"))).toEqual({});
  });
});
