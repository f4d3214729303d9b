import { CURRENT_ACCOUNT, WORKSHOP_ACCOUNT, type AccountSeed } from "../rehearsal/account/emulator";

/** A plan that is recorded. What it does not say is as it was at the last apply. */
export interface Scenario {
  /** Tfvars that differ from the ones that were applied. */
  readonly tfvars?: string;
  /** Options of `terraform plan`. */
  readonly options?: readonly string[];
  /** Configuration beside the stack's, or instead of it where the course has no stack. */
  readonly beside?: object;
  /** Configuration that overrides arguments of the stack's. */
  readonly override?: object;
  /** Terraform commands that come before the plan and change the state, which is put back after it. */
  readonly commands?: readonly (readonly string[])[];
  /** A call to AWS; an apply comes before the plan, and is killed at that call. */
  readonly killedAt?: Readonly<Record<string, string>>;
  /** Name under which the state is recorded that the plan is made from. */
  readonly state?: string;
  /** Whether Terraform ends the plan with an error. */
  readonly isErrored?: boolean;
}

/** Plans that one state is the ground of. */
export interface Stage {
  /** What is applied first; undefined: nothing. */
  readonly apply?: Pick<Scenario, "tfvars" | "beside">;
  readonly plans: Readonly<Record<string, Scenario>>;
}

/** An account, and what is done in it from the start. */
export interface Course {
  readonly seed: AccountSeed;
  /** Tfvars files of the repository, without their ends, that come before all others. */
  readonly files?: readonly string[];
  readonly tfvars?: string;
  /** Whether the account has a network of its own, that the stack is to use. */
  readonly hasNetwork?: boolean;
  /** False where the configuration is the scenarios' own. @default true */
  readonly hasStack?: boolean;
  readonly stages: readonly Stage[];
}

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const ROLES = "arn:aws:iam::123456789012:role";
const KEYS = "arn:aws:kms:ap-northeast-2:123456789012:key";
const GIVEN_KEY = `${KEYS}/11111111-1111-4111-8111-111111111111`;
const OTHER_KEY = `${KEYS}/22222222-2222-4222-8222-222222222222`;
/** The bastion as in the workshop. */
const BASTION_OF_ADMIN_ROLE = 'kubectl_own_role = false\naws_krug_admin_role = "aws-krug-admin"\n';
const SOMEBODY = 'kubectl_ssh_cidrs = ["203.0.113.7/32"]\n';

/** Plans the cluster with what it refers to, and nothing else. */
const CLUSTER_ALONE = [`-target=${CLUSTER}`];

/** Rows of private subnets, as tfvars, from `LETTER ZONE CIDR`. */
function privateSubnets(...rows: string[]): string {
  const row = (text: string) => {
    const [letter = "", zone = "", cidr = ""] = text.split(" ");
    return `{ name = "private-subnet-${letter}", az = "ap-northeast-2${zone}", cidr = "${cidr}" }`;
  };
  return `vpc_private_subnets = [${rows.map(row).join(", ")}]`;
}
const [SUBNET_A, SUBNET_B] = ["a a 172.16.10.0/23", "b b 172.16.12.0/23"];

/** A value that only the apply will tell. */
const LATER = { terraform_data: { later: { input: "1.35" } } };
const overridingCluster = (values: object) => ({ resource: { aws_eks_cluster: { cluster_control_plane: values } } });
/** What the stack ignores is looked at again. An empty list would override nothing. */
const TAGS_IGNORED_ALONE = overridingCluster({ lifecycle: { ignore_changes: ["tags"] } });

