import { irrevocable } from "../../cli/plan/cluster-guard";
import { refusals } from "../../cli/plan/guard";
import { summarize, summaryLines } from "../../cli/plan/plan-summary";
import { refusalText } from "../../cli/plan/refusal";
import { readPlan } from "../../terraform/plan-file";
import { planOf, type ChangeJson } from "../support/plan-json";
import { recorded, recordedText } from "../support/recorded";

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const NODES_ENTRY = 'aws_eks_access_entry.access_node["shared"]';
const OTHER_NODES_ENTRY = 'aws_eks_access_entry.access_entry["others"]';
const NODE_ROLE = "arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role";
const OTHER_KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/22222222-2222-4222-8222-222222222222";

/** What a cluster is like, as the provider's plans say it. */
interface ClusterLike {
  readonly version?: string;
  readonly mode?: string;
  readonly creator?: boolean | null;
}

const isAdmin = (who: string) =>
  `aws_eks_access_policy_association.access_policy["${who}/AmazonEKSClusterAdminPolicy"]`;

/** What the guard refuses of a recorded plan, as text. */
function refused(scenario: string): string[] {
  return refusals(recorded(scenario), []).map(refusalText);
}

/** The addresses of what the guard refuses of a recorded plan. */
function refusedIn(scenario: string): string[] {
  return refusals(recorded(scenario), []).map(({ address }) => address);
}

/** What the guard says of one address of a recorded plan. */
function refusalOf(scenario: string, address: string): string {
  const refusal = refusals(recorded(scenario), []).find((it) => it.address === address);
  return refusal === undefined ? "" : refusalText(refusal);
}

// Terraform wrote the plans: bench/plan-scenarios.ts has the scenarios, `npm run record:plans` records them.
describe("the guard of the cluster's version", () => {
  it.each([
    [
      "workshop-version-two-up",
      "version goes from 1.14 to 1.16, and EKS goes one minor at a time",
      'set eks_version = "1.15" first',
    ],
    [
      "workshop-version-far-up",
      "version goes from 1.14 to 1.36, and EKS goes one minor",
      'set eks_version = "1.15" first',
    ],
    ["workshop-version-down", "version goes from 1.14 to 1.13, and EKS never goes back", 'set eks_version = "1.14"'],
    [
      "existing-version-two-up",
      "version goes from 1.35 to 1.37, and EKS goes one minor",
      'set eks_version = "1.36" first',
    ],
  ])("refuses %s", (scenario, because, instead) => {
    const [text, ...others] = refused(scenario);

    expect(others).toEqual([]);
    expect(text).toContain(`${CLUSTER}: the cluster would be changed: `);
    expect(text).toContain(because);
    expect(text).toContain(instead);
    expect(text).not.toContain("--allow-replace");
  });

  it.each([
    ["workshop-version-one-up", "1.14", "1.15"],
    ["current-version-one-up", "1.35", "1.36"],
  ])("lets one minor pass, and says in the summary that there is no way back: %s", (scenario, before, after) => {
    const plan = recorded(scenario);

    expect(refusals(plan, [])).toEqual([]);
    expect(summaryLines(summarize(plan)).join("").replaceAll(/ +/g, " ")).toContain(
      `note: ${CLUSTER}: the control plane goes from ${before} to ${after}, and never back; ` +
        "the nodes keep their kubelets",
    );
  });

  it.each([
    ["a cluster that is made", "access-first"],
    ["one that stays", "workshop-unchanged"],
    ["a version that only the apply will tell", "access-version-later"],
  ])("lets pass: %s", (_, scenario) => {
    expect(refused(scenario)).toEqual([]);
    expect(irrevocable(recorded(scenario))).toEqual([]);
  });
});

