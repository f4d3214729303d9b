import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isLocked, lockIn, lockOf, lockText, readLock } from "../../terraform/state-lock";
import { recordedState, said } from "../support/recorded";

const LOCK = {
  id: "00000000-0000-0000-0000-000000000000",
  who: "user@host",
  operation: "OperationTypeApply",
  since: new Date("2026-01-01T00:00:00Z"),
};

describe("the lock of a state", () => {
  it("is in a file beside it, which may be half written", () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-lock-"));
    const state = join(folder, "terraform.eks.tfstate");
    try {
      expect(lockOf(state)).toBeUndefined();
      writeFileSync(state, "{}");
      writeFileSync(join(folder, ".terraform.eks.tfstate.lock.info"), recordedState("half-applied.lock"));

      expect(lockOf(state)).toEqual({
        ...LOCK,
        id: "ac7fe350-8fe5-a035-475a-452d924a5995",
        since: new Date("2026-11-29T11:14:44Z"),
        isHeld: process.platform === "linux" ? false : undefined,
      });
      expect(readLock(recordedState("half-applied.lock").slice(0, 8), undefined)).toEqual({
        ...{ id: undefined, who: "", operation: "", since: undefined, isHeld: undefined },
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is in what Terraform complains of", () => {
    const { stdout } = said("terraform", "plan of a locked state");
    const complaint = stdout.split("\n").find((line) => line.includes("Lock Info")) ?? "";
    const { diagnostic } = JSON.parse(complaint) as { diagnostic: { summary: string; detail: string } };
    const words = `${diagnostic.summary}: ${diagnostic.detail}`;

    expect(lockIn(words)).toEqual({ ...LOCK, isHeld: undefined });
    // As an event of Terraform's is told.
    expect(lockIn(words.replaceAll(/\s*\n\s*/g, " "))).toEqual({ ...LOCK, isHeld: undefined });
    expect(lockIn("Error: no such file")).toBeUndefined();
    expect(lockIn("Error acquiring the state lock: AccessDenied")).toEqual({
      ...{ id: undefined, who: "", operation: "", since: undefined, isHeld: undefined },
    });
  });

  it.each([
    ["2026-01-01T00:00:20Z", "an apply of user@host, since 00:00 UTC (0 min)"],
    ["2026-01-01T00:59:00Z", "an apply of user@host, since 00:00 UTC (59 min)"],
    ["2026-01-01T01:00:00Z", "an apply of user@host, since 00:00 UTC (1 h)"],
    ["2026-01-01T11:59:00Z", "an apply of user@host, since 00:00 UTC (11 h)"],
    ["2026-01-01T12:00:00Z", "an apply of user@host, since 2026-01-01 00:00 UTC (12 h)"],
    // Clocks differ.
    ["2025-12-31T23:00:00Z", "an apply of user@host, since 00:00 UTC (0 min)"],
  ])("is told at %s", (now, text) => {
    expect(lockText({ ...LOCK, isHeld: true }, new Date(now))).toBe(text);
  });

  it.each([
    [{ operation: "OperationTypePlan", since: undefined }, "a plan of user@host"],
    [{ operation: "", who: "", since: undefined }, "somebody's work"],
  ])("is told as far as it says something: %j", (less, text) => {
    expect(lockText({ ...LOCK, ...less, isHeld: true })).toBe(text);
  });
});

(process.platform === "linux" ? it : it.skip)(
  "tells a lock that is held from one whose process was killed",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-lock-"));
    const file = join(folder, "state");
    writeFileSync(file, "{}");
    // As Terraform locks: with a POSIX lock, of which `flock` knows nothing.
    const lock = "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX); print('locked',flush=True)";
    const holder = spawn("python3", ["-c", `${lock}; sys.stdin.read()`, file], { stdio: ["pipe", "pipe", "ignore"] });
    await once(holder.stdout, "data");

    expect(isLocked(file)).toBe(true);
    holder.kill("SIGKILL");
    await once(holder, "close");
    expect(isLocked(file)).toBe(false);
    expect(isLocked(join(folder, "nothing"))).toBeUndefined();
    rmSync(folder, { recursive: true });
  },
);
