import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  type AwsAuthData,
  findMappingProblem,
  mergeAwsAuth,
  type MappedPrincipals,
  nodeRoleArns,
  removedGroups,
} from "../../facts/aws-auth";

const GOLDEN = join(__dirname, "../golden/aws-auth");

const NODE_ROLE = "arn:aws:iam::111122223333:role/learning-nodes";
const ROLE_WITH_PATH = "arn:aws:iam::111122223333:role/team/learning-nodes";
const GPU_ROLE = "arn:aws:iam::111122223333:role/learning-nodes-gpu";
const NODES: MappedPrincipals = { node_role_arn: NODE_ROLE };
const EVERYBODY: MappedPrincipals = {
  node_role_arn: ROLE_WITH_PATH,
  aws_auth_roles: [
    {
      rolearn: "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Admin_0123",
      username: "admin:{{SessionName}}",
      groups: ["system:masters"],
    },
  ],
  aws_auth_users: [
    { userarn: "arn:aws:iam::111122223333:user/people/kim", username: "kim", groups: ["viewers", "team-a"] },
    { userarn: "arn:aws:iam::111122223333:user/park", username: "yes", groups: [] },
  ],
};

/**
 * One folder per scenario, named for it: `before`, missing when there is no ConfigMap, and `after`, a file per key. What
 * other programs write is in their own style: EKS itself and eksctl (sigs.k8s.io/yaml), Terraform's yamlencode 1.11, the
 * AWS CDK (JSON).
 */
const SCENARIOS: Readonly<Record<string, MappedPrincipals>> = {
  "no-config-map": NODES,
  "managed-node-group": NODES,
  "eksctl-windows-nodes": NODES,
  "terraform-yamlencode": NODES,
  "aws-cdk": NODES,
  "comments-and-unknown-keys": NODES,
  "users-and-accounts": EVERYBODY,
  "outdated-entry": NODES,
  "groups-of-others": NODES,
  "listed-groups": EVERYBODY,
  "incomplete-entry": NODES,
  "entries-of-one-role": NODES,
  "korean-comments": NODES,
  "json-text": NODES,
  "json-lines": EVERYBODY,
  "indented-list": NODES,
  "emptied-list": NODES,
  "comment-only": NODES,
  "role-with-path": NODES,
  "nothing-to-do": NODES,
};

/** The lines that are wrong in our own entries, or stand where a list in blocks begins or goes on in JSON. */
const CORRECTED: Readonly<Record<string, readonly string[]>> = {
  "outdated-entry": ["  username: system:node:{{SessionName}} # wrong"],
  "listed-groups": ["    - team-b # by hand", "  groups: [viewers] # since March"],
  "entries-of-one-role": ["  username: nodes", '  groups: ["system:nodes"]'],
  "json-text": linesOf(read("json-text", "before")?.["mapRoles"]),
  "json-lines": ["  }"],
  "emptied-list": ["[]"],
};

const scenarios = Object.entries(SCENARIOS);

/** Scenarios in which somebody had written something. */
const merges = scenarios.flatMap(([scenario, wanted]) => {
  const before = read(scenario, "before");
  return before === undefined ? [] : [[scenario, wanted, before] as const];
});

function read(scenario: string, when: "before" | "after"): AwsAuthData | undefined {
  const folder = join(GOLDEN, scenario, when);
  if (!existsSync(folder)) return undefined;
  const keys = readdirSync(folder).map((file) => [
    file.replace(/\.yaml$/, ""),
    readFileSync(join(folder, file), "utf8"),
  ]);
  return Object.fromEntries(keys) as AwsAuthData;
}

function ofWindows(data: AwsAuthData): AwsAuthData {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, text.replaceAll("\n", "\r\n")]));
}

function linesOf(text: string | undefined): readonly string[] {
  return (text ?? "").split("\n");
}