describe("the guard of the authentication mode", () => {
  it.each([
    [
      "current-authentication-back",
      "API",
      "API_AND_CONFIG_MAP",
      'and EKS never goes back; set authentication_mode = "API"',
    ],
    [
      "existing-authentication-back-to-aws-auth",
      "API",
      "CONFIG_MAP",
      'and EKS never goes back; set authentication_mode = "API"',
    ],
    ["access-both-to-aws-auth", "API_AND_CONFIG_MAP", "CONFIG_MAP", 'set authentication_mode = "API_AND_CONFIG_MAP"'],
    [
      "workshop-authentication-two-steps",
      "CONFIG_MAP",
      "API",
      'and EKS goes one step at a time; set authentication_mode = "API_AND_CONFIG_MAP" first',
    ],
  ])("refuses %s", (scenario, before, after, instead) => {
    const text = refusalOf(scenario, CLUSTER);

    expect(text).toContain(`authentication_mode goes from ${before} to ${after}`);
    // That there is no way back is said of what is allowed.
    expect(irrevocable(recorded(scenario))).toEqual([]);
    expect(text).toContain(instead);
  });

  it.each([
    ["workshop-authentication-one-step", "and never back"],
    ["access-both-to-entries", "and never back; whom aws-auth alone lets in, people and nodes, is shut out"],
  ])("lets %s pass, and says what it means", (scenario, said) => {
    const plan = recorded(scenario);

    expect(refusals(plan, [])).toEqual([]);
    expect(irrevocable(plan)).toEqual([
      { address: CLUSTER, what: expect.stringMatching(new RegExp(`${said}$`)) as string },
    ]);
  });

  it.each([
    ["existing-creator-not-ignored", "set cluster_creator_admin back to true: it counts when a cluster is made"],
    ["access-both-creator-not-ignored", "set cluster_creator_admin back to false: it counts when a cluster is made"],
  ])("says what to do where the creator's admission forces a replacement: %s", (scenario, advice) => {
    const text = refusalOf(scenario, CLUSTER);

    expect(text).toContain(
      "the cluster would be replaced: access_config[0].bootstrap_cluster_creator_admin_permissions",
    );
    expect(text).toContain(`; ${advice}`);
  });

  it("says why an imported cluster would be replaced", () => {
    expect(refusalOf("workshop-imported-cluster", CLUSTER)).toContain(
      "bootstrap_self_managed_addons changes from false to true, which cannot be done in place",
    );
  });

  it("lets it pass where the stack ignores it", () => {
    expect(refused("current-creator-no-admin")).toEqual([]);
  });

  it.each([
    ["existing-ip-family", "set ip_family back"],
    ["current-service-range", "set service_cidr back"],
  ])("says what to set back: %s", (scenario, advice) => {
    expect(refusalOf(scenario, CLUSTER)).toContain(advice);
  });
});

