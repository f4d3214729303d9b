import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Node } from "../../bootstrap/nodes";
import { ACCOUNT_RULES } from "../../cli/doctor/account-rules";
import type { ClusterFacts } from "../../cli/doctor/cluster-facts";
import { CLUSTER_RULES } from "../../cli/doctor/cluster-rules";
import {
  CODES,
  examineAccount,
  examineCluster,
  examineState,
  exitCode,
  findingsJson,
  findingsLines,
} from "../../cli/doctor/doctor";
import type { Finding } from "../../cli/doctor/finding";
import { notInside } from "../../cli/doctor/inside-facts";
import { launchCure } from "../../cli/doctor/launch-failures";
import { blockedAt } from "../../cli/doctor/security-groups";
import { stackInputs } from "../../cli/stack-inputs";
import { STATE_RULES } from "../../cli/doctor/state-rules";
import { AFTER, BEFORE, mapRoles, rule, STATE } from "../support/facts";
import {
  account,
  AFTER_ROWS,
  awsAuth,
  bastion,
  BEFORE_ROWS,
  closed,
  cluster,
  group,
  inside,
  instance,
  launch,
  login,
  plane,
  ready,
  state,
  STATE_ROWS,
  subnet,
  unreachable,
  unregistered,
  value,
  type Row,
} from "../support/findings";
import { byHeading, FINDINGS_FILE, findingsOfRows } from "../support/findings-text";

const ROLE = AFTER.handover.node_role_arn;

function codes(findings: readonly Finding[]): string[] {
  return [...new Set(findings.map(({ code }) => code))].sort();
}

function named<Facts>(rows: readonly Row<Facts>[]) {
  return rows.map((row) => [`${row[0]} (${row[1]}) of ${row[2]}`, row] as const);
}

