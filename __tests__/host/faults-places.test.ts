import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

import { findProgram } from "../../terraform/program";
import { treeOf } from "../support/bootstrap";
import { expectFailure, expectToConverge, line, put, standIn, startGround, type Ground } from "../support/faults";
import { describeOnHost } from "../support/on-host";
import { give, startOrdinaryHost, type OrdinaryHost } from "../support/ordinary-user";

/** What the bootstrap's commands, and the stand-ins for programs, are made of. */
const PROGRAMS =
  "basename cat chmod curl cut date dirname env flock grep ln mkdir mktemp mv readlink rm sed sh sha256sum stat uname unzip";

const NO_LEAVE = "Permission denied): look at the owner of the path named, and log in as the right one (--user)";

describeOnHost("a bootstrap by somebody who is not root", () => {
  let ground: Ground;
  const hosts: OrdinaryHost[] = [];

  beforeAll(async () => {
    ground = await startGround();
  });
  afterEach(async () => {
    for (const host of hosts.splice(0)) await host.stop();
  });
  afterAll(() => ground.stop());

  /** A host with a root and a home of these names, and no more programs than a bare one has. */
  async function hostWith({ rootName = "root", homeName = "home" } = {}) {
    const place = mkdtempSync(join(ground.folder, "host-"));
    chmodSync(place, 0o711);
    const [root, home, bin] = [join(place, rootName), join(place, homeName), join(place, "bin")];
    for (const folder of [root, home, bin]) mkdirSync(folder);
    for (const folder of [root, home]) give(folder);
    for (const name of PROGRAMS.split(" ")) symlinkSync(findProgram(name) ?? "", join(bin, name));
    const host = await startOrdinaryHost(join(place, "keys"), home, bin);
    hosts.push(host);
    const { outputsFile, options } = await ground.surroundings.addBastion();
    const mirror = options.slice(options.indexOf("--mirror"));
    const own = ["--outputs", outputsFile, ...host.options, ...mirror];
    return { place, root, home, bin, ownRoot: own, options: [...own, "--root", root] };
  }

  it("is at home in places with blanks, quotes and letters of any script", async () => {
    const host = await hostWith({ rootName: `it's a "루트" $(x) 100%`, homeName: `참가자's "홈" & \`y\` ;` });
    const around = readdirSync(host.place);

    await expectToConverge(ground, host);
    const made = [treeOf(host.root), treeOf(host.home)];
    const again = await ground.run(host.options);

    expect(again.output).toMatch(/ ok=15 +changed=0 .* failed=0$/m);
    expect([treeOf(host.root), treeOf(host.home)]).toEqual(made);
    expect(readdirSync(host.place)).toEqual(around);
  });

  it("says so when the root cannot be written", async () => {
    const host = await hostWith();
    chmodSync(host.root, 0o555);

    const ended = await ground.run(host.options);
    const made = readdirSync(host.root);
    chmodSync(host.root, 0o755);

    const titles = [
      "AWS CLI 2",
      "kubectl 1.32.0",
      "aws-iam-authenticator 0.7.0",
      "/root/.aws/config",
      "k, kcd, completion",
    ];
    expectFailure(
      ended,
      host,
      ...titles.map((title) => line(`${title}: this user has no leave for it (mkdir: …${host.root}/…: ${NO_LEAVE}`)),
    );
    expect(made).toEqual([]);
    await expectToConverge(ground, host);
  });

  it("says so when the home cannot be written", async () => {
    const host = await hostWith();
    chmodSync(host.home, 0o555);

    const ended = await ground.run(host.options);
    chmodSync(host.home, 0o755);

    expectFailure(ended, host, line(`~/.aws/config: this user has no leave for it (mkdir: …/.aws…: ${NO_LEAVE}`));
    await expectToConverge(ground, host);
  });

  it("leaves a file alone that is where a folder has to be, and a folder where a file has to be", async () => {
    const host = await hostWith();
    const [file, folder] = [put(host.root, "usr/local", "mine"), join(host.home, ".aws/config")];
    mkdirSync(folder, { recursive: true });
    for (const path of [join(host.root, "usr"), join(host.home, ".aws")]) give(path);

    const ended = await ground.run(host.options);
    rmSync(folder, { recursive: true });
    const endedWithFile = await ground.run(host.options);
    const isFile = existsSync(file);
    rmSync(file);

    const cure =
      "there is a file where a folder has to be, or a folder where a file has to be (…): " +
      "look at the path named on the host, and move away what is there";
    expectFailure(ended, host, line(`~/.aws/config: ${cure.replace("…", "…/.aws/config: Is a directory")}`));
    expectFailure(
      endedWithFile,
      host,
      ...["AWS CLI 2", "kubectl 1.32.0", "aws-iam-authenticator 0.7.0"].map((title) => line(`${title}: ${cure}`)),
    );
    expect(isFile).toBe(true);
    await expectToConverge(ground, host);
  });

  it("names the programs that are missing where no package can be installed", async () => {
    const host = await hostWith();
    for (const name of ["curl", "unzip"]) rmSync(join(host.bin, name));

    const ended = await ground.run(host.options);
    for (const name of ["curl", "unzip"]) symlinkSync(findProgram(name) ?? "", join(host.bin, name));

    expectFailure(
      ended,
      host,
      "packages: curl, unzip must be on the host, and packages are not installed with --root: install them yourself",
    );
    expect([treeOf(host.root), treeOf(host.home)]).toEqual([{}, {}]);
    await expectToConverge(ground, host);
  });

  describe("who may not become root", () => {
    // Nothing here becomes root: each sudo is a stand-in that refuses, and none of the machine's own can be found.
    const machines = ["/usr/local/bin/sudo", "/snap/bin/sudo"].filter((file) => existsSync(file));

    it.each([
      [
        "because sudo wants a password",
        "echo 'sudo: a password is required' >&2; exit 1",
        "sudo wants a password (sudo: a password is required): log in as a user who may become root without one " +
          "(--user), or allow it in /etc/sudoers.d with NOPASSWD",
      ],
      [
        "because sudo does not know the user",
        "echo 'ubuntu is not in the sudoers file.  This incident will be reported.' >&2; exit 1",
        "this user may not become root (ubuntu is not in the sudoers file.  This incident will be reported.): " +
          "log in as a user who may (--user): ubuntu on Ubuntu, ec2-user on Amazon Linux",
      ],
      [
        "because there is no sudo",
        undefined,
        "a program is missing on the host (…sudo: not found): install the package that has it",
      ],
    ])("%s is told so, and has changed nothing", async (_, sudo, message) => {
      expect(machines).toEqual([]);
      const host = await hostWith();
      // less and groff are missing, and whoever may not become root gets no further than that.
      standIn(host.bin, "apt-get", "echo 'E: nothing is installed here' >&2; exit 100");
      if (sudo !== undefined) standIn(host.bin, "sudo", sudo);

      const ended = await ground.run(host.ownRoot);

      expectFailure(ended, host, line(`packages: ${message}`));
      expect(treeOf(host.home)).toEqual({});
      await expectToConverge(ground, host);
    });
  });
});