describe("the mappings in aws-auth", () => {
  it.each(scenarios)("%s", (scenario, wanted) => {
    expect(mergeAwsAuth(read(scenario, "before"), wanted)).toEqual(read(scenario, "after"));
  });

  it("have a golden folder for each scenario, and no other", () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(Object.keys(SCENARIOS).sort());
  });

  it.each(scenarios)("are left alone the second time: %s", (scenario, wanted) => {
    const once = mergeAwsAuth(read(scenario, "before"), wanted);

    expect(mergeAwsAuth(once, wanted)).toBe(once);
  });

  it.each(scenarios)("are nothing that keeps nodes out: %s", (scenario, wanted) => {
    expect(findMappingProblem(mergeAwsAuth(read(scenario, "before"), wanted), NODE_ROLE)).toBeUndefined();
  });

  it.each(merges)("keep the line breaks of Windows: %s", (scenario, wanted, before) => {
    const hasLines = (key: string) => before[key]?.includes("\n") === true;
    const after = Object.entries(read(scenario, "after") ?? {});

    expect(mergeAwsAuth(ofWindows(before), wanted)).toEqual(
      Object.fromEntries(after.map(([key, text]) => [key, hasLines(key) ? text.replaceAll("\n", "\r\n") : text])),
    );
  });

  it.each(merges)("lose no line of anybody else: %s", (scenario, wanted, before) => {
    const after = mergeAwsAuth(before, wanted);

    const lost = Object.entries(before).flatMap(([key, text]) => {
      const kept = linesOf(after[key]);
      return linesOf(text).filter((line) => !kept.includes(line));
    });

    expect(lost).toEqual(CORRECTED[scenario] ?? []);
  });

  it("keep everything else in the ConfigMap", () => {
    const others = { mapAccounts: '- "111122223333"\n', mapUsers: "not even: [a list", "my-notes": "\t\r\n 노트" };

    expect(mergeAwsAuth(others, NODES)).toEqual({ ...others, ...read("no-config-map", "after") });
  });

  it.each(["", " \n", '""', "''", "``", "null", "~\n", "[]", "---\n"])("begin a list in place of %j", (mapRoles) => {
    const merged = mergeAwsAuth({ mapRoles }, NODES);

    expect(findMappingProblem(merged, NODE_ROLE)).toBeUndefined();
    expect(mergeAwsAuth(merged, NODES)).toBe(merged);
  });

  it("keep a comment inside an empty list", () => {
    const { mapRoles } = mergeAwsAuth({ mapRoles: "[\n  # nobody\n]\n" }, NODES);

    expect(linesOf(mapRoles)).toContain("  # nobody");
    expect(findMappingProblem({ mapRoles: mapRoles ?? "" }, NODE_ROLE)).toBeUndefined();
  });

  it("of nodes keep a group that somebody else has given them, system:masters too", () => {
    const groupsIn = (text = "") => [...text.matchAll(/^ *- "?((?:system|eks):[\w-]+)/gm)].map(([, group]) => group);

    for (const scenario of ["outdated-entry", "groups-of-others", "terraform-yamlencode", "eksctl-windows-nodes"]) {
      const before = read(scenario, "before") ?? {};
      const after = groupsIn(mergeAwsAuth(before, NODES)["mapRoles"]);
      expect(after).toEqual(expect.arrayContaining(groupsIn(before["mapRoles"])));
      expect(removedGroups(before, NODES)).toEqual([]);
    }
  });

  it("of whoever is listed lose the groups that are not listed, and it is said whose they are", () => {
    const before = read("listed-groups", "before") ?? {};
    const admin = `${ROLE_WITH_PATH.replace(/role.*/, "")}role/AWSReservedSSO_Admin_0123`;

    expect(removedGroups(before, EVERYBODY)).toEqual([{ arn: admin, groups: ["team-b"] }]);
    expect(removedGroups(mergeAwsAuth(before, EVERYBODY), EVERYBODY)).toEqual([]);
  });

  const KIM = "- userarn: arn:aws:iam::111122223333:user/kim\n";
  it.each([
    [
      "what an entry lacks comes behind its ARN",
      `${KIM}  note: ours\n`,
      `${KIM}  username: kim\n  groups:\n    - viewers\n  note: ours\n`,
    ],
    [
      "a list in one line stays in one",
      `${KIM}  username: kim\n  groups: [viewers, admins]\n`,
      `${KIM}  username: kim\n  groups: ["viewers"]\n`,
    ],
    [
      "what stands behind a list stays",
      `${KIM}  username: kim\n  groups:\n    - viewers\n    - admins\n    - owners\n    # since March\n`,
      `${KIM}  username: kim\n  groups:\n    - viewers\n    # since March\n`,
    ],
    [
      "what stands behind groups that are no list stays",
      `${KIM}  groups:\n    viewers: true # since March\n  username: kim\n`,
      `${KIM}  groups: ["viewers"] # since March\n  username: kim\n`,
    ],
    [
      "a name in several lines becomes one in one",
      `${KIM}  username: |\n    lee\n  groups: [viewers]\n`,
      `${KIM}  username: kim\n  groups: [viewers]\n`,
    ],
  ])("change no more than they have to: %s", (_, before, after) => {
    const wanted = { userarn: "arn:aws:iam::111122223333:user/kim", username: "kim", groups: ["viewers"] };

    expect(mergeAwsAuth({ mapUsers: before }, { ...NODES, aws_auth_users: [wanted] })["mapUsers"]).toBe(after);
  });

  it("of whoever is listed without groups have none", () => {
    const park = '- userarn: arn:aws:iam::111122223333:user/park\n  username: "yes"\n';
    const wanted = { ...NODES, aws_auth_users: [EVERYBODY.aws_auth_users?.[1]].flatMap((it) => it ?? []) };

    expect(mergeAwsAuth({ mapUsers: `${park}  groups:\n    - viewers\n` }, wanted)["mapUsers"]).toBe(
      `${park}  groups: []\n`,
    );
  });

  it("are quoted in an entry that stands in braces", () => {
    const entry = (username: string) =>
      `- {rolearn: ${NODE_ROLE}, username: ${username}, groups: ["system:bootstrappers", "system:nodes"]}\n`;

    expect(mergeAwsAuth({ mapRoles: entry("nodes") }, NODES)).toEqual({
      mapRoles: entry('"system:node:{{EC2PrivateDNSName}}"'),
    });
  });

  it.each([
    ["where there is no list", {}],
    ["where a list cannot be read", { mapRoles: "rolearn: a", mapUsers: "[" }],
    ["where nobody is an entry of their own", { mapRoles: "- text\n- [rolearn, groups]\n- rolearn: 5\n" }],
    [
      "by an earlier entry of the same, of which the last counts",
      {
        mapUsers:
          "- userarn: arn:aws:iam::111122223333:user/park\n  groups: [a]\n" +
          "- userarn: arn:aws:iam::111122223333:user/park\n",
      },
    ],
  ])("lose nothing that anybody has %s", (_, current) => {
    expect(removedGroups(current as AwsAuthData, EVERYBODY)).toEqual([]);
  });

  it.each([
    ["an IAM user in China", "arn:aws-cn:iam::111122223333:user/kim"],
    ["an account's root", "arn:aws:iam::111122223333:root"],
    ["an account's root in GovCloud", "arn:aws-us-gov:iam::111122223333:root"],
    ["a federated user", "arn:aws:sts::111122223333:federated-user/kim"],
  ])("take %s for a user, as the authenticator does", (_, arn) => {
    const merged = mergeAwsAuth(undefined, {
      ...NODES,
      aws_auth_users: [{ userarn: arn, username: "kim", groups: [] }],
    });

    expect(merged["mapUsers"]).toBe(`- userarn: ${arn}\n  username: kim\n  groups: []\n`);
  });

  it("take a role as mapped in whatever case its ARN is written, as the authenticator does", () => {
    const data = { mapRoles: (read("no-config-map", "after")?.["mapRoles"] ?? "").replace("learning", "Learning") };

    expect(mergeAwsAuth(data, NODES)).toBe(data);
  });

  it("go into a text that does not end its last line, where an entry is to be completed as well", () => {
    const mapRoles = `- rolearn: ${NODE_ROLE}`;
    const merged = mergeAwsAuth({ mapRoles }, { ...NODES, aws_auth_roles: EVERYBODY.aws_auth_roles ?? [] });

    expect(linesOf(merged["mapRoles"]).filter((line) => line.includes("rolearn"))).toHaveLength(2);
    expect(merged["mapRoles"]).toMatch(/^- rolearn: .*learning-nodes\n {2}username: system:node:.*\n {2}groups:\n/);
  });

  it("of as many roles as there are stand each by itself, and are found again", () => {
    const arns = Array.from({ length: 200 }, (_, at) => `${NODE_ROLE}-${String(at)}`);
    const many = { node_role_arn: arns[0] ?? "", node_role_arns: arns };

    const data = mergeAwsAuth(undefined, many);

    expect(linesOf(data["mapRoles"]).filter((line) => line.includes("system:bootstrappers"))).toHaveLength(200);
    expect(data["mapRoles"]).not.toMatch(/[&*]a1/);
    expect(mergeAwsAuth(data, many)).toBe(data);
  });

  it("of several roles of nodes are the one's, and the same for each of the others", () => {
    const one = mergeAwsAuth(undefined, NODES);

    const both = mergeAwsAuth(one, { node_role_arn: NODE_ROLE, node_role_arns: [NODE_ROLE, GPU_ROLE] });

    expect(both).toEqual({
      mapRoles: `${one["mapRoles"] ?? ""}${one["mapRoles"]?.replace(NODE_ROLE, GPU_ROLE) ?? ""}`,
    });
    expect([NODE_ROLE, GPU_ROLE].map((role) => findMappingProblem(both, role))).toEqual([undefined, undefined]);
    expect(mergeAwsAuth(both, NODES)).toBe(both);
  });

  it.each([
    [
      "the node role once more among the roles",
      { ...NODES, aws_auth_roles: [{ rolearn: ROLE_WITH_PATH, username: "nodes", groups: [] }] },
      `${NODE_ROLE} is to be mapped twice in mapRoles; give it once`,
    ],
    [
      "a group's own role once more among the roles",
      {
        node_role_arn: NODE_ROLE,
        node_role_arns: [GPU_ROLE],
        aws_auth_roles: [{ rolearn: GPU_ROLE, username: "gpu", groups: [] }],
      },
      `${GPU_ROLE} is to be mapped twice in mapRoles; give it once`,
    ],
  ])("fail for %s", (_, wanted: MappedPrincipals, message) => {
    expect(() => mergeAwsAuth(undefined, wanted)).toThrow(new Error(message));
  });

  it.each([
    [
      "a tab",
      "- rolearn: a\n  groups:\n\t- b\n",
      "aws-auth: mapRoles is not YAML, line 3: tabs are not allowed as indentation",
    ],
    [
      "a bracket left open",
      "- rolearn: a\n  groups: [b\n- c\n",
      "aws-auth: mapRoles is not YAML, line 3: flow sequence in block collection must be sufficiently indented and end " +
        "with a ]",
    ],
    [
      "an alias of nothing",
      "- rolearn: *nodes\n",
      "aws-auth: mapRoles is not YAML: unresolved alias (the anchor must be set before the alias): nodes",
    ],
    ["a list in itself", "&all\n- *all\n", "aws-auth: mapRoles has an alias that stands for what it is in"],
    [
      "an entry in itself",
      `- &nodes\n  rolearn: ${NODE_ROLE}\n  username: *nodes\n`,
      "aws-auth: mapRoles has an alias that stands for what it is in",
    ],
    [
      "two documents",
      "- rolearn: a\n---\n- rolearn: b\n",
      "aws-auth: mapRoles is not YAML, line 2: source contains multiple documents; please use YAML.parseAllDocuments()",
    ],
    [
      "a mapping",
      "# by hand\nrolearn: a\n",
      'aws-auth: mapRoles must be a list of entries, "- rolearn: …", but line 2 begins a mapping',
    ],
    ["a text", "none", 'aws-auth: mapRoles must be a list of entries, "- rolearn: …", but line 1 begins a text'],
    [
      "an alias that an edit would break",
      `- rolearn: ${NODE_ROLE}\n  groups: &groups [system:nodes]\n- rolearn: b\n  groups: *groups\n`,
      "aws-auth: mapRoles is written in a way that cannot be edited without touching the entries of others",
      `map ${NODE_ROLE} by hand`,
    ],
    [
      "an alias in the entry itself, of something that is not ours",
      `- rolearn: ${NODE_ROLE}\n  groups: &groups [system:nodes]\n  note: *groups\n`,
      "aws-auth: mapRoles is written in a way that cannot be edited without touching the entries of others",
      `map ${NODE_ROLE} by hand`,
    ],
  ])("fail for %s, and nothing is changed", (_, mapRoles, message, cure = "mend it") => {
    expect(() => mergeAwsAuth({ mapRoles }, NODES)).toThrow(
      new Error(`${message}; nothing was changed, ${cure}: kubectl --namespace kube-system edit configmap aws-auth`),
    );
  });

  it("name everybody who is to be mapped by hand, where they cannot be written", () => {
    const mapRoles = `- rolearn: ${NODE_ROLE}\n  groups: &groups [system:nodes]\n- rolearn: b\n  groups: *groups\n`;

    expect(() => mergeAwsAuth({ mapRoles }, { ...NODES, node_role_arns: [GPU_ROLE] })).toThrow(
      `, map ${NODE_ROLE}, ${GPU_ROLE} by hand: `,
    );
  });
});

describe("the roles of a stack's nodes", () => {
  it("are every role that groups have of their own, too, each once", () => {
    expect(nodeRoleArns({ node_role_arn: NODE_ROLE })).toEqual([NODE_ROLE]);
    expect(nodeRoleArns({ node_role_arn: NODE_ROLE, node_role_arns: [NODE_ROLE, GPU_ROLE] })).toEqual([
      NODE_ROLE,
      GPU_ROLE,
    ]);
  });
});

describe("what keeps nodes out, as far as aws-auth can tell", () => {
  const entry = (arn: string, username = "system:node:{{EC2PrivateDNSName}}", groups = NODE_GROUPS) =>
    `- rolearn: ${arn}\n  username: ${username}\n  groups: ${groups}\n`;
  const NODE_GROUPS = "[system:bootstrappers, system:nodes]";
  const PROFILE = "arn:aws:iam::111122223333:instance-profile/learning-nodes";

  it.each([
    ["no ConfigMap", undefined, `there is no ConfigMap aws-auth; it has to map ${NODE_ROLE}`],
    ["no mapRoles", { mapUsers: "[]" }, `aws-auth has no mapRoles; it has to map ${NODE_ROLE}`],
    ["an empty mapRoles", { mapRoles: "\n" }, `aws-auth has no mapRoles; it has to map ${NODE_ROLE}`],
    ["nobody mapped", { mapRoles: "[]" }, `aws-auth does not map ${NODE_ROLE}; it maps nothing`],
    [
      "another role",
      { mapRoles: entry("arn:aws:iam::111122223333:role/other") },
      `aws-auth does not map ${NODE_ROLE}; it maps arn:aws:iam::111122223333:role/other`,
    ],
    [
      "an instance profile instead of the role",
      { mapRoles: entry("arn:aws:iam::111122223333:instance-profile/other") + entry(PROFILE) },
      `aws-auth maps ${PROFILE}, an instance profile; it has to be the role, ${NODE_ROLE}`,
    ],
    [
      "an instance profile with a path",
      { mapRoles: entry(PROFILE.replace("learning", "other")) + entry(PROFILE.replace("learning", "team/learning")) },
      "aws-auth maps arn:aws:iam::111122223333:instance-profile/team/learning-nodes, an instance profile; it has to be " +
        `the role, ${NODE_ROLE}`,
    ],
    [
      "an instance profile of another name",
      { mapRoles: entry("arn:aws:iam::111122223333:role/a") + entry(PROFILE.replace("nodes", "other")) },
      "aws-auth maps arn:aws:iam::111122223333:instance-profile/learning-other, an instance profile; it has to be the " +
        `role, ${NODE_ROLE}`,
    ],
    [
      "two other roles, and what is no mapping",
      { mapRoles: `${entry("a")}- text\n${entry("b")}` },
      `aws-auth does not map ${NODE_ROLE}; it maps a, b`,
    ],
    [
      "the role with its path",
      { mapRoles: entry(ROLE_WITH_PATH) },
      `aws-auth maps ${ROLE_WITH_PATH}, which has a path; it has to be ${NODE_ROLE}`,
    ],
    [
      "a wrong username",
      { mapRoles: entry(NODE_ROLE, "nodes") },
      `aws-auth maps ${NODE_ROLE} to the username "nodes"; it has to be system:node:{{EC2PrivateDNSName}}`,
    ],
    [
      "no username",
      { mapRoles: `- rolearn: ${NODE_ROLE}\n` },
      `aws-auth maps ${NODE_ROLE} to the username (none); it has to be system:node:{{EC2PrivateDNSName}}`,
    ],
    [
      "missing groups",
      { mapRoles: entry(NODE_ROLE, undefined, "[system:nodes]") },
      `aws-auth maps ${NODE_ROLE} without system:bootstrappers; its groups are ["system:nodes"]`,
    ],
    [
      "no groups",
      { mapRoles: entry(NODE_ROLE, undefined, "") },
      `aws-auth maps ${NODE_ROLE} without system:bootstrappers and system:nodes; its groups are null`,
    ],
    [
      "a second entry, which the authenticator prefers",
      { mapRoles: entry(NODE_ROLE) + entry(NODE_ROLE, "nodes") },
      `aws-auth maps ${NODE_ROLE} to the username "nodes"; it has to be system:node:{{EC2PrivateDNSName}}`,
    ],
    [
      "a mapping in place of the list",
      { mapRoles: "rolearn: a" },
      'aws-auth: mapRoles must be a list of entries, "- rolearn: …", but line 1 begins a mapping',
    ],
    [
      "an entry in itself",
      { mapRoles: `- &nodes\n  rolearn: ${NODE_ROLE}\n  username: *nodes\n` },
      "aws-auth: mapRoles has an alias that stands for what it is in",
    ],
  ])("%s", (_, data: AwsAuthData | undefined, problem) => {
    expect(findMappingProblem(data, ROLE_WITH_PATH)).toBe(problem);
  });

  it("is nothing where the role may do more than it must", () => {
    const mapRoles = entry(NODE_ROLE, undefined, "[system:nodes, system:bootstrappers, eks:kube-proxy-windows]");

    expect(findMappingProblem({ mapRoles }, NODE_ROLE)).toBeUndefined();
  });
});
