import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import type { Emulator } from "../../rehearsal/account/emulator";
import { Account, gained } from "../support/account";
import { changedBy, emulateEks, Project, terraformProgram } from "../support/end-to-end";
import { startGate, type Gate } from "../../rehearsal/machine/gate";
import { describeNeeding } from "../support/needs";

const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["203.0.113.7/32"]
`;

/** OpenTofu keeps no such promise: what it made in the last 20 seconds is in no state, as docs/usage.md says. */
const describeWithTerraform = describeNeeding("the end-to-end tests' programs", "Terraform itself");

/** Real Terraform and AWS provider against an AWS emulator, behind a gate that holds back one call. */
describeWithTerraform("terraform, killed in the middle of an apply", () => {
  let emulator: Emulator;
  let account: Account;
  let gate: Gate;
  let project: Project;
  let tfvars: string;
  let before: Record<string, string[]>;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    gate = await startGate(emulator.endpoint);
    project = new Project(emulator);
    project.environment["AWS_ENDPOINT_URL"] = gate.endpoint;
    tfvars = project.tfvars(TFVARS);
    before = await account.inventory();
  });

  afterAll(async () => {
    account.close();
    gate.stop();
    await emulator.stop();
    project.remove();
  });

  /**
   * Applies until `call` is made and all the others that were begun are done, and kills Terraform and its provider
   * there: nothing is half made, and nothing of what was made is unknown to the state.
   */
  async function applyAndKillAt(call: Readonly<Record<string, string>>): Promise<void> {
    const arrived = gate.holdBack(call);
    const args = ["apply", "-input=false", "-no-color", "-auto-approve", `-var-file=${tfvars}`];
    const child = spawn(terraformProgram(), ["-chdir=cdktf.out/stacks/eks", ...args], {
      cwd: project.folder,
      env: project.environment,
      stdio: ["ignore", "pipe", "ignore"],
      // A process group of its own: the provider is Terraform's child and has to go with it.
      detached: true,
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const exit = once(child, "exit");
    const count = (text: string) => output.split(text).length - 1;

    await Promise.race([arrived, exit]);
    for (let quietSeconds = 0; quietSeconds < 2;) {
      await sleep(1000);
      const unfinished = count(": Creating...\n") - count(": Creation complete after ");
      quietSeconds = unfinished === 1 ? quietSeconds + 1 : 0;
      if (child.exitCode !== null) throw new Error(`terraform ended by itself:\n${output}`);
    }
    if (child.pid === undefined) throw new Error("terraform did not start");
    process.kill(-child.pid, "SIGKILL");
    await exit;
    expect(child.signalCode).toBe("SIGKILL");
  }

  it.each([
    ["with a public subnet missing", { Action: "CreateSubnet", CidrBlock: "172.16.0.0/23" }],
    ["with the private routes missing", { Action: "CreateNatGateway" }],
    ["with nothing but the nodes missing", { Action: "CreateAutoScalingGroup" }],
  ])("keeps what it made in the state, killed %s", async (_, call) => {
    await applyAndKillAt(call);

    const state = await project.state();
    const known = new Set([...state.values()].map(({ id }) => id));
    const {
      roles = [],
      clusters = [],
      routeTables = [],
      securityGroups = [],
      ...made
    } = gained(before, await account.inventory());
    // AWS makes a route table and a security group with each VPC by itself, and EKS a security group with each cluster.
    for (const [ids, byAws] of [
      [routeTables, 1],
      [securityGroups, 1 + clusters.length],
      [[...roles, ...clusters, ...Object.values(made).flat()], 0],
    ] as const) {
      expect(ids.filter((id) => !known.has(id) && !id.startsWith("vol-"))).toHaveLength(byAws);
    }
    expect(state.size).toBeLessThan(40);
  });

  it("converges to the 40 resources, and to nothing else, when it runs again", async () => {
    const applied = await project.apply(tfvars);
    const plan = await project.plan(tfvars);

    expect(applied.output).toContain("Apply complete!");
    expect(await project.state()).toHaveProperty("size", 40);
    // The emulator's bastion has one volume, each of its two nodes a volume of the image and one of the configuration.
    const counts = Object.entries(gained(before, await account.inventory())).map(([kind, ids]) => [kind, ids.length]);
    expect(Object.fromEntries(counts)).toEqual({
      vpcs: 1,
      subnets: 6,
      internetGateways: 1,
      addresses: 1,
      natGateways: 1,
      routeTables: 3,
      securityGroups: 5,
      instances: 3,
      volumes: 5,
      roles: 2,
      instanceProfiles: 1,
      clusters: 1,
      launchConfigurations: 1,
      autoScalingGroups: 1,
    });
    expect(changedBy(plan)).toEqual([]);
  });

  it("destroys it all afterwards", async () => {
    await project.destroy(tfvars);

    expect(await account.inventory()).toEqual(before);
  });
});
