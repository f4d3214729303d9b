import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { init, type InitOptions, type InitSources } from "../../cli/init";
import { INPUTS } from "../../contract/inputs/inputs";
import { UserError } from "../../contract/user-error";
import { Screen } from "../../terminal/screen";
import { readTfvars, valuesByName } from "../../terraform/tfvars";
import { EksFolder } from "../support/in-process";

describe("eks init", () => {
  const before = process.cwd();
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-init-"));
    process.chdir(folder);
  });
  afterEach(() => {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  });

  /** Runs it with somebody who answers so, and says what was asked, said and written. */
  async function run(options: InitOptions, answers: readonly string[] | undefined, more: Partial<InitSources> = {}) {
    const stream = new PassThrough();
    const asked: string[] = [];
    const left = [...(answers ?? [])];
    const printed = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    const sources: InitSources = {
      ask:
        answers &&
        ((question) => {
          asked.push(question);
          const answer = left.shift();
          return answer === undefined ? Promise.reject(new UserError("no answer")) : Promise.resolve(answer);
        }),
      profiles: () => Promise.resolve(["aws-krug-admin", "other"]),
      keyPairs: () => Promise.resolve(["kim"]),
      address: () => Promise.resolve("203.0.113.7\n"),
      environment: {},
      ...more,
    };
    try {
      const screen = new Screen(stream as unknown as NodeJS.WriteStream);
      const code = await init(options, screen, new AbortController().signal, sources);
      return { code, asked, said: String(stream.read()), left };
    } finally {
      printed.mockRestore();
    }
  }

  /** What every command reads then. */
  async function values() {
    const { values: read } = await readTfvars({ folder: ".", environment: {}, arguments: [] }, INPUTS);
    return valuesByName(read);
  }

  it("takes what stands in brackets for an answer that is empty", async () => {
    const { code, asked, said } = await run({}, ["", "", "", "", "", ""]);

    expect(code).toBe(0);
    expect(asked.map((question) => /\[(.*)\]:$/.exec(question)?.[1])).toEqual([
      ...["ap-northeast-2", "aws-krug-admin", "kim", "203.0.113.7/32", "t3.medium", "2"],
    ]);
    expect(said).toContain("instance profiles of this account: aws-krug-admin, other\n");
    expect(said).toContain("key pairs of this account: kim\n");
    expect(said).toMatch(/\nlocal\.tfvars is written; every command here reads it by itself\nnext: eks pin\n$/);
    expect(await values()).toMatchObject({
      aws_region: "ap-northeast-2",
      aws_krug_admin_role: "aws-krug-admin",
      kubectl_ec2_keypair: "kim",
      kubectl_ssh_cidrs: ["203.0.113.7/32"],
      eks_worker_node_ec2_type: "t3.medium",
      eks_worker_nodes_asg_group: { min: 2, max: 2, desire: 2 },
    });
  });

  it("asks again for an answer that is wrong, and says why", async () => {
    const answers = ["Seoul", "us-west-2", "aws-krug-admn", "own", "kin", "kim", "203.0.113.7", "198.51.100.0/24"];
    const { said, left } = await run({}, [...answers, "large", "m5.large", "none", "3"]);

    expect(left).toEqual([]);
    expect(said.match(/^ {2}.*$/gm)).toEqual([
      expect.stringMatching(/^ {2}aws_region must be the name of a region/) as string,
      "  there is no aws-krug-admn, did you mean aws-krug-admin?",
      "  there is no kin, did you mean kim?",
      expect.stringMatching(/^ {2}kubectl_ssh_cidrs.* must /) as string,
      expect.stringMatching(/^ {2}eks_worker_node_ec2_type must /) as string,
      expect.stringMatching(/^ {2}eks_worker_nodes_asg_group\.\w+ must be a number/) as string,
    ]);
    expect(await values()).toMatchObject({
      aws_region: "us-west-2",
      aws_krug_admin_role: null,
      kubectl_own_role: true,
      authentication_mode: "API_AND_CONFIG_MAP",
      kubectl_ssh_cidrs: ["198.51.100.0/24"],
      eks_worker_nodes_asg_group: { min: 3, max: 3, desire: 3 },
    });
  });

  it("asks nothing that an option says", async () => {
    const options = {
      region: "eu-west-1",
      role: "other",
      keyPair: "kim",
      sshCidr: "",
      instanceType: "t3.small",
      nodes: "1",
    };
    const { asked } = await run(options, []);

    expect(asked).toEqual([]);
    expect(await values()).toMatchObject({
      aws_region: "eu-west-1",
      aws_krug_admin_role: "other",
      kubectl_ssh_cidrs: [],
    });
    expect(readFileSync("local.tfvars", "utf8")).toContain('# kubectl_ssh_cidrs = ["203.0.113.7/32"]\n');
  });

  it("needs no more than a role and a key pair where nobody can be asked", async () => {
    expect(
      (await run({ role: "other", keyPair: "kim" }, undefined, { environment: { AWS_REGION: "us-east-1" } })).code,
    ).toBe(0);
    expect(await values()).toMatchObject({ aws_region: "us-east-1", kubectl_ssh_cidrs: ["203.0.113.7/32"] });
  });

  it.each<[InitOptions, string]>([
    [{}, "write --role NAME (or --role own) and --key-pair NAME"],
    [{ role: "other" }, "write --key-pair NAME"],
    [{ role: "own", keyPair: "lee" }, "--key-pair lee: there is no lee"],
    [{ role: "own", keyPair: "kim", nodes: "-1" }, "--nodes -1: eks_worker_nodes_asg_group"],
    [{ role: "own", keyPair: "kim", region: "x" }, "--region x: aws_region must be"],
  ])(
    "writes nothing where nobody can be asked, and %j says not all of it, or what is wrong",
    async (options, message) => {
      await expect(run(options, undefined)).rejects.toMatchObject({
        exitCode: 64,
        message: expect.stringContaining(message) as string,
      });
      expect(existsSync("local.tfvars")).toBe(false);
    },
  );

  it("never writes over a file", async () => {
    writeFileSync("local.tfvars", "mine");

    await expect(run({}, [])).rejects.toThrow("local.tfvars is there already, and stays as it is");
    expect(readFileSync("local.tfvars", "utf8")).toBe("mine");
  });

  it("goes on where AWS and the internet do not answer, and says so", async () => {
    const silent = () => Promise.reject(new UserError("cannot ask: there are no AWS credentials"));
    const { said, asked } = await run({}, ["", "mine", "lee", "", "", ""], {
      ...{ profiles: silent, keyPairs: silent, address: silent },
    });

    expect(said.match(/^note: .*$/gm)).toEqual(
      Array(2).fill("note: cannot ask: there are no AWS credentials; what you say is not compared with what there is"),
    );
    expect(asked[3]).toMatch(/ \[\]:$/);
    expect(await values()).toMatchObject({
      aws_krug_admin_role: "mine",
      kubectl_ec2_keypair: "lee",
      kubectl_ssh_cidrs: [],
    });
  });

  it("shows no more names than a person reads, and writes them so that HCL takes them for texts", async () => {
    const names = Array.from({ length: 15 }, (_, i) => `key-${String(i).padStart(2, "0")}`);
    const { said } = await run({}, ["", "", '${a}"', "", "", ""], {
      keyPairs: () => Promise.resolve([...names, '${a}"']),
    });

    expect(said).toContain("key-11 and 4 more\n");
    expect(await values()).toMatchObject({ kubectl_ec2_keypair: '${a}"' });
  });

  it("says what to write where standard input is no terminal", async () => {
    const place = new EksFolder();
    const { code, stderr } = await place.run(["init"]);
    place.remove();

    expect({ code, stderr }).toEqual({
      code: 64,
      stderr:
        "error: nobody is there to be asked, since standard input is no terminal: write --role NAME (or --role own) and " +
        "--key-pair NAME\n",
    });
  });
});
