import { UserError } from "../../../contract/user-error";
import type { CommandResult, Host } from "../../../bootstrap/engine/host";
import { PLAN_AGAIN } from "../../../bootstrap/engine/task";
import {
  awsAuth,
  brokenLink,
  clusterApi,
  nodes,
  parseCluster,
  type ClusterState,
} from "../../../bootstrap/tasks/cluster";
import { said } from "../../support/recorded";
import { LocalHost } from "../../support/local-host";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ADDRESS = { context: "arn:aws:eks:r:1:cluster/c", hasAwsAuth: true };
const ROLE = "arn:aws:iam::123456789012:role/nodes";
const KUBECTL = "1.31.14";
const WANTED = {
  node_groups: { "c-worker": { min: 2, max: 2, desired: 2 } },
  region: "ap-northeast-2",
  node_role_arn: ROLE,
};
const MAPPED = `- rolearn: ${ROLE}
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
`;

function answered(value: unknown): CommandResult {
  return { exitCode: 0, stdout: JSON.stringify(value), stderr: "" };
}

function configMap(data?: Record<string, string>) {
  const metadata = { name: "aws-auth", namespace: "kube-system", resourceVersion: "7", labels: { owner: "us" } };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, ...(data && { data }) };
}

function manyRoles(count: number) {
  return {
    node_role_arn: `${ROLE}-0`,
    node_role_arns: Array.from({ length: count }, (_, at) => `${ROLE}-${String(at)}`),
  };
}

function node(name: string, ready: boolean) {
  const condition = ready
    ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
    : { type: "Ready", status: "False", reason: "KubeletNotReady", message: "cni plugin not initialized" };
  return {
    kind: "Node",
    metadata: { name, creationTimestamp: "2026-01-01T00:00:00Z" },
    status: { conditions: [condition], nodeInfo: { kubeletVersion: "v1.31.4" } },
  };
}

function state(...items: unknown[]): ClusterState {
  return parseCluster(answered({ kind: "List", items }));
}

/** The stand-in's objects, in a list as kubectl makes it. */
describe("what kubectl says of a cluster", () => {
  it("is its nodes and aws-auth", () => {
    expect(parseCluster(said("kubectl", "nodes and ConfigMaps"))).toMatchObject({
      awsAuth: {
        metadata: { name: "aws-auth", resourceVersion: "1" },
        data: { mapRoles: "- rolearn: arn:aws:iam::123456789012:role/nodes\n" },
      },
      nodes: [
        { name: "ip-172-16-10-12.ap-northeast-2.compute.internal", status: "Ready", version: "v1.31.4-eks-aeac579" },
        {
          name: "ip-172-16-10-13.ap-northeast-2.compute.internal",
          status: "NotReady",
          reason: "KubeletNotReady: cni plugin not initialized",
        },
      ],
    });
  });

  it("is nothing in an empty list, and why there is no answer", () => {
    expect(parseCluster(said("kubectl", "nothing"))).toEqual({ awsAuth: undefined, nodes: [] });
    expect(parseCluster(said("kubectl", "refused connection"))).toEqual({
      unreachable: expect.stringContaining("the cluster's endpoint cannot be reached from the host") as string,
    });
  });
});

