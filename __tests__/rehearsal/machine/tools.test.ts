import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startMirror, type Mirror } from "../../../rehearsal/bastion/mirror";
import { findProgram } from "../../../terraform/program";
import { terraformPlatform } from "../../../terraform/platform";
import { TERRAFORM_VERSION } from "../../../terraform/release";
import { provideMoto, provideTerraform } from "../../../rehearsal/machine/tools";
import { said } from "../../support/recorded";
import { zipOf } from "../../support/zip";

const PLATFORM = terraformPlatform();
const PATH_AT_MIRROR = `/terraform/${TERRAFORM_VERSION}/terraform_${TERRAFORM_VERSION}_${PLATFORM}.zip`;
const PROGRAM = `terraform_${TERRAFORM_VERSION}_${PLATFORM}`;
/** A stand-in for Terraform, which knows only its version; large enough to come in several pieces. */
const STAND_IN = `#!/bin/sh\necho '{"terraform_version": "${TERRAFORM_VERSION}"}'\n#${"x".repeat(1_000_000)}\n`;
const ARCHIVE = zipOf({ "LICENSE.txt": Buffer.from("a licence"), terraform: Buffer.from(STAND_IN) });
const SHA256 = createHash("sha256").update(ARCHIVE).digest("hex");

describe("what a rehearsal sets up by itself", () => {
  const environment = { ...process.env };
  let folder: string;
  let tools: string;
  let bin: string;
  let mirror: Mirror;

  beforeAll(async () => {
    mirror = await startMirror({ [PATH_AT_MIRROR]: ARCHIVE });
  });
  afterAll(() => mirror.stop());

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-tools-"));
    tools = join(folder, "tools");
    bin = join(folder, "bin");
    mkdirSync(bin);
    // Nothing but what the stand-ins themselves are made of.
    for (const name of ["sh", "cat", "mkdir", "sleep", "unzip"]) symlinkSync(findProgram(name) ?? "", join(bin, name));
    process.env["PATH"] = bin;
    process.env["EKS_DOWNLOADS"] = mirror.url;
    delete process.env["EKS_TERRAFORM"];
    delete process.env["TERRAFORM_BINARY_NAME"];
  });
  afterEach(() => {
    process.env = { ...environment };
    mirror.misbehave("*", undefined);
    mirror.misbehave(PATH_AT_MIRROR, undefined);
    rmSync(folder, { recursive: true });
  });

  /** Puts a stand-in for a program on PATH: a shell script. */
  function standIn(name: string, script: string): string {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
    return join(bin, name);
  }

  /** Says what Terraform says of its version, of another version than the recorded one. */
  const terraformOf = (version: string) =>
    `echo '${said("terraform", "version").stdout.replace(/("terraform_version": ")[^"]*/, `$1${version}`)}'`;
  const left = () => (existsSync(tools) ? readdirSync(tools) : []);

  describe("Terraform", () => {
    const provide = () => provideTerraform({ folder: tools, sha256: SHA256 });

    it("is the one on PATH, before OpenTofu", async () => {
      standIn("tofu", terraformOf("1.10.0"));
      const terraform = standIn("terraform", terraformOf("1.9.8"));

      expect(await provide()).toEqual({ command: [terraform], from: `is ${terraform}, 1.9.8` });
    });

    it("is OpenTofu where Terraform on PATH is too old", async () => {
      standIn("terraform", terraformOf("1.5.7"));
      const tofu = standIn("tofu", terraformOf("1.10.0"));

      expect((await provide()).command).toEqual([tofu]);
    });

    it("is the one that cdktf's variable names", async () => {
      standIn("terraform", terraformOf("1.9.8"));
      process.env["TERRAFORM_BINARY_NAME"] = standIn("mine", terraformOf("1.12.0"));

      expect((await provide()).command).toEqual([join(bin, "mine")]);
    });

    it("is the one that EKS_TERRAFORM names", async () => {
      standIn("terraform", terraformOf("1.9.8"));
      process.env["EKS_TERRAFORM"] = standIn("mine", terraformOf("1.12.0"));

      expect((await provide()).command).toEqual([join(bin, "mine")]);
    });

    it.each([
      [
        "is not there",
        "nowhere",
        "EKS_TERRAFORM must name Terraform or OpenTofu, got nowhere, which is no program on PATH",
      ],
      ["is none", "sleep", /EKS_TERRAFORM must name Terraform or OpenTofu: \S+sleep does not run/],
      ["is too old", "old", /EKS_TERRAFORM must name Terraform or OpenTofu: \S+old is 1\.8\.5, older than 1\.9/],
    ])("fails when the one that EKS_TERRAFORM names %s, and downloads nothing", async (_, name, message) => {
      standIn("old", terraformOf("1.8.5"));
      process.env["EKS_TERRAFORM"] = name;

      await expect(provide()).rejects.toThrow(message);
      expect(left()).toEqual([]);
    });

    it("is downloaded, checked and kept, where there is none", async () => {
      const first = await provide();
      mirror.misbehave(PATH_AT_MIRROR, { status: 500 });
      const second = await provide();

      expect(first.from).toMatch(/downloaded and its SHA-256 checked, as neither terraform nor tofu is on PATH$/);
      expect(first.command).toEqual([join(tools, PROGRAM)]);
      expect(second.command).toEqual(first.command);
      expect(readFileSync(join(tools, PROGRAM), "utf8")).toBe(STAND_IN);
      expect(statSync(join(tools, PROGRAM)).mode & 0o111).toBe(0o111);
      expect(left()).toEqual([PROGRAM]);
    });

    it("is downloaded where the one on PATH is too old, and that is said", async () => {
      const old = standIn("terraform", terraformOf("1.5.7"));

      const { command, from } = await provide();

      expect(command).toEqual([join(tools, PROGRAM)]);
      expect(from).toContain(`as ${old} is 1.5.7, older than 1.9`);
    });

    it("tells how much of it has come", async () => {
      const told: string[] = [];

      await provideTerraform({ folder: tools, sha256: SHA256, busy: (what) => told.push(what) });

      expect(told[0]).toBe(`downloading Terraform ${TERRAFORM_VERSION}`);
      expect(told).toContain(`downloading Terraform ${TERRAFORM_VERSION}: 1 of 1 MB`);
      expect(told.at(-1)).toBe(`unpacking Terraform ${TERRAFORM_VERSION}`);
    });

    const waysOut =
      "; install it (https://developer.hashicorp.com/terraform/install), or name it in EKS_TERRAFORM, or a mirror of " +
      "https://releases.hashicorp.com in EKS_DOWNLOADS";

    it.each([
      [
        "is not what was released",
        "corrupt",
        / has the SHA-256 [0-9a-f]{64}, which must be [0-9a-f]{64}: it is not what/,
      ],
      ["breaks off", "truncate", / cannot be downloaded: /],
      ["is not there", { status: 404 }, / cannot be downloaded: the answer was 404 Not Found/],
    ] as const)("fails when the download %s, leaves nothing, and says what to do", async (_, fault, message) => {
      mirror.misbehave(PATH_AT_MIRROR, fault);

      const failure = await provide().catch((error: unknown) => error as Error);

      expect(failure).toHaveProperty("name", "UserError");
      expect(failure).toHaveProperty("message", expect.stringMatching(message));
      expect(failure).toHaveProperty("message", expect.stringContaining(waysOut));
      expect((failure as Error).message).not.toContain("\n");
      expect(left()).toEqual([]);
    });

    it.each([
      ["holds no Terraform", zipOf({ tofu: Buffer.from("tofu") }), /its archive cannot be unpacked: .*not matched/],
      ["is no archive", Buffer.from("<html>Not found</html>"), /its archive cannot be unpacked: .*not a zipfile/],
    ])("fails when what was released %s", async (_, content, message) => {
      const sha256 = createHash("sha256").update(content).digest("hex");
      const other = await startMirror({ [PATH_AT_MIRROR]: content });
      process.env["EKS_DOWNLOADS"] = other.url;

      await expect(provideTerraform({ folder: tools, sha256 })).rejects.toThrow(message);
      await other.stop();

      expect(left()).toEqual([]);
    });

    it("fails where there is no unzip, and says how to get it", async () => {
      rmSync(join(bin, "unzip"));

      await expect(provide()).rejects.toThrow("unzip is not on PATH (Debian: apt-get install unzip); install it (");
      expect(left()).toEqual([]);
    });

    it("fails when nobody answers, with the reason", async () => {
      process.env["EKS_DOWNLOADS"] = "http://127.0.0.1:1/";

      await expect(provide()).rejects.toThrow(
        `neither terraform nor tofu is on PATH, and http://127.0.0.1:1${PATH_AT_MIRROR} cannot be downloaded: `,
      );
    });

    it("fails when EKS_DOWNLOADS is no URL", async () => {
      process.env["EKS_DOWNLOADS"] = "mirror.example.com";

      await expect(provide()).rejects.toThrow(
        "EKS_DOWNLOADS must be a URL such as https://releases.hashicorp.com, got mirror.example.com",
      );
    });

    it("takes nothing but the checksum of the release, whatever the mirror", async () => {
      await expect(provideTerraform({ folder: tools })).rejects.toThrow(/which must be [0-9a-f]{64}/);
      expect(left()).toEqual([]);
    });

    it("leaves nothing when it is interrupted in the midst of the download", async () => {
      mirror.misbehave(PATH_AT_MIRROR, "stall");
      const interruption = new AbortController();
      setTimeout(() => {
        interruption.abort();
      }, 200);

      await expect(provideTerraform({ folder: tools, sha256: SHA256, signal: interruption.signal })).rejects.toThrow(
        /the download of \S+ was interrupted/,
      );
      expect(left()).toEqual([]);
    });

    it("is whole after two runs at once", async () => {
      const both = await Promise.all([provide(), provide()]);

      for (const { command } of both) expect(command).toEqual([join(tools, PROGRAM)]);
      expect(readFileSync(join(tools, PROGRAM), "utf8")).toBe(STAND_IN);
      expect(left()).toEqual([PROGRAM]);
    });

    it("takes away what a killed run left long ago, and not what another one writes now", async () => {
      mkdirSync(tools);
      for (const name of ["old.partial", "new.partial"]) writeFileSync(join(tools, name), "half");
      utimesSync(join(tools, "old.partial"), 1, 1);

      await provide();

      expect(left().sort()).toEqual(["new.partial", PROGRAM].sort());
    });
  });

  describe("moto", () => {
    /**
     * A stand-in for Python, which makes a folder with itself in it for a virtual environment, and installs nothing.
     * It finds moto only where it was installed.
     */
    const python = (pip: string, venv = "true", version = "3.12") =>
      standIn(
        "python3",
        `case "$*" in
        *version_info*) echo ${version} ;;
        "-m venv "*) ${venv} && mkdir -p "$3/bin" && cat "$0" > "$3/bin/python" && ${CHMOD} 755 "$3/bin/python" ;;
        *"-m pip install"*" --require-hashes --only-binary :all: "*) ${pip} && echo yes > "\${0%/bin/python}/moto" ;;
        *find_spec*|*--help) [ -e "\${0%/bin/python}/moto" ] ;;
        *) exit 99 ;;
        esac`,
      );
    const CHMOD = findProgram("chmod") ?? "";
    const provide = () => provideMoto({ folder: tools });

    it("is the one on PATH", async () => {
      const moto = standIn("moto_server", "exit 1");

      expect(await provide()).toEqual({ command: [moto], from: `is ${moto}` });
    });

    it("is installed into a virtual environment of the clone, and kept", async () => {
      python("true");
      const told: string[] = [];

      const first = await provideMoto({ folder: tools, busy: (what) => told.push(what) });
      python("exit 1");
      const second = await provide();

      expect(first.command).toEqual([
        expect.stringMatching(/\/moto-5\.2\.1-[0-9a-f]{8}\/bin\/python$/),
        "-m",
        "moto.server",
      ]);
      expect(first.from).toMatch(/^is moto 5\.2\.1, installed into \S+, as moto_server is not on PATH$/);
      expect(second.command).toEqual(first.command);
      expect(second.from).toMatch(/^is moto 5\.2\.1 in /);
      expect(left()).toEqual([expect.stringMatching(/^moto-5\.2\.1-[0-9a-f]{8}$/)]);
      expect(told).toEqual([
        "making a virtual environment for moto 5.2.1",
        "installing moto 5.2.1",
        "trying moto 5.2.1",
      ]);
    });

    it("tells what pip is at", async () => {
      python("echo 'Collecting boto3==1.43.11 (from -r …)'");
      const told: string[] = [];

      await provideMoto({ folder: tools, busy: (what) => told.push(what) });

      expect(told).toContain("installing moto 5.2.1: collecting boto3==1.43.11");
    });

    it("is installed anew where Python has become another one", async () => {
      python("true");
      const { command } = await provide();
      rmSync(join(command[0], "..", "..", "moto"));

      const again = await provide();

      expect(again.from).toContain("installed into");
      expect(again.command).toEqual(command);
    });

    it("is whole after two runs at once", async () => {
      python("sleep 0.3");

      const [one, other] = await Promise.all([provide(), provide()]);

      expect(one.command).toEqual(other.command);
      expect(left()).toEqual([expect.stringMatching(/^moto-5\.2\.1-[0-9a-f]{8}$/)]);
    });

    const waysOut =
      "; mend that, or put moto_server on PATH (pipx install 'moto[server]'), or name an emulator that runs with --endpoint-url";

    it.each([
      ["there is no Python", undefined, "there is no python3 to install it with (Python 3.10 or newer)"],
      [
        "Python is too old",
        () => python("true", "true", "3.8"),
        /there is no Python 3\.10 or newer to install it with \(\S+python3 is 3\.8\)/,
      ],
      [
        "Debian's python3-venv is missing",
        () => python("true", "{ echo 'because ensurepip is not available.'; false; }"),
        /python3 makes no virtual environment, as a part of it is not installed \(Debian: apt-get install python3-venv\)/,
      ],
      [
        "pip cannot reach its index",
        () =>
          python(
            "{ echo 'WARNING: Retrying (Retry(total=1)) after …'; echo 'ERROR: No matching distribution'; false; }",
          ),
        "pip cannot reach its index, which PIP_INDEX_URL and HTTPS_PROXY may name the way to",
      ],
      [
        "pip refuses",
        () => python("{ echo 'ERROR: No space left on device'; echo more; false; }"),
        "pip cannot install it: No space left on device",
      ],
    ])("fails when %s, leaves no half, and says what to do", async (_, prepare, message) => {
      prepare?.();

      const failure = await provide().catch((error: unknown) => error as Error);

      expect(failure).toHaveProperty("name", "UserError");
      expect((failure as Error).message).toMatch(/^moto_server is not on PATH, and /);
      if (typeof message === "string") expect((failure as Error).message).toContain(message);
      else expect((failure as Error).message).toMatch(message);
      expect(failure).toHaveProperty("message", expect.stringContaining(waysOut));
      expect((failure as Error).message).not.toContain("\n");
      expect(left().filter((name) => !name.endsWith(".log"))).toEqual([]);
    });

    it("leaves nothing when it is interrupted", async () => {
      python("exec sleep 20");
      const interruption = new AbortController();
      setTimeout(() => {
        interruption.abort();
      }, 500);

      await expect(provideMoto({ folder: tools, signal: interruption.signal })).rejects.toThrow(
        "the installation of moto was interrupted",
      );
      expect(left()).toEqual([]);
    });
  });
});
