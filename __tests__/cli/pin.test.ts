import { askForImages, askForPins } from "../../cli/pin/offers";
import {
  chooseFamily,
  chooseVersion,
  pinProblems,
  pinWarnings,
  volumeGiB,
  type Pins,
  type PinSurroundings,
} from "../../cli/pin/pins";
import { pinsDiff, pinsText, valuesIn } from "../../cli/pin/pins-file";
import type { OfferedVersion } from "../../aws/clusters";
import { BASTION_PARAMETER } from "../../facts/images";
import type { Proxy } from "../../rehearsal/machine/proxy";
import { startStandIn, type Answers } from "../support/pins-stand-in";
import { synthesized } from "../support/synthesized";

const NOW = new Date("2026-11-21T09:00:00Z");
const offer = (version: string, support: OfferedVersion["support"], standardUntil = "2027-08-02"): OfferedVersion => ({
  version,
  support,
  standardUntil,
  extendedUntil: "2028-08-02",
});
const OFFER = [
  offer("1.36", "standard"),
  offer("1.34", "standard", "2026-12-02"),
  offer("1.32", "extended", "2026-03-23"),
  offer("1.31", "extended", "2025-11-26"),
];
const PINS: Pins = {
  region: "ap-northeast-2",
  version: "1.32",
  family: "al2",
  offered: offer("1.32", "extended"),
  node: {
    id: "ami-0aaaaaaaaaaaaaaaa",
    name: "amazon-eks-node-1.32-v20251209",
    architecture: "x86_64",
    rootGiB: 20,
    deprecatedFrom: "",
    source: "SSM /aws/service/eks/optimized-ami/1.32/amazon-linux-2/recommended",
  },
  bastion: {
    id: "ami-0bbbbbbbbbbbbbbbb",
    name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261112",
    architecture: "x86_64",
    rootGiB: 8,
    deprecatedFrom: "",
    source: `SSM ${BASTION_PARAMETER}`,
  },
};

/** Tfvars that say nothing of what pins have to fit with. */
const DEFAULTS: PinSurroundings = {
  volumeGiB: { eks_worker_node_volume_size: 10, kubectl_ec2_volume_size: 8 },
  bastionUser: "ubuntu",
};

describe("the family of the nodes", () => {
  it.each([
    [{}, "al2023"],
    [{ version: "1.33" }, "al2023"],
    [{ version: "1.32" }, "al2"],
    [{ version: "1.32", family: "al2023" as const }, "al2023"],
    [{ version: "1.36", family: "bottlerocket" as const }, "bottlerocket"],
    [{ family: "al2" as const }, "al2"],
  ])("of the wish %j is %s", (wish, family) => {
    expect(chooseFamily(wish)).toBe(family);
  });
});

describe("the version", () => {
  it.each([
    ["the newest in standard support", OFFER, "al2023", undefined, "1.36"],
    ["the newest that the family has, even in extended support", OFFER, "al2", undefined, "1.32"],
    ["the one asked for", OFFER, "al2", "1.31", "1.31"],
    ["the one asked for, when EKS does not tell", { unknown: "AccessDenied" }, "al2", "1.30", "1.30"],
    ["compared as a number", [offer("1.99", "standard"), offer("1.10", "standard")], "al2023", undefined, "1.99"],
  ] as const)("is %s", (_, offered, family, wanted, version) => {
    expect(chooseVersion(offered, family, wanted)).toBe(version);
  });

  it.each([
    [
      "that EKS does not offer",
      OFFER,
      "1.14",
      "EKS makes no cluster of version 1.14; it offers 1.36, 1.34, 1.32, 1.31",
    ],
    [
      "that the family has no AMI for",
      OFFER,
      "1.34",
      "whose last is for 1.32: pin --family al2023 or --family bottlerocket, or 1.32 or older",
    ],
    [
      "of nobody's choice",
      { unknown: "HTTP 404" },
      undefined,
      "EKS did not say which versions it offers (HTTP 404); name one",
    ],
    [
      "when none fits the family",
      [offer("1.36", "standard")],
      undefined,
      "Amazon Linux 2 has an AMI for none of them: pin --family al2023",
    ],
  ])("fails to be one %s", (_, offered, wanted, message) => {
    expect(() => chooseVersion(offered, "al2", wanted)).toThrow(message);
  });
});

