import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { passOn, startProxy, type Call, type Proxy } from "../../rehearsal/machine/proxy";
import { Account, gained } from "../support/account";
import { kills, killSeed } from "../support/kills";
import { describeNeeding } from "../support/needs";
import { flowing, type Started } from "../support/run";
import { seeded } from "../support/seeded";
import { isBrokenOff } from "../../terraform/state-copy";
import { startStage, type Stage } from "../support/stage";

const GIVEN = ["-var-file", "local.tfvars"];

const VICTIMS = ["eks", "Terraform", "both"] as const;
type Victim = (typeof VICTIMS)[number];

/** As Terraform calls what an inventory tells of. */
const TYPES: Readonly<Record<string, string>> = {
  vpcs: "aws_vpc",
  subnets: "aws_subnet",
  internetGateways: "aws_internet_gateway",
  addresses: "aws_eip",
  natGateways: "aws_nat_gateway",
  routeTables: "aws_route_table",
  securityGroups: "aws_security_group",
  instances: "aws_instance",
  roles: "aws_iam_role",
  instanceProfiles: "aws_iam_instance_profile",
  clusters: "aws_eks_cluster",
  launchConfigurations: "aws_launch_configuration",
  autoScalingGroups: "aws_autoscaling_group",
};

/** Whether Terraform asks AWS to change something: `eks destroy` deletes what Kubernetes made by itself before. */
function isChange({ incoming, body }: Call): boolean {
  if (!/terraform/i.test(incoming.headers["user-agent"] ?? "")) return false;
  const action = new URLSearchParams(body.toString()).get("Action");
  if (action !== null) return !/^(?:Describe|Get|List|AssumeRole)/.test(action);
  const target = incoming.headers["x-amz-target"];
  if (typeof target === "string") return !/\.(?:Describe|Get|List)/.test(target);
  return incoming.method !== "GET" && incoming.method !== "HEAD";
}

