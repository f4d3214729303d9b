import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePort, listen } from "../../rehearsal/machine/loopback";
import { passOn, startProxy, type Proxy } from "../../rehearsal/machine/proxy";
import { describeEndToEnd, terraformProgram } from "../support/end-to-end";
import { flowing, run, start, type Started } from "../support/run";
import { startStage, type Stage } from "../support/stage";

const GIVEN = ["-var-file", "local.tfvars"];

type Command = "plan" | "up" | "status" | "doctor" | "ssh" | "bootstrap" | "pin" | "destroy --dry-run" | "destroy";

/** How a command is run: what is different from a day on which all is well. */
interface Circumstances {
  readonly environment?: NodeJS.ProcessEnv;
  /** Options of Terraform's. */
  readonly more?: readonly string[];
  /** Of the options that say how the bastion is reached, those that are not given, with their values. */
  readonly without?: string;
}

/** A command's exit code, and what it says. */
type Answer = readonly [code: number, says: string];

const ELSEWHERE_REGION = "what is in the state was made in ap-northeast-2, and aws_region is us-east-1";
const ELSEWHERE_ACCOUNT =
  "what is in the state was made in the account 123456789012, and these credentials are of 999999999999";
const NO_KEY = "there is no key to log in to";

/** Answers as AWS does where nothing is allowed, each service in its own form. */
function denied(): Promise<Proxy> {
  return startProxy(({ incoming, response }) => {
    const isJson = incoming.headers["x-amz-target"] !== undefined || incoming.url !== "/";
    if (isJson) {
      response.writeHead(403, { "content-type": "application/json", "x-amzn-errortype": "AccessDeniedException" });
      response.end('{"__type":"AccessDeniedException","message":"not authorized"}');
      return;
    }
    const error = "<Error><Code>AccessDenied</Code><Message>not authorized</Message></Error>";
    response.writeHead(403, { "content-type": "text/xml" });
    response.end(`<ErrorResponse><Errors>${error}</Errors>${error}<RequestId>1</RequestId></ErrorResponse>`);
  });
}

/** The command lines of all processes, as everybody on the machine can read them. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        // It has ended since.
        return [];
      }
    });
}

const holdsOne = (text: string, secrets: readonly string[]) => secrets.some((secret) => text.includes(secret));

/**
 * Every command under every condition that a user meets. None of them may change the account or the state; each says what
 * is wrong, and ends with the exit code for it. An emulated account, a stand-in bastion.
 */