describe("aws-auth", () => {
  const task = awsAuth(ADDRESS, { node_role_arn: ROLE }, KUBECTL);

  it("is left alone when the nodes' role is mapped", () => {
    expect(task.change(state(configMap({ mapRoles: MAPPED, mapUsers: "- x: 1\n" })))).toBeUndefined();
  });

  it("is created where there is none", () => {
    const current = state({ kind: "ConfigMap", metadata: { name: "coredns" } });

    const { commands: [command] = [], diff } = task.change(current) ?? {};

    expect(command?.text).toContain("kubectl --kubeconfig");
    expect(command?.text).toContain(" create --validate=false --filename - ");
    expect(JSON.parse(command?.input ?? "")).toEqual({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "aws-auth", namespace: "kube-system" },
      data: { mapRoles: MAPPED },
    });
    expect(diff).toBe(`mapRoles:\n${MAPPED.trimEnd().replaceAll(/^/gm, "+ ")}`);
  });

  it.each([
    ["with others' data", { mapUsers: "- userarn: somebody\n", other: "kept" }],
    ["without data", undefined],
  ])("%s is patched over the version that was read, with what changes alone", (_, data) => {
    const [command] = task.change(state(configMap(data)))?.commands ?? [];

    expect(command?.text).toContain(" patch configmap aws-auth --type merge --patch-file /dev/stdin ");
    expect(JSON.parse(command?.input ?? "")).toEqual({
      metadata: { resourceVersion: "7" },
      data: { mapRoles: MAPPED },
    });
  });

  describe("of a kubectl that reads no patch from a file", () => {
    const old = (count: number) => awsAuth(ADDRESS, manyRoles(count), "1.19.16");

    it("is patched by an argument", () => {
      const [command] = old(1).change(state(configMap()))?.commands ?? [];

      expect(command?.text).toContain(' patch configmap aws-auth --type merge --patch "$(cat)" ');
    });

    it("is refused when it is longer than an argument may be", () => {
      expect(() => old(1000).change(state(configMap()))).toThrow(
        /^aws-auth is too long for kubectl 1\.19\.16: the change has \d{6} bytes, and kubectl before 1\.20 takes less than 131072; /,
      );
    });
  });

  it("of any length is patched by a kubectl that reads a patch from a file", async () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-kubectl-"));
    const kubectl = `#!/bin/sh\ncat /dev/stdin >'${folder}/patch'\n`;
    writeFileSync(join(folder, "kubectl"), kubectl, { mode: 0o755 });
    const task = awsAuth(ADDRESS, manyRoles(1000), "1.20.15");
    const [command] = task.change(state(configMap()))?.commands ?? [];

    const result = await new LocalHost({ PATH: `${folder}:/usr/bin:/bin` }).run(command ?? { text: "" });

    expect(result).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(readFileSync(join(folder, "patch"), "utf8")).toBe(command?.input);
    rmSync(folder, { recursive: true });
  });

  describe("that somebody gave to kubectl apply", () => {
    const applied = (file: Record<string, string>, data: Record<string, string>) => {
      const { metadata, ...others } = configMap(data);
      // As kubectl writes it: the file in JSON on one line, with no annotation of its own and an end of the line.
      const lastApplied = { apiVersion: "v1", data: file, kind: "ConfigMap", metadata: { annotations: {} } };
      const annotations = {
        "kubectl.kubernetes.io/last-applied-configuration": `${JSON.stringify(lastApplied)}\n`,
      };
      return state({ ...others, metadata: { ...metadata, annotations } });
    };

    it("is patched, and whose next apply takes the entries away is said before", () => {
      const change = task.change(applied({ mapRoles: "[]" }, { mapRoles: "[]" }));

      expect(change?.commands).toHaveLength(1);
      expect(change?.warnings).toEqual([
        "mapRoles is also in a file that somebody gave to kubectl apply: its next apply takes these entries away; add " +
          "them to that file (--diff shows them)",
      ]);
    });

    it("is patched without a word when the file has nothing of what changes", () => {
      expect(task.change(applied({ mapUsers: "[]" }, { mapUsers: "[]" }))?.warnings).toEqual([]);
    });
  });

  it("says who is taken out of a group before it is done", () => {
    const role = { rolearn: `${ROLE}-admins`, username: "admin", groups: ["view"] };
    const listed = awsAuth(ADDRESS, { node_role_arn: ROLE, aws_auth_roles: [role] }, KUBECTL);
    const mapRoles = `${MAPPED}- rolearn: ${role.rolearn}\n  username: admin\n  groups: [view, system:masters]\n`;

    expect(listed.change(state(configMap({ mapRoles })))?.warnings).toEqual([
      `${role.rolearn} is taken out of system:masters, which tfvars do not list for it`,
    ]);
  });

  describe("that is Terraform's", () => {
    const terraforms = (data: Record<string, string>, value = "terraform") => {
      const configured = configMap(data);
      return {
        ...configured,
        metadata: { ...configured.metadata, labels: { "app.kubernetes.io/managed-by": value } },
      };
    };
    /** As Terraform's yamlencode writes it. */
    const encoded = `- "groups":
  - "system:bootstrappers"
  - "system:nodes"
  "rolearn": "${ROLE}"
  "username": "system:node:{{EC2PrivateDNSName}}"
`;

    it("is left alone", () => {
      expect(task.change(state(terraforms({ mapRoles: encoded })))).toBeUndefined();
    });

    it.each(["terraform", "Terraform"])("is left alone when entries are missing, and they are named (%s)", (value) => {
      const changes = () => task.change(state(terraforms({ mapRoles: "[]" }, value)));

      expect(changes).toThrow(UserError);
      expect(changes).toThrow(
        `aws-auth is Terraform's (its label app.kubernetes.io/managed-by says so), so the bootstrap leaves it alone, and it ` +
          "lacks entries; give the stack eks-kubernetes the same tfvars as the stack eks (and node_role_arns), and deploy it:" +
          `\nmapRoles:\n- []\n+ - rolearn: ${ROLE}`,
      );
    });

    it("is merged into when another tool is named", () => {
      expect(task.change(state(terraforms({ mapRoles: "[]" }, "Helm")))?.commands).toHaveLength(1);
    });
  });

  it("that cannot be read as a list is for people to mend", () => {
    const changes = () => task.change(state(configMap({ mapRoles: "a: b\n" })));

    expect(changes).toThrow(/^aws-auth: mapRoles must be a list of entries.*kubectl --namespace kube-system edit/s);
  });

  it.each([
    [
      'Error from server (Conflict): Operation cannot be fulfilled on configmaps "aws-auth": the object has been modified; ' +
        "please apply your changes to the latest version and try again",
      PLAN_AGAIN,
    ],
    ['Error from server (NotFound): configmaps "aws-auth" not found', PLAN_AGAIN],
    [
      'Error from server (AlreadyExists): error when creating "STDIN": configmaps "aws-auth" already exists',
      PLAN_AGAIN,
    ],
    ["Error from server (Forbidden): no", 1],
  ])("is planned again when somebody else was faster, and not otherwise: %s", async (complaint, exitCode) => {
    const folder = mkdtempSync(join(tmpdir(), "eks-kubectl-"));
    writeFileSync(join(folder, "kubectl"), `#!/bin/sh\necho '${complaint}' >&2\nexit 1\n`, { mode: 0o755 });
    const [command] = task.change(state(configMap()))?.commands ?? [];

    const result = await new LocalHost({ PATH: `${folder}:/usr/bin:/bin` }).run(command ?? { text: "" });

    rmSync(folder, { recursive: true });
    expect(result).toEqual({ exitCode, stdout: "", stderr: `${complaint}\n` });
  });
});

