import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";

import { Screen } from "../../terminal/screen";
import { ownAddress } from "../../cli/stack";
import { confirm } from "../../terminal/confirm";
import { EksFolder } from "../support/in-process";
import { planDocument, type ChangeJson } from "../support/plan-json";
import { said } from "../support/recorded";
import { keyPair } from "../support/ssh-server";
import { repeating, standInForTerraform } from "../support/terraform-stand-in";

const TFVARS = 'aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n';
const VPC: ChangeJson = { address: "aws_vpc.network_vpc", actions: ["create"], after: { cidr_block: "172.16.0.0/16" } };
const RENAMED: ChangeJson = {
  address: "aws_eks_cluster.cluster_control_plane",
  actions: ["delete", "create"],
  reason: "replace_because_cannot_update",
  before: { name: "awskrug_gudi_eks" },
  after: { name: "other" },
  replacePaths: [["name"]],
};
const VPC_ELSEWHERE = "arn:aws:ec2:us-east-1:123456789012:vpc/vpc-1";

/** What prints a state with these resources. */
function pullOf(...made: readonly { type: string; arn?: string; status?: string }[]): string {
  const resources = made.map(({ type, arn = "", status }) => {
    const instances = [{ status, attributes: { id: "x", arn } }];
    return { mode: "managed", type, name: "x", instances };
  });
  return `echo '${JSON.stringify({ version: 4, resources })}'`;
}
const STATE = "printf 'aws_vpc.network_vpc\\nterraform_data.handover\\n'";

/** @param use gets the address, on loopback, where `answer` answers meanwhile */
async function answering(answer: RequestListener, use: (address: string) => Promise<void>): Promise<void> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  } finally {
    server.close();
  }
}