describe("the guard of the last admin", () => {
  it("refuses to take the last one away, and says what it cannot see", () => {
    expect(refused("access-both-last-admin-removed")).toEqual([
      `${isAdmin("admins")}: the cluster's last admin would be destroyed: ` +
        "no access entry with AmazonEKSClusterAdminPolicy for the whole cluster is left, and who made it is none as " +
        "far as Terraform knows (cluster_creator_admin = false); lost by it: the last way in for an admin that this " +
        "plan can see (aws-auth may map admins that no plan shows, and so may entries or bindings that others made " +
        "by hand); whoever's IAM policies allow eks:CreateAccessEntry and eks:AssociateAccessPolicy can let somebody " +
        "in again; " +
        "give somebody in access_entries the policy AmazonEKSClusterAdminPolicy without namespaces; if you mean it, " +
        `add --allow-replace '${isAdmin("admins")}'`,
    ]);
    expect(refusalOf("access-both-admins-removed", isAdmin("first"))).toContain("(only entries or bindings");
  });

  // Who is admin of a namespace alone stays, and so does somebody who only looks.
  it("does it where each of the last ones is allowed by name", () => {
    const plan = recorded("access-both-admins-removed");

    expect(refusals(plan, []).map((it) => it.address)).toEqual([isAdmin("first"), isAdmin("second")]);
    expect(refusals(plan, [isAdmin("first")]).map((it) => it.address)).toEqual([isAdmin("second")]);
    expect(refusals(plan, [isAdmin("first"), isAdmin("second")])).toEqual([]);
  });

  it.each([
    ["another stays", "access-one-of-two-removed"],
    ["another comes", "access-another-comes"],
    ["another is of whom only the apply will tell", "access-another-later"],
    ["another is only forgotten by Terraform", "access-beside-forgotten"],
    ["another is made anew, and its access entry with it", "access-beside-both-replaced"],
  ])("lets one go where %s", (_, scenario) => {
    const gone = recorded(scenario).changes.filter(
      ({ type, kind }) => type === "aws_eks_access_policy_association" && kind === "destroy",
    );

    expect(gone).not.toEqual([]);
    expect(refused(scenario)).toEqual([]);
  });

  it("lets all go where who made the cluster is an admin, but for what else the bastion's role is", () => {
    expect(refusedIn("current-admins-removed")).toEqual([
      "aws_iam_instance_profile.bastion_instance_profile[0]",
      "aws_iam_role.bastion_role[0]",
    ]);
  });

  it.each([
    ["another is of another cluster", "access-of-another-cluster", [isAdmin("first")]],
    [
      "another goes as well, with its access entry",
      "access-beside-entry-removed",
      [isAdmin("first"), 'aws_eks_access_entry.access_entry["guest"]'],
    ],
    [
      "another's access entry is made anew, with which its policies go",
      "access-beside-entry-replaced",
      [isAdmin("first"), 'aws_eks_access_entry.access_entry["guest"]'],
    ],
    [
      "another gets a lesser policy",
      "access-beside-lesser",
      ["aws_eks_access_policy_association.guest", isAdmin("first")],
    ],
  ])("refuses where %s", (_, scenario, addresses) => {
    expect(refusedIn(scenario).sort()).toEqual([...addresses].sort());
    expect(refused(scenario)).toHaveLength(addresses.length);
    for (const text of refused(scenario)) expect(text).toContain("the cluster's last admin would be ");
  });

  it("does not count where the cluster goes as well", () => {
    expect(refusedIn("access-both-cluster-destroyed")).toContain(CLUSTER);
    expect(refused("access-both-cluster-destroyed").join("\n")).not.toContain("the cluster's last admin");
  });

  it("refuses a cluster that is made without any admin", () => {
    expect(refused("access-first-of-nobody")).toEqual([
      expect.stringMatching(
        /^aws_eks_cluster\.\S+: the cluster would be made: authentication_mode is API, no access entry/,
      ),
    ]);
    expect(refused("access-first")).toEqual([]);
    expect(refused("access-first-of-creator")).toEqual([]);
    expect(refusals(recorded("access-first-of-nobody"), [CLUSTER])).toEqual([]);
  });

  it("takes who made a cluster that began with aws-auth for an admin, whatever the provider records of it", () => {
    expect(refused("workshop-authentication-one-step")).toEqual([]);
  });

  it("knows nothing of a cluster whose mode only the apply will tell", () => {
    expect(refused("access-first-of-unknown-mode")).toEqual([]);
  });
});

