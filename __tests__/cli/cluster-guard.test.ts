import { irrevocable } from "../../cli/plan/cluster-guard";
import { refusals } from "../../cli/plan/guard";
import { summarize, summaryLines } from "../../cli/plan/plan-summary";
import { refusalText } from "../../cli/plan/refusal";
import { planOf, type ChangeJson } from "../support/plan-json";

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const NODE_ROLE = "arn:aws:iam::123456789012:role/nodes";

/** What a cluster is like, as the provider's plans say it. */
interface ClusterLike {
  readonly version?: string;
  readonly mode?: string;
  readonly creator?: boolean | null;
  readonly key?: string;
}

function values({ version = "1.33", mode = "API", creator = false, key }: ClusterLike) {
  return {
    name: "k",
    version,
    access_config: [{ authentication_mode: mode, bootstrap_cluster_creator_admin_permissions: creator }],
    encryption_config: key === undefined ? [] : [{ resources: ["secrets"], provider: [{ key_arn: key }] }],
  };
}

/** The cluster that is as it was, or becomes another in place. */
function cluster(before: ClusterLike, after: ClusterLike = before, more: Partial<ChangeJson> = {}): ChangeJson {
  const actions = before === after ? ["no-op"] : ["update"];
  return { address: CLUSTER, actions, before: values(before), after: values(after), ...more };
}

function newCluster(like: ClusterLike): ChangeJson {
  return { address: CLUSTER, actions: ["create"], after: values(like) };
}

function association(
  who: string,
  policy: string,
  actions: readonly string[],
  namespaces: readonly string[] = [],
): ChangeJson {
  const held = {
    cluster_name: "k",
    principal_arn: `arn:aws:iam::123456789012:role/${who}`,
    policy_arn: policy,
    access_scope: [{ type: namespaces.length === 0 ? "cluster" : "namespace", namespaces }],
  };
  const [first] = actions;
  return {
    address: `aws_eks_access_policy_association.access_policy["${who}"]`,
    actions,
    before: first === "create" && actions.length === 1 ? null : held,
    after: actions.length === 1 && (first === "delete" || first === "forget") ? null : held,
  };
}

function entry(who: string, actions: readonly string[], type = "STANDARD"): ChangeJson {
  const held = { cluster_name: "k", principal_arn: `arn:aws:iam::123456789012:role/${who}`, type };
  const isGone = actions.length === 1 && actions[0] === "delete";
  return {
    address: `aws_eks_access_entry.access_entry["${who}"]`,
    actions,
    before: held,
    after: isGone ? null : held,
  };
}

const group = (actions: readonly string[]): ChangeJson => ({
  address: "aws_autoscaling_group.node_group_autoscaling_group",
  actions,
  before: { name: "k-worker" },
  after: actions[0] === "delete" ? null : { name: "k-worker" },
});

/** What is refused, as text, without what has nothing to do with the cluster. */
function refused(...changes: ChangeJson[]): string[] {
  return refusals(planOf(changes), []).map(refusalText);
}

describe("the guard of the cluster's version", () => {
  it.each([
    [
      "1.33",
      "1.35",
      "version goes from 1.33 to 1.35, and EKS goes one minor at a time",
      'set eks_version = "1.34" first',
    ],
    ["1.29", "1.36", "one minor at a time", 'set eks_version = "1.30" first'],
    ["1.33", "1.32", "version goes from 1.33 to 1.32, and EKS never goes back", 'set eks_version = "1.33"'],
    ["1.33", "1.9", "never goes back", 'set eks_version = "1.33"'],
  ])("refuses to go from %s to %s", (before, after, because, instead) => {
    const [text, ...others] = refused(cluster({ version: before, creator: true }, { version: after, creator: true }));

    expect(others).toEqual([]);
    expect(text).toContain(`${CLUSTER}: the cluster would be changed: `);
    expect(text).toContain(because);
    expect(text).toContain(instead);
    expect(text).not.toContain("--allow-replace");
  });

  it("cannot be allowed by name, since EKS would refuse it too", () => {
    const plan = planOf([cluster({ version: "1.33", creator: true }, { version: "1.35", creator: true })]);

    expect(refusals(plan, [CLUSTER])).toHaveLength(1);
  });

  it("lets one minor pass, and says in the summary that there is no way back", () => {
    const plan = planOf([cluster({ version: "1.33", creator: true }, { version: "1.34", creator: true })]);

    expect(refusals(plan, [])).toEqual([]);
    expect(summaryLines(summarize(plan)).join("").replaceAll(/ +/g, " ")).toContain(
      `note: ${CLUSTER}: the control plane goes from 1.33 to 1.34, and never back; the nodes keep their kubelets`,
    );
  });

  it.each<[string, ChangeJson]>([
    ["a cluster that is made", newCluster({ version: "1.36", creator: true })],
    ["one that stays", cluster({ version: "1.33", creator: true })],
    [
      "a version that only the apply will tell",
      {
        ...cluster({ creator: true }, { creator: true, mode: "API" }),
        actions: ["update"],
        after: { ...values({ creator: true }), version: undefined },
        unknown: { version: true },
      },
    ],
  ])("lets pass: %s", (_, change) => {
    expect(refused(change)).toEqual([]);
    expect(irrevocable(planOf([change]))).toEqual([]);
  });
});