const WORKSHOP: Course = {
  seed: WORKSHOP_ACCOUNT,
  tfvars: `aws_krug_admin_role = "aws-krug-admin"\n${SOMEBODY}`,
  stages: [
    {
      plans: {
        "workshop-first": {},
        "workshop-nobody-admitted": { tfvars: "kubectl_ssh_cidrs = []\nkubectl_ec2_volume_size = null" },
        "workshop-first-with-second-range": {
          tfvars: 'vpc_secondary_cidr_blocks = ["100.64.0.0/16"]',
          options: [...CLUSTER_ALONE, "-target=aws_vpc_ipv4_cidr_block_association.network_secondary_cidr"],
        },
        "workshop-half-applied": { killedAt: { Action: "CreateNatGateway" }, state: "half-applied" },
      },
    },
    {
      apply: {},
      plans: {
        "workshop-unchanged": { state: "applied" },
        "workshop-version-one-up": { tfvars: 'eks_version = "1.15"' },
        "workshop-version-two-up": { tfvars: 'eks_version = "1.16"' },
        "workshop-version-down": { tfvars: 'eks_version = "1.13"' },
        "workshop-version-far-up": { override: overridingCluster({ version: "1.36" }) },
        "workshop-authentication-one-step": { tfvars: 'authentication_mode = "API_AND_CONFIG_MAP"' },
        "workshop-authentication-two-steps": { tfvars: 'authentication_mode = "API"' },
        "workshop-imported-cluster": {
          tfvars: 'authentication_mode = "API_AND_CONFIG_MAP"',
          commands: [
            ["state", "rm", CLUSTER],
            ["import", CLUSTER, "awskrug_gudi_eks"],
          ],
        },
        "workshop-secrets-encrypted": { tfvars: "secrets_encryption = {}" },
        "workshop-cluster-renamed": { tfvars: 'eks_cluster_name = "other"' },
        "workshop-vpc-range": { tfvars: 'vpc_cidr_block = "172.16.0.0/17"' },
        "workshop-output-changed": {
          tfvars: `aws_auth_users = [
            { userarn = "arn:aws:iam::123456789012:user/student", username = "student", groups = ["students"] }
          ]`,
        },
        "workshop-vpc-second-range": { tfvars: 'vpc_secondary_cidr_blocks = ["100.64.0.0/16"]' },
        "workshop-vpc-second-range-and-version": {
          tfvars: 'vpc_secondary_cidr_blocks = ["100.64.0.0/16"]\neks_version = "1.15"',
        },
        "workshop-subnet-removed": { tfvars: privateSubnets(SUBNET_A, SUBNET_B) },
        "workshop-subnet-renamed": { tfvars: privateSubnets(SUBNET_A, SUBNET_B, "d c 172.16.14.0/23") },
        "workshop-no-nat": { tfvars: 'nat_gateway = "none"\nkubectl_ssh_cidrs = ["198.51.100.23/32"]' },
        "workshop-instance-type": {
          tfvars:
            'eks_worker_node_ec2_type = "t3.medium"\neks_worker_nodes_asg_group = { min = 1, max = 4, desire = 3 }',
        },
        "workshop-launch-template": { tfvars: 'eks_worker_node_launch = "template"' },
        "workshop-node-groups": {
          tfvars: `node_groups = {
            a = { ami_id = "ami-023bb403131889300", ami_family = "al2", kubernetes_version = "1.14" }
          }`,
        },
        "workshop-bastion-image": {
          tfvars: 'kubectl_image_id = "ami-023bb403131889300"\nkubectl_ec2_keypair = "other"',
        },
        "workshop-tainted-cluster": {
          commands: [["taint", CLUSTER]],
          options: ["-replace=aws_instance.bastion_instance"],
        },
        // As in a state of the workshop's own HCL, from which the stack moves them.
        "workshop-moved": { commands: [["state", "mv", CLUSTER, "module.eks.aws_eks_cluster.eks_cluster"]] },
        "workshop-moved-and-renamed": {
          tfvars: `eks_cluster_name = "other"\n${privateSubnets(SUBNET_A, SUBNET_B)}`,
          commands: [
            ["state", "mv", CLUSTER, "module.eks.aws_eks_cluster.eks_cluster"],
            ["state", "mv", "aws_vpc.network_vpc[0]", "module.vpc.aws_vpc.vpc"],
          ],
        },
      },
    },
  ],
};

/** A row of access_entries. */
const admin = (name: string, more = "") =>
  `${name} = { principal_arn = "${ROLES}/${name}", policies = [{ policy = "AmazonEKSClusterAdminPolicy"${more} }] }`;