describe("the cluster's API", () => {
  it.each<[string, CommandResult, RegExp | undefined]>([
    ["answers", answered({ items: [] }), undefined],
    [
      "does not know who asks",
      { exitCode: 1, stdout: "", stderr: "error: You must be logged in to the server (Unauthorized)\n" },
      /^the cluster does not know the role of the host \(error: You must be logged in/,
    ],
    ["answers nonsense", { exitCode: 0, stdout: "<html>", stderr: "" }, /^kubectl answered something that is no list$/],
  ])("%s", (_, answer, words) => {
    const wait = clusterApi(ADDRESS, 600);

    const missing = wait.missing(wait.current.parse(answer));

    if (words === undefined) expect(missing).toBeUndefined();
    else expect(missing).toMatch(words);
    expect(wait.patienceSeconds).toBe(60);
  });

  it("is not waited for where nothing comes of it: the bastion's user has a profile that is not there", () => {
    const wait = clusterApi(ADDRESS, 600);
    const stderr =
      "\nThe config profile (none) could not be found\n" +
      "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255\n";

    const answer = wait.current.parse({ exitCode: 1, stdout: "", stderr });

    expect(() => wait.missing(answer)).toThrow(
      "AWS_PROFILE on the host names a profile that is not there (The config profile (none) could not be found): take it",
    );
  });

  it("is asked for aws-auth only where the cluster looks into it", () => {
    const kinds = [true, false].map((hasAwsAuth) => clusterApi({ ...ADDRESS, hasAwsAuth }, 1).current.command.text);

    expect(kinds[0]).toContain(" get configmaps,nodes ");
    expect(kinds[1]).toContain(" get nodes ");
  });
});

describe("nodes", () => {
  const wait = nodes(ADDRESS, WANTED, 600);

  it.each([
    [[], "0 of 2 nodes are Ready"],
    [[node("a", true), node("b", false)], "1 of 2 nodes are Ready"],
    [[node("a", true), node("b", true)], undefined],
    [[node("a", true), node("b", true), node("old", false)], undefined],
  ])("are counted by what is Ready: case %#", (items, missing) => {
    expect(wait.missing(state(...items))).toBe(missing);
  });

  /** Answers as the AWS CLI 2 does. */
  const awsCli = (groups: CommandResult, instances: CommandResult) => {
    const asked: string[] = [];
    const host: Host = {
      name: "bastion",
      run: ({ text }) => {
        asked.push(text);
        return Promise.resolve(text.includes(" describe-auto-scaling-groups ") ? groups : instances);
      },
    };
    return { host, asked };
  };
  const inGroup = (LifecycleState: string) =>
    answered({
      AutoScalingGroups: [
        {
          AutoScalingGroupName: "c-worker",
          Instances: ["i-1", "i-2"].map((InstanceId) => ({ InstanceId, LifecycleState, HealthStatus: "Healthy" })),
        },
      ],
    });
  const denied: CommandResult = { exitCode: 254, stdout: "", stderr: "An error occurred (UnauthorizedOperation)\n" };

  it("are not waited for when EC2 has none of the instances that their groups call running", async () => {
    const { host, asked } = awsCli(inGroup("InService"), answered([]));

    expect(await wait.hopeless?.(host)).toMatch(
      /^the Auto Scaling groups call the instances i-1, i-2 InService, and EC2 has none of them: /,
    );
    expect(asked[1]).toMatch(/^aws ec2 describe-instances --region \S+ .*'?Name=instance-id,Values=i-1,i-2'? /);
  });

  it.each([
    ["EC2 has one of them", inGroup("InService"), answered(["i-2"])],
    ["they are only being launched", inGroup("Pending"), answered([])],
    ["there are none yet", answered({ AutoScalingGroups: [] }), answered([])],
    ["the host may not ask for instances", inGroup("InService"), denied],
    ["the host may not ask for groups", denied, answered([])],
  ])("are waited for when %s", async (_, groups, instances) => {
    expect(await wait.hopeless?.(awsCli(groups, instances).host)).toBeUndefined();
  });

  it("are sought by what the AWS CLI makes of both answers", async () => {
    const hopeless = (instances: string) =>
      wait.hopeless?.(awsCli(said("aws", "Auto Scaling groups"), said("aws", instances)).host);

    expect(await hopeless("ids of no instances")).toMatch(
      / call the instances i-0123456789abcdef0 InService, and EC2 /,
    );
    expect(await hopeless("ids of instances")).toBeUndefined();
  });

  it("are nothing to wait for when no group wants one", () => {
    expect(
      nodes(ADDRESS, { ...WANTED, node_groups: { a: { min: 0, max: 0, desired: 0 } } }, 1).missing(state()),
    ).toBeUndefined();
  });
});

describe("the first broken link of joining", () => {
  const mapped = configMap({ mapRoles: MAPPED });
  const groups = (...ids: string[]) => {
    const Instances = ids.map((InstanceId) => ({ InstanceId }));
    return answered({ AutoScalingGroups: [{ AutoScalingGroupName: "c-worker", Instances }] });
  };
  const denied: CommandResult = {
    exitCode: 254,
    stdout: "",
    stderr: "An error occurred (AccessDenied) when calling the DescribeAutoScalingGroups operation: not authorized\n",
  };

  it.each<[string, ClusterState, CommandResult, RegExp]>([
    ["no aws-auth", state(), groups(), /^there is no ConfigMap aws-auth; it has to map arn:/],
    [
      "the ARN of an instance profile",
      state(configMap({ mapRoles: MAPPED.replace(":role/", ":instance-profile/") })),
      groups("i-1", "i-2"),
      /^aws-auth maps arn:.*:instance-profile\/nodes, an instance profile; it has to be the role, /,
    ],
    [
      "no instance yet",
      state(mapped),
      groups("i-1"),
      /^the Auto Scaling group c-worker has 1 of 2 instances; its activities say why: aws autoscaling describe-scaling-activities --region ap-northeast-2 --auto-scaling-group-name c-worker$/,
    ],
    ["a group that is gone", state(mapped), answered({ AutoScalingGroups: [] }), /c-worker has 0 of 2 instances/],
    [
      "instances that have not registered",
      state(mapped, node("a", true)),
      groups("i-1", "i-2"),
      /^the instances i-1, i-2 run, and only 1 have registered: the kubelet's log on them says why/,
    ],
    [
      "a sick kubelet",
      state(mapped, node("a", true), node("b", false)),
      groups("i-1", "i-2"),
      /^b is NotReady: KubeletNotReady: cni plugin not initialized$/,
    ],
    ["a sick kubelet, and no leave to look at groups", state(mapped, node("b", false)), denied, /^b is NotReady: /],
    [
      "nothing to be seen",
      state(mapped),
      denied,
      /^no node has registered, and the instances cannot be seen from the host: the role of the host may not do this \(.*AccessDenied.*\); whoever may look at the Auto Scaling groups c-worker finds out with eks doctor$/,
    ],
    [
      "too few nodes, with nothing else to be seen",
      state(mapped, node("a", true)),
      denied,
      /^only 1 have registered, and the instances cannot be seen from the host: /,
    ],
    ["a cluster that is away", { unreachable: "no such host" }, groups(), /^no such host$/],
  ])("is %s", (_, current, answer, words) => {
    expect(brokenLink(current, answer, ADDRESS, WANTED)).toMatch(words);
  });

  it("is read from what the AWS CLI makes of the groups' answer", () => {
    const wanted = { ...WANTED, node_groups: { "c-worker": { min: 3, max: 3, desired: 3 } } };

    expect(brokenLink(state(mapped), said("aws", "Auto Scaling groups"), ADDRESS, wanted)).toMatch(
      /^the Auto Scaling group c-worker has 2 of 3 instances; /,
    );
    expect(brokenLink(state(mapped), said("aws", "Auto Scaling groups"), ADDRESS, WANTED)).toMatch(
      /^the instances i-0123456789abcdef0, i-0aaaaaaaaaaaaaaaa run, and only 0 have registered/,
    );
  });

  it("is the mapping of a role that one of the groups has of its own", () => {
    const wanted = { ...WANTED, node_role_arns: [ROLE, `${ROLE}-gpu`] };

    expect(brokenLink(state(mapped), groups("i-1"), ADDRESS, wanted)).toBe(
      `aws-auth does not map ${ROLE}-gpu; it maps ${ROLE}`,
    );
  });

  it("is not sought in aws-auth where access entries decide", () => {
    expect(brokenLink(state(), groups(), { hasAwsAuth: false }, WANTED)).toMatch(/has 0 of 2 instances/);
  });
});
