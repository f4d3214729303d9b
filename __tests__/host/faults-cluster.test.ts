import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { JoinRule } from "../../rehearsal/cluster/kubernetes-state";
import type { StandInNode } from "../../rehearsal/cluster/nodes";
import { startSurroundings, type StandInBastion, type Surroundings } from "../../rehearsal/bastion/surroundings";
import { runBootstrap, treeOf } from "../support/bootstrap";
import {
  expectFailure,
  expectToConverge,
  failuresOf,
  line,
  startGround,
  waitsOf,
  withOptions,
  type Ground,
} from "../support/faults";
import { terraformOutput } from "../support/handover";
import { describeOnHost } from "../support/on-host";

/** A node, and why it is not ready when it is not. */
function node(number: number, reason?: string, message = ""): StandInNode {
  return {
    name: `ip-172-16-10-${String(number)}.ap-northeast-2.compute.internal`,
    version: "v1.32.0-eks-0000000",
    ...(reason !== undefined && { notReady: { reason, message } }),
  };
}

/** Writes the outputs of a bastion's stack anew, some of them with other values. */
function rewriteOutputs({ handover, outputsFile }: StandInBastion, others: object = {}): void {
  writeFileSync(outputsFile, terraformOutput({ ...handover, ...others }));
}

describeOnHost("a bootstrap whose cluster is not as it should be", () => {
  let ground: Ground;
  let nodesJoin: JoinRule;

  beforeAll(async () => {
    ground = await startGround();
    nodesJoin = ground.surroundings.kubernetes.state.nodesJoinWhen;
  });
  afterEach(() => {
    const { state } = ground.surroundings.kubernetes;
    state.setConfigMap("kube-system", "aws-auth", undefined);
    state.nodesJoinWhen = nodesJoin;
  });
  afterAll(() => ground.stop());

  describe("says why nodes do not join:", () => {
    it.each([
      {
        link: "there is no instance",
        instances: [],
        joined: [],
        says:
          "0 of 2 nodes are Ready: the Auto Scaling group GROUP has 0 of 2 instances; its activities say why: " +
          "aws autoscaling describe-scaling-activities --region ap-northeast-2 --auto-scaling-group-name GROUP",
      },
      {
        link: "one instance is missing",
        instances: ["i-0a"],
        joined: [node(1)],
        says: "1 of 2 nodes are Ready: the Auto Scaling group GROUP has 1 of 2 instances; its activities say why: …",
      },
      {
        link: "the instances have not registered",
        instances: ["i-0a", "i-0b"],
        joined: [],
        says:
          "0 of 2 nodes are Ready: the instances i-0a, i-0b run, and only 0 have registered: " +
          "the kubelet's log on them says why (journalctl -u kubelet); usual causes are an AMI of another Kubernetes " +
          "version, user data of another cluster, and security groups without 443 to the control plane",
      },
      {
        link: "a kubelet is not ready",
        instances: ["i-0a", "i-0b"],
        joined: [
          node(1),
          node(2, "KubeletNotReady", "container runtime network not ready: cni plugin not initialized"),
        ],
        says:
          "1 of 2 nodes are Ready: ip-172-16-10-2.ap-northeast-2.compute.internal is NotReady: " +
          "KubeletNotReady: container runtime network not ready: cni plugin not initialized",
      },
      {
        link: "kubelets are silent",
        instances: ["i-0a", "i-0b"],
        joined: [1, 2].map((number) => node(number, "NodeStatusUnknown", "Kubelet stopped posting node status.")),
        says:
          "0 of 2 nodes are Ready: ip-172-16-10-1.ap-northeast-2.compute.internal is NotReady: NodeStatusUnknown: " +
          "Kubelet stopped posting node status.; ip-172-16-10-2.ap-northeast-2.compute.internal is NotReady: " +
          "NodeStatusUnknown: Kubelet stopped posting node status.",
      },
    ])("$link", async ({ link, instances, joined, says }) => {
      const { state } = ground.surroundings.kubernetes;
      const clusterName = link.replaceAll(" ", "_");
      const group = `${clusterName}-worker`;
      const described = { AutoScalingGroupName: group, Instances: instances.map((id) => ({ InstanceId: id })) };
      const environment = { STAND_IN_AUTO_SCALING_GROUPS: JSON.stringify(described) };
      const bastion = await ground.addBastion({}, { clusterName, environment });
      state.setNodes(joined);

      const ended = await ground.run([...bastion.options, "--timeout", "2"]);
      const mapped = state.configMap("kube-system", "aws-auth");
      state.nodesJoinWhen = nodesJoin;

      expectFailure(ended, bastion, line(`nodes: after 2 s of waiting: ${says.replaceAll("GROUP", group)}`));
      expect(mapped?.["mapRoles"]).toContain(bastion.handover.node_role_arn);
      await expectToConverge(ground, bastion);
    });

    it("no more when they join while it waits", async () => {
      const { state } = ground.surroundings.kubernetes;
      const bastion = await ground.addBastion();
      state.setNodes([node(1)]);

      const ended = await ground.run([...bastion.options, "--timeout", "60"], (soFar) => {
        if (soFar.includes("waiting: ")) state.setNodes([node(1), node(2)]);
      });

      expect(waitsOf(ended)).toEqual(["nodes: 1 of 2 nodes are Ready"]);
      expect(ended.code).toBe(0);
      expect(ended.output).toMatch(/^ok: \[\S+\] nodes$/m);
    });
  });

  it("leaves an aws-auth alone that it cannot read, and says how to mend it", async () => {
    const { state } = ground.surroundings.kubernetes;
    const bastion = await ground.addBastion();
    const theirs = { mapRoles: "admins: everybody\n", mapUsers: "[]\n" };
    state.setConfigMap("kube-system", "aws-auth", theirs);

    const ended = await ground.run(bastion.options);
    const kept = state.configMap("kube-system", "aws-auth");
    state.setConfigMap("kube-system", "aws-auth", { ...theirs, mapRoles: "" });

    expectFailure(
      ended,
      bastion,
      line(
        "aws-auth: aws-auth: mapRoles must be a list of entries… kubectl --namespace kube-system edit configmap aws-auth",
      ),
    );
    expect(kept).toEqual(theirs);
    await expectToConverge(ground, bastion);
    expect(state.configMap("kube-system", "aws-auth")).toMatchObject({ mapUsers: "[]\n" });
  });

  it("maps the nodes' role beside the instance profile that somebody has mapped in its place", async () => {
    const { state } = ground.surroundings.kubernetes;
    const bastion = await ground.addBastion();
    const { node_role_arn: role } = bastion.handover;
    const theirs = `- rolearn: ${role.replace(":role/", ":instance-profile/")}\n  username: them\n  groups: []\n`;
    state.setConfigMap("kube-system", "aws-auth", { mapRoles: theirs });

    await expectToConverge(ground, bastion);

    const { mapRoles = "" } = state.configMap("kube-system", "aws-auth") ?? {};
    expect(mapRoles.startsWith(theirs)).toBe(true);
    expect(mapRoles).toContain(`- rolearn: ${role}\n`);
  });

  it.each(["API", "API_AND_CONFIG_MAP"])("has nothing to do with aws-auth in the mode %s", async (mode) => {
    const { state } = ground.surroundings.kubernetes;
    const bastion = await ground.addBastion();
    rewriteOutputs(bastion, { authentication_mode: mode });
    state.setNodes([node(1), node(2)]);

    const ended = await ground.run(bastion.options);

    expect(ended.output).not.toContain("aws-auth");
    expect(ended.output).toMatch(/ ok=14 +changed=8 .* failed=0$/m);
    expect(ended.code).toBe(0);
    expect(state.configMap("kube-system", "aws-auth")).toBeUndefined();
  });

  it("connects to nobody when the outputs are not those of the stack", async () => {
    const bastion = await ground.addBastion();
    const file = (name: string, text: string) => {
      const path = join(ground.folder, name);
      writeFileSync(path, text);
      return path;
    };
    const empty = file("empty.json", "{}");
    const other = file("other.json", terraformOutput({ vpc_id: "vpc-1", region: "ap-northeast-2" }));
    const unreadable = join(empty, "outputs.json");

    const runs = await Promise.all(
      [unreadable, empty, other].map((path) => ground.run(withOptions(bastion.options, { "--outputs": path }))),
    );

    expect(runs.map(failuresOf)).toEqual([
      [`${unreadable} cannot be read (ENOTDIR)`],
      [line(`${empty} has none of the stack's outputs: has the stack been applied, and is it this one?`)],
      [
        line(
          `${other} has not all outputs of the stack, cluster_name, …, node_groups are missing: most often an apply has ` +
            "ended half-way, and `eks up` goes on where it ended (it has vpc_id, region)",
        ),
      ],
    ]);
    expect(runs.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(readFileSync(bastion.sshd.logFile, "utf8")).not.toContain("Accepted");
    await expectToConverge(ground, bastion);
  });

  it("does nothing that it could not write down", async () => {
    const bastion = await ground.addBastion();
    const operator = mkdtempSync(join(ground.folder, "operator-"));
    writeFileSync(join(operator, ".cache"), "a file of somebody's");

    const { code, output } = await runBootstrap(operator, bastion.options);

    expect(output.split("\n").slice(0, 2)).toEqual([
      line(
        "unreachable: [awskrug_gudi_eks_…] the log .cache/bootstrap/…/awskrug_gudi_eks_….log cannot be written (ENOTDIR): " +
          "make room or a folder that can be written, or run this in another folder",
      ),
      "",
    ]);
    expect(output).not.toContain("every command");
    expect(code).toBe(1);
    expect(treeOf(bastion.root)).toEqual({});
    await expectToConverge(ground, bastion);
  });
});

describeOnHost("a bootstrap with a real kubectl and a real AWS CLI", () => {
  let folder: string;
  let surroundings: Surroundings;
  let bastion: StandInBastion;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-faults-"));
    mkdirSync(join(folder, "operator"));
    surroundings = await startSurroundings(join(folder, "site"));
    bastion = await surroundings.addBastion();
  });
  afterAll(async () => {
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  });

  const bootstrap = (args: readonly string[] = [], onOutput?: (soFar: string) => void) =>
    runBootstrap(join(folder, "operator"), [...bastion.options, ...args], {}, onOutput);

  it("says that AWS has no such cluster", async () => {
    rewriteOutputs(bastion, { cluster_name: "gone" });

    const ended = await bootstrap();
    rewriteOutputs(bastion);

    expectFailure(
      ended,
      bastion,
      ...["~/.kube/config", "/root/.kube/config"].map((title) =>
        line(
          `${title}: AWS has no such cluster in this region (…(ResourceNotFoundException)… gone…): ` +
            "the outputs are of an earlier stack: apply, and give the new ones",
        ),
      ),
    );
  });

  it("waits for a cluster that does not know the bastion's role, and says who does", async () => {
    const { state } = surroundings.kubernetes;
    state.refuseTokens = true;

    const impatient = await bootstrap(["--timeout", "2"]);
    const patient = await bootstrap(["--timeout", "60"], (soFar) => {
      if (soFar.includes("waiting: ")) state.refuseTokens = false;
    });

    const refused = "the cluster does not know the role of the host (error: You must be logged in to the server …): ";
    expectFailure(
      impatient,
      bastion,
      line(
        `cluster API: after 2 s of waiting: ${refused}the cluster admits whoever created it, and whom aws-auth or ` +
          "access entries name: create it with the bastion's role, or map that role from the creator's machine",
      ),
    );
    expect(waitsOf(patient)).toEqual([line(`cluster API: ${refused}…`)]);
    expect(failuresOf(patient)).toEqual([]);
    expect(patient.code).toBe(0);
  });

  it("says that the cluster's endpoint cannot be reached", async () => {
    await surroundings.kubernetes.stop();

    const ended = await bootstrap(["--timeout", "2"]);

    expectFailure(
      ended,
      bastion,
      line(
        "cluster API: after 2 s of waiting: the cluster's endpoint cannot be reached from the host (…): " +
          "it is private: the host has to be in the VPC, and the cluster's security group has to allow 443 from it",
      ),
    );
  });
});
