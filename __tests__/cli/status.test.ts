import type { ClusterFacts } from "../../cli/doctor/cluster-facts";
import { notInside } from "../../cli/doctor/inside-facts";
import { statusOf, statusLines, type Status } from "../../cli/status";
import { AFTER } from "../support/facts";

const { handover, cluster, inside } = AFTER;

function statusText(status: Status): string {
  return statusLines(status).join("\n");
}

describe("the status of a stack", () => {
  it("counts nodes that are wanted, run, have joined and are Ready", () => {
    const known = "ok" in inside.cluster ? inside.cluster.ok : undefined;
    if (known === undefined || "unreachable" in known) throw new Error("not in the fixture");
    const sick = known.nodes.map((node, i) => (i === 0 ? { ...node, isReady: false } : node));

    const { nodeGroups } = statusOf(handover, cluster, { ...inside, cluster: { ok: { ...known, nodes: sick } } });

    expect(nodeGroups).toEqual([
      { name: "awskrug_gudi_eks-worker", wanted: 2, running: 2, joined: 2, ready: 1, cordoned: 0 },
    ]);
  });

  it("does not count a node that takes no pods among those that are Ready", () => {
    const known = "ok" in inside.cluster ? inside.cluster.ok : undefined;
    if (known === undefined || "unreachable" in known) throw new Error("not in the fixture");
    const nodes = known.nodes.map((node, i) => ({ ...node, isCordoned: i === 0 }));

    const status = statusOf(handover, cluster, { ...inside, cluster: { ok: { ...known, nodes } } });

    expect(status.nodeGroups).toMatchObject([{ joined: 2, ready: 1, cordoned: 1 }]);
    expect(statusText(status)).toMatch(/^awskrug_gudi_eks-worker +2 +2 +2 +1 \(1 cordoned\)$/m);
  });

  it("has a row for each of several groups, also for one that is not there", () => {
    const sizes = {
      "k-a-zone-a": { min: 0, max: 9, desired: 3 },
      "a-group-with-a-long-name": { min: 0, max: 1, desired: 0 },
    };
    const many = { ...handover, node_groups: { ...handover.node_groups, ...sizes } };

    expect(statusText(statusOf(many, cluster, inside))).toContain(
      [
        "NODE GROUP                 WANTED   RUNNING   JOINED   READY",
        "awskrug_gudi_eks-worker    2        2         2        2",
        "k-a-zone-a                 3        0         0        0",
        "a-group-with-a-long-name   0        0         0        0\n",
      ].join("\n"),
    );
  });

  it("is a table of what there is and what is billed", () => {
    expect(statusText(statusOf(handover, cluster, inside))).toBe(
      `cluster     awskrug_gudi_eks in ap-northeast-2: ACTIVE
endpoint    https://ABCDEF.gr7.ap-northeast-2.eks.amazonaws.com
open to     the VPC (private)
access by   CONFIG_MAP
versions    control plane 1.32, nodes v1.32.9-eks-aeac579
bastion     ubuntu@203.0.113.9 (i-0123456789abcdef0): running, answers

NODE GROUP                WANTED   RUNNING   JOINED   READY
awskrug_gudi_eks-worker   2        2         2        2

BILLED                   ID                    BY
EKS control plane        awskrug_gudi_eks      an hour; more in extended support
NAT gateway              nat-1                 an hour, and a GB that passes through
public IPv4 address      nat-1                 an hour
EC2 instance t3.medium   i-1                   an hour, by the second
EBS volume               vol-of-i-1            a GiB-month, stopped instances too
EC2 instance t3.medium   i-2                   an hour, by the second
EBS volume               vol-of-i-2            a GiB-month, stopped instances too
EC2 instance t3.micro    i-0123456789abcdef0   an hour, by the second
public IPv4 address      i-0123456789abcdef0   an hour
EBS volume               vol-of-bastion        a GiB-month, stopped instances too`,
    );
  });

  it("has no line that a kubelet or a tag has forged, and nothing that a terminal obeys", () => {
    const status = statusOf(handover, cluster, inside);
    const forged = "v1\u001b[2J\r\u202e\nerror: x";

    const lines = statusLines({
      ...status,
      versions: { ...status.versions, nodes: [forged] },
      nodeGroups: status.nodeGroups.map((it) => ({ ...it, name: forged })),
    });

    expect(lines).toContain(String.raw`versions    control plane 1.32, nodes v1\x1b[2J\x0d\u202e error: x`);
    expect(lines.filter((line) => line.startsWith("error"))).toEqual([]);
    expect(lines).toHaveLength(statusLines(status).length);
  });

  it("has a question mark for what cannot be seen, and says why", () => {
    const status = statusOf(handover, cluster, notInside("the bastion was not asked"));

    expect(status.nodeGroups[0]).toMatchObject({ running: 2, joined: null, ready: null });
    expect(statusText(status)).toContain("awskrug_gudi_eks-worker   2        2         ?        ?");
    expect(statusText(status)).toContain("? cluster: the bastion was not asked");
  });

  it.each([
    [true, false, [], "the VPC (private)"],
    [
      true,
      true,
      ["203.0.113.0/24", "198.51.100.7/32"],
      "the VPC (private) and 203.0.113.0/24, 198.51.100.7/32 (public)",
    ],
    [false, true, ["0.0.0.0/0"], "0.0.0.0/0 (public)"],
    [false, false, [], "nobody"],
  ])("says whom the endpoint is open to: private %s, public %s", (isPrivate, isPublic, publicCidrs, text) => {
    const status = statusOf(handover, cluster, inside);
    const changed = { ...status.cluster, private: isPrivate, public: isPublic, publicCidrs };

    expect(statusText({ ...status, cluster: changed }).split("\n")[2]).toBe(`open to     ${text}`);
    expect(statusText({ ...status, cluster: { ...changed, private: null } })).toContain("open to     ?\n");
  });

  it("says how far nodes are behind", () => {
    const plane = "ok" in cluster.controlPlane ? cluster.controlPlane.ok : undefined;
    if (plane === undefined) throw new Error("not in the fixture");
    const newer: ClusterFacts = { ...cluster, controlPlane: { ok: { ...plane, version: "1.34" } } };

    expect(statusText(statusOf(handover, newer, inside))).toMatch(/^versions .* \(2 behind\)$/m);
  });

  it("says what is not there any more, and bills nothing for it", () => {
    const gone: ClusterFacts = { ...cluster, controlPlane: { ok: undefined }, bastion: { ok: undefined } };

    const status = statusOf(handover, gone, inside);

    expect(status.cluster.status).toBe("missing");
    expect(status.bastion.status).toBe("missing");
    expect(status.billed.map(({ what }) => what)).not.toContain("EKS control plane");
  });

  it("comes as JSON with null for what cannot be seen", () => {
    const status = statusOf(handover, cluster, notInside("not asked"));

    expect(JSON.parse(JSON.stringify(status))).toEqual(status);
    expect(status.versions).toEqual({ controlPlane: "1.32", nodes: null, behind: null });
  });
});