/** That the facts show the finding, and well ones do not. */
function check<Facts>(examine: (facts: Facts) => Finding[], well: Facts, row: Row<Facts>) {
  const [code, severity, subject, facts, without = well] = row;
  const found = examine(facts).filter((it) => it.code === code);

  expect(found).toContainEqual(expect.objectContaining({ code, severity, subject }));
  for (const { cause, cure } of found) {
    expect(cause).toMatch(/^\S[^\n]*[^.\n]$/);
    expect(cure).toMatch(/^\S[^\n]*[^.\n]$/);
    expect(`${cause} ${cure}`).not.toMatch(/undefined|\[object/);
  }
  expect(codes(examine(without))).not.toContain(code);
}

// Written by `npm run record:findings`, and read by people: is the cause true, and does the cure mend it?
describe("every word of the doctor", () => {
  it("is as it is recorded, for each row and for no other", () => {
    const recorded = byHeading(readFileSync(FINDINGS_FILE, "utf8"));
    const said = byHeading(findingsOfRows());

    expect(said).toEqual(recorded);
    expect(Object.keys(said)).toEqual(Object.keys(recorded));
  });
});

describe("the doctor before anything exists", () => {
  it("finds nothing but who one is and how many pods fit when all is well", () => {
    expect(codes(examineAccount(BEFORE))).toEqual(["capacity", "identity"]);
  });

  it.each(named(BEFORE_ROWS))("finds %s", (_, row) => {
    check(examineAccount, BEFORE, row);
  });

  it("believes an account that is old enough to make launch configurations", () => {
    const facts = account({ launchConfigurations: { ok: [] }, oldestRole: { ok: "2024-09-30T23:59:59.000Z" } });

    expect(codes(examineAccount(facts))).not.toContain("launch-configuration");
  });

  it("says of which row of node_groups something is, and of an image that two rows have once", () => {
    const [plain] = BEFORE.inputs.groups;
    const rows = stackInputs({
      aws_krug_admin_role: "aws-krug-admin",
      node_groups: {
        a: { ami_id: plain?.image.id, architecture: "arm64" },
        b: { ami_id: plain?.image.id, volume_size: 5 },
      },
    }).groups;
    const facts = { ...BEFORE, inputs: { ...BEFORE.inputs, groups: rows } };
    const said = (code: string) =>
      examineAccount(facts)
        .filter((it) => it.code === code)
        .map(({ cause, cure }) => `${cause}; ${cure}`);

    expect(said("image-family")).toEqual([
      expect.stringMatching(/^node_groups\.a\.ami_id: .* or set node_groups\.a\.ami_family = "al2"$/),
      expect.stringMatching(/^node_groups\.b\.ami_id: .* or set node_groups\.b\.ami_family = "al2"$/),
    ]);
    expect(said("image-architecture")).toEqual([
      expect.stringMatching(
        /^node_groups\.a\.ami_id: the image is for x86_64, and node_groups\.a\.architecture is arm64; /,
      ),
    ]);
    expect(said("image-volume")).toEqual([expect.stringMatching(/^node_groups\.b\.volume_size: .* = 10 or more$/)]);
    expect(said("image-recommended")).toHaveLength(2);
  });

  it("says how to do without a launch configuration", () => {
    const facts = account({ launchConfigurations: { ok: [] }, oldestRole: { ok: undefined } });
    const [finding] = examineAccount(facts).filter(({ code }) => code === "launch-configuration");

    expect(finding?.cure).toMatch(/^set eks_worker_node_launch = "template"; or nothing/);
  });

  it("says how to make an instance profile of a role that has none", () => {
    const [finding] = examineAccount(account({ adminProfile: { ok: undefined } })).filter(
      (it) => it.code === "admin-role",
    );

    expect(finding?.cure).toContain("aws iam create-instance-profile --instance-profile-name aws-krug-admin");
  });
});

describe("the doctor once a stack exists", () => {
  it("finds nothing but three facts when all is well", () => {
    expect(codes(examineCluster(AFTER))).toEqual(["access", "capacity", "node-group-owner"]);
  });

  it.each(named(AFTER_ROWS))("finds %s", (_, row) => {
    check(examineCluster, AFTER, row);
  });

  it("blames a node's missing registration on nothing when something else is found", () => {
    const facts = unregistered(instance({ tags: {} }));

    expect(codes(examineCluster(facts).filter(({ severity }) => severity === "error"))).toEqual(["node-tag"]);
  });

  it("does not mind the tag of an instance that has joined", () => {
    expect(codes(examineCluster(instance({ tags: {} })))).not.toContain("node-tag");
  });

  it("takes a node that is called by its instance's id", () => {
    const nodes = state().nodes.map((it, i) => ({ ...it, name: `i-${String(i + 1)}` }));

    expect(codes(examineCluster(inside({ cluster: { ok: { ...state(), nodes } } })))).not.toContain(
      "node-not-registered",
    );
  });

  it("puts the first broken link first", () => {
    const broken = awsAuth(mapRoles("arn:aws:iam::123456789012:role/other"));
    const facts = launch({ userData: {} }, broken);

    expect(
      examineCluster(facts)
        .map(({ code }) => code)
        .slice(0, 2),
    ).toEqual(["user-data-none", "aws-auth"]);
  });

  it("names whom the cluster refuses, and the ARN to map", () => {
    const [finding] = examineCluster(unreachable("unauthorized", "(Unauthorized)")).filter(
      ({ code }) => code === "unauthorized",
    );

    expect(finding?.cause).toContain("assumed-role/aws-krug-admin/i-0123456789abcdef0");
    expect(finding?.cure).toContain("map arn:aws:iam::123456789012:role/aws-krug-admin to system:masters");
  });

  it("admits a role by an access entry with its path", () => {
    const facts = unreachable("unauthorized", "(Unauthorized)", plane({ authenticationMode: "API" }));
    const [finding] = examineCluster(facts).filter(({ code }) => code === "unauthorized");

    expect(finding?.cure).toMatch(/^aws eks create-access-entry /);
    expect(finding?.cure).toContain("--principal-arn arn:aws:iam::123456789012:role/team/aws-krug-admin ");
  });

  it("finds that the bastion works as somebody else than its own role", () => {
    const facts = inside(
      { identity: { ok: "arn:aws:iam::123456789012:user/kim" } },
      unreachable("unauthorized", "(Unauthorized)"),
    );
    const [finding] = examineCluster(facts).filter(({ code }) => code === "unauthorized");

    expect(finding?.subject).toBe("arn:aws:iam::123456789012:user/kim");
    expect(finding?.cure).toMatch(/AWS_PROFILE/);
  });

  it("speaks of the partition that the stack is in", () => {
    const china = { ...AFTER.handover, node_role_arn: ROLE.replace("arn:aws:", "arn:aws-cn:") };
    const facts = cluster({ policies: { ok: { [china.node_role_arn]: [] } }, profiles: { ok: {} } });
    const [finding] = examineCluster({ ...facts, handover: china }).filter(({ code }) => code === "node-policies");

    expect(finding?.cure).toContain("arn:aws-cn:iam::aws:policy/AmazonEKS_CNI_Policy");
    expect(finding?.cure).not.toContain("arn:aws:");
  });

  it("says who may reach the bastion when nobody gets in", () => {
    const [finding] = examineCluster(login("unreachable", "203.0.113.9 does not answer")).filter(
      ({ code }) => code === "ssh-unreachable",
    );

    expect(finding?.cure).toMatch(/port 22 is open to 203\.0\.113\.7\/32$/);
  });

  it("does not find a cluster healthy in which nothing runs, though its nodes are Ready", () => {
    const workloads = value(AFTER.inside.workloads).map((it) => ({ ...it, ready: 0 }));
    const found = examineCluster(inside({ workloads: { ok: workloads } })).filter(
      ({ severity }) => severity !== "note",
    );

    expect(found.map(({ severity, code, subject }) => `${severity} ${code}: ${subject}`)).toEqual([
      "error workload-not-ready: kube-system/aws-node",
      "error workload-not-ready: kube-system/kube-proxy",
      "error workload-not-ready: kube-system/coredns",
      "warning workload-not-ready: kube-system/metrics-server",
    ]);
    expect(found[0]).toMatchObject({
      cause: "0 of 2 pods of the DaemonSet are ready: the others wait for room on a node or for their image, or fail",
      cure:
        "eks ssh --command 'kubectl -n kube-system get pods -o wide' shows which, and kubectl -n kube-system describe " +
        "pod NAME why",
    });
  });

  it.each<[string, readonly Node[], string]>([
    ["every node is cordoned", state().nodes.map((it) => ({ ...it, isCordoned: true })), "error"],
    ["there is no node that they could run on", [], "warning"],
  ])("says of pods that %s", (why, nodes, severity) => {
    const noGroup = group({ desired: 0, instances: [] });
    const facts = inside(
      { cluster: { ok: { ...state(), nodes } } },
      ready("Deployment", "kube-system/coredns", 0, noGroup),
    );

    expect(examineCluster(facts).filter(({ code }) => code === "workload-not-ready")).toEqual([
      expect.objectContaining({
        severity,
        subject: "kube-system/coredns",
        cause: `0 of 2 pods of the Deployment are ready: ${why}`,
      }),
    ]);
  });

  it.each([
    ["that launches so", { launchId: "lc-1", instances: [] }],
    ["that has instances of it", { launchId: "lc-2", instances: [{ id: "i-1", launchId: "lc-1" }] }],
  ])("names the group %s, and no other, whose nodes are to be launched anew", (_, change) => {
    const [worker] = value(AFTER.cluster.groups);
    const [well] = Object.values(value(AFTER.cluster.launches));
    if (worker === undefined || well === undefined) throw new Error("not in the fixture");
    const other = { ...worker, name: "other", launchId: "lc-2", instances: [{ id: "i-2", launchId: "lc-2" }] };
    const facts = unregistered(
      cluster({
        groups: { ok: [other, { ...worker, ...change }] },
        launches: { ok: { "lc-1": { ...well, userData: {} }, "lc-2": { ...well, id: "lc-2" } } },
      }),
    );
    const cures = examineCluster(facts).flatMap(({ code, cure }) => (code === "user-data-none" ? cure : []));

    expect(cures).toEqual([
      "run eks up again; then let the group launch new nodes: aws autoscaling start-instance-refresh " +
        "--auto-scaling-group-name awskrug_gudi_eks-worker --region ap-northeast-2",
    ]);
  });

  it("opens the side of a security group that is closed", () => {
    const cures = (side: "inbound" | "outbound") =>
      examineCluster(closed("sg-nodes", side))
        .filter(({ code }) => code === "sg-dns")
        .map(({ cure }) => cure.replace(/^.*; else /, "").split(" && "));

    expect(cures("inbound")[0]?.map((it) => it.slice(0, 73))).toEqual([
      "aws ec2 authorize-security-group-ingress --group-id sg-nodes --protocol u",
      "aws ec2 authorize-security-group-ingress --group-id sg-nodes --protocol t",
    ]);
    expect(cures("outbound")[0]?.[0]).toMatch(/^aws ec2 authorize-security-group-egress --group-id sg-nodes /);
  });

  it("does not call outputs stale while the control plane has no endpoint yet", () => {
    const facts = plane({ status: "CREATING", endpoint: "", certificateAuthorityData: "" });

    expect(examineCluster(facts).filter(({ severity }) => severity === "error")).toEqual([]);
  });

  it("does not send to the bootstrap whom it does not admit: with access entries it leaves aws-auth alone", () => {
    const facts = plane({ authenticationMode: "API_AND_CONFIG_MAP" }, awsAuth("[]"));

    const found = examineCluster(facts).filter(({ subject }) => subject === ROLE);

    expect(found).toEqual([
      expect.objectContaining({
        code: "access-entry",
        cause: `no access entry admits the nodes' role to awskrug_gudi_eks, and aws-auth does not map ${ROLE}; it maps nothing`,
        cure:
          'run eks up again, if authentication_mode = "API_AND_CONFIG_MAP" is in your tfvars; else aws eks ' +
          `create-access-entry --type EC2_LINUX --cluster-name awskrug_gudi_eks --principal-arn ${ROLE} --region ap-northeast-2`,
      }),
    ]);
  });

  it("looks for every role of nodes where no instance profile is known", () => {
    const role = `${ROLE}-gpu`;
    const facts = {
      ...cluster({ profiles: { ok: {} } }),
      handover: { ...AFTER.handover, node_role_arns: [ROLE, role] },
    };

    expect(examineCluster(facts).filter(({ code }) => code === "aws-auth")).toEqual([
      expect.objectContaining({ subject: role }),
    ]);
  });

  it.each([
    ["CONFIG_MAP", "admits who made it and ", "aws_auth_roles or aws_auth_users"],
    ["API_AND_CONFIG_MAP", `admits ${ROLE}`, "access_entries in your tfvars"],
  ])("says whom a cluster admits with %s, and how it admits others", (authenticationMode, admits, cure) => {
    const [found] = examineCluster(plane({ authenticationMode })).filter(({ code }) => code === "access");

    expect(found?.cause).toContain(`the cluster (${authenticationMode}) ${admits}`);
    expect(found?.cure).toContain(cure);
  });

  it("takes an entry of the EKS API for a mapping", () => {
    const facts = plane(
      { authenticationMode: "API_AND_CONFIG_MAP" },
      awsAuth(mapRoles("arn:aws:iam::123456789012:role/x")),
    );
    const entries = { ok: [{ principalArn: ROLE, type: "EC2_LINUX" }] };

    expect(codes(examineCluster(facts))).toContain("access-entry");
    expect(codes(examineCluster(cluster({ accessEntries: entries }, facts)))).not.toContain("access-entry");
  });
});

describe("what follows from something else", () => {
  const vpcWithoutNames = cluster({ vpc: { ok: { dnsSupport: false, dnsHostnames: false, nameServers: undefined } } });
  const clockBehind = inside({ machine: { ok: { missing: [], clockAheadSeconds: -900 } } });
  const errors = (findings: readonly Finding[]) =>
    findings.filter(({ severity }) => severity === "error").map(({ code }) => code);
  const bare = inside({
    machine: { ok: { missing: ["aws", "kubectl", "~/.kube/config"], clockAheadSeconds: 0 } },
    ...Object.fromEntries(
      ["identity", "cluster", "workloads"].map((name) => [name, { unknown: "bare", follows: ["bastion-bare"] }]),
    ),
  });
  const locked = examineState({
    ...STATE,
    lock: { id: undefined, who: "kim", operation: "OperationTypeApply", since: undefined, isHeld: true },
  });

  it.each([
    ["a bastion that was never set up", bare, ["bastion-bare"]],
    ["a bastion that is stopped", login("unreachable", "no answer", bastion({ state: "stopped" })), ["bastion"]],
    [
      "a cluster that is gone",
      unreachable("unreachable", "i/o timeout", cluster({ controlPlane: { ok: undefined } })),
      ["cluster-missing"],
    ],
    ["a cluster that is being made", unreachable("unreachable", "no such host", plane({ status: "CREATING" })), []],
    [
      "a VPC without names",
      unreachable("name", AFTER.handover.cluster_endpoint, unregistered(vpcWithoutNames)),
      ["vpc-dns"],
    ],
    [
      "a bastion that may not call",
      unreachable("unreachable", "i/o timeout", closed("sg-bastion", "outbound")),
      ["sg-bastion"],
    ],
    ["a clock that is wrong", unreachable("unauthorized", "(Unauthorized)", clockBehind), ["clock"]],
    [
      "an image that is gone",
      cluster({ images: { ok: [] } }, group({ instances: [], failure: "no image" })),
      ["image-missing"],
    ],
  ])("is left out beside %s", (_, facts, codes) => {
    const findings = examineCluster(facts);

    expect(errors(findings)).toEqual(codes);
    expect(findings.filter(({ code }) => code === "unseen")).toEqual([]);
  });

  it("is left out while an apply is at work", () => {
    const facts = { ...bare, cluster: { ...bare.cluster, groups: { ok: [] }, bastion: { ok: undefined } } };

    expect(errors(examineCluster(facts))).toEqual(["bastion", "bastion-bare", "group-missing"]);
    expect(errors(examineCluster(facts, locked))).toEqual(["bastion-bare"]);
  });

  it("is what an apply that ended half-way has made, not somebody else's", () => {
    const roles = { ok: { awskrug_gudi_eks_worker_nodes_role: true } };
    const facts = account({ roles, quotaOfVpcs: { ok: { used: 5, limit: 5 } } });

    expect(errors(examineAccount(facts))).toEqual(["name-taken", "quota-vpcs"]);
    expect(errors(examineAccount(facts, examineState({ ...STATE, outputProblem: "none" })))).toEqual([]);
  });

  it("is everything that cannot be asked without credentials", () => {
    const cannot = { unknown: "the AWS credentials have expired", follows: ["credentials"] };
    const all = Object.fromEntries(Object.keys(AFTER.cluster).map((name) => [name, cannot])) as unknown as ClusterFacts;

    expect(codes(examineCluster(cluster(all)))).toEqual(["credentials"]);
  });
});

describe("the doctor after an apply", () => {
  it("finds nothing in a state that is whole", () => {
    expect(examineState(STATE)).toEqual([]);
  });

  it.each(named(STATE_ROWS))("finds %s", (_, row) => {
    check(examineState, STATE, row);
  });
});

describe("what cannot be seen", () => {
  it("is a note for each reason, and never an error", () => {
    const cannot = { unknown: "the credentials do not allow it" };
    const all = Object.fromEntries(Object.keys(AFTER.cluster).map((name) => [name, cannot])) as unknown as ClusterFacts;
    const facts = { ...cluster({ ...all, identity: AFTER.cluster.identity }), inside: notInside("nobody looked") };

    const findings = examineCluster(facts);

    expect(exitCode(findings)).toBe(0);
    expect(findings.map(({ code, severity, cause }) => [code, severity, cause])).toEqual([
      ["unseen", "note", "cannot be seen: the credentials do not allow it"],
      ["unseen", "note", "cannot be seen: nobody looked"],
    ]);
  });

  it("is a note before anything exists, too", () => {
    const findings = examineAccount(account({ quotaOfVcpus: { unknown: "not implemented" } }));

    expect(findings).toContainEqual({
      code: "unseen",
      severity: "note",
      subject: "quota of vcpus",
      cause: "cannot be seen: not implemented",
      cure: "nothing, if you know that it is well; else allow the question, or ask from where it is allowed",
    });
  });
});

describe("security groups", () => {
  const ALL = rule("-1", undefined, ["0.0.0.0/0"]);
  const group = (id: string, inbound: ReturnType<typeof rule>[], outbound = [ALL]) => ({ id, inbound, outbound });
  const party = (id: string, ...cidrs: string[]) => ({ groupIds: [id], cidrs });
  const at = (one: ReturnType<typeof group>, other: ReturnType<typeof group>) =>
    blockedAt([one, other], party("sg-a", "10.0.1.0/24"), party("sg-b", "10.0.2.0/24"), "tcp", 443);

  it.each([
    ["by the other's group", [rule("tcp", { from: 443, to: 443 }, [], ["sg-a"])], []],
    ["by the other's range", [rule("tcp", { from: 443, to: 443 }, ["10.0.0.0/16"])], []],
    ["by a list of ranges", [{ ...rule("tcp", { from: 443, to: 443 }, []), prefixListIds: ["pl-1"] }], []],
    ["not by a range that it is not in", [rule("tcp", { from: 443, to: 443 }, ["10.1.0.0/16"])], ["in"]],
    ["on the first port of several", [rule("tcp", { from: 443, to: 500 }, ["10.0.0.0/16"])], []],
    ["on the last port of several", [rule("tcp", { from: 400, to: 443 }, ["10.0.0.0/16"])], []],
    ["not on the ports above", [rule("tcp", { from: 444, to: 500 }, ["10.0.0.0/16"])], ["in"]],
    ["not on the ports below", [rule("tcp", { from: 400, to: 442 }, ["10.0.0.0/16"])], ["in"]],
    ["not by another protocol", [rule("udp", { from: 443, to: 443 }, ["10.0.0.0/16"])], ["in"]],
    ["by a rule for everything", [ALL], []],
    ["not without a rule", [], ["in"]],
  ])("let somebody in %s", (_, inbound, blocked) => {
    expect(at(group("sg-a", []), group("sg-b", inbound))).toEqual(blocked);
  });

  it("let nobody in by range of whom no range is known", () => {
    const groups = [group("sg-a", []), group("sg-b", [rule("tcp", { from: 443, to: 443 }, ["10.0.0.0/16"])])];

    expect(blockedAt(groups, party("sg-a"), party("sg-b", "10.0.2.0/24"), "tcp", 443)).toEqual(["in"]);
  });

  it("let nobody out without a rule", () => {
    expect(at(group("sg-a", [], []), group("sg-b", [ALL]))).toEqual(["out"]);
  });

  it("are not judged when the subnets of who calls cannot be seen", () => {
    const facts = cluster({ subnets: { unknown: "not allowed" } }, closed("sg-plane"));

    expect(codes(examineCluster(facts).filter(({ severity }) => severity === "error"))).toEqual([]);
  });
});

describe("a launch that failed", () => {
  it.each([
    [
      "You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket",
      /L-1216C47A/,
    ],
    ["There are not enough free addresses in subnet 'subnet-1' to satisfy the requested number", /vpc_private_subnets/],
    [
      "We currently do not have sufficient t3.medium capacity in the Availability Zone you requested",
      /another eks_worker_node_ec2_type/,
    ],
    [
      "Your requested instance type (t3.micro) is not supported in your requested Availability Zone (us-east-1e)",
      /zones that have it/,
    ],
    ["The image id '[ami-0123]' does not exist", /eks_worker_node_ami_id/],
    ["Volume of size 10GB is smaller than snapshot 'snap-1', expect size >= 20GB", /eks_worker_node_volume_size/],
    ["The key pair 'aws-krug-gudi' does not exist", /kubectl_ec2_keypair/],
    ["Invalid IAM Instance Profile name", /eks up/],
    [
      "In order to use this AWS Marketplace product you need to accept terms and subscribe (OptInRequired)",
      /AWS Marketplace/,
    ],
    ["Client.InternalError: Client error on launch", /AWSServiceRoleForAutoScaling/],
  ])("because %j has a cure", (said, cure) => {
    expect(launchCure(said)).toMatch(cure);
    const [finding] = examineCluster(group({ instances: [], failure: said })).filter(
      ({ code }) => code === "group-short",
    );
    expect(finding?.cure).toMatch(cure);
  });

  it("for another reason is looked at among the group's activities", () => {
    const [finding] = examineCluster(group({ instances: [], failure: "a new reason" })).filter(
      ({ code }) => code === "group-short",
    );

    expect(finding?.cause).toContain("a new reason");
    expect(finding?.cure).toContain("describe-scaling-activities --auto-scaling-group-name awskrug_gudi_eks-worker");
  });
});

describe("findings", () => {
  const findings = examineCluster(inside({ workloads: { ok: [] } }, subnet({ tags: {} })));

  it("come as text, errors first", () => {
    const text = findingsLines(findings).join("\n");

    expect(text).toMatch(
      /^error cni-missing: awskrug_gudi_eks\n {2}there is no DaemonSet .*\n {2}-> aws eks create-addon/,
    );
    expect(text).toMatch(/\n\nwarning subnet-tag: subnet-a\n/);
    expect(text).toMatch(/\n\n1 error, 1 warning, 5 notes; begin with the first$/);
  });

  it("come as JSON in the same order", () => {
    const json = JSON.parse(findingsJson(findings)) as { findings: Finding[]; counts: object };

    expect(json.counts).toEqual({ error: 1, warning: 1, note: 5 });
    expect(json.findings.map(({ code }) => code).slice(0, 2)).toEqual(["cni-missing", "subnet-tag"]);
    expect(Object.keys(json.findings[0] ?? {}).sort()).toEqual(["cause", "code", "cure", "severity", "subject"]);
  });

  it("end with 1 when there is an error, and with 0 for warnings", () => {
    expect(exitCode(findings)).toBe(1);
    expect(exitCode(findings.filter(({ severity }) => severity !== "error"))).toBe(0);
    expect(findingsLines([])).toEqual(["0 errors, 0 warnings, 0 notes"]);
  });

  it("cannot touch a terminal", () => {
    const facts = inside({ downloads: { ok: { why: "\u001b[31mred", cure: undefined } } });

    expect(findingsLines(examineCluster(facts)).join("\n")).not.toContain("\u001b");
  });
});

describe("the codes", () => {
  it("each have a row in a table above", () => {
    const rows = (table: readonly Row<never>[]) => [...new Set(table.map(([code]) => code))].sort();
    const of = (rules: readonly { readonly code: string }[]) => rules.map(({ code }) => code).sort();

    expect(rows(BEFORE_ROWS as readonly Row<never>[])).toEqual(of(ACCOUNT_RULES));
    expect(rows(AFTER_ROWS as readonly Row<never>[])).toEqual(of(CLUSTER_RULES));
    expect(rows(STATE_ROWS as readonly Row<never>[])).toEqual(of(STATE_RULES));
  });

  it("are those of docs/doctor.md", () => {
    const docs = readFileSync(join(__dirname, "../../docs/doctor.md"), "utf8");
    const documented = [...docs.matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, code]) => code);

    expect(documented.sort()).toEqual([...CODES].sort());
  });
});