describeEndToEnd("every command", () => {
  let stage: Stage;
  let home: string;
  let before: string;
  const ends: (() => void)[] = [];

  const what = async () =>
    JSON.stringify([
      await stage.inventory(),
      readFileSync(join(stage.project.folder, "terraform.eks.tfstate"), "utf8"),
    ]);

  beforeAll(async () => {
    stage = await startStage();
    // A secret that nothing else looks like.
    stage.environment["AWS_SECRET_ACCESS_KEY"] = "wJalrXUtnFEMIK7MDENGbPxRfiCYSCANNED";
    home = mkdtempSync(join(tmpdir(), "eks-test-home-"));
  }, 120_000);
  afterAll(async () => {
    for (const end of ends) end();
    await stage.stop();
    rmSync(home, { recursive: true });
  });

  async function typed(command: Command, { environment = {}, more = [], without }: Circumstances) {
    const at = without === undefined ? -1 : stage.bootstrap.indexOf(without);
    const bootstrap = at === -1 ? stage.bootstrap : stage.bootstrap.filter((_, i) => i !== at && i !== at + 1);
    const args: Readonly<Record<Command, readonly string[]>> = {
      plan: ["plan", ...GIVEN, ...more],
      up: ["up", ...GIVEN, ...more, "-auto-approve", "--", ...bootstrap],
      status: ["status", "--", ...bootstrap],
      doctor: ["doctor", "--", ...bootstrap],
      ssh: ["ssh", "-c", "true", "--", ...bootstrap],
      bootstrap: ["bootstrap", ...bootstrap],
      pin: ["pin", ...GIVEN, ...more],
      "destroy --dry-run": ["destroy", ...GIVEN, ...more, "--dry-run", "--", ...bootstrap],
      destroy: ["destroy", ...GIVEN, ...more, "-auto-approve", "--", ...bootstrap],
    };
    const own = { ...stage.environment };
    Object.assign(stage.environment, environment);
    try {
      const { code, output } = await stage.eks(...args[command]);
      return { code, output: flowing(output) };
    } finally {
      for (const name of Object.keys(environment)) Reflect.deleteProperty(stage.environment, name);
      Object.assign(stage.environment, own);
    }
  }

  function under(
    condition: string,
    circumstances: () => Promise<Circumstances> | Circumstances,
    answers: Readonly<Partial<Record<Command, Answer>>>,
  ): void {
    describe(condition, () => {
      let these: Circumstances;

      beforeAll(async () => {
        before = await what();
        these = await circumstances();
      });

      it.each(Object.entries(answers) as [Command, Answer][])("eks %s", async (command, [code, says]) => {
        const ended = await typed(command, these);

        expect(ended).toMatchObject({ code, output: expect.stringContaining(says) as string });
        expect(await what()).toBe(before);
      });
    });
  }

  describe("before anything is whole", () => {
    beforeAll(async () => {
      const { code, output } = await stage.project.apply(
        join(stage.project.folder, "local.tfvars"),
        "-target=aws_nat_gateway.network_nat_gateway",
      );
      if (code !== 0) throw new Error(output);
    });

    under("in a half-made state", () => ({}), {
      plan: [2, "to add"],
      status: [1, "the stack is half made: 7 resources, and not all outputs; `eks up` goes on where it ended"],
      doctor: [1, "apply-incomplete"],
      ssh: [1, "the stack is half made: 7 resources"],
      bootstrap: [1, "has no outputs"],
      "destroy --dry-run": [2, "aws_eip, aws_internet_gateway, aws_nat_gateway, 3 aws_subnet, aws_vpc"],
    });
  });

  describe("with all that there is", () => {
    const places = new Set<string>();
    let secrets: readonly string[];

    beforeAll(async () => {
      const key = readFileSync(stage.bootstrap[stage.bootstrap.indexOf("--identity") + 1] ?? "", "utf8");
      secrets = [stage.environment["AWS_SECRET_ACCESS_KEY"] ?? "", ...key.split("\n").slice(1, -2)];
      const { child, ended } = stage.start(["up", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap]);
      while (child.exitCode === null) {
        for (const line of commandLines()) if (holdsOne(line, secrets)) places.add(`a command line: ${line}`);
        await sleep(50);
      }
      const { code, output } = await ended;
      if (code !== 0) throw new Error(output);
      if (holdsOne(output, secrets)) places.add("the screen");
    }, 200_000);

    it("has shown nobody a secret, and left none in a file", () => {
      const folder = stage.project.folder;
      for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        const file = join(folder, name);
        const stats = lstatSync(file);
        // The provider itself is hundreds of megabytes.
        if (!stats.isFile() || stats.size > 8_000_000) continue;
        if (holdsOne(readFileSync(file, "latin1"), secrets)) places.add(name);
        if (name.startsWith(".cache/") && (stats.mode & 0o022) !== 0) places.add(`${name} can be written by others`);
      }

      expect(secrets.length).toBeGreaterThan(3);
      expect([...places]).toEqual([]);
    });

    under("on a day on which all is well", () => ({}), {
      plan: [0, "nothing to add, to change or to destroy"],
      up: [0, "nothing to add, to change or to destroy"],
      status: [0, "BILLED"],
      doctor: [0, "0 errors"],
      ssh: [0, ""],
      bootstrap: [0, "changed=0"],
      "destroy --dry-run": [2, "to be deleted"],
    });

    under("with tfvars for another region", () => ({ more: ["-var", "aws_region=us-east-1"] }), {
      plan: [3, ELSEWHERE_REGION],
      up: [3, ELSEWHERE_REGION],
      "destroy --dry-run": [3, ELSEWHERE_REGION],
      destroy: [3, ELSEWHERE_REGION],
    });

    under("with tfvars for another cluster", () => ({ more: ["-var", "eks_cluster_name=other"] }), {
      plan: [3, "the cluster would be replaced"],
      up: [3, "the cluster would be replaced"],
    });

    under(
      "with another account's credentials",
      async () => {
        const role = ["--role-arn", "arn:aws:iam::999999999999:role/other", "--role-session-name", "me"];
        const assume = ["sts", "assume-role", ...role, "--output", "json"];
        const { stdout } = await run("aws", assume, { env: stage.environment });
        const { Credentials: it } = JSON.parse(stdout) as {
          readonly Credentials: Record<"AccessKeyId" | "SecretAccessKey" | "SessionToken", string>;
        };
        return {
          environment: {
            AWS_ACCESS_KEY_ID: it.AccessKeyId,
            AWS_SECRET_ACCESS_KEY: it.SecretAccessKey,
            AWS_SESSION_TOKEN: it.SessionToken,
          },
        };
      },
      {
        plan: [3, ELSEWHERE_ACCOUNT],
        up: [3, ELSEWHERE_ACCOUNT],
        status: [3, ELSEWHERE_ACCOUNT],
        doctor: [3, ELSEWHERE_ACCOUNT],
        "destroy --dry-run": [3, ELSEWHERE_ACCOUNT],
        destroy: [3, ELSEWHERE_ACCOUNT],
      },
    );

    const withoutKey = () => {
      const folder = join(stage.project.folder, ".cache", "eks");
      for (const name of readdirSync(folder).filter((it) => it.startsWith("identity-"))) rmSync(join(folder, name));
      return { environment: { HOME: home }, without: "--identity" };
    };
    under("without an SSH key", withoutKey, {
      plan: [0, "nothing to add, to change or to destroy"],
      up: [1, "there is no key to set the bastion up with, so that nothing was made"],
      status: [0, "nobody could log in to the bastion"],
      doctor: [1, NO_KEY],
      ssh: [1, NO_KEY],
      bootstrap: [1, NO_KEY],
      "destroy --dry-run": [2, "to be deleted"],
    });

    under(
      "where AWS cannot be reached",
      async () => ({ environment: { AWS_ENDPOINT_URL: `http://127.0.0.1:${String(await freePort())}` } }),
      {
        plan: [1, "connection refused"],
        up: [1, "connection refused"],
        status: [0, "AWS cannot be reached"],
        doctor: [1, "1 error"],
        ssh: [0, ""],
        bootstrap: [0, "changed=0"],
        pin: [1, "ECONNREFUSED"],
        "destroy --dry-run": [1, "ECONNREFUSED"],
        destroy: [1, "ECONNREFUSED"],
      },
    );

    under(
      "where nothing is allowed",
      async () => {
        const refusing = await denied();
        ends.push(() => {
          refusing.stop();
        });
        return { environment: { AWS_ENDPOINT_URL: refusing.endpoint } };
      },
      {
        plan: [1, "AccessDenied: not authorized"],
        up: [1, "AccessDenied: not authorized"],
        status: [0, "the credentials do not allow eks:DescribeCluster"],
        doctor: [0, "the credentials do not allow"],
        ssh: [0, ""],
        bootstrap: [0, "changed=0"],
        pin: [1, "not authorized"],
        "destroy --dry-run": [1, "not authorized"],
        destroy: [1, "not authorized"],
      },
    );

    under(
      "where a proxy is the only way",
      async () => {
        const target = stage.environment["AWS_ENDPOINT_URL"] ?? "";
        // What a proxy is asked for by its whole address is led to the emulator; nobody else knows that name.
        const proxy = await startProxy((call) => {
          const { pathname, search } = new URL(call.incoming.url ?? "", target);
          call.incoming.url = pathname + search;
          passOn(target, call);
        });
        ends.push(() => {
          proxy.stop();
        });
        return { environment: { AWS_ENDPOINT_URL: "http://aws.example.internal", HTTP_PROXY: proxy.endpoint } };
      },
      {
        plan: [0, "nothing to add, to change or to destroy"],
        up: [0, "nothing to add, to change or to destroy"],
        status: [0, "BILLED"],
        doctor: [0, "0 errors"],
        ssh: [0, ""],
        pin: [1, "SSM has no"],
        "destroy --dry-run": [2, "to be deleted"],
      },
    );

    describe("while another apply", () => {
      let holder: Started;

      beforeAll(async () => {
        // It never answers: whoever asks it keeps the lock.
        const silent = createServer(() => undefined);
        const endpoint = `http://127.0.0.1:${String(await listen(silent))}`;
        holder = start(terraformProgram(), ["-chdir=cdktf.out/stacks/eks", "plan", "-var-file=../../../local.tfvars"], {
          cwd: stage.project.folder,
          env: { ...stage.environment, AWS_ENDPOINT_URL: endpoint },
          detached: true,
        });
        const lock = join(stage.project.folder, ".terraform.eks.tfstate.lock.info");
        while (!existsSync(lock) && holder.child.exitCode === null) await sleep(100);
        ends.push(() => {
          silent.closeAllConnections();
          silent.close();
        });
      });
      afterAll(async () => {
        if (holder.child.pid !== undefined) process.kill(-holder.child.pid, "SIGKILL");
        await holder.ended;
      });

      under("has the state's lock", () => ({}), {
        plan: [1, "the stack is locked by a plan of "],
        up: [1, "the stack is locked by a plan of "],
        status: [0, "BILLED"],
        doctor: [1, "state-locked"],
        "destroy --dry-run": [1, "the stack is locked by a plan of "],
        destroy: [1, "the stack is locked by a plan of "],
      });
    });
  });
});