describe("the guard of the authentication mode", () => {
  it.each([
    ["API", "API_AND_CONFIG_MAP", 'and EKS never goes back; set authentication_mode = "API"'],
    ["API", "CONFIG_MAP", 'and EKS never goes back; set authentication_mode = "API"'],
    ["API_AND_CONFIG_MAP", "CONFIG_MAP", 'set authentication_mode = "API_AND_CONFIG_MAP"'],
    ["CONFIG_MAP", "API", 'and EKS goes one step at a time; set authentication_mode = "API_AND_CONFIG_MAP" first'],
  ])("refuses %s to %s", (before, after, instead) => {
    const texts = refused(cluster({ mode: before, creator: true }, { mode: after, creator: true }));

    expect(texts).toEqual([expect.stringContaining(instead)]);
    expect(texts[0]).toContain(`authentication_mode goes from ${before} to ${after}`);
  });

  it.each([
    ["CONFIG_MAP", "API_AND_CONFIG_MAP", "and never back"],
    ["API_AND_CONFIG_MAP", "API", "and never back; whom aws-auth alone lets in, people and nodes, is shut out"],
  ])("lets %s to %s pass, and says what it means", (before, after, said) => {
    const plan = planOf([cluster({ mode: before, creator: true }, { mode: after, creator: true })]);

    expect(refusals(plan, [])).toEqual([]);
    expect(irrevocable(plan)).toEqual([
      { address: CLUSTER, what: expect.stringMatching(new RegExp(`${said}$`)) as string },
    ]);
  });

  it.each([
    [true, "set cluster_creator_admin back to true: it counts when a cluster is made"],
    [false, "set cluster_creator_admin back to false: it counts when a cluster is made"],
    // A state of before Terraform knew of it, which ignoring it does not help.
    [null, "let the state learn of it first, `terraform apply -refresh-only`: it counts when a cluster is made"],
  ])("says what to do where the creator's admission forces a replacement (it was %s)", (was, advice) => {
    const [text] = refused(
      cluster(
        { creator: was },
        { creator: was !== false ? false : true },
        {
          actions: ["delete", "create"],
          replacePaths: [["access_config", 0, "bootstrap_cluster_creator_admin_permissions"]],
        },
      ),
      association("admins", ADMIN, ["no-op"]),
    );

    expect(text).toContain(
      "the cluster would be replaced: access_config[0].bootstrap_cluster_creator_admin_permissions",
    );
    expect(text).toContain(`; ${advice}`);
  });

  it.each([
    ["ip_family", "set ip_family back"],
    ["service_ipv4_cidr", "set service_cidr back"],
  ])("says so of %s", (attribute, advice) => {
    const [text] = refused(
      cluster(
        { creator: true },
        { creator: true, mode: "API" },
        {
          actions: ["delete", "create"],
          replacePaths: [["kubernetes_network_config", 0, attribute]],
        },
      ),
    );

    expect(text).toContain(advice);
  });
});

