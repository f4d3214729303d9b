import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { startGate, type Gate } from "../../rehearsal/machine/gate";
import { describeNeeding } from "../support/needs";
import { Account, gained } from "../support/account";
import { Progress, readEvent } from "../../terraform/events";
import { startStage, type Stage } from "../support/stage";

const GIVEN = ["-var-file", "local.tfvars"];

/** What the workshop is, once, besides what the emulator's machines have on disks. */
const ONCE = {
  vpcs: 1,
  subnets: 6,
  internetGateways: 1,
  addresses: 1,
  natGateways: 1,
  instances: 3,
  roles: 2,
  instanceProfiles: 1,
  clusters: 1,
  launchConfigurations: 1,
  autoScalingGroups: 1,
};

/** Waits until Terraform, as its events say, has been at one thing alone for two seconds: the one that is held back. */
async function allButOne(events: string): Promise<void> {
  for (let quiet = 0; quiet < 10;) {
    const progress = new Progress();
    for (const event of readFileSync(events, "utf8").split("\n").map(readEvent)) if (event) progress.told(event);
    quiet = progress.begun().length === 1 ? quiet + 1 : 0;
    await sleep(200);
  }
}

/**
 * The promises of docs/usage.md, attacked: real Terraform, an emulated account, a stand-in bastion. OpenTofu loses more
 * when it is killed.
 */
describeNeeding("the end-to-end tests' programs", "Terraform itself")("eks, attacked", () => {
  let stage: Stage;
  let gate: Gate;
  let account: Account;
  let before: Record<string, string[]>;

  const upArguments = () => ["up", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap];
  const left = () => readdirSync(join(stage.project.folder, ".cache", "eks")).filter((name) => name.startsWith("run-"));
  const inAccount = async () => {
    const counts = Object.entries(gained(before, await account.inventory())).map(([kind, ids]) => [kind, ids.length]);
    return Object.fromEntries(counts) as Record<string, number>;
  };

  beforeAll(async () => {
    stage = await startStage();
    gate = await startGate(stage.environment["AWS_ENDPOINT_URL"] ?? "");
    stage.environment["AWS_ENDPOINT_URL"] = gate.endpoint;
    account = new Account(stage.emulator);
    before = await account.inventory();
  }, 120_000);

  afterAll(async () => {
    account.close();
    gate.stop();
    await stage.stop();
  });

  /** Kills `eks` and Terraform when all is made but what needs the NAT gateway, and that is being made. */
  async function killBothAtNatGateway(): Promise<void> {
    const arrived = gate.holdBack({ Action: "CreateNatGateway" });
    const { child, ended } = stage.start(upArguments());
    await arrived;
    const [folder = ""] = left();
    const own = join(stage.project.folder, ".cache", "eks", folder);
    await allButOne(join(own, "terraform.events"));
    const { pid } = JSON.parse(readFileSync(join(own, "terraform.json"), "utf8")) as { readonly pid: number };
    child.kill("SIGKILL");
    process.kill(-pid, "SIGKILL");
    await ended;
  }

  it("is killed alone: Terraform ends what it has begun, and the next run waits for it and goes on", async () => {
    const arrived = gate.holdBack({ Action: "CreateNatGateway" });
    const { child, ended } = stage.start(upArguments());
    const letThrough = await arrived;
    child.kill("SIGKILL");
    expect(await ended).toMatchObject({ code: null });

    // Terraform cannot end before the next run has seen it at work.
    let isSeen = false;
    const { code, output } = await stage.start(upArguments(), {
      onOutput: (soFar) => {
        if (isSeen || !soFar.includes("this one waits for it")) return;
        isSeen = true;
        letThrough();
      },
    }).ended;

    expect(output).toMatch(
      /note: an earlier run was ended, and Terraform goes on with its apply: this one waits for it\napply of an earlier run: \d+ created \(/,
    );
    expect(output).toMatch(/^nothing to add, to change or to destroy$/m);
    expect(code).toBe(0);
    expect(await inAccount()).toMatchObject(ONCE);
    expect(left()).toEqual([]);
  });

  it("is killed together with Terraform: the next run says what may be where, and the one after it goes on", async () => {
    await stage.project.destroy(join(stage.project.folder, "local.tfvars"));
    expect(await inAccount()).toEqual({});
    await killBothAtNatGateway();

    const told = await stage.eks(...upArguments());
    const again = await stage.eks(...upArguments());

    expect(told).toMatchObject({
      code: 1,
      output: expect.stringMatching(
        /error: an earlier run was ended, and Terraform with it: what AWS was making at that moment \(create aws_nat_gateway\.network_nat_gateway\[0\]\) may exist without being in the state: look for it by its tag, Project=awskrug_gudi, .*, and then run the same command again\n$/,
      ) as string,
    });
    expect(again.output).toMatch(/^to add \d+: .*aws_nat_gateway/m);
    expect(again.code).toBe(0);
    expect(await inAccount()).toMatchObject(ONCE);
    expect(left()).toEqual([]);
  });

  it("is killed while the state is written: the next run takes the last whole one, and names what that does not have", async () => {
    await stage.project.destroy(join(stage.project.folder, "local.tfvars"));
    await killBothAtNatGateway();
    const state = join(stage.project.folder, "terraform.eks.tfstate");
    const { length } = readFileSync(state);
    // As far as Terraform may have come: it empties the file, and writes it anew.
    truncateSync(state, Math.floor(length / 2));
    expect(await stage.eks("doctor", ...GIVEN)).toMatchObject({
      code: 1,
      output: expect.stringContaining("the next eks plan, up or destroy takes back the last whole one") as string,
    });

    const told = await stage.eks(...upArguments());
    const again = await stage.eks(...upArguments());

    expect(told.output).toMatch(
      /^note: Terraform was killed while it wrote terraform\.eks\.tfstate: its last whole state is there/m,
    );
    expect(told).toMatchObject({
      code: 1,
      output: expect.stringContaining("(create aws_nat_gateway.network_nat_gateway[0])") as string,
    });
    expect(again.code).toBe(0);
    expect(await inAccount()).toMatchObject(ONCE);
    expect(readFileSync(`${state}.broken`)).toHaveLength(Math.floor(length / 2));
  });

  it("goes on with no state that somebody else has left broken off", async () => {
    const state = join(stage.project.folder, "terraform.eks.tfstate");
    const whole = readFileSync(state);
    writeFileSync(`${state}.backup`, whole);
    truncateSync(state);

    for (const args of [
      upArguments(),
      ["destroy", ...GIVEN, "-auto-approve"],
      ["plan", ...GIVEN],
      ["doctor", ...GIVEN],
    ]) {
      expect(await stage.eks(...args)).toMatchObject({
        code: 1,
        output: expect.stringContaining(
          "terraform.eks.tfstate is broken off: Terraform was killed while it wrote it. Before that run it had 40 resources",
        ) as string,
      });
    }
    copyFileSync(`${state}.backup`, state);

    expect((await stage.eks("plan", ...GIVEN)).output).toContain("nothing to add, to change or to destroy");
  });
});