const group = (attributes: string) => `node_groups = {
  general = {
    ami_id           = "ami-0c0ffee0000000a01"
    instance_types   = ["t3.medium"]
    min_size         = 2
    max_size         = 4
    desired_size     = 2
    labels           = { workload = "general" }
    instance_refresh = {}
    ${attributes}
  }
}`;
const ADMINS = admin("admins");
const OTHERS = `others = { principal_arn = "${ROLES}/others", type = "EC2_LINUX" }`;

const CURRENT: Course = {
  seed: { ...CURRENT_ACCOUNT, principals: [`${ROLES}/admins`, `${ROLES}/others`] },
  files: ["current"],
  tfvars: SOMEBODY,
  stages: [
    {
      apply: {
        tfvars: `access_entries     = { ${ADMINS}, ${OTHERS} }
                 flow_logs          = {}
                 irsa               = true
                 secrets_encryption = {}
                 volume_encryption  = {}`,
      },
      plans: {
        "current-version-one-up": { tfvars: 'eks_version = "1.36"' },
        "current-authentication-back": { tfvars: 'authentication_mode = "API_AND_CONFIG_MAP"' },
        "current-creator-no-admin": { tfvars: "cluster_creator_admin = false" },
        "current-admins-removed": {
          tfvars: `access_entries = { ${OTHERS} }\n${BASTION_OF_ADMIN_ROLE}`,
        },
        "current-node-entry-removed": { tfvars: `access_entries = { ${ADMINS} }` },
        "current-node-entry-replaced": { options: ['-replace=aws_eks_access_entry.access_node["shared"]'] },
        "current-secrets-key-other": {
          tfvars: `secrets_encryption = { kms_key_arn = "${OTHER_KEY}" }`,
        },
        "current-secrets-key-removed": { tfvars: "secrets_encryption = null" },
        "current-secrets-key-rotation": { tfvars: "secrets_encryption = { rotation_days = 180 }" },
        "current-volume-key-other": {
          tfvars: `volume_encryption = { kms_key_arn = "${OTHER_KEY}" }`,
        },
        "current-irsa-removed": { tfvars: "irsa = false" },
        "current-service-range": { tfvars: 'service_cidr = "10.200.0.0/16"' },
        "current-image": {
          tfvars: group("").replace("a01", "b01").replace("labels", 'ami_family = "bottlerocket"\nlabels'),
        },
        "current-instance-type": { tfvars: group("").replace("t3.medium", "t3.large") },
        "current-node-group-removed": { tfvars: group("").replace("general = {", "other = {") },
        "current-launch-template-replaced": {
          options: ['-replace=aws_launch_template.node_group_launch_template["general"]'],
        },
        "current-add-on-removed": {
          tfvars: `add_ons = {
            vpc-cni = {}, kube-proxy = {}, coredns = {}, eks-pod-identity-agent = {}
            aws-ebs-csi-driver = { pod_role = "ebs-csi" }
          }`,
        },
        "current-pod-role-removed": {
          tfvars: `pod_roles = {}
          add_ons = {
            vpc-cni = {}, kube-proxy = {}, coredns = {}, eks-pod-identity-agent = {}, metrics-server = {}
            aws-ebs-csi-driver = {}
          }`,
        },
        "current-flow-logs-removed": { tfvars: "flow_logs = null" },
      },
    },
  ],
};

const VIEWERS = `viewers = { principal_arn = "${ROLES}/viewers", policies = [{ policy = "AmazonEKSViewPolicy" }] }`;
const TEAM = admin("team", ', namespaces = ["team"]');
const GUEST = `guest = { principal_arn = "${ROLES}/guest" }`;
const GUEST_ENTRY = 'aws_eks_access_entry.access_entry["guest"]';
/** Whoever made the cluster is no admin of it; tfvars may say what they like afterwards, as it counts at the start. */
const entries = (...rows: string[]) =>
  `cluster_creator_admin = true\naccess_entries = {\n${rows.map((row) => `${row}\n`).join("")}}`;