describe("the guard of the nodes' access entries", () => {
  it.each([
    ["current-node-entry-removed", OTHER_NODES_ENTRY, "arn:aws:iam::123456789012:role/others", "destroyed"],
    ["current-node-entry-replaced", NODES_ENTRY, NODE_ROLE, "replaced"],
  ])("refuses %s while there are Auto Scaling groups, until it is allowed", (scenario, address, role, what) => {
    expect(refused(scenario)).toEqual([
      `${address}: the nodes' access entry would be ${what}: there are Auto Scaling groups, and the nodes of ${role} ` +
        "get in by it; lost by it: their nodes, which become NotReady, and new ones do not join, unless aws-auth " +
        `maps their role (no plan shows that); if you mean it, add --allow-replace '${address}'`,
    ]);
    expect(refusals(recorded(scenario), [address])).toEqual([]);
  });

  it("lets pass an entry of people, with those of nodes that stay", () => {
    expect(refused("access-one-of-two-removed")).toEqual([]);
  });

  it.each([
    ["the role", "existing-node-role-replaced", "aws_iam_role.node_group_role", "replace"],
    ["the cluster", "access-both-cluster-destroyed", CLUSTER, "destroy"],
  ])("leaves it to the refusal of %s where that goes as well", (_, scenario, address, kind) => {
    expect(recorded(scenario).changes).toContainEqual(expect.objectContaining({ address: NODES_ENTRY, kind }));
    expect(refusedIn(scenario)).toContain(address);
    expect(refusedIn(scenario)).not.toContain(NODES_ENTRY);
  });
});

describe("the guard of keys", () => {
  it("refuses another key of the secrets, which the provider would take for a change in place", () => {
    const before = (recorded("existing-secrets-key-other").changes.find(({ address }) => address === CLUSTER)?.before ??
      {}) as { readonly encryption_config?: readonly [{ readonly provider: readonly [{ readonly key_arn: string }] }] };
    const key = before.encryption_config?.[0].provider[0].key_arn ?? "";

    expect(refused("existing-secrets-key-other")).toEqual([
      `${CLUSTER}: the cluster would be changed: the key of its secrets goes from ${key} to ${OTHER_KEY}, and EKS ` +
        `never takes another; set secrets_encryption = { kms_key_arn = "${key}" }, or keep what it said; a key can ` +
        "rotate its material (rotation_days)",
    ]);
    expect(refusalOf("existing-secrets-key-later", CLUSTER)).toContain(
      `goes from ${key} to a key that is made only then`,
    );
  });

  it("says of encryption that is taken off what to set back, as the provider makes another cluster of it", () => {
    expect(refusalOf("current-secrets-key-removed", CLUSTER)).toContain(
      "set secrets_encryption back to what it was: EKS never takes it off again",
    );
  });

  it("lets encryption begin, and says that it is for good", () => {
    const plan = recorded("workshop-secrets-encrypted");

    expect(refusals(plan, [])).toEqual([]);
    expect(irrevocable(plan)).toEqual([{ address: CLUSTER, what: expect.stringContaining("for good") as string }]);
  });

  it.each([
    [
      "current-secrets-key-other",
      "aws_kms_key.cluster_secrets_key[0]",
      "a KMS key would be destroyed",
      "for good, once its deletion window is over",
    ],
    ["current-volume-key-other", "aws_kms_key.volumes_key[0]", "a KMS key would be destroyed", "the nodes' volumes"],
    [
      "current-irsa-removed",
      "aws_iam_openid_connect_provider.pod_roles_oidc_provider[0]",
      "the cluster's OIDC provider would be destroyed",
      "(IRSA)",
    ],
  ])("refuses %s", (scenario, address, what, lost) => {
    const text = refusalOf(scenario, address);

    expect(text).toContain(`${address}: ${what}: `);
    expect(text).toContain(lost);
  });

  it.each([
    ["another rotation of a key", "current-secrets-key-rotation"],
    ["a new launch template version", "current-image"],
    ["another launch template", "current-launch-template-replaced"],
  ])("lets pass: %s", (_, scenario) => {
    expect(recorded(scenario).changes.filter(({ kind }) => kind === "update" || kind === "replace")).not.toEqual([]);
    expect(refused(scenario)).toEqual([]);
  });
});