describe("eks plan and eks up, with a stand-in for Terraform", () => {
  let project: EksFolder;
  beforeEach(() => {
    project = new EksFolder();
    writeFileSync(join(project.folder, "local.tfvars"), TFVARS);
    writeFileSync(join(project.folder, "key.pem"), keyPair().private, { mode: 0o600 });
  });
  afterEach(() => {
    project.remove();
  });

  /** A stand-in that plans these changes. */
  function terraform(
    changes: readonly ChangeJson[],
    commands: Readonly<Record<string, string>> = {},
    environment: NodeJS.ProcessEnv = {},
  ) {
    const json = join(project.folder, "plan.json");
    writeFileSync(json, JSON.stringify(planDocument(changes)));
    const plan = `for a; do case $a in -out=*) echo plan > "\${a#-out=}"; esac; done; exit ${changes.length === 0 ? "0" : "2"}`;
    const standIn = standInForTerraform(join(project.folder, "bin"), { show: `cat ${json}`, plan, ...commands });
    const runWith = (...args: string[]) =>
      project.run([args[0] ?? "", "-var-file", "local.tfvars", ...args.slice(1)], {
        ...environment,
        EKS_TERRAFORM: standIn.program,
      });
    // Without a key of its own it would look for those of whoever runs the tests.
    const run = (...args: string[]) =>
      runWith(...args, ...(args[0] === "up" && !args.includes("--") ? ["--", "--identity", "key.pem"] : []));
    return { ...standIn, run, runWith, verbs: () => standIn.calls().map((call) => call.split(" ")[0]) };
  }
  const saved = () => project.files().filter((file) => /run-[^/]+\/plan$/.test(file));

  describe("plan", () => {
    it("prints what would change, alone, on standard output, and leaves no plan behind", async () => {
      const { run, verbs } = terraform([VPC]);

      const { code, stdout, stderr } = await run("plan");

      expect(code).toBe(2);
      expect(stdout).toMatch(/^to add 1: aws_vpc$/m);
      expect(stderr).toMatch(
        /^init: providers and state are set up \(\d+\.\d s\)\nplan: done \(\d+\.\d s\)\nnote: not checked: whether AWS /,
      );
      expect(verbs()).toEqual(["init", "state", "plan", "show"]);
      expect(saved()).toEqual([]);
    });

    it("keeps the lock file that init writes, and says once that its AWS provider is newer than what was run", async () => {
      const lock = 'provider "registry.terraform.io/hashicorp/aws" {\n  version     = "6.10.0"\n}\n';
      const { run } = terraform([], { init: `mkdir -p .terraform; printf '${lock}' > .terraform.lock.hcl` });

      const first = await run("plan");
      const second = await run("plan");

      const kept = readFileSync(join(project.folder, "terraform.eks.lock.hcl"), "utf8");
      expect(kept).toBe(lock);
      const note = "\nnote: the AWS provider is 6.10.0, and this project was run with 5.100.0; ";
      expect(first.stderr).toContain(note);
      expect(`\n${second.stderr}`).not.toContain(note);
    });

    it("says that there is nothing to change", async () => {
      const { code, stdout } = await terraform([]).run("plan");

      expect(code).toBe(0);
      expect(stdout).toMatch(/^nothing to add, to change or to destroy$/m);
    });

    it("shows, and refuses with exit code 3 and the attribute that forces it, unless it is named", async () => {
      const { run } = terraform([RENAMED]);

      const refused = await run("plan");
      const allowed = await run("plan", "-allow-replace", RENAMED.address);

      expect(refused.code).toBe(3);
      expect(refused.stdout).toContain("to replace 1:");
      expect(refused.stderr).toMatch(
        /^error: aws_eks_cluster\.cluster_control_plane: the cluster would be replaced: name changes from "awskrug_gudi_eks" to "other"/m,
      );
      expect(refused.stderr).toContain("add --allow-replace aws_eks_cluster.cluster_control_plane");
      expect(allowed.code).toBe(2);
      expect(allowed.stderr).not.toMatch(/^error/m);
    });

    it.each([
      ["aws_eks_cluster.control_plane", "did you mean --allow-replace aws_eks_cluster.cluster_control_plane?"],
      ["x", "it is for aws_eks_cluster.cluster_control_plane"],
    ])("takes no --allow-replace for what the plan does not have: %s", async (address, hint) => {
      const { code, stderr } = await terraform([RENAMED]).run("plan", "--allow-replace", address);

      expect(code).toBe(64);
      expect(stderr).toContain(`error: --allow-replace names what the plan does not have, "${address}": ${hint}\n`);
    });

    it("leaves no plan behind when it fails, and says what Terraform says", async () => {
      const diagnostic = { severity: "error", summary: "Unsupported", detail: "no such\nthing" };
      const said = JSON.stringify({ "@message": "x", type: "diagnostic", diagnostic });
      const plan = `for a; do case $a in -out=*) echo plan > "\${a#-out=}"; esac; done; echo '${said.replaceAll("\\n", "\\\\n")}'; exit 1`;

      const { code, stderr, stdout } = await terraform([VPC], { plan }).run("plan");

      expect(code).toBe(1);
      expect(stderr).toMatch(/\nerror: terraform plan failed: Unsupported: no such thing\n$/);
      expect(stdout).toBe("");
      expect(saved()).toEqual([]);
    });
  });

  describe("up", () => {
    it("refuses before it asks, and applies nothing", async () => {
      const { run, verbs } = terraform([RENAMED]);

      const { code, stderr } = await run("up", "-auto-approve");

      expect(code).toBe(3);
      expect(stderr).toContain("the cluster would be replaced");
      expect(verbs()).toEqual(["init", "state", "plan", "show"]);
      expect(saved()).toEqual([]);
    });

    it.each([["plan"], ["up", "-auto-approve"]])(
      "does not even plan where the state is of another region: %j",
      async (...args) => {
        const { run, verbs } = terraform([VPC], { "state pull": pullOf({ type: "aws_vpc", arn: VPC_ELSEWHERE }) });

        const { code, stderr } = await run(...args);

        expect(code).toBe(3);
        expect(stderr).toContain(
          "error: what is in the state was made in us-east-1, and aws_region is ap-northeast-2, where nothing of it " +
            "would be found: give the -var-file that it was applied with",
        );
        expect(verbs()).toEqual(["init", "state"]);
      },
    );

    it("keeps an instance profile that an apply has left half made, and nothing else", async () => {
      const status = "tainted";
      const pull = pullOf({ type: "aws_iam_instance_profile", status }, { type: "aws_eip", status });

      const { run, calls } = terraform([], { "state pull": pull, untaint: "exit 0" });
      const { stderr } = await run("up", "-auto-approve");

      expect(calls().filter((call) => call.startsWith("untaint"))).toEqual([
        "untaint -no-color aws_iam_instance_profile.x",
      ]);
      expect(stderr).toContain(
        "\nnote: aws_iam_instance_profile.x was left half made, and is kept: what it lacks is added\n",
      );
    });

    it("does not apply where nobody can be asked", async () => {
      const { run, verbs } = terraform([VPC]);

      const { code, stderr } = await run("up");

      expect(code).toBe(64);
      expect(stderr).toMatch(
        /\nerror: nobody is there to be asked \(apply this plan\?\), since standard input is no terminal: -auto-approve applies it without a question\n$/,
      );
      expect(verbs()).not.toContain("apply");
      expect(saved()).toEqual([]);
    });

    describe("on a machine without a SSH key", () => {
      let home: jest.SpyInstance;
      beforeEach(() => {
        home = jest.spyOn(os, "homedir").mockReturnValue(join(project.folder, "home"));
      });
      afterEach(() => {
        home.mockRestore();
      });

      it("makes nothing, and says what to do", async () => {
        const { runWith, verbs } = terraform([VPC]);

        const { code, stderr } = await runWith("up", "-auto-approve");

        expect(code).toBe(1);
        expect(stderr).toContain(
          "\nerror: there is no key to set the bastion up with, so that nothing was made: looked at ",
        );
        expect(stderr).toContain("/home/.ssh/aws-krug-gudi.pem with mode 600, or start an agent and ssh-add FILE\n");
        expect(verbs()).toEqual(["init", "state"]);
      });

      it("goes on where the stack makes a key", async () => {
        const { runWith, verbs } = terraform([VPC], {}, { CDKTF_CONTEXT_JSON: '{"sshIdentity":"generated"}' });

        await runWith("up", "-auto-approve");

        expect(verbs()).toContain("apply");
      });
    });

    it("applies that very plan, and says what is left to do when the bastion cannot be set up", async () => {
      const { run, calls } = terraform([VPC], { apply: "exit 0", "-chdir": "echo {}" });

      const { code, stderr } = await run("up", "-auto-approve");

      expect(code).toBe(1);
      expect(calls()[4]).toMatch(/^apply -input=false -json \/.*\/\.cache\/eks\/run-[^/]+-\d+\/plan$/);
      expect(calls()[2]).toContain(`-out=${calls()[4]?.split(" ").at(-1) ?? ""} `);
      expect(stderr).toMatch(/\napply: nothing \(\d+\.\d s\)\n/);
      expect(stderr).toContain("has no outputs");
      expect(stderr).toMatch(
        /\nwhat exists now: all that the plan has; the bastion is not set up to its end\nnext: .*\n$/,
      );
      expect(saved()).toEqual([]);
    });

    it("asks nothing and applies nothing where nothing changes, and goes on with the bastion", async () => {
      const { run, verbs } = terraform([], { "-chdir": "echo {}" });

      const { stderr } = await run("up");

      expect(stderr).toContain("\nnothing to add, to change or to destroy\n");
      expect(verbs()).toEqual(["init", "state", "plan", "show", "-chdir=cdktf.out/stacks/eks"]);
    });

    it.each<[string, string, string]>([
      [
        "what exists, and what goes on",
        STATE,
        "2 resources: aws_vpc, terraform_data\n  what now: mend the cause and run the same command again, it goes on from here; or `eks destroy`, with the same -var-file, takes it all away",
      ],
      [
        "that nothing exists",
        repeating(said("terraform", "state list without a state")),
        "nothing\n  what now: mend the cause and run the same command again, it goes on from here",
      ],
      [
        "that it is not known",
        "echo 'no access' >&2; exit 1",
        "the state cannot be read, so that is not known\n  what now: mend the cause and run",
      ],
    ])("says after a failure half-way %s", async (_, state, text) => {
      const apply = `echo '{"@message":"x","type":"diagnostic","diagnostic":{"severity":"error","summary":"VpcLimitExceeded","detail":"","address":"aws_vpc.a"}}'; exit 1`;

      const { code, stderr } = await terraform([VPC], { apply, "state list": state }).run("up", "-auto-approve");

      expect(code).toBe(1);
      expect(stderr).toContain(
        `\nerror: terraform apply failed: VpcLimitExceeded (aws_vpc.a)\n  what exists now: ${text}`,
      );
      expect(stderr).toMatch(/\n {2}what Terraform said is in \.cache\/eks\/.*\.log\n$/);
      expect(saved()).toEqual([]);
    });

    it("does not go on without a look at what the state may lack, where Terraform was killed", async () => {
      const { run } = terraform([VPC], { apply: "kill -9 $$", "state list": STATE });

      const { code, stderr } = await run("up", "-auto-approve");

      expect(code).toBe(1);
      expect(stderr).toContain(
        "\n  what now: what AWS was making at that moment may exist without being in the state: look for it by its tag, " +
          'Project=awskrug_gudi, as docs/usage.md says under "When something stops half-way", and then run the same command again',
      );
    });

    it("says what an apply has left half made, and how that is kept", async () => {
      const instances = [{ status: "tainted", attributes: { id: "x" } }];
      const made = [
        { mode: "managed", type: "aws_vpc", name: "network_vpc", instances },
        { mode: "managed", type: "aws_subnet", name: "a", instances: [{ ...instances[0], index_key: "b c" }] },
        { mode: "managed", type: "aws_launch_template", name: "e", instances },
      ];
      const pull = `echo '${JSON.stringify({ version: 4, resources: made })}'`;

      const { run, program } = terraform([VPC], { apply: "exit 1", "state list": STATE, "state pull": pull });
      const { stderr } = await run("up", "-auto-approve");

      expect(stderr).toContain(
        'half made: aws_vpc.network_vpc, aws_subnet.a["b c"], aws_launch_template.e; the next run makes that anew, ' +
          "unless something was made from it already; where AWS has finished it after all, " +
          `\`${program} -chdir=cdktf.out/stacks/eks untaint ADDRESS\` keeps it\n`,
      );
    });

    it.each([
      [
        "has become stale",
        "apply of a stale plan",
        "Saved plan is stale: The given plan file can no longer be applied because the state was changed",
      ],
      [
        "is gone",
        "apply of no plan",
        'Failed to load "gone" as a plan file: Error: stat gone: no such file or directory',
      ],
    ])("ends in Terraform's words when the plan %s meanwhile", async (_, recorded, words) => {
      const apply = repeating(said("terraform", recorded));
      const { run } = terraform([VPC], { apply, "state list": STATE });

      const { code, stderr } = await run("up", "-auto-approve");

      expect(code).toBe(1);
      expect(stderr).toContain(`error: terraform apply failed: ${words}`);
      expect(stderr).toContain("run the same command again");
    });

    it.each([
      [["--bogus"], "error: there is no option --bogus: --help lists them\n"],
      [["--stack-dir", "elsewhere"], "error: --stack-dir is given 2 times: give it once\n"],
      [
        ["--outputs", "o.json"],
        "error: the outputs can come from one place only, got --outputs and --stack-dir; leave out all but one\n",
      ],
      [["--identity", "nowhere.pem"], "nowhere.pem"],
      [["--port", "0"], "--port must be a whole number from 1 to 65535"],
    ])("finds what is wrong for the bootstrap before anything else: %j", async (options, text) => {
      const { run, calls } = terraform([VPC]);

      const { code, stderr } = await run("up", "-auto-approve", "--", ...options);

      expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining(text) as string });
      expect(calls()).toEqual([]);
      expect(project.files()).not.toContain("cdktf.out");
    });

    it("explains the options of the bootstrap", async () => {
      const { code, stdout } = await terraform([]).run("up", "--", "--help");

      expect(code).toBe(0);
      expect(stdout).toContain("--accept-new-host-key");
    });
  });

  it.each([[["plan"]], [["up", "-auto-approve"]]])(
    "refuse what AWS would refuse of a new stack, and apply nothing of it: %j",
    async (command) => {
      const me = "arn:aws:iam::123456789012:user/kim";
      const entries = `authentication_mode = "API"\naccess_entries = { me = { principal_arn = "${me}" } }\n`;
      writeFileSync(join(project.folder, "local.tfvars"), `${TFVARS}${entries}`);
      // As STS answers it. Who asks is all that this account tells.
      const identity =
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        `<Arn>${me}</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>` +
        "</GetCallerIdentityResult></GetCallerIdentityResponse>";
      const sts: RequestListener = (request, response) =>
        void text(request).then((asked) => {
          if (asked.includes("Action=GetCallerIdentity")) response.end(identity);
          else response.writeHead(403).end();
        });

      await answering(sts, async (address) => {
        const { run, verbs } = terraform([VPC], {}, { AWS_ENDPOINT_URL: address });
        const { code, stderr } = await run(...command);

        expect(code).toBe(1);
        expect(stderr).toContain(
          "this would not come up, so that nothing is made\n\n  error access-entry-creator: " + me,
        );
        expect(verbs()).toEqual(["init", "state", "plan", "show"]);
        expect(saved()).toEqual([]);
      });
    },
  );

  it("ends when it is interrupted while Terraform plans", async () => {
    const { program, calls } = standInForTerraform(join(project.folder, "bin"), {
      plan: "trap 'exit 1' INT; while :; do sleep 0.02; done",
    });
    const interruption = new AbortController();

    const ended = project.run(
      ["up", "-auto-approve", "-var-file", "local.tfvars", "--", "--identity", "key.pem"],
      { EKS_TERRAFORM: program },
      interruption.signal,
    );
    while (calls().length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 100));
    interruption.abort();

    const { code, stderr } = await ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(/\nerror: terraform plan was interrupted\n$/);
    expect(calls()).toHaveLength(3);
  });
});

