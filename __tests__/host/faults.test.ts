import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { freePort } from "../../rehearsal/machine/loopback";
import type { Fault } from "../../rehearsal/bastion/mirror";
import { findProgram } from "../../terraform/program";
import {
  expectFailure,
  expectToConverge,
  failuresOf,
  line,
  madeIn,
  put,
  startGround,
  waitsOf,
  withOptions,
  type Ground,
} from "../support/faults";
import { describeOnHost, itWithMounts } from "../support/on-host";

/** What a bastion has in the place of a program that is to be replaced. */
const OLD = "#!/bin/sh\necho an old one\n";

describeOnHost("a bootstrap around which something is broken", () => {
  let ground: Ground;

  beforeAll(async () => {
    ground = await startGround();
  });
  afterAll(() => ground.stop());

  describe("a mirror that", () => {
    afterEach(() => {
      ground.surroundings.mirror.misbehave("*", undefined);
      ground.surroundings.mirror.misbehave(ground.surroundings.artifacts.kubectl, undefined);
    });

    it.each<[string, Fault, string]>([
      [
        "ends the connection in the middle of a file",
        "truncate",
        "the download broke off (curl: (18) …, while downloading URL): run again",
      ],
      [
        "has another file",
        "corrupt",
        `what was downloaded is not what was released (checksum mismatch: SHA-256 … instead of SUM: URL): run again; ` +
          "if it happens again, look into the mirror (--mirror), or a proxy that changes downloads",
      ],
      [
        "does not have the file",
        { status: 404 },
        "the file to download is not there (curl: (22) … 404, while downloading URL): " +
          "fill the mirror (--mirror) with the paths of bootstrap/release-table.json",
      ],
      [
        "is broken",
        { status: 500 },
        "the server of the downloads refused, or a proxy before it (curl: (22) … 500, while downloading URL): " +
          "try again later, or from another --mirror; https_proxy in /etc/environment on the host names a proxy",
      ],
    ])("%s leaves the old program in its place, and says so", async (_, fault, message) => {
      const { mirror, artifacts } = ground.surroundings;
      const bastion = await ground.addBastion();
      const kubectl = put(bastion.root, "usr/local/bin/kubectl", OLD);
      mirror.misbehave(artifacts.kubectl, fault);

      const ended = await ground.run(bastion.options);
      const kept = readFileSync(kubectl, "utf8");
      mirror.misbehave(artifacts.kubectl, undefined);

      const [sum = ""] = (ground.whole["usr/local/bin/kubectl"] ?? "").split(" ").slice(1);
      const text = message.replace("URL", mirror.url + artifacts.kubectl).replace("SUM", sum);
      expectFailure(ended, bastion, line(`kubectl 1.32.0: ${text}`));
      expect(kept).toBe(OLD);
      await expectToConverge(ground, bastion);
    });

    it("fails once is asked again", async () => {
      const { mirror, artifacts } = ground.surroundings;
      const bastion = await ground.addBastion();
      mirror.misbehave(artifacts.kubectl, { status: 500 }, 1);

      await expectToConverge(ground, bastion);
    });

    it("stalls is given up", async () => {
      const { mirror, artifacts } = ground.surroundings;
      // The real curl, with a shorter patience than the bootstrap's 15 s at each of its three attempts.
      const bastion = await ground.addBastion({ curl: `exec ${findProgram("curl") ?? ""} "$@" --speed-time 1` });
      mirror.misbehave(artifacts.kubectl, "stall");

      const ended = await ground.run(bastion.options);
      mirror.misbehave(artifacts.kubectl, undefined);

      expectFailure(
        ended,
        bastion,
        line(
          `kubectl 1.32.0: the download stalled (curl: (28) …, while downloading ${mirror.url}${artifacts.kubectl}): ` +
            "run again, or from another --mirror",
        ),
      );
      await expectToConverge(ground, bastion);
    });

    it("spoils everything fails everything, each with a line", async () => {
      const bastion = await ground.addBastion();
      ground.surroundings.mirror.misbehave("*", "corrupt");

      const ended = await ground.run(bastion.options);
      ground.surroundings.mirror.misbehave("*", undefined);

      const text = "what was downloaded is not what was released …";
      expectFailure(
        ended,
        bastion,
        ...["AWS CLI 2", "kubectl 1.32.0", "aws-iam-authenticator 0.7.0"].map((title) => line(`${title}: ${text}`)),
      );
      expect(Object.keys(madeIn(bastion.root)).filter((path) => /^usr\/local\/(bin|aws-cli\/v2)\//.test(path))).toEqual(
        [],
      );
      await expectToConverge(ground, bastion);
    });

    it("is away, or is another server, is told with its address", async () => {
      const bastion = await ground.addBastion();
      const nobody = `http://127.0.0.1:${String(await freePort())}`;
      const elsewhere = `${ground.surroundings.mirror.url}/elsewhere`;

      const away = await ground.run(withOptions(bastion.options, { "--mirror": nobody }));
      const other = await ground.run(withOptions(bastion.options, { "--mirror": elsewhere }));
      const none = await ground.run(withOptions(bastion.options, { "--mirror": "ftp://mirror.example" }));

      expect(failuresOf(away)[1]).toEqual(
        line(
          "kubectl 1.32.0: the server of the downloads cannot be reached from the host (curl: (7) …, " +
            `while downloading ${nobody}${ground.surroundings.artifacts.kubectl}): ` +
            "check its way to the internet (route, NAT, proxy), or give a --mirror that it reaches",
        ),
      );
      expect(failuresOf(other)[1]).toEqual(
        line(
          `kubectl 1.32.0: the file to download is not there (… while downloading ${elsewhere}/release/…): fill the …`,
        ),
      );
      expect(failuresOf(none)).toEqual(['--mirror must be an http or https URL, got "ftp://mirror.example"']);
      expect([away.code, other.code, none.code]).toEqual([1, 1, 64]);
      await expectToConverge(ground, bastion);
    });
  });

  describe("a disk that is full", () => {
    it("is told in place of curl's own words", async () => {
      // A stand-in that says what the real one does; see below for a disk that really is full.
      const bastion = await ground.addBastion({
        curl: "echo 'curl: (23) Failure writing output to destination' >&2; exit 23",
      });

      const ended = await ground.run(bastion.options);
      rmSync(join(bastion.bin, "curl"));

      expectFailure(
        ended,
        bastion,
        ...["AWS CLI 2", "kubectl 1.32.0", "aws-iam-authenticator 0.7.0"].map((title) =>
          line(
            `${title}: the disk is full (curl: (23) Failure writing output to destination, while downloading …): ` +
              "make room (df -h, sudo apt-get clean), or give the bastion a larger kubectl_ec2_volume_size",
          ),
        ),
      );
      await expectToConverge(ground, bastion);
    });

    itWithMounts("leaves what was there, and is no obstacle once there is room", async () => {
      const bastion = await ground.addBastion();
      const mine = "[profile mine]\nregion = eu-west-1\n";
      const places = [bastion.root, bastion.home];
      for (const place of places) execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", place]);
      try {
        const kubectl = put(bastion.root, "usr/local/bin/kubectl", OLD);
        mkdirSync(join(bastion.home, ".aws"));
        writeFileSync(join(bastion.home, ".aws/config"), mine);
        for (const place of places) fill(join(place, "filler"));

        const ended = await ground.run(bastion.options);
        const kept = [readFileSync(kubectl, "utf8"), readFileSync(join(bastion.home, ".aws/config"), "utf8")];
        for (const place of places) rmSync(join(place, "filler"));

        expectFailure(
          ended,
          bastion,
          ...["AWS CLI 2", "kubectl 1.32.0", "aws-iam-authenticator 0.7.0"].map((title) =>
            line(`${title}: the disk is full (curl: (23) …, while downloading …): make room (df -h, …`),
          ),
          ...["~/.aws/config", "/root/.aws/config", "k, kcd, completion"].map((title) =>
            line(`${title}: the disk is full (…: No space left on device): make room (df -h, …`),
          ),
        );
        expect(kept).toEqual([OLD, mine]);
        await expectToConverge(ground, bastion);
      } finally {
        for (const place of places) execFileSync("umount", [place]);
      }
    });
  });

  describe("a host that is still busy", () => {
    it("is waited for while somebody holds the package manager's lock", async () => {
      const bastion = await ground.addBastion();
      const lock = put(bastion.root, "var/lib/dpkg/lock-frontend");
      const holder = await holding(lock);
      const text = `package manager: python3 (${String(holder.pid)}) holds ${lock}`;

      const patient = await ground.run([...bastion.options, "--timeout", "60"], (soFar) => {
        if (soFar.includes("waiting: ")) holder.release();
      });
      holder.release();
      const again = await holding(lock);
      const impatient = await ground.run([...bastion.options, "--timeout", "2"]);
      again.release();

      expect(waitsOf(patient)).toEqual([text]);
      expect(failuresOf(patient)).toEqual([]);
      expect(patient.code).toBe(0);
      expectFailure(
        impatient,
        bastion,
        `package manager: after 2 s of waiting: python3 (${String(again.pid)}) holds ${lock}: ` +
          "run again when that program has finished, or end it on the host",
      );
      await expectToConverge(ground, bastion);
    });

    it("is waited for while cloud-init is at work, however that ends", async () => {
      const bastion = await ground.addBastion();
      const status = put(bastion.root, "run/cloud-init/status.json", "{}");

      const impatient = await ground.run([...bastion.options, "--timeout", "2"]);
      const patient = await ground.run([...bastion.options, "--timeout", "60"], (soFar) => {
        if (soFar.includes("waiting: ")) {
          writeFileSync(join(dirname(status), "result.json"), '{"v1": {"errors": ["a module has failed"]}}');
        }
      });

      expectFailure(
        impatient,
        bastion,
        "cloud-init: after 2 s of waiting: it is still at work: " +
          "see /var/log/cloud-init-output.log on the host for what it waits for",
      );
      expect(waitsOf(patient)).toEqual(["cloud-init: it is still at work"]);
      expect(patient.code).toBe(0);
      expect(madeIn(bastion.root)).toMatchObject(ground.whole);
    });

    it.each([
      ["+4000", "ahead of"],
      ["-4000", "behind"],
    ])("is not set up while its clock is %s s off", async (seconds, words) => {
      const bastion = await ground.addBastion({ date: `PATH=/usr/bin:/bin exec date -d '${seconds} seconds' "$@"` });

      const ended = await ground.run([...bastion.options, "--timeout", "2"]);
      rmSync(join(bastion.bin, "date"));

      expectFailure(
        ended,
        bastion,
        line(
          `clock: after 2 s of waiting: the clock of the host is … s ${words} this machine's, and AWS refuses what is ` +
            "signed more than 5 minutes off; set the one that is wrong, on the host with: sudo timedatectl set-ntp true",
        ),
      );
      expect(madeIn(bastion.root)).toEqual({});
      await expectToConverge(ground, bastion);
    });
  });

  it("says what it can be used on, on a machine that nobody has programs for", async () => {
    const bastion = await ground.addBastion({ uname: "echo armv7l" });

    const ended = await ground.run(bastion.options);
    rmSync(join(bastion.bin, "uname"));

    expectFailure(
      ended,
      bastion,
      ...["aws-cli", "kubectl", "aws-iam-authenticator"].map((name) =>
        line(
          `…: ${name} is there for x86_64 and aarch64, and the host is armv7l: ` +
            "use an instance type of one of them for the bastion",
        ),
      ),
    );
    expect(madeIn(bastion.root)).toEqual({});
    await expectToConverge(ground, bastion);
  });

  it("replaces a program that somebody has put in the place of its own", async () => {
    const bastion = await ground.addBastion();
    await ground.run(bastion.options);
    put(bastion.root, "usr/local/bin/kubectl", OLD);

    const ended = await ground.run(bastion.options);

    expect(ended.output).toMatch(/^changed: \[\S+\] kubectl 1\.32\.0$/m);
    expect(ended.output).toMatch(/ changed=1 /);
    await expectToConverge(ground, bastion);
  });
});

/** Fills the file system that a file is on; the file is the filling. */
function fill(file: string): void {
  try {
    for (let size = 1 << 16; ; size *= 2) writeFileSync(file, Buffer.alloc(size));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

/** A process that holds the lock of a file as dpkg does. */
async function holding(file: string): Promise<{ readonly pid: number | undefined; release(): void }> {
  const script =
    "import fcntl,sys; f=open(sys.argv[1],'w'); fcntl.lockf(f,fcntl.LOCK_EX); print('held',flush=True); sys.stdin.read()";
  const holder = spawn("python3", ["-c", script, file], { stdio: ["pipe", "pipe", "inherit"] });
  await new Promise((resolve) => holder.stdout.once("data", resolve));
  return { pid: holder.pid, release: () => holder.stdin.end() };
}
