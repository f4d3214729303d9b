import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { Found } from "../../aws/finders/finder";
import { FINDERS, type FoundType } from "../../aws/finders/table";
import { remainsLines, scanAfter } from "../../cli/destroy/stack-remains";
import { UserError } from "../../contract/user-error";

const STACK = { clusterName: "c", projectName: "p", nodeRoleName: "p_eks_worker_nodes_role" };
const OF_PROJECT = [
  [
    { Name: "tag:Project", Values: ["p"] },
    { Name: "tag:Managed_by", Values: ["terraform"] },
  ],
];

const OWN = { Project: "p", Managed_by: "terraform" };

/** What AWS has of a type, as far as a question asks for it. */
type Has = (question: unknown) => readonly Partial<Found>[];

/** Names of the account's roles, which IAM lists; null where it does not allow that. */
let roles: readonly string[] | null;
let iam: Server;

beforeAll((done) => {
  // As IAM answers: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
  iam = createServer(({ headers }, response) => {
    // The tagging API knows of nothing: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    if (headers["x-amz-target"] === "ResourceGroupsTaggingAPI_20170126.GetResources") {
      response.end('{"PaginationToken":"","ResourceTagMappingList":[]}');
      return;
    }
    if (roles === null) {
      response.statusCode = 403;
      response.end("<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>");
      return;
    }
    const members = roles.map((name) => `<member><RoleName>${name}</RoleName></member>`).join("");
    response.end(
      `<ListRolesResponse><ListRolesResult><IsTruncated>false</IsTruncated><Roles>${members}</Roles>` +
        "</ListRolesResult></ListRolesResponse>",
    );
  }).listen(0, "127.0.0.1", done);
});
afterAll(() => {
  iam.close();
  jest.restoreAllMocks();
});

/** What is left in an account that has these and nothing else. */
function scanned(has: Partial<Record<FoundType, Has>>, listedRoles: readonly string[] | null = []) {
  roles = listedRoles;
  for (const type of Object.keys(FINDERS) as FoundType[]) {
    jest.spyOn(FINDERS[type] as { find: (clients: unknown, question: unknown) => unknown }, "find").mockImplementation(
      // What a finder throws has to come as it does, in a promise.
      async (_, question) =>
        Promise.resolve(
          (has[type]?.(question) ?? []).map((it) => ({ id: "", tags: {}, state: "there", details: {}, ...it })),
        ),
    );
  }
  const endpoint = `http://127.0.0.1:${String((iam.address() as AddressInfo).port)}`;
  return scanAfter(
    { region: "ap-northeast-2", endpoint, credentials: { accessKeyId: "a", secretAccessKey: "b" } },
    STACK,
  );
}

/** A thing of each name that is asked for. */
const byName: Has = (question) => [{ id: String(question) }];