describe("the question", () => {
  function ask(signal = new AbortController().signal) {
    const input = Object.assign(new PassThrough(), { isTTY: true });
    const output = new PassThrough();
    const asked = confirm("apply this plan?", "", new Screen(), signal, { input, output });
    return { asked, input, text: () => String(output.read()) };
  }

  it.each(["yes\r", "yes\n", "  yes \r", "y\r", "Yes\r", "Y\r"])("takes %j for a yes", async (typed) => {
    const { asked, input, text } = ask();
    input.write(typed);

    await asked;

    expect(text()).toContain('apply this plan? Type "yes" to go on: ');
  });

  it.each(["n\r", "no\r", "\r", "yes please\r", "ye\r"])("takes %j for a no", async (typed) => {
    const { asked, input } = ask();
    input.write(typed);

    await expect(asked).rejects.toMatchObject({
      message: "nothing was done, since the answer was not yes",
      exitCode: 1,
    });
  });

  it.each<[string, (input: PassThrough) => void]>([
    ["Ctrl-D", (input) => input.write("\u0004")],
    ["the end of the terminal", (input) => input.end()],
  ])("takes %s for no answer", async (_, leave) => {
    const { asked, input } = ask();
    leave(input);

    await expect(asked).rejects.toMatchObject({ message: "nothing was done, since there was no answer", exitCode: 1 });
  });

  it("ends by Ctrl-C, which a terminal that reads a line takes for a key", async () => {
    const { asked, input } = ask();
    input.write("ye\u0003");

    await expect(asked).rejects.toMatchObject({ message: "interrupted: nothing was done", exitCode: 130 });
  });

  it("ends by a signal from elsewhere", async () => {
    const interruption = new AbortController();
    const { asked } = ask(interruption.signal);
    interruption.abort();

    await expect(asked).rejects.toMatchObject({ exitCode: 130 });
  });
});

