import { createServer, type Server } from "node:http";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { shortcomings } from "../../../cli/rehearse/stage";
import {
  CURRENT_ACCOUNT,
  joinEmulator,
  refusalOf,
  startEmulator,
  WORKSHOP_ACCOUNT,
} from "../../../rehearsal/account/emulator";
import { familyOf } from "../../../rehearsal/joining/rules";
import { freePort, listen } from "../../../rehearsal/machine/loopback";

/**
 * A stand-in for moto_server, in Node: it listens where it is told, says so as moto's server does, or that somebody else
 * does, and answers whatever it is asked with nothing.
 */
const STAND_IN = `
const port = Number(process.argv[process.argv.indexOf("--port") + 1]);
const server = require("node:http").createServer((request, response) => {
  request.resume().on("end", () => response.end(request.method === "GET" ? "" : "<Answer/>"));
});
server.on("error", () => {
  console.error("Address already in use\\nPort " + port + " is in use by another program. Either identify and stop it.");
  process.exit(1);
});
setTimeout(() => server.listen(port, "127.0.0.1", () => console.error(" * Running on http://127.0.0.1:" + port)), 300);
`;

describe("the images of an account of today", () => {
  const more = CURRENT_ACCOUNT.images.filter(({ id }) => !WORKSHOP_ACCOUNT.images.some((one) => one.id === id));

  it.each([
    ["ami-0c0ffee0000000a01", "al2023", "x86_64"],
    ["ami-0c0ffee0000000a02", "al2023", "arm64"],
    ["ami-0c0ffee0000000b01", "bottlerocket", "x86_64"],
    ["ami-0c0ffee0000000201", "al2", "x86_64"],
    ["ami-0c0ffee0000000f01", "none", "x86_64"],
  ])("%s is of %s, for %s", (id, family, expected) => {
    const { name = "", architecture = "x86_64" } = more.find((one) => one.id === id) ?? {};

    expect([familyOf(name), architecture]).toEqual([family, expected]);
  });

  it("are these, beside the workshop's", () => {
    expect(more.every(({ id }) => /^ami-[0-9a-f]{17}$/.test(id))).toBe(true);
    expect([CURRENT_ACCOUNT.images.length, more.length]).toEqual([7, 5]);
  });
});