describe("pins", () => {
  it("that fit together have no problem", () => {
    expect(pinProblems(PINS)).toEqual([]);
  });

  it.each([
    [
      "another minor",
      { node: { ...PINS.node, name: "amazon-eks-node-1.31-v20251209" } },
      "must be for Kubernetes 1.32, got one for 1.31",
    ],
    [
      "another family",
      { node: { ...PINS.node, name: "amazon-eks-node-al2023-x86_64-standard-1.32-v20260714" } },
      "must be of Amazon Linux 2, got Amazon Linux 2023, with whose user data the nodes would not join",
    ],
    [
      "another architecture by its name",
      { node: { ...PINS.node, name: "amazon-eks-arm64-node-1.32-v20251209" } },
      "must be for x86_64, got arm64",
    ],
    ["another architecture", { node: { ...PINS.node, architecture: "arm64" } }, "must be for x86_64, got arm64"],
    [
      "graphics",
      { node: { ...PINS.node, name: "amazon-eks-gpu-node-1.32-v20251209" } },
      "must be a standard one, got gpu",
    ],
    [
      "nobody's name",
      { node: { ...PINS.node, name: "golden-image" } },
      "must be one of EKS', got ami-0aaaaaaaaaaaaaaaa (golden-image)",
    ],
    [
      "a bastion of another architecture",
      { bastion: { ...PINS.bastion, architecture: "arm64" } },
      "the bastion must be for x86_64, got arm64",
    ],
    [
      "another Ubuntu",
      { bastion: { ...PINS.bastion, name: "ubuntu-jammy-22.04-amd64-server-1" } },
      "must be a server of Ubuntu 24.04",
    ],
    ["no id", { bastion: { ...PINS.bastion, id: 'ami-1"\nx = "' } }, "which is no id of an AMI"],
  ])("are refused with %s", (_, changed, problem) => {
    expect(pinProblems({ ...PINS, ...changed })).toEqual([expect.stringContaining(problem)]);
  });

  it("are warned about when they cost more, are old, or need a larger volume", () => {
    const node = { ...PINS.node, deprecatedFrom: "2026-11-20" };

    expect(pinWarnings({ ...PINS, node }, NOW, DEFAULTS)).toEqual([
      "1.32 is in extended support, which costs more for every hour of the cluster, until 2028-08-02",
      "Amazon Linux 2 gets no more fixes: it ended on 2026-06-30, and its EKS AMIs on 2025-11-26; " +
        "--family al2023 or --family bottlerocket",
      "ami-0aaaaaaaaaaaaaaaa (amazon-eks-node-1.32-v20251209) has been deprecated since 2026-11-20",
      "eks_worker_node_volume_size has to be 20 or more in your tfvars for ami-0aaaaaaaaaaaaaaaa; it is 10",
    ]);
    expect(
      pinWarnings({ ...PINS, family: "al2023", offered: offer("1.34", "standard", "2026-12-02") }, NOW, DEFAULTS),
    ).toContainEqual("the standard support of 1.32 ends on 2026-12-02, and the extended one costs more");
  });
});

describe("the file of pins", () => {
  it("says what is pinned, by whom it was named, and when", () => {
    expect(pinsText(PINS, NOW)).toBe(
      [
        "# Written by `eks pin` on 2026-11-21 with what AWS offers in ap-northeast-2. Commit it like a lock file.",
        "",
        "# in extended support until 2028-08-02, says EKS DescribeClusterVersions",
        'eks_version = "1.32"',
        "",
        "# amazon-eks-node-1.32-v20251209 (x86_64)",
        "# from SSM /aws/service/eks/optimized-ami/1.32/amazon-linux-2/recommended",
        'eks_worker_node_ami_id = "ami-0aaaaaaaaaaaaaaaa"',
        'eks_worker_node_ami_family = "al2"',
        "",
        "# ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261112 (x86_64)",
        `# from SSM ${BASTION_PARAMETER}`,
        'kubectl_image_id = "ami-0bbbbbbbbbbbbbbbb"',
        "",
      ].join("\n"),
    );
  });

  it.each(["al2023", "bottlerocket"] as const)(
    "wants a launch template for %s, and volumes that are large enough where the tfvars' are not",
    (family) => {
      expect(pinsText({ ...PINS, family }, NOW, 20)).toContain(
        [
          'eks_worker_node_ami_id = "ami-0aaaaaaaaaaaaaaaa"',
          `eks_worker_node_ami_family = "${family}"`,
          'eks_worker_node_launch = "template"',
          "eks_worker_node_volume_size = 20\n",
        ].join("\n"),
      );
      expect(pinsText({ ...PINS, family }, NOW)).not.toContain("volume_size");
    },
  );

  it.each([
    ["al2", 8, 8],
    ["al2", 30, 30],
    ["al2023", 0, 20],
    ["bottlerocket", 2, 20],
    ["al2023", 30, 30],
  ] as const)("wants a volume for %s with a snapshot of %d GiB of %d", (family, rootGiB, wanted) => {
    expect(volumeGiB({ family, node: { ...PINS.node, rootGiB } })).toBe(wanted);
  });

  it("sets variables that the stack has", () => {
    const set = [...pinsText({ ...PINS, family: "al2023" }, NOW, 20).matchAll(/^(\w+) = /gm)].map(([, name]) => name);

    expect(set).toHaveLength(6);
    expect(Object.keys(synthesized().variable)).toEqual(expect.arrayContaining(set));
  });

  it("has no line that AWS could have broken into two", () => {
    const text = pinsText({ ...PINS, node: { ...PINS.node, name: 'x\neks_version = "1.14"' } }, NOW);

    expect(text.match(/^eks_version/gm)).toHaveLength(1);
  });

  it("changes nothing when only the day differs", () => {
    const later = pinsText(PINS, new Date("2027-01-01T00:00:00Z"));

    expect(pinsDiff(pinsText(PINS, NOW), later)).toEqual([]);
    expect(pinsDiff(pinsText(PINS, NOW).replaceAll("\n", "\r\n"), later)).toEqual([]);
  });

  it("shows what changes", () => {
    const newer = { ...PINS, node: { ...PINS.node, id: "ami-0cccccccccccccccc" } };

    const diff = pinsDiff(pinsText(PINS, NOW), pinsText(newer, NOW));

    expect(diff.filter((line) => !line.startsWith(" ") && line !== "")).toEqual([
      '- eks_worker_node_ami_id = "ami-0aaaaaaaaaaaaaaaa"',
      '+ eks_worker_node_ami_id = "ami-0cccccccccccccccc"',
    ]);
    const anew = pinsDiff("", pinsText(PINS, NOW));
    expect(anew).toHaveLength(13);
    expect(anew.filter((line) => !line.startsWith("+"))).toEqual([]);
  });

  it("loses to what the user's tfvars set", () => {
    const tfvars = '# eks_version = "1.31"\n  kubectl_image_id= "ami-1"\neks_worker_node_ami_ids = 1\n';

    expect([...valuesIn(tfvars)]).toEqual([
      ["kubectl_image_id", "ami-1"],
      ["eks_worker_node_ami_ids", "1"],
    ]);
  });
});