const made = (...rows: string[]) => entries(...rows).replace("= true", "= false");
/** An association that somebody wrote beside the stack. */
const guestAssociation = (more: object = {}) => ({
  resource: {
    ...LATER,
    aws_eks_access_policy_association: {
      guest: {
        cluster_name: "awskrug_gudi_eks",
        principal_arn: `${ROLES}/guest`,
        policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        access_scope: { type: "cluster" },
        ...more,
      },
    },
  },
});
const NOT_OF_GUEST = { ...guestAssociation(), resource: LATER };

const ACCESS: Course = {
  seed: {
    ...CURRENT_ACCOUNT,
    principals: ["admins", "first", "second", "third", "team", "viewers", "guest"].map((name) => `${ROLES}/${name}`),
  },
  files: ["current"],
  tfvars: `${SOMEBODY}add_ons = {}\npod_roles = {}\n${BASTION_OF_ADMIN_ROLE}`,
  stages: [
    {
      plans: {
        "access-first": {
          tfvars: made(admin("first")),
          options: [...CLUSTER_ALONE, "-target=aws_eks_access_policy_association.access_policy"],
        },
        "access-first-of-creator": { tfvars: entries(), options: CLUSTER_ALONE },
        "access-first-of-nobody": {
          tfvars: entries(),
          options: CLUSTER_ALONE,
          override: overridingCluster({
            access_config: { authentication_mode: "API", bootstrap_cluster_creator_admin_permissions: false },
          }),
        },
        "access-first-of-unknown-mode": {
          tfvars: entries(),
          options: CLUSTER_ALONE,
          beside: { resource: LATER },
          override: overridingCluster({ access_config: { authentication_mode: "${terraform_data.later.output}" } }),
        },
      },
    },
    {
      apply: { tfvars: `authentication_mode = "API_AND_CONFIG_MAP"\n${made(admin("admins"), VIEWERS)}` },
      plans: {
        "access-both-last-admin-removed": { tfvars: entries(VIEWERS) },
        "access-both-creator-not-ignored": { tfvars: "cluster_creator_admin = true", override: TAGS_IGNORED_ALONE },
        "access-both-cluster-destroyed": { options: ["-destroy", ...CLUSTER_ALONE] },
        "access-both-to-entries": { tfvars: 'authentication_mode = "API"' },
        "access-both-to-aws-auth": {
          tfvars: 'authentication_mode = "CONFIG_MAP"\ncluster_creator_admin = true\naccess_entries = {}',
        },
      },
    },
    {
      apply: { tfvars: `authentication_mode = "API"\n${made(admin("first"), admin("second"), TEAM, VIEWERS)}` },
      plans: {
        "access-one-of-two-removed": { tfvars: entries(admin("second"), TEAM, VIEWERS) },
        "access-both-admins-removed": { tfvars: entries(TEAM, VIEWERS) },
        "access-another-comes": { tfvars: entries(admin("third"), TEAM, VIEWERS) },
        "access-version-later": {
          beside: { resource: LATER },
          override: overridingCluster({ version: "${terraform_data.later.output}" }),
        },
      },
    },
    {
      apply: { tfvars: `authentication_mode = "API"\n${made(admin("first"), GUEST)}`, beside: guestAssociation() },
      plans: {
        "access-beside-entry-removed": { tfvars: entries() },
        "access-beside-entry-replaced": { tfvars: entries(GUEST), options: [`-replace=${GUEST_ENTRY}`] },
        "access-beside-both-replaced": {
          tfvars: entries(GUEST),
          options: [`-replace=${GUEST_ENTRY}`, "-replace=aws_eks_access_policy_association.guest"],
        },
        "access-beside-lesser": {
          tfvars: entries(GUEST),
          beside: guestAssociation({ policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy" }),
        },
        "access-beside-forgotten": {
          tfvars: entries(GUEST),
          beside: {
            ...NOT_OF_GUEST,
            removed: [{ from: "aws_eks_access_policy_association.guest", lifecycle: { destroy: false } }],
          },
        },
      },
    },
    {
      apply: { tfvars: `authentication_mode = "API"\n${made(admin("first"), GUEST)}` },
      plans: {
        "access-another-later": {
          tfvars: entries(GUEST),
          beside: guestAssociation({ policy_arn: "${terraform_data.later.output}" }),
        },
        "access-of-another-cluster": { tfvars: entries(GUEST), beside: guestAssociation({ cluster_name: "other" }) },
      },
    },
  ],
};

const EXISTING: Course = {
  seed: CURRENT_ACCOUNT,
  files: ["current"],
  hasNetwork: true,
  tfvars: `${SOMEBODY}add_ons = {}\npod_roles = {}\n`,
  stages: [
    {
      apply: {
        tfvars: `private_subnet_ids = [PRIVATE_A, PRIVATE_B]
                 secrets_encryption = { kms_key_arn = "${GIVEN_KEY}" }`,
      },
      plans: {
        "existing-version-two-up": { override: overridingCluster({ version: "1.37" }) },
        "existing-authentication-back-to-aws-auth": {
          override: overridingCluster({
            access_config: { authentication_mode: "CONFIG_MAP", bootstrap_cluster_creator_admin_permissions: true },
          }),
        },
        "existing-creator-not-ignored": { tfvars: "cluster_creator_admin = false", override: TAGS_IGNORED_ALONE },
        "existing-node-role-replaced": { options: ["-replace=aws_iam_role.node_group_role"] },
        "existing-ip-family": {
          override: overridingCluster({ kubernetes_network_config: { ip_family: "ipv6" } }),
        },
        "existing-size-owner": {
          tfvars: group('desired_size_owner = "autoscaler"').replace("desired_size     = 2", ""),
        },
        "existing-zones-other": { tfvars: "private_subnet_ids = [PRIVATE_A, PRIVATE_C]" },
        "existing-zones-same": { tfvars: "private_subnet_ids = [PRIVATE_A, PRIVATE_B2]" },
        "existing-secrets-key-later": { tfvars: "secrets_encryption = {}" },
        "existing-secrets-key-other": {
          tfvars: `secrets_encryption = { kms_key_arn = "${OTHER_KEY}" }`,
        },
      },
    },
  ],
};

/** A configuration of a few things of every kind that the stack never does, or has no tfvars for. */
function oddities(changed: Readonly<Record<string, object | undefined>> = {}, more: object = {}): object {
  const things: Record<string, object | undefined> = {
    "terraform_data.later": { input: "a" },
    "terraform_data.values": { input: "a" },
    "terraform_data.partly_later": { triggers_replace: ["a", "b"] },
    "terraform_data.partly_secret": { triggers_replace: { open: "a", secret: '${sensitive("hidden")}' } },
    "aws_eip.addressed": {},
    "aws_eip.asked": {},
    "aws_eip.counted": { count: 2 },
    "aws_eip.forgotten": {},
    "aws_eip.interrupted": { lifecycle: { create_before_destroy: true } },
    "aws_eip.moved_away": {},
    "aws_eip.repeated": { for_each: '${toset(["a"])}' },
    "aws_eip.row": { for_each: '${toset(["a", "b"])}' },
    "aws_eip.tainted": {},
    "aws_cloudwatch_log_group.follower": {
      name: "follower",
      lifecycle: { replace_triggered_by: ["terraform_data.later"] },
    },
    "aws_cloudwatch_log_group.later": { name: "now" },
    "aws_cloudwatch_log_group.long": { name: "short" },
    "aws_cloudwatch_log_group.secret": { name: '${sensitive("hidden-a")}' },
    "aws_launch_template.gone": { name: "gone" },
    "aws_launch_template.row": { for_each: '${toset(["a", "b"])}', name: "row-${each.key}" },
    "aws_sqs_queue.ours": { name: "ours" },
    ...changed,
  };
  const resource: Record<string, Record<string, object>> = {};
  for (const [address, values] of Object.entries(things)) {
    const [type = "", name = ""] = address.split(".");
    if (values !== undefined) resource[type] = { ...resource[type], [name]: values };
  }
  return {
    terraform: {
      backend: { local: { path: "../../../terraform.eks.tfstate" } },
      required_providers: { aws: { source: "hashicorp/aws" } },
    },
    resource,
    data: { aws_partition: { after: { depends_on: ["terraform_data.later"] } } },
    module: { part: { source: "./part", for_each: '${toset(["a", "b"])}' }, whole: { source: "./part" } },
    output: {
      hidden: { value: "${aws_cloudwatch_log_group.secret.name}", sensitive: true },
      later: { value: "${terraform_data.later.output}" },
      kept: { value: "kept" },
    },
    check: {
      holds: { assert: { condition: "${terraform_data.later.input != null}", error_message: "It holds." } },
      fails: {
        assert: [
          { condition: '${terraform_data.values.input == "b"}', error_message: "The first does not hold." },
          { condition: '${terraform_data.values.input == "c"}', error_message: "The second does not hold." },
        ],
      },
      later: { assert: { condition: '${terraform_data.later.output == "a"}', error_message: "It is not a." } },
    },
    ...more,
  };
}

const ODDITIES: Course = {
  seed: WORKSHOP_ACCOUNT,
  hasStack: false,
  stages: [
    {
      apply: { beside: oddities() },
      plans: {
        "oddities-replaced": {
          commands: [
            ["taint", "aws_eip.tainted"],
            ["taint", 'aws_eip.row["a"]'],
            ["taint", "aws_eip.counted[1]"],
            ["taint", 'module.part["a"].aws_launch_template.part'],
          ],
          state: "tainted",
          options: ["-replace=aws_eip.asked"],
          beside: oddities({
            "terraform_data.later": { input: "b" },
            "terraform_data.partly_later": { triggers_replace: ["a", "${terraform_data.later.output}"] },
            "terraform_data.partly_secret": { triggers_replace: { open: "b", secret: '${sensitive("hidden")}' } },
            "aws_eip.addressed": { address: "198.51.100.7" },
            "aws_cloudwatch_log_group.later": { name: "${terraform_data.later.output}" },
            "aws_cloudwatch_log_group.long": { name: "x".repeat(500) },
            "aws_cloudwatch_log_group.secret": { name: '${sensitive("hidden-b")}' },
          }),
        },
        "oddities-removed": {
          beside: oddities(
            {
              "terraform_data.values": undefined,
              "aws_eip.counted": { count: 1 },
              "aws_eip.forgotten": undefined,
              "aws_eip.moved_away": undefined,
              "aws_eip.repeated": {},
              "aws_eip.row": { for_each: '${toset(["a"])}' },
              "aws_launch_template.gone": undefined,
              "aws_launch_template.row": { for_each: '${toset(["a"])}', name: "row-${each.key}" },
              "aws_sqs_queue.ours": undefined,
            },
            {
              module: { part: { source: "./part", for_each: '${toset(["a"])}' } },
              check: undefined,
              moved: [{ from: "aws_eip.moved_away", to: "aws_eip.nowhere" }],
              removed: [{ from: "aws_eip.forgotten", lifecycle: { destroy: false } }],
            },
          ),
        },
        "oddities-errored": {
          isErrored: true,
          beside: oddities({
            "aws_eip.tainted": {
              lifecycle: {
                precondition: [
                  { condition: '${terraform_data.values.input == "b"}', error_message: "It does not hold." },
                ],
              },
            },
          }),
        },
        "oddities-interrupted": {
          killedAt: { Action: "ReleaseAddress" },
          options: ["-replace=aws_eip.interrupted"],
        },
        "oddities-after-destroy": {
          commands: [["destroy", "-auto-approve"]],
          options: ["-target=terraform_data.values"],
          state: "emptied",
        },
      },
    },
  ],
};

/** The accounts in which plans are recorded, by name. */
export const COURSES: Readonly<Record<string, Course>> = {
  workshop: WORKSHOP,
  current: CURRENT,
  access: ACCESS,
  existing: EXISTING,
  oddities: ODDITIES,
};

/** All plans that are recorded, by name. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = Object.assign(
  {},
  ...Object.values(COURSES).flatMap(({ stages }) => stages.map(({ plans }) => plans)),
) as Record<string, Scenario>;