describe("what is left of a stack", () => {
  it.each<FoundType>([
    "aws_egress_only_internet_gateway",
    "aws_eip",
    "aws_flow_log",
    "aws_instance",
    "aws_internet_gateway",
    "aws_key_pair",
    "aws_launch_template",
    "aws_nat_gateway",
    "aws_route_table",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
  ])("is each %s with its two tags", async (type) => {
    const questions: unknown[] = [];

    const remains = await scanned({ [type]: (question: unknown) => (questions.push(question), [{ id: "id-1" }]) });

    expect(questions).toEqual([OF_PROJECT]);
    expect(remains).toEqual({ things: [{ type, id: "id-1", why: "tag Project=p", isGoing: false }], unknown: [] });
  });

  it("is what has its names", async () => {
    const { things } = await scanned(
      {
        aws_cloudwatch_log_group: byName,
        aws_eks_cluster: byName,
        aws_iam_instance_profile: byName,
        // Another project may be called p-pod-x: a pod's role is known by the stack's tags besides.
        aws_iam_role: (name) => [{ id: String(name), tags: name === "p-pod-ebs-csi" ? OWN : {} }],
      },
      ["p-pod-ebs-csi", "p-pod-x-eks-cluster", "p-pods", "other-pod-ebs-csi"],
    );

    expect(things.map(({ type, id }) => `${String(type)} ${id}`).sort()).toEqual([
      "aws_cloudwatch_log_group /aws/vpc-flow-logs/p",
      "aws_eks_cluster c",
      "aws_iam_instance_profile p-kubectl",
      "aws_iam_instance_profile p_eks_worker_nodes_role",
      "aws_iam_role p-eks-cluster",
      "aws_iam_role p-flow-logs",
      "aws_iam_role p-kubectl",
      "aws_iam_role p-pod-ebs-csi",
      "aws_iam_role p_eks_worker_nodes_role",
    ]);
    expect(new Set(things.map(({ why }) => why))).toEqual(new Set(["its name", "tag Project=p"]));
  });

  it("is a group of nodes with its name or the cluster's tag", async () => {
    const tags = { "kubernetes.io/cluster/c": "owned" };
    const { things } = await scanned({
      aws_autoscaling_group: () => [{ id: "c-worker" }, { id: "blue", tags }, { id: "c-worker-2" }],
    });

    expect(things.map(({ type, id, why }) => [type, id, why])).toEqual([
      ["aws_autoscaling_group", "c-worker", "its name"],
      ["aws_autoscaling_group", "blue", "tag kubernetes.io/cluster/c"],
    ]);
  });

  it("is a launch configuration with its beginning and what Terraform puts behind that", async () => {
    const made = "20260101000000000000000001";
    const names = [`c_worker_node${made}`, `c_worker_node${made}0`, `c_worker_node_${made}`, "c_worker_node", made];
    const { things } = await scanned({
      aws_launch_configuration: () => [...names, `cc_worker_nod${made}`].map((id) => ({ id })),
    });

    expect(things).toEqual([
      { type: "aws_launch_configuration", id: `c_worker_node${made}`, why: "its name", isGoing: false },
    ]);
  });

  it("is an OIDC provider with its two tags", async () => {
    const providers: readonly Partial<Found>[] = [
      { id: "ours", tags: { Project: "p", Managed_by: "terraform" } },
      { id: "by hand", tags: { Project: "p" } },
      { id: "of another", tags: { Project: "q", Managed_by: "terraform" } },
    ];
    const { things } = await scanned({ aws_iam_openid_connect_provider: () => providers });

    expect(things).toEqual([
      { type: "aws_iam_openid_connect_provider", id: "ours", why: "tag Project=p", isGoing: false },
    ]);
  });

  it("is a snapshot with the cluster's tag", async () => {
    const questions: unknown[] = [];
    const { things } = await scanned({
      aws_ebs_snapshot: (question) => (questions.push(question), [{ id: "snap-1" }]),
    });

    expect(questions).toEqual([[[{ Name: "tag-key", Values: ["kubernetes.io/cluster/c"] }]]]);
    expect(things).toMatchObject([
      { type: "aws_ebs_snapshot", id: "snap-1", why: "tag kubernetes.io/cluster/c; it holds data" },
    ]);
  });

  it("is not what has ended, and says of what is ending that it goes", async () => {
    const { things } = await scanned({
      aws_instance: () => [
        { id: "i-ended", state: "ended" },
        { id: "i-ending", state: "ending" },
      ],
    });

    expect(things).toMatchObject([{ id: "i-ending", isGoing: true }]);
  });

  it("is not known where it may not be looked at", async () => {
    const cause = Object.assign(new Error("no"), { name: "AccessDenied" });
    const remains = await scanned({
      aws_vpc: () => {
        throw new UserError("cannot list the VPCs: AccessDenied: no", { cause });
      },
      aws_subnet: () => [{ id: "subnet-1" }],
    });

    expect(remains).toMatchObject({
      things: [{ id: "subnet-1" }],
      unknown: ["cannot list the VPCs: AccessDenied: no"],
    });
  });

  it("is looked for under the names of the stack's own roles where all may not be listed", async () => {
    const { things, unknown } = await scanned({ aws_iam_role: byName }, null);

    expect(unknown).toEqual(["cannot list the roles: AccessDenied: no"]);
    expect(things.map(({ id }) => id)).toEqual([
      "p-eks-cluster",
      "p_eks_worker_nodes_role",
      "p-kubectl",
      "p-flow-logs",
    ]);
  });

  it("is said with what removes it, and with what is not known", () => {
    const things = [
      { type: "aws_vpc", id: "vpc-1", why: "tag Project=p", isGoing: false },
      { type: "aws_instance", id: "i-1", why: "tag Project=p", isGoing: true },
    ] as const;

    expect(remainsLines({ things, unknown: ["roles: AccessDenied", "b"] }, "ap-northeast-2")).toEqual([
      "With the stack's names and tags (look whose it is before you remove anything):",
      "  VPC vpc-1",
      "    tag Project=p",
      "    to remove it: aws ec2 delete-vpc --vpc-id vpc-1 --region ap-northeast-2",
      "  instance i-1",
      "    tag Project=p",
      "    is going: AWS is about to end it",
      "",
      "Not known:",
      "  roles: AccessDenied",
      "  b",
    ]);
    expect(remainsLines({ things: [], unknown: [] }, "ap-northeast-2")).toEqual([]);
  });
});