describe("the guard of the last admin", () => {
  const apiCluster = cluster({ mode: "API" });

  it("refuses to take the last one away, and says what it cannot see", () => {
    const both = cluster({ mode: "API_AND_CONFIG_MAP" });

    expect(refused(both, association("admins", ADMIN, ["delete"]), association("viewers", VIEW, ["no-op"]))).toEqual([
      'aws_eks_access_policy_association.access_policy["admins"]: the cluster\'s last admin would be destroyed: ' +
        "no access entry with AmazonEKSClusterAdminPolicy for the whole cluster is left, and who made it is none as " +
        "far as Terraform knows (cluster_creator_admin = false); lost by it: the last way in for an admin that this plan can see (aws-auth may " +
        "map admins that no plan shows, and so may entries or bindings that others made by hand); whoever's IAM policies " +
        "allow eks:CreateAccessEntry and eks:AssociateAccessPolicy can let somebody in again; give somebody in " +
        "access_entries the policy AmazonEKSClusterAdminPolicy without namespaces; if you mean it, add --allow-replace " +
        `'aws_eks_access_policy_association.access_policy["admins"]'`,
    ]);
    expect(refused(apiCluster, association("admins", ADMIN, ["delete"]))[0]).toContain("(only entries or bindings");
  });

  it("does it where each of the last ones is allowed by name", () => {
    const plan = planOf([apiCluster, association("a", ADMIN, ["delete"]), association("b", ADMIN, ["delete"])]);
    const address = (who: string) => `aws_eks_access_policy_association.access_policy["${who}"]`;

    expect(refusals(plan, []).map((it) => it.address)).toEqual([address("a"), address("b")]);
    expect(refusals(plan, [address("a")]).map((it) => it.address)).toEqual([address("b")]);
    expect(refusals(plan, [address("a"), address("b")])).toEqual([]);
  });

  it.each<[string, ChangeJson[]]>([
    ["another stays", [association("b", ADMIN, ["no-op"])]],
    ["another comes", [association("b", ADMIN, ["create"])]],
    [
      "another is of whom only the apply will tell",
      [
        {
          ...association("b", ADMIN, ["create"]),
          after: { cluster_name: "k", access_scope: [{ type: "cluster" }] },
          unknown: { policy_arn: true, principal_arn: true },
        },
      ],
    ],
    ["another is only forgotten by Terraform", [association("b", ADMIN, ["forget"])]],
  ])("lets one go where %s", (_, others) => {
    expect(refused(apiCluster, association("a", ADMIN, ["delete"]), ...others)).toEqual([]);
  });

  it.each<[string, ChangeJson[]]>([
    ["another is admin of a namespace alone", [association("b", ADMIN, ["no-op"], ["team"])]],
    ["another only looks", [association("b", VIEW, ["no-op"])]],
    [
      "another is of another cluster",
      [
        {
          ...association("b", ADMIN, ["no-op"]),
          after: { ...association("b", ADMIN, ["no-op"]).after, cluster_name: "other" },
        },
      ],
    ],
    ["another goes as well, with its access entry", [association("b", ADMIN, ["no-op"]), entry("b", ["delete"])]],
    [
      "another's access entry is made anew, with which its policies go",
      [association("b", ADMIN, ["no-op"]), entry("b", ["delete", "create"])],
    ],
  ])("refuses where %s", (_, others) => {
    expect(refused(apiCluster, association("a", ADMIN, ["delete"]), ...others)[0]).toContain(
      "the cluster's last admin",
    );
  });

  it("takes one that is made anew for one that stays, and one with a lesser policy for one that goes", () => {
    const anew = association("a", ADMIN, ["delete", "create"]);
    const lesser = { ...anew, after: { ...anew.after, policy_arn: VIEW } };

    expect(refused(apiCluster, anew, entry("a", ["delete", "create"]))).toEqual([]);
    expect(refused(apiCluster, lesser)[0]).toContain("the cluster's last admin would be replaced");
  });

  it.each([true, null])("lets all go where who made the cluster is an admin (%s)", (creator) => {
    expect(refused(cluster({ creator }), association("a", ADMIN, ["delete"]))).toEqual([]);
  });

  it("does not count with aws-auth alone, nor where the cluster goes as well", () => {
    expect(refused(cluster({ mode: "CONFIG_MAP" }), association("a", ADMIN, ["delete"]))).toEqual([]);
    expect(refused({ ...apiCluster, actions: ["delete"], after: null }, association("a", ADMIN, ["delete"]))).toEqual([
      expect.stringContaining("the cluster would be destroyed"),
    ]);
  });

  it("refuses a cluster that is made without any admin", () => {
    expect(refused(newCluster({ mode: "API" }))).toEqual([
      expect.stringMatching(
        /^aws_eks_cluster\.\S+: the cluster would be made: authentication_mode is API, no access entry/,
      ),
    ]);
    expect(refused(newCluster({ mode: "API" }), association("a", ADMIN, ["create"]))).toEqual([]);
    expect(refused(newCluster({ mode: "API", creator: true }))).toEqual([]);
    expect(refusals(planOf([newCluster({ mode: "API" })]), [CLUSTER])).toEqual([]);
  });

  it("takes who made a cluster that began with aws-auth for an admin, though the provider records that nobody said so", () => {
    const becomes = cluster({ mode: "CONFIG_MAP" }, { mode: "API_AND_CONFIG_MAP" });

    expect(refused(becomes)).toEqual([]);
    expect(refused(becomes, association("a", ADMIN, ["delete"]))).toEqual([]);
  });

  it("says nothing of a cluster that never had one that a plan could see", () => {
    expect(refused(apiCluster, association("viewers", VIEW, ["delete"]))).toEqual([]);
    expect(refused(cluster({ version: "1.33" }, { version: "1.34" }))).toEqual([]);
  });

  it("knows nothing of a cluster whose mode only the apply will tell", () => {
    expect(refused({ ...newCluster({}), after: { name: "k" }, unknown: { access_config: true } })).toEqual([]);
  });
});