describe("asking AWS for pins", () => {
  const NODE_PARAMETER = "/aws/service/eks/optimized-ami/1.32/amazon-linux-2/recommended";
  const VERSIONS = [
    {
      clusterVersions: [
        { clusterVersion: "1.36", versionStatus: "STANDARD_SUPPORT", endOfStandardSupportDate: 1817164800 },
        { clusterVersion: "1.30", versionStatus: "UNSUPPORTED" },
      ],
      nextToken: "1",
    },
    {
      clusterVersions: [
        { clusterVersion: "1.32", versionStatus: "EXTENDED_SUPPORT", endOfExtendedSupportDate: 1805760000 },
      ],
    },
  ];
  const PARAMETERS = {
    [NODE_PARAMETER]: JSON.stringify({ schema_version: "2", image_id: PINS.node.id, image_name: PINS.node.name }),
    [BASTION_PARAMETER]: PINS.bastion.id,
  };
  const IMAGES = [PINS.node, PINS.bastion];
  let standIn: Proxy | undefined;

  afterEach(() => {
    standIn?.stop();
  });

  const asked = async (answers: Answers, wish = {}) => {
    standIn = await startStandIn(answers);
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    return askForPins({ region: "ap-northeast-2", endpoint: standIn.endpoint, credentials }, wish);
  };

  it("reads every page of versions, the parameters, and the images that they name", async () => {
    const pins = await asked({ versions: VERSIONS, parameters: PARAMETERS, images: IMAGES }, { version: "1.32" });

    expect(pins).toEqual({
      ...PINS,
      offered: { version: "1.32", support: "extended", standardUntil: "", extendedUntil: "2027-03-23" },
      bastion: { ...PINS.bastion, rootGiB: 20 },
    });
  });

  it.each([
    [
      "al2023",
      "/aws/service/eks/optimized-ami/1.36/amazon-linux-2023/x86_64/standard/recommended",
      JSON.stringify({ image_id: PINS.node.id }),
      "amazon-eks-node-al2023-x86_64-standard-1.36-v20260714",
    ],
    [
      "bottlerocket",
      "/aws/service/bottlerocket/aws-k8s-1.36/x86_64/latest/image_id",
      PINS.node.id,
      "bottlerocket-aws-k8s-1.36-x86_64-v1.50.0-0123abcd",
    ],
  ] as const)("finds %s where AWS names it", async (family, parameter, value, name) => {
    const parameters = { [parameter]: value, [BASTION_PARAMETER]: PINS.bastion.id };

    const pins = await asked(
      { versions: VERSIONS, parameters, images: [{ id: PINS.node.id, name }, PINS.bastion] },
      { family },
    );

    expect(pins).toMatchObject({
      version: "1.36",
      family,
      node: { id: PINS.node.id, name, source: `SSM ${parameter}` },
    });
  });

  it("finds images that are deprecated, by their ids and by their names", async () => {
    const isDeprecated = true;
    const named = await asked(
      {
        versions: VERSIONS,
        parameters: PARAMETERS,
        images: [
          { ...PINS.node, isDeprecated },
          { ...PINS.bastion, isDeprecated },
        ],
      },
      { version: "1.32" },
    );
    standIn?.stop();
    const listed = await asked(
      {
        versions: VERSIONS,
        parameters: { [BASTION_PARAMETER]: PINS.bastion.id },
        images: [{ ...PINS.node, isDeprecated }, PINS.bastion],
      },
      { version: "1.32" },
    );

    expect([named.node.id, listed.node.id]).toEqual([PINS.node.id, PINS.node.id]);
  });

  it("finds the images of several kinds, and says which there are none of", async () => {
    const kinds = (["al2", "al2023", "bottlerocket"] as const).flatMap((family) =>
      (["x86_64", "arm64"] as const).flatMap((architecture) =>
        ["1.30", "1.31"].map((version) => ({ family, architecture, version })),
      ),
    );
    const images = [
      { id: "ami-1", name: "amazon-eks-arm64-node-1.31-v20251209", architecture: "arm64" },
      { id: "ami-2", name: "amazon-eks-node-al2023-arm64-standard-1.31-v20260714", architecture: "arm64" },
      { id: "ami-3", name: "bottlerocket-aws-k8s-1.31-aarch64-v1.50.0-0123abcd", architecture: "arm64" },
    ];
    standIn = await startStandIn({
      parameters: { "/aws/service/eks/optimized-ami/1.31/amazon-linux-2-arm64/recommended": '{"image_id":"ami-1"}' },
      images,
    });
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };

    const found = await askForImages({ region: "ap-northeast-2", endpoint: standIn.endpoint, credentials }, kinds);

    expect(found.map((it) => ("none" in it ? undefined : it.id))).toEqual(
      kinds.map(({ family, architecture, version }) =>
        architecture === "arm64" && version === "1.31"
          ? { al2: "ami-1", al2023: "ami-2", bottlerocket: "ami-3" }[family]
          : undefined,
      ),
    );
    expect(found[0]).toEqual({
      none:
        "AWS has no AMI of Amazon Linux 2 for 1.30 (x86_64): neither SSM " +
        "/aws/service/eks/optimized-ami/1.30/amazon-linux-2/recommended nor an image of Amazon's called " +
        "amazon-eks-node-1.30-v*",
    });
  });

  it("goes on without EKS' versions when one is named", async () => {
    const pins = await asked({ parameters: PARAMETERS, images: IMAGES }, { version: "1.32" });

    expect(pins.offered).toBeUndefined();
    expect(pins.node.id).toBe(PINS.node.id);
  });

  it("takes the newest of Amazon's images when the parameter is gone", async () => {
    const older = {
      id: "ami-0dddddddddddddddd",
      name: "amazon-eks-node-1.32-v20250101",
      created: "2025-01-01T00:00:00.000Z",
    };
    const parameters = { [BASTION_PARAMETER]: PINS.bastion.id };

    const pins = await asked({ versions: VERSIONS, parameters, images: [older, ...IMAGES] }, { version: "1.32" });

    expect(pins.node).toMatchObject({
      id: PINS.node.id,
      source: "EC2 DescribeImages, the newest amazon-eks-node-1.32-v* of Amazon's",
    });
  });

  it.each([
    [
      "EKS says nothing and no version is named",
      { parameters: PARAMETERS, images: IMAGES },
      "EKS did not say which versions it offers",
    ],
    [
      "there is no AMI for nodes",
      { versions: VERSIONS, parameters: { [BASTION_PARAMETER]: PINS.bastion.id }, images: [] },
      "AWS has no AMI of Amazon Linux 2 for 1.32 (x86_64): neither SSM",
    ],
    [
      "there is no AMI for the bastion",
      { versions: VERSIONS, parameters: {}, images: [] },
      `SSM has no ${BASTION_PARAMETER}`,
    ],
    [
      "EC2 does not know the AMI",
      { versions: VERSIONS, parameters: PARAMETERS, images: [] },
      `EC2 does not know the AMI ${PINS.node.id}`,
    ],
    [
      "the AMI is of another minor",
      {
        versions: VERSIONS,
        parameters: PARAMETERS,
        images: [{ id: PINS.node.id, name: "amazon-eks-node-1.31-v20251209" }, PINS.bastion],
      },
      "nothing is pinned: the AMI for nodes must be for Kubernetes 1.32, got one for 1.31",
    ],
  ])("fails when %s", async (_, answers, message) => {
    await expect(asked(answers, { family: "al2" })).rejects.toThrow(message);
  });
});
