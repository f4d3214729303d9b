import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PLAN_AGAIN } from "../../../bootstrap/engine/task";
import { awsAuth } from "../../../bootstrap/tasks/cluster";
import type { StandInKubernetes } from "../../../rehearsal/cluster/kubernetes";
import { KubernetesState } from "../../../rehearsal/cluster/kubernetes-state";
import { startLightPrograms, type LightPrograms } from "../../../rehearsal/bastion/light-programs";
import { LocalHost } from "../../support/local-host";

const ROLE = "arn:aws:iam::123456789012:role/nodes";

describe("the stand-in for kubectl", () => {
  const state = new KubernetesState();
  let folder: string;
  let light: LightPrograms;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-light-"));
    light = await startLightPrograms(() => ({ state }) as StandInKubernetes, "123456789012");
    writeFileSync(join(folder, "kubectl"), light.kubectl, { mode: 0o755 });
  });

  afterAll(() => {
    light.stop();
    rmSync(folder, { recursive: true });
  });

  it.each(["1.19.16", "1.20.15"])(
    "makes and patches aws-auth as the bootstrap does by kubectl %s, and refuses a stale patch",
    async (version) => {
      state.setConfigMap("kube-system", "aws-auth", undefined);
      const host = new LocalHost({ PATH: `${folder}:/usr/bin:/bin`, HOME: folder });
      const context = "arn:aws:eks:ap-northeast-2:123456789012:cluster/demo";
      const planned = async (role: string, ...others: string[]) => {
        const roles = { node_role_arn: role, node_role_arns: [role, ...others] };
        const task = awsAuth({ context, hasAwsAuth: true }, roles, version);
        return task.change(task.current.parse(await host.run(task.current.command)))?.commands ?? [];
      };
      const exitCodes = async (commands: Awaited<ReturnType<typeof planned>>) =>
        Promise.all(commands.map(async (command) => (await host.run(command)).exitCode));

      const creation = await planned(ROLE);
      expect(await exitCodes(creation)).toEqual([0]);
      expect(await exitCodes(creation)).toEqual([PLAN_AGAIN]);
      const patch = await planned(ROLE, `${ROLE}-gpu`);
      expect(await exitCodes(patch)).toEqual([0]);
      expect(await exitCodes(patch)).toEqual([PLAN_AGAIN]);

      expect(state.configMap("kube-system", "aws-auth")?.["mapRoles"]).toContain(`- rolearn: ${ROLE}-gpu\n`);
      expect(await planned(ROLE, `${ROLE}-gpu`)).toEqual([]);
    },
  );
});