/** Kinds of `kill -9`, each at a seeded call to AWS: the same calls in every run, whatever else the machine does. */
describeNeeding("the end-to-end tests' programs", "Terraform itself")(
  `eks, killed (seed ${String(killSeed())})`,
  () => {
    const random = seeded(killSeed());
    const rounds = Array.from({ length: kills(3) }, (_, i): [Victim, number, number] => [
      VICTIMS[i % VICTIMS.length] ?? "both",
      1 + Math.floor(random() * 35),
      1 + Math.floor(random() * 12),
    ]);

    let stage: Stage;
    let account: Account;
    let front: Proxy;
    let before: Record<string, string[]>;
    let left = 0;
    let reached: () => void;

    async function set(): Promise<void> {
      stage = await startStage();
      const target = stage.environment["AWS_ENDPOINT_URL"] ?? "";
      front = await startProxy((call) => {
        if (isChange(call) && --left === 0) reached();
        passOn(target, call);
      });
      stage.environment["AWS_ENDPOINT_URL"] = front.endpoint;
      account = new Account(stage.emulator);
      before = await account.inventory();
    }

    async function end(): Promise<void> {
      account.close();
      front.stop();
      await stage.stop();
    }

    const up = () => ["up", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap];
    const destroy = () => ["destroy", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap];
    const own = () => join(stage.project.folder, ".cache", "eks");

    /** The process group of the Terraform that a command runs. */
    function terraformOf(): number | undefined {
      const records = readdirSync(own())
        .filter((name) => name.startsWith("run-"))
        .map((name) => join(own(), name, "terraform.json"));
      for (const file of records) {
        try {
          return (JSON.parse(readFileSync(file, "utf8")) as { readonly pid: number }).pid;
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
        }
      }
      return undefined;
    }

    /** Starts a command, and kills it or what it runs at its nth call that changes something. */
    async function killedAt(args: readonly string[], victim: Victim, moment: number) {
      const arrived = new Promise<void>((resolve) => {
        reached = resolve;
      });
      left = moment;
      const { child, ended }: Started = stage.start(args);
      await Promise.race([arrived, ended]);
      const terraform = terraformOf();
      if (victim !== "Terraform") child.kill("SIGKILL");
      if (victim !== "eks" && terraform !== undefined) process.kill(-terraform, "SIGKILL");
      return { ...(await ended), terraform };
    }

    /** Waits for a process that nobody has killed. One that has ended, and that nobody has asked for, has no command line. */
    async function endOf(pid: number): Promise<void> {
      const file = `/proc/${String(pid)}/cmdline`;
      while (existsSync(file) && readFileSync(file, "utf8") !== "") await sleep(200);
    }

    const inAccount = async () => gained(before, await account.inventory());

    /** What AWS has and no state, by Terraform's types: what AWS makes by itself beside something is left out. */
    async function lost(): Promise<string[]> {
      const known = new Set([...(await stage.project.state()).values()].map(({ id }) => id));
      const has = await inAccount();
      const count = (kind: string) => has[kind]?.length ?? 0;
      const byAws: Readonly<Record<string, number>> = {
        routeTables: count("vpcs"),
        securityGroups: count("vpcs") + count("clusters"),
        instances: 2 * count("autoScalingGroups"),
      };
      return Object.entries(TYPES).flatMap(([kind, type]) => {
        const unknown = (has[kind] ?? []).filter((id) => !known.has(id)).length - (byAws[kind] ?? 0);
        return unknown > 0 ? [type] : [];
      });
    }

    describe("while it makes everything", () => {
      beforeEach(set, 120_000);
      afterEach(end);

      it.each(rounds)("%s, at change %i: goes on, or says what may be where", async (victim, moment) => {
        const first = await killedAt(up(), victim, moment);
        expect(first.code).not.toBe(0);

        const next = await stage.eks(...up());

        const told = flowing(first.output + next.output);
        if (next.code !== 0) {
          const orphans = await lost();
          for (const type of orphans) expect(told).toContain(`create ${type}.`);
          const again = await stage.eks(...up());
          if (orphans.length > 0) {
            // Whatever Terraform cannot make a second time it names; the others exist twice, as was said.
            if (again.code !== 0) expect(flowing(again.output)).toMatch(/already ?exists/i);
            return;
          }
          expect(again).toMatchObject({ code: 0 });
        }
        expect(await lost()).toEqual([]);
        expect(
          Object.fromEntries(Object.entries(await inAccount()).map(([kind, ids]) => [kind, ids.length])),
        ).toMatchObject({
          vpcs: 1,
          subnets: 6,
          natGateways: 1,
          clusters: 1,
          autoScalingGroups: 1,
          instances: 3,
        });
      });
    });

    describe("while it deletes everything", () => {
      beforeAll(set, 120_000);
      afterAll(end);

      it.each(rounds)("%s, %i, at change %i: the next one goes on", async (victim, _, moment) => {
        if ((await stage.project.state()).size === 0) expect(await stage.eks(...up())).toMatchObject({ code: 0 });

        const { code, terraform } = await killedAt(destroy(), victim, moment);

        expect(code).not.toBe(0);
        // Its calls would count as those of the next one.
        if (terraform !== undefined) await endOf(terraform);
        // A state that was just being written is taken back by the next one.
        if (isBrokenOff(join(stage.project.folder, "terraform.eks.tfstate"))) {
          expect((await stage.eks("destroy", ...GIVEN, "--dry-run")).output).toContain("its last whole state is there");
        }
        expect(await lost()).toEqual([]);
      });

      it("ends with nothing left", async () => {
        const { code, output } = await stage.eks(...destroy());

        expect(output).toMatch(/nothing is left|there is nothing in the state, and nothing of the cluster/);
        expect(code).toBe(0);
        expect(await inAccount()).toEqual({});
      });
    });
  },
);