describe("the guard of the nodes' access entries", () => {
  const api = cluster({ creator: true });
  const role = (actions: readonly string[]): ChangeJson => ({
    address: "aws_iam_role.node_group_role",
    actions,
    before: { arn: NODE_ROLE },
  });

  it.each([
    [["delete"], "destroyed"],
    [["delete", "create"], "replaced"],
  ])("refuses %j while there are Auto Scaling groups, until it is allowed", (actions, what) => {
    const plan = planOf([api, group(["no-op"]), entry("nodes", actions, "EC2_LINUX")]);
    const address = 'aws_eks_access_entry.access_entry["nodes"]';

    expect(refusals(plan, []).map(refusalText)).toEqual([
      `${address}: the nodes' access entry would be ${what}: there are Auto Scaling groups, and the nodes of ${NODE_ROLE} ` +
        "get in by it; lost by it: their nodes, which become NotReady, and new ones do not join, unless aws-auth maps their " +
        `role (no plan shows that); if you mean it, add --allow-replace '${address}'`,
    ]);
    expect(refusals(plan, [address])).toEqual([]);
  });

  it.each<[string, ChangeJson[]]>([
    ["an entry of people", [group(["no-op"]), entry("people", ["delete"])]],
    ["an entry that stays", [group(["no-op"]), entry("nodes", ["no-op"], "EC2_LINUX")]],
    ["an entry of nodes where there are no groups", [entry("nodes", ["delete"], "EC2_LINUX")]],
  ])("lets pass: %s", (_, changes) => {
    expect(refused(api, ...changes)).toEqual([]);
  });

  it("leaves it to the role's own refusal where the role goes as well", () => {
    expect(refused(api, group(["no-op"]), entry("nodes", ["delete"], "EC2_LINUX"), role(["delete"]))).toEqual([
      expect.stringMatching(/^aws_iam_role\./),
    ]);
  });

  it("leaves it to the cluster's own refusal where the cluster goes as well", () => {
    const gone: ChangeJson = { ...api, actions: ["delete"], after: null };

    expect(refused(gone, group(["no-op"]), entry("nodes", ["delete"], "EC2_LINUX"))).toEqual([
      expect.stringMatching(/^aws_eks_cluster\./),
    ]);
  });
});

