import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Emulator } from "../../rehearsal/account/emulator";
import { freePort } from "../../rehearsal/machine/loopback";
import { emulate, Project, terraformProgram } from "../support/end-to-end";
import { describeNeeding } from "../support/needs";
import { EKS } from "../support/rehearsal";
import { flowing } from "../support/run";
import { keyPair } from "../support/ssh-server";
import { Terminal, type Frame } from "../support/terminal";

const TFVARS = 'aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs   = ["203.0.113.7/32"]\n';
const COLUMNS = 80;
const QUESTION = /apply this plan\? Type "yes" to go on:$/m;

/** The set-up has said so where there is no tmux. */
const describeInTerminal = describeNeeding("the end-to-end tests' programs", "tmux");

/** Rows in motion: what a step is at, with or without the time that it has taken. */
const MOTION = /^(synthesizing|asking|reading|init\b(?!:)|plan\b(?!: done)|apply\b(?! this)(?!: \d+ created))/;

function motionOf({ rows }: Frame): string[] {
  return rows.filter((row) => MOTION.test(row));
}

/**
 * What the last frame says, in one line: `eks` itself has broken it at the edge, and the terminal has nothing to break. In
 * spaces, so that a message can be told from a part of one.
 */
function told(frames: readonly Frame[]): string {
  const { rows = [], lines = [] } = frames.at(-1) ?? {};
  expect(rows).toEqual(lines);
  return ` ${flowing(rows.join("\n"))} `;
}

