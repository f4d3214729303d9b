import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startClassroom, type Classroom } from "../../rehearsal/bastion/classroom";
import { startSurroundings, type Surroundings } from "../../rehearsal/bastion/surroundings";
import { runBootstrap, treeOf } from "../support/bootstrap";
import { describeOnHost } from "../support/on-host";

describeOnHost("the bootstrap of a class, with stand-ins for kubectl and aws", () => {
  let folder: string;
  let surroundings: Surroundings;
  let classroom: Classroom;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-classroom-"));
    surroundings = await startSurroundings(join(folder, "site"), { programs: "stand-ins" });
    classroom = await startClassroom(surroundings, join(folder, "room"), { size: 4 });
  });
  afterAll(async () => {
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  });

  const bootstrap = (...args: string[]) => runBootstrap(classroom.home, [...classroom.options, ...args]);

  it("sets up every bastion of a folder of outputs, a line and a recap each", async () => {
    const first = await bootstrap();
    const second = await bootstrap("--concurrency", "2");

    const names = classroom.bastions.map(({ handover }) => handover.cluster_name);
    expect(first.code).toBe(0);
    for (const name of names) {
      expect(first.output).toMatch(new RegExp(`^changed: \\[${name}\\] \\d of 15 tasks \\(\\d+\\.\\d s\\)$`, "m"));
      expect(first.output).toMatch(new RegExp(`^${name} +: ok=15 +changed=\\d +unreachable=0 +failed=0$`, "m"));
      expect(first.stdout).toMatch(new RegExp(`^${name}\\nNAME +STATUS`, "m"));
      expect(second.output).toMatch(new RegExp(`^ok: \\[${name}\\] 15 tasks \\(\\d+\\.\\d s\\)$`, "m"));
    }
    const trees = names.map((name) => Object.keys(treeOf(join(classroom.roots, name))));
    for (const tree of trees) expect(tree).toEqual(trees[0]);
    expect(trees[0]).toContain("usr/local/bin/kubectl");
    expect(second.code).toBe(0);
  });

  it("goes on with the others when one fails", async () => {
    const [, absent] = classroom.bastions;
    await absent?.sshd.stop();

    const { code, output } = await bootstrap("--timeout", "1");

    expect(code).toBe(1);
    expect(output).toMatch(/^unreachable: \[awskrug_gudi_eks_2\] 203\.0\.113\.2: .*ECONNREFUSED 127\.0\.0\.1:\d+$/m);
    expect(output.match(/^\S+ +: ok=15 +changed=0 +unreachable=0 +failed=0$/gm)).toHaveLength(3);
    expect(output).toMatch(/^awskrug_gudi_eks_2 : ok=0 +changed=0 +unreachable=1 +failed=0$/m);
  });

  it("refuses what can be said of one bastion only", async () => {
    const { code, output } = await bootstrap("--host", "127.0.0.1", "--port", "22");

    expect(code).toBe(64);
    expect(output).toBe(
      "failed: --host and --port can be said of one bastion only, and there are several: use ~/.ssh/config for them\n",
    );
  });
});