// What a real plan of this stack says of its own subnets is in the guard's table, and in e2e/guard.
describe("the guard of the control plane's zones", () => {
  const [A, B, C] = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"];

  it("refuses other ones in a network that exists", () => {
    expect(refusals(recorded("existing-zones-other"), [CLUSTER]).map(refusalText)).toEqual([
      `${CLUSTER}: the cluster would be changed: its subnets would stand in ${A}, ${C}, and EKS takes only the zones ` +
        `that the cluster was made with, ${A}, ${B}; set private_subnet_ids so that it has all of these zones and no ` +
        "other",
    ]);
  });

  it("lets other subnets of the same zones pass", () => {
    expect(recorded("existing-zones-same").changes).toContainEqual(
      expect.objectContaining({ address: CLUSTER, kind: "update" }),
    );
    expect(refused("existing-zones-same")).toEqual([]);
  });
});

// Typed, each for the reason that is said of it.
describe("the guard, on what no recorded plan has", () => {
  function values({ version = "1.33", mode = "API", creator = false }: ClusterLike = {}) {
    return {
      name: "k",
      version,
      access_config: [{ authentication_mode: mode, bootstrap_cluster_creator_admin_permissions: creator }],
    };
  }

  const mode = (word: string) => ({ access_config: [{ authentication_mode: word }] });
  const key = (arn: unknown) => ({ encryption_config: [{ provider: [{ key_arn: arn }] }] });

  /** The cluster that is as it was, or becomes another in place. */
  function cluster(before: ClusterLike, after: ClusterLike = before): ChangeJson {
    const actions = before === after ? ["no-op"] : ["update"];
    return { address: CLUSTER, actions, before: values(before), after: values(after) };
  }

  const gone = (policy: string): ChangeJson => ({
    address: 'aws_eks_access_policy_association.access_policy["a"]',
    actions: ["delete"],
    before: {
      cluster_name: "k",
      principal_arn: "arn:aws:iam::123456789012:role/a",
      policy_arn: policy,
      access_scope: [{ type: "cluster", namespaces: [] }],
    },
  });

  const refusedOf = (...changes: ChangeJson[]) => refusals(planOf(changes), []).map(refusalText);

  it("refuses a version of one digit, which tfvars do not take", () => {
    const [text, ...others] = refusedOf(cluster({ creator: true }, { version: "1.9", creator: true }));

    expect(others).toEqual([]);
    expect(text).toContain('version goes from 1.33 to 1.9, and EKS never goes back; set eks_version = "1.33"');
  });

  // Its provider was older than 5.39. Ignoring it does not help where the state has nothing of it.
  it("says what to do where a state of before Terraform knew of the creator's admission forces a replacement", () => {
    const change: ChangeJson = {
      ...cluster({ creator: null }, { creator: true }),
      actions: ["delete", "create"],
      replacePaths: [["access_config", 0, "bootstrap_cluster_creator_admin_permissions"]],
    };

    expect(refusedOf(change)[0]).toContain(
      "; let the state learn of it first, `terraform apply -refresh-only`: it counts when a cluster is made",
    );
  });

  it("lets all admins go where a state of before Terraform knew of it does not say who is one", () => {
    expect(refusedOf(cluster({ creator: null }), gone(ADMIN))).toEqual([]);
  });

  it("does not count with aws-auth alone, for which EKS keeps no access entries", () => {
    expect(refusedOf(cluster({ mode: "CONFIG_MAP" }), gone(ADMIN))).toEqual([]);
    expect(refusedOf(cluster({ mode: "CONFIG_MAP" }, { mode: "API_AND_CONFIG_MAP" }), gone(ADMIN))).toEqual([]);
  });

  it("says nothing where there never was an admin that a plan could see, which tfvars do not take", () => {
    const viewer = gone("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy");

    expect(refusedOf(cluster({}), viewer)).toEqual([]);
    expect(refusedOf(cluster({ version: "1.33" }, { version: "1.34" }))).toEqual([]);
  });

  it("says of several attributes that force a replacement what to set back, each once", () => {
    const change: ChangeJson = {
      ...cluster({ creator: true }, { version: "1.33", creator: true }),
      actions: ["delete", "create"],
      replacePaths: [
        ["encryption_config", 0, "resources"],
        ["encryption_config", 0, "provider"],
        ["kubernetes_network_config", 0, "ip_family"],
      ],
    };

    expect(refusals(planOf([change]), [])[0]?.instead).toBe(
      "set secrets_encryption back to what it was: EKS never takes it off again, and set ip_family back",
    );
    expect(refusals(planOf([{ ...change, address: "aws_msk_cluster.ours" }]), [])[0]).not.toHaveProperty(
      "instead",
      expect.anything(),
    );
  });

  it("speaks of the cluster's version alone", () => {
    const nodes: ChangeJson = {
      address: "aws_eks_node_group.ours",
      actions: ["update"],
      before: { version: "1.31" },
      after: { version: "1.33" },
    };

    expect(refusedOf(nodes)).toEqual([]);
    expect(irrevocable(planOf([nodes]))).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>, string[]]>([
    [
      "a mode where the state knows of none",
      {},
      mode("API"),
      [
        "authentication_mode goes from nothing to API, and never back; whom aws-auth alone lets in, people and nodes, is shut out",
      ],
    ],
    ["a mode that only the apply will tell", mode("API"), {}, []],
    ["no key any more, of which the provider makes another cluster", key("arn:aws:kms:key/1"), {}, []],
    ["a key that is no text", key(["arn:aws:kms:key/1"]), key(["arn:aws:kms:key/2"]), []],
  ])("says of a cluster that gets %s what is to be said", (_, before, after, said) => {
    const plan = planOf([{ address: CLUSTER, actions: ["update"], before, after }]);

    expect(refusals(plan, [])).toEqual([]);
    expect(irrevocable(plan).map(({ what }) => what)).toEqual(said);
  });

  const admits = (more: Record<string, unknown> = {}): ChangeJson => {
    const { address, before } = gone(ADMIN);
    return { address: `${address}2`, actions: ["create"], after: { ...before, ...more } };
  };
  const made = (like: ClusterLike): ChangeJson => ({ address: CLUSTER, actions: ["create"], after: values(like) });

  it("refuses a cluster that takes another's place without any admin", () => {
    const { before, after } = cluster({}, { version: "1.33" });
    const change: ChangeJson = { address: CLUSTER, actions: ["delete", "create"], before, after };

    expect(refusals(planOf([change]), []).map(({ what, lost }) => [what, lost])).toEqual([
      ["replaced", expect.stringMatching(/^everything that runs in it/)],
      [
        "made",
        "the way in for people and for the bastion; whoever's IAM policies allow eks:CreateAccessEntry and " +
          "eks:AssociateAccessPolicy can let somebody in again",
      ],
    ]);
  });

  it.each<[string, ChangeJson[]]>([
    [
      "whose mode only the apply will tell",
      [{ ...made({}), after: { name: "k", access_config: [{ bootstrap_cluster_creator_admin_permissions: false }] } }],
    ],
    ["that looks into aws-auth alone", [made({ mode: "CONFIG_MAP" })]],
    ["with an admin whose cluster only the apply will tell", [made({}), admits({ cluster_name: undefined })]],
    [
      "with an admin whose scope only the apply will tell",
      [made({}), { ...admits({ access_scope: undefined }), unknown: { access_scope: true } }],
    ],
    [
      "with an admin whose policy only the apply will tell",
      [made({}), { ...admits({ policy_arn: undefined }), unknown: { policy_arn: true } }],
    ],
  ])("lets be made a cluster %s", (_, changes) => {
    expect(refusedOf(...changes)).toEqual([]);
  });

  it.each<[string, ChangeJson]>([
    ["who has nothing but a namespace", admits({ access_scope: [{ type: "namespace", namespaces: ["a"] }] })],
    ["of another cluster", admits({ cluster_name: "other" })],
    ["of whose policy nothing is told", admits({ policy_arn: undefined })],
  ])("refuses a cluster that is made with an admin %s alone", (_, association) => {
    expect(refusedOf(made({}), association)).toEqual([expect.stringContaining(": the cluster would be made: ")]);
  });

  describe("of the last admin", () => {
    const { before } = gone(ADMIN);
    const stays: ChangeJson = {
      address: "aws_eks_access_policy_association.b",
      actions: ["no-op"],
      before,
      after: before,
    };
    const forgotten: ChangeJson = { ...stays, actions: ["forget"], after: null };
    const view: ChangeJson = { ...gone("arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy") };
    const entry = (principal: unknown): ChangeJson => ({
      address: "aws_eks_access_entry.a",
      actions: ["delete"],
      before: { cluster_name: "k", principal_arn: principal },
    });
    const principal = before?.["principal_arn"];

    it.each<[string, ChangeJson[], string[]]>([
      ["lets another right of the same go", [stays, view], []],
      ["lets another's entry go", [stays, entry("arn:aws:iam::123456789012:role/b")], []],
      ["refuses it with its entry", [stays, entry(principal)], ["aws_eks_access_entry.a"]],
      ["lets Terraform forget it", [forgotten], []],
      [
        "refuses it with its entry, though Terraform forgets it",
        [forgotten, entry(principal)],
        ["aws_eks_access_entry.a"],
      ],
      ["refuses it by itself, where its entry goes as well", [gone(ADMIN), entry(principal)], [gone(ADMIN).address]],
    ])("%s", (_, changes, addresses) => {
      expect(refusals(planOf([cluster({}), ...changes]), []).map(({ address }) => address)).toEqual(addresses);
    });
  });

  describe("of the nodes' access entries", () => {
    const entry: ChangeJson = {
      address: OTHER_NODES_ENTRY,
      actions: ["delete"],
      before: { cluster_name: "k", principal_arn: NODE_ROLE, type: "EC2_LINUX" },
    };
    const nodes: ChangeJson = { address: "aws_autoscaling_group.a", actions: ["no-op"], before: {}, after: {} };
    const role = (arn: string): ChangeJson => ({ address: "aws_iam_role.a", actions: ["delete"], before: { arn } });
    const clusterGoes: ChangeJson = { address: CLUSTER, actions: ["delete"], before: values() };

    it.each<[string, ChangeJson[], string[]]>([
      ["refuses one while there are groups", [nodes], [OTHER_NODES_ENTRY]],
      ["lets one go where there are none, of which the stack has one at least", [], []],
      ["lets one go where only others are", [{ ...nodes, address: "aws_vpc.a" }], []],
      ["lets one go where groups are only made", [{ ...nodes, actions: ["create"], before: null }], []],
      ["lets one go with the groups", [{ ...nodes, actions: ["delete"], after: null }], ["aws_autoscaling_group.a"]],
      ["lets one go where groups are only looked at", [{ ...nodes, mode: "data" }], []],
      ["lets one go with its role", [nodes, role(NODE_ROLE)], ["aws_iam_role.a"]],
      ["refuses one where another role goes", [nodes, role(`${NODE_ROLE}2`)], ["aws_iam_role.a", OTHER_NODES_ENTRY]],
      ["lets one go with the cluster", [nodes, clusterGoes], [CLUSTER]],
      [
        "refuses one where only what is left of an earlier cluster goes",
        [nodes, { ...clusterGoes, deposed: "0badf00d" }],
        [CLUSTER, OTHER_NODES_ENTRY],
      ],
      [
        "lets one of people go",
        [nodes, { ...entry, address: "aws_eks_access_entry.kim", before: { ...entry.before, type: "STANDARD" } }],
        [OTHER_NODES_ENTRY],
      ],
    ])("%s", (_, changes, addresses) => {
      expect(refusals(planOf([...changes, entry]), []).map(({ address }) => address)).toEqual(addresses);
    });
  });

  describe("of zones", () => {
    const inSubnets = (...ids: string[]) => ({ vpc_config: [{ subnet_ids: ids }] });
    const seen = (id: string, zone: string) => ({
      mode: "data",
      type: "aws_subnet",
      values: { id, availability_zone: zone },
    });
    const others = { prior_state: { values: { root_module: { resources: [seen("a", "z-a"), seen("c", "z-c")] } } } };
    const groupIn = (ids: unknown, zones: unknown): ChangeJson => ({
      address: "aws_autoscaling_group.a",
      actions: ["no-op"],
      before: { vpc_zone_identifier: ids, availability_zones: zones },
      after: {},
    });
    const refusedWith = (before: Record<string, unknown>, ...groups: ChangeJson[]) =>
      refusals(
        planOf([{ address: CLUSTER, actions: ["update"], before, after: inSubnets("a", "c") }, ...groups], others),
        [],
      ).map(({ because }) => because);
    const refused = [
      "its subnets would stand in z-a, z-c, and EKS takes only the zones that the cluster was made with, z-a, z-b",
    ];

    it.each<[string, ChangeJson, string[]]>([
      ["a group in it alone", groupIn(["b"], ["z-b"]), refused],
      ["a group in all of the cluster's", groupIn(["a", "b"], ["z-a", "z-b"]), refused],
      ["a group in somebody else's, too", groupIn(["b", "x"], ["z-b", "z-x"]), []],
      ["a group that tells no zones", groupIn(["b"], undefined), []],
      ["a group that tells no subnets", groupIn(undefined, ["z-b"]), []],
      ["no group", groupIn(["a"], ["z-a"]), []],
    ])("knows that of a subnet which is named no longer by %s", (_, group, expected) => {
      expect(refusedWith(inSubnets("a", "b"), group)).toEqual(expected);
    });

    /** The stack's own subnets: one of the internet, one that stays, one that goes, and one that comes in a zone. */
    const own = (zone: string): ChangeJson[] => [
      { address: 'aws_subnet.network_private_subnet["c"]', actions: ["create"], after: { availability_zone: zone } },
      {
        address: 'aws_subnet.network_private_subnet["b"]',
        actions: ["delete"],
        before: { id: "b", availability_zone: "z-b" },
      },
      ...["private", "public"].map((kind): ChangeJson => {
        const values = { id: kind === "private" ? "a" : "p", availability_zone: kind === "private" ? "z-a" : "z-p" };
        return {
          address: `aws_subnet.network_${kind}_subnet["a"]`,
          actions: ["no-op"],
          before: values,
          after: values,
        };
      }),
      { address: 'aws_network_acl.network_private_subnet["a"]', actions: ["no-op"], before: {}, after: {} },
    ];

    it.each([
      ["refuses another one", "z-c", refused],
      ["lets the same ones pass", "z-b", []],
    ])("%s of the stack's own subnets, of which only the apply will tell the ids", (_, zone, expected) => {
      const change: ChangeJson = {
        address: CLUSTER,
        actions: ["update"],
        before: inSubnets("a", "b"),
        after: { vpc_config: [{}] },
        unknown: { vpc_config: [{ subnet_ids: true }] },
      };
      const found = refusals(planOf([...own(zone), change]), []).filter(({ address }) => address === CLUSTER);

      expect(found.map(({ because }) => because)).toEqual(expected);
      for (const { instead } of found) {
        expect(instead).toBe("set vpc_private_subnets so that it has all of these zones and no other");
      }
    });

    it("leaves them to EKS where the state has no subnets of the cluster", () => {
      expect(refusedWith({})).toEqual([]);
    });
  });

  // The stack looks at all subnets that it uses.
  it.each([
    ["one of the zones", 1],
    ["any of the zones", 0],
  ])("leaves zones to EKS where the plan does not know %s", (_, known) => {
    const document = JSON.parse(recordedText("existing-zones-other")) as {
      prior_state: { values: { root_module: { resources: object[] } } };
    };
    const { root_module: root } = document.prior_state.values;
    root.resources = root.resources.slice(0, known);

    expect(refusals(readPlan(JSON.stringify(document), "plan"), [])).toEqual([]);
  });
});