/** Real Terraform and AWS provider against an AWS emulator, seen through a terminal of 80 columns. */
describeInTerminal("what a person sees", () => {
  let emulator: Emulator;
  let project: Project;
  let terminal: Terminal;
  let bootstrapOptions: string;

  beforeAll(async () => {
    emulator = await emulate();
    project = new Project(emulator);
    project.tfvars(TFVARS);
    // No key of the user's, and nobody who answers.
    writeFileSync(join(project.folder, "key"), keyPair().private, { mode: 0o600 });
    writeFileSync(join(project.folder, "hosts"), "");
    bootstrapOptions = `-- --host 127.0.0.1 --port ${String(await freePort())} --identity key --known-hosts hosts --timeout 1`;
    terminal = new Terminal(project.folder, {
      ...project.environment,
      EKS_TERRAFORM: terraformProgram(),
      SSH_AUTH_SOCK: "",
      EKS: `${process.execPath} ${EKS}`,
    });
    await terminal.until(/^\$/m);
  });

  afterAll(async () => {
    terminal.end();
    await emulator.stop();
    project.remove();
  });

  /** One line in motion at most, the last one, and never broken over two rows. */
  function expectTidy(frames: readonly Frame[]): void {
    expect(frames).not.toEqual([]);
    for (const frame of frames) {
      const motion = motionOf(frame);
      expect(motion.length).toBeLessThanOrEqual(1);
      if (motion.length === 1) expect(frame.rows.at(-1)).toBe(motion[0]);
      for (const row of motion) expect(row.length).toBeLessThan(COLUMNS);
      expect(frame.lines.filter((line) => MOTION.test(line))).toEqual(motion);
    }
  }

  function expectShellAgain(): void {
    expect(terminal.frame().rows.at(-1)).toBe("$");
    expect(terminal.cursor()).toEqual({ column: 2, isVisible: true });
  }

  const state = () => {
    const file = join(project.folder, "terraform.eks.tfstate");
    if (!existsSync(file)) return 0;
    const { resources } = JSON.parse(readFileSync(file, "utf8")) as { resources: { mode: string }[] };
    return resources.filter(({ mode }) => mode === "managed").length;
  };
  const plans = () => readdirSync(join(project.folder, ".cache", "eks")).filter((name) => name.startsWith("run-"));

  it("of a plan: one line in motion, then a table within 80 columns", async () => {
    const { frames, code } = await terminal.run("$EKS plan -var-file local.tfvars");

    expect(code).toBe(2);
    expectTidy(frames);
    const motion = frames.flatMap(motionOf);
    expect(motion).toContainEqual(expect.stringMatching(/^plan(: .*)? \(\d+ s\)$/));
    const { rows, lines } = frames.at(-1) ?? { rows: [], lines: [] };
    expect(rows).toEqual(lines);
    expect(motionOf({ rows, lines })).toEqual([]);
    expect(rows[0]).toMatch(/^init: providers and state are set up \(\d+\.\d s\)$/);
    expect(rows[1]).toMatch(/^plan: done \(\d+\.\d s\)$/);
    expect(rows[2]).toBe("account: 123456789012, in ap-northeast-2");
    expect(rows[3]).toMatch(/^you are: arn:aws:/);
    expect(rows[4]).toBe("to add 40: aws_autoscaling_group, aws_eip, aws_eks_cluster,");
    const table = rows.slice(rows.findIndex((row) => row.startsWith("  SUBNET "))).slice(0, 7);
    expect(table.map((row) => row.length)).toEqual(Array(7).fill(table[0]?.length));
    expectShellAgain();
  });

  it.each([
    ["kubectl_ec2_volume_size=abc", / error: -var: kubectl_ec2_volume_size must be a number, got "abc"\. /],
    ["eks_worker_nodes_asg_group={}", / -var: eks_worker_nodes_asg_group must have desire, got nothing\. /],
    ["eks_version=9", / error: -var: eks_version must be MAJOR\.MINOR in quotes, .* got "9".* to choose\. /],
  ])("of a value that is wrong by itself: %s", async (variable, message) => {
    const { code, frames } = await terminal.run(`$EKS plan -var-file local.tfvars -var '${variable}'`);

    expect(code).toBe(1);
    expect(told(frames)).toMatch(message);
    expectShellAgain();
  });

  it.each([
    [
      "kubectl_own_role=true",
      /kubectl_own_role needs access entries, got authentication_mode = null; .* kubectl_own_role = false\. /,
    ],
  ])("of a value that Terraform refuses: %s", async (variable, message) => {
    const { code, frames } = await terminal.run(`$EKS plan -var-file local.tfvars -var '${variable}'`);

    expect(code).toBe(1);
    const text = told(frames);
    expect(text).toContain(" error: terraform plan failed: Invalid value for ");
    expect(text).toMatch(message);
    expect(text).not.toContain("cdk.tf.json");
    expectShellAgain();
  });

  it("of the question, where Ctrl-C is an answer: nothing is done", async () => {
    terminal.start(`$EKS up -var-file local.tfvars ${bootstrapOptions}`);
    const frames = await terminal.until(QUESTION);
    expectTidy(frames);
    terminal.type("ye");
    terminal.press("C-c");
    const { code, frames: after } = await terminal.ended();

    expect(code).toBe(130);
    expect(after.at(-1)?.rows.slice(-4)).toEqual([
      'apply this plan? Type "yes" to go on: ye',
      "error: interrupted: nothing was done",
      "exit=130",
      "$",
    ]);
    expect(state()).toBe(0);
    expect(plans()).toEqual([]);
    expectShellAgain();
  });

  it.each([
    ["no", "Enter", "nothing was done, since the answer was not yes"],
    ["", "C-d", "nothing was done, since there was no answer"],
  ])("of the question, answered by %j and %s: nothing is done", async (text, key, message) => {
    terminal.start(`$EKS up -var-file local.tfvars ${bootstrapOptions}`);
    await terminal.until(QUESTION);
    terminal.type(text);
    terminal.press(key);
    const { code, frames } = await terminal.ended();

    expect(code).toBe(1);
    expect(frames.at(-1)?.rows).toContain(`error: ${message}`);
    expect(state()).toBe(0);
    expectShellAgain();
  });

  it("of an apply that Ctrl-C ends: what exists, and what goes on", async () => {
    terminal.start(`$EKS up -var-file local.tfvars ${bootstrapOptions}`);
    await terminal.until(QUESTION);
    terminal.type("yes");
    terminal.press("Enter");
    const begun = await terminal.until(/^apply: ([5-9]|\d\d) of 40 done/m);
    terminal.press("C-c");
    const { code, frames } = await terminal.ended();

    expectTidy([...begun, ...frames]);
    expect(begun.flatMap(motionOf)).toContainEqual(expect.stringMatching(/^apply: \d of 40 done · create aws_/));
    expect(code).toBe(130);
    const text = frames.at(-1)?.lines.join("\n") ?? "";
    expect(text).toMatch(/^interrupted: Terraform finishes what AWS has begun/m);
    expect(text).toMatch(/^error: terraform apply was interrupted\n {2}what exists now: \d+ resources: .*aws_/m);
    expect(text).toMatch(/^ {2}what now: run the same command again,.* it goes on from here; or `eks destroy`/m);
    const [, count] = /what exists now: (\d+) resources/.exec(text) ?? [];
    expect(Number(count)).toBe((await project.state()).size);
    expect(Number(count)).toBeGreaterThanOrEqual(5);
    expect(Number(count)).toBeLessThan(40);
    expect(existsSync(join(project.folder, ".terraform.eks.tfstate.lock.info"))).toBe(false);
    expect(plans()).toEqual([]);
    expectShellAgain();
  });

  it("of the same command again: it goes on, and says what is left when the bastion cannot be reached", async () => {
    const { code, frames } = await terminal.run(`$EKS up -var-file local.tfvars -auto-approve ${bootstrapOptions}`);

    expectTidy(frames);
    expect(code).toBe(1);
    const text = frames.at(-1)?.lines.join("\n") ?? "";
    expect(text).toMatch(/^apply: \d+ created.* \(\d+\.\d s\)$/m);
    expect(text).toMatch(/^what exists now: all that the plan has; the bastion is not set up to its end$/m);
    expect(state()).toBeGreaterThan(10);
    expectShellAgain();
  });

  it("of what the guard keeps", async () => {
    const other = await terminal.run(`$EKS up -var-file local.tfvars -var eks_cluster_name=other ${bootstrapOptions}`);

    expect(other.code).toBe(3);
    const { rows = [] } = other.frames.at(-1) ?? {};
    expect(rows.slice(rows.indexOf("  aws_eks_cluster.cluster_control_plane")).slice(0, 2)).toEqual([
      "  aws_eks_cluster.cluster_control_plane",
      '    name: "awskrug_gudi_eks" -> "other"',
    ]);
    expect(told(other.frames)).toContain(
      "aws_eks_cluster.cluster_control_plane: the cluster would be replaced: name changes from",
    );
    expectShellAgain();
  });
});