describe("the guard of keys", () => {
  const [A, B] = ["arn:aws:kms:r:1:key/a", "arn:aws:kms:r:1:key/b"];

  it("refuses another key of the secrets, which the provider would take for a change in place", () => {
    const text = refused(cluster({ creator: true, key: A }, { creator: true, key: B }));

    expect(text).toEqual([
      `${CLUSTER}: the cluster would be changed: the key of its secrets goes from ${A} to ${B}, and EKS never takes ` +
        `another; set secrets_encryption = { kms_key_arn = "${A}" }, or keep what it said; a key can rotate its material ` +
        "(rotation_days)",
    ]);
    const later = { ...values({ creator: true }), encryption_config: [{ resources: ["secrets"], provider: [{}] }] };
    expect(
      refused({
        ...cluster({ creator: true, key: A }, { creator: true }),
        after: later,
        unknown: { encryption_config: [{ resources: [false], provider: [{ key_arn: true }] }] },
      })[0],
    ).toContain(`goes from ${A} to a key that is made only then`);
  });

  it("says of encryption that is taken off what to set back, as the provider makes another cluster of it", () => {
    const [text] = refused(
      cluster(
        { creator: true, key: A },
        { creator: true },
        {
          actions: ["delete", "create"],
          replacePaths: [["encryption_config"]],
        },
      ),
    );

    expect(text).toContain("set secrets_encryption back to what it was: EKS never takes it off again");
  });

  it("lets encryption begin, and says that it is for good", () => {
    const plan = planOf([cluster({ creator: true }, { creator: true, key: A })]);

    expect(refusals(plan, [])).toEqual([]);
    expect(irrevocable(plan)).toEqual([{ address: CLUSTER, what: expect.stringContaining("for good") as string }]);
  });

  it.each([
    ["aws_kms_key.secrets_key", "a KMS key would be destroyed", "for good, once its deletion window is over"],
    ["aws_iam_openid_connect_provider.irsa_provider", "the cluster's OIDC provider would be destroyed", "(IRSA)"],
  ])("refuses to destroy %s", (address, what, lost) => {
    const [text] = refused({ address, actions: ["delete"], before: {} });

    expect(text).toContain(`${address}: ${what}: `);
    expect(text).toContain(lost);
  });

  it.each<[string, ChangeJson]>([
    ["another rotation of a key", { address: "aws_kms_key.secrets_key", actions: ["update"], before: {}, after: {} }],
    [
      "a new launch template version",
      { address: "aws_launch_template.worker", actions: ["update"], before: {}, after: {} },
    ],
    [
      "another launch template",
      { address: "aws_launch_template.worker", actions: ["create", "delete"], before: {}, after: {} },
    ],
  ])("lets pass: %s", (_, change) => {
    expect(refused(change)).toEqual([]);
  });
});

// What a real plan of this stack says of its own subnets is in e2e/guard.
describe("the guard of the control plane's zones", () => {
  const inSubnets = (...ids: string[]) => ({ ...values({ creator: true }), vpc_config: [{ subnet_ids: ids }] });
  const moved = (from: readonly string[], to: readonly string[]): ChangeJson => ({
    address: CLUSTER,
    actions: ["update"],
    before: inSubnets(...from),
    after: inSubnets(...to),
  });
  /** As the state has subnets of a network that exists. */
  const looked = (zones: Readonly<Record<string, string>>) => ({
    prior_state: {
      values: {
        root_module: {
          resources: Object.entries(zones).map(([id, availability_zone]) => ({
            mode: "data",
            type: "aws_subnet",
            values: { id, availability_zone },
          })),
        },
      },
    },
  });

  it("refuses other ones in a network that exists", () => {
    const plan = planOf([moved(["s-1", "s-2"], ["s-1", "s-3"])], looked({ "s-1": "a", "s-2": "b", "s-3": "c" }));

    expect(refusals(plan, [CLUSTER]).map(refusalText)).toEqual([
      `${CLUSTER}: the cluster would be changed: its subnets would stand in a, c, and EKS takes only the zones that the ` +
        "cluster was made with, a, b; set private_subnet_ids so that it has all of these zones and no other",
    ]);
  });

  it.each<[string, ReturnType<typeof looked>]>([
    ["other subnets of the same zones", looked({ "s-1": "a", "s-2": "b", "s-3": "b" })],
    ["what the plan does not know the zone of", looked({ "s-1": "a", "s-3": "c" })],
    ["what the plan knows nothing of", looked({})],
  ])("lets pass: %s", (_, known) => {
    expect(refusals(planOf([moved(["s-1", "s-2"], ["s-1", "s-3"])], known), [])).toEqual([]);
  });
});