describe("this machine's address", () => {
  const never = new AbortController().signal;
  const instead = 'say who may reach the bastion in your tfvars, such as kubectl_ssh_cidrs = ["203.0.113.7/32"]';

  async function withPage(status: number, said: string, use: (page: string) => Promise<void>): Promise<void> {
    await answering((_, response) => response.writeHead(status).end(said), use);
  }

  it("is what a page answers", async () => {
    await withPage(200, "203.0.113.7\n", async (page) => {
      expect(await ownAddress(never, page)).toBe("203.0.113.7\n");
    });
  });

  it("cannot be told by a page that fails, and then there is something to write instead", async () => {
    await withPage(503, "", async (page) => {
      await expect(ownAddress(never, page)).rejects.toThrow(
        `this machine's address cannot be asked of ${page} (HTTP 503); ${instead}`,
      );
    });
  });

  it("cannot be told where nobody answers, and the reason is the network's", async () => {
    let gone = "";
    await withPage(200, "", (page) => Promise.resolve(void (gone = page)));

    await expect(ownAddress(never, gone)).rejects.toThrow(/ \(connect ECONNREFUSED 127\.0\.0\.1:\d+\); say who/);
  });

  it("is not waited for after Ctrl-C", async () => {
    await withPage(200, "", async (page) => {
      await expect(ownAddress(AbortSignal.abort(), page)).rejects.toMatchObject({ exitCode: 130 });
    });
  });
});