describe("an emulator", () => {
  let folder: string;
  let command: readonly [string, ...string[]];
  const servers: Server[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-emulator-"));
    writeFileSync(join(folder, "stand-in.cjs"), STAND_IN);
    command = [process.execPath, join(folder, "stand-in.cjs")];
  });
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(folder, { recursive: true });
  });

  /** Somebody else, who answers everything. */
  async function somebodyElse(answer = "<Answer/>", status = 200, isMoto = true): Promise<number> {
    const server = createServer((request, response) => {
      const isOfMoto = request.url?.startsWith("/moto-api/") === true;
      request.resume().on("end", () => response.writeHead(isOfMoto && !isMoto ? 404 : status).end(answer));
    });
    servers.push(server);
    return listen(server);
  }

  describe("that is started", () => {
    it("takes another port when somebody took the chosen one, and does not take that one for its own", async () => {
      const taken = await somebodyElse();
      const ports = [taken, taken, await freePort()];
      const port = () => Promise.resolve(ports.shift() ?? 0);

      const emulator = await startEmulator(folder, WORKSHOP_ACCOUNT, { command, port });
      await emulator.stop();

      expect(ports).toEqual([]);
      expect(emulator.endpoint).not.toBe(`http://127.0.0.1:${String(taken)}`);
      await emulator.ended;
    });

    it("fails when every port is taken, with what it said", async () => {
      const taken = await somebodyElse();
      let asked = 0;
      const port = () => {
        asked++;
        return Promise.resolve(taken);
      };

      await expect(startEmulator(folder, WORKSHOP_ACCOUNT, { command, port })).rejects.toThrow(
        /^the emulator ended as it started \(Port \d+ is in use by another program\..*\); its log is /,
      );
      expect(asked).toBe(5);
    });

    it.each([
      ["cannot be run", ["/nowhere/moto_server"], /^the emulator ended as it started; its log is /],
      [
        "ends",
        ["sh", "-c", "echo pyenv: no such command >&2; exit 127"],
        /ended as it started \(pyenv: no such command\)/,
      ],
    ] as const)("fails at once when it %s", async (_, program, message) => {
      const started = startEmulator(folder, WORKSHOP_ACCOUNT, { command: program });

      await expect(started).rejects.toThrow(message);
      await expect(started).rejects.toHaveProperty("name", "UserError");
    });
  });

  describe("that runs already", () => {
    it("fails when nobody is there", async () => {
      const port = await freePort();

      const joined = joinEmulator(`http://127.0.0.1:${String(port)}`, folder, WORKSHOP_ACCOUNT);

      await expect(joined).rejects.toThrow(
        `--endpoint-url must name an AWS emulator that runs, such as moto_server, and http://127.0.0.1:${String(port)} is none that can be used: connect ECONNREFUSED`,
      );
      await expect(joined).rejects.toHaveProperty("name", "UserError");
    });

    it("fails when it is no emulator", async () => {
      const port = await somebodyElse("<html>nothing here</html>", 404);

      await expect(joinEmulator(`http://127.0.0.1:${String(port)}/`, folder, WORKSHOP_ACCOUNT)).rejects.toThrow(
        /is none that can be used: /,
      );
    });

    it("is told of with the images that it lacks, and how it is started so that it has them", async () => {
      const port = await somebodyElse();

      const joined = await joinEmulator(`http://127.0.0.1:${String(port)}`, folder, WORKSHOP_ACCOUNT);

      expect(joined.endpoint).toBe(`http://127.0.0.1:${String(port)}`);
      expect(joined.environment["AWS_ENDPOINT_URL"]).toBe(joined.endpoint);
      expect(joined.lacks).toEqual(["the image ami-0fd02cb7da42ee5e0", "the image ami-023bb403131889300"]);
      expect(joined.startedSo).toBe(
        `MOTO_AMIS_PATH=${join(folder, "images.json")} MOTO_IAM_LOAD_MANAGED_POLICIES=true MOTO_ENABLE_KEYPAIR_VALIDATION=true ` +
          `MOTO_ENABLE_AMI_VALIDATION=true moto_server --port ${String(port)}`,
      );
      expect(existsSync(join(folder, "images.json"))).toBe(true);
      expect(readFileSync(join(folder, "images.json"), "utf8")).toContain("ami-0fd02cb7da42ee5e0");
    });
  });

  describe("that is another one than moto", () => {
    /** As ministack 1.5.33 answers GetCallerIdentity; to everything else as above. */
    const IDENTITY =
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
      "<Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account>" +
      "</GetCallerIdentityResult></GetCallerIdentityResponse>";

    it("is told of with its own number, and without advice that fits moto alone", async () => {
      const port = await somebodyElse(IDENTITY, 200, false);

      const joined = await joinEmulator(`http://127.0.0.1:${String(port)}`, folder, WORKSHOP_ACCOUNT);

      expect(joined.accountId).toBe("000000000000");
      expect(joined.startedSo).toBeUndefined();
      expect(shortcomings(joined)).toEqual([
        "It lacks the image ami-0fd02cb7da42ee5e0, the image ami-023bb403131889300: what needs them will fail. A file for " +
          "--var-file can name images that it has.",
        expect.stringMatching(/^It is not moto_server, .* nodes join only if EC2 there has the instances/) as string,
      ]);
    });
  });

  describe("that is moto", () => {
    it.each([
      ["nothing", [], []],
      [
        "an image",
        ["the image ami-1"],
        [
          "It lacks the image ami-1: what needs them will fail. It has them when it is started so:",
          "  A=b moto_server",
        ],
      ],
    ])("lacks %s", (_, lacks, lines) => {
      expect(shortcomings({ lacks, startedSo: "A=b moto_server" })).toEqual(lines);
    });
  });

  describe("named by --endpoint-url", () => {
    it.each([
      "http://127.0.0.1:5000",
      "http://127.0.0.1:5000/",
      "http://localhost:4566",
      "http://[::1]:5000",
      "http://127.1.2.3:80",
    ])("is taken at %s", (endpoint) => {
      expect(refusalOf(endpoint)).toBeUndefined();
    });

    it.each([
      "https://ec2.ap-northeast-2.amazonaws.com",
      "http://iam.amazonaws.com",
      "https://eks.cn-north-1.amazonaws.com.cn",
      "https://eks.ap-northeast-2.api.aws",
      "https://signin.aws",
      "https://EC2.AMAZONAWS.COM.",
      "https://ec2.eusc-de-east-1.amazonaws.eu",
    ])("is refused as AWS itself at %s", (endpoint) => {
      expect(refusalOf(endpoint)).toMatch(/that is AWS itself, and a rehearsal never touches a real account$/);
    });

    it.each([
      "http://emulator.example.com:5000",
      "http://10.0.0.7:5000",
      "http://127.0.0.1.example.com:5000",
      "http://localhost.example.com",
      "http://0.0.0.0:5000",
      "http://[::ffff:7f00:1]:5000",
      "http://user@example.com@10.0.0.1",
    ])("is refused at %s, which is not this machine for certain", (endpoint) => {
      expect(refusalOf(endpoint)).toMatch(
        /^--endpoint-url must name an emulator on this machine \(localhost, 127\.0\.0\.1 or \[::1\]\), such as http:\/\/127\.0\.0\.1:5000, got /,
      );
    });

    it.each(["127.0.0.1:5000", "5000", "", "http://"])("is refused as no URL: %p", (endpoint) => {
      expect(refusalOf(endpoint)).toBe(`--endpoint-url must be a URL such as http://127.0.0.1:5000, got ${endpoint}`);
    });

    it.each([
      "https://127.0.0.1:5000",
      "http://127.0.0.1:5000/moto-api",
      "http://me:secret@127.0.0.1:5000",
      "http://127.0.0.1:5000?region=x",
    ])("is refused with more than a host and a port: %s", (endpoint) => {
      expect(refusalOf(endpoint)).toMatch(/^--endpoint-url must have the form http:\/\/HOST:PORT, /);
      expect(refusalOf(endpoint)).not.toContain("secret");
    });
  });
});
