import {
  hostLine,
  outcomeLine,
  recap,
  recapOf,
  reportJson,
  resultsOf,
  type HostReport,
} from "../../../bootstrap/engine/report";
import type { Outcome } from "../../../bootstrap/engine/task";

const OK: Outcome = { kind: "ok", title: "packages" };
const CHANGED: Outcome = { kind: "changed", title: "kubectl 1.31.4", diff: "- nothing\n+ sha256 ab" };
const WOULD: Outcome = { kind: "would-change", title: "aws-auth", diff: undefined };
const WARNED: Outcome = { kind: "warning", title: "aws-auth", message: "kim loses a group" };
const FAILED: Outcome = { kind: "failed", title: "AWS CLI 2", message: "the disk is full" };
const NODES: Outcome = {
  kind: "ok",
  title: "nodes",
  result: { lines: ["NAME", "ip-1"], json: { nodes: [{ name: "ip-1" }] } },
};

function report(outcomes: readonly Outcome[], more: Partial<HostReport> = {}): HostReport {
  return { name: "eks-1", address: "203.0.113.9", outcomes, seconds: 12.3456, logFile: "logs/eks-1.log", ...more };
}

describe("the line of an outcome", () => {
  it.each([
    [OK, "ok: [eks-1] packages"],
    [CHANGED, "changed: [eks-1] kubectl 1.31.4"],
    [WOULD, "would-change: [eks-1] aws-auth"],
    [FAILED, "failed: [eks-1] AWS CLI 2: the disk is full"],
    [NODES, "ok: [eks-1] nodes"],
    [WARNED, "warning: [eks-1] aws-auth: kim loses a group"],
  ])("%j", (outcome, line) => {
    expect(outcomeLine("eks-1", outcome)).toBe(line);
  });
});

describe("the line of a host among many", () => {
  it.each<readonly [string, HostReport, string]>([
    ["nothing to do", report([OK, NODES]), "ok: [eks-1] 2 tasks (12.3 s)"],
    ["changes", report([OK, CHANGED, CHANGED]), "changed: [eks-1] 2 of 3 tasks (12.3 s)"],
    ["changes to come", report([OK, WOULD]), "would-change: [eks-1] 1 of 2 tasks (12.3 s)"],
    ["a failure", report([OK, FAILED]), "failed: [eks-1] AWS CLI 2: the disk is full (12.3 s)"],
    ["no connection", report([], { unreachable: "timed out" }), "unreachable: [eks-1] timed out"],
    ["a connection lost on the way", report([CHANGED], { unreachable: "reset" }), "unreachable: [eks-1] reset"],
    ["nothing at all", report([], { seconds: 0 }), "ok: [eks-1] 0 tasks (0.0 s)"],
  ])("says %s", (_, given, line) => {
    expect(hostLine(given)).toBe(line);
  });
});

describe("the recap", () => {
  it.each<readonly [string, Parameters<typeof recapOf>[0], ReturnType<typeof recapOf>]>([
    ["nothing", { outcomes: [] }, { ok: 0, changed: 0, unreachable: 0, failed: 0 }],
    ["what changed as ok, too", { outcomes: [OK, CHANGED] }, { ok: 2, changed: 1, unreachable: 0, failed: 0 }],
    [
      "what would change as changed",
      { outcomes: [OK, WOULD, WOULD] },
      { ok: 3, changed: 2, unreachable: 0, failed: 0 },
    ],
    ["what failed as not ok", { outcomes: [OK, FAILED, FAILED] }, { ok: 1, changed: 0, unreachable: 0, failed: 2 }],
    ["a host out of reach", { outcomes: [], unreachable: "x" }, { ok: 0, changed: 0, unreachable: 1, failed: 0 }],
  ])("counts %s", (_, given, expected) => {
    expect(recapOf(given)).toEqual(expected);
  });

  it("is aligned, in Ansible's words", () => {
    const reports = [
      report([OK, CHANGED]),
      report(Array<Outcome>(12).fill(CHANGED), { name: "awskrug_gudi_eks@203.0.113.10" }),
      report([], { name: "eks-2", unreachable: "timed out" }),
      report([OK, FAILED], { name: "eks-3" }),
    ];

    expect(recap(reports).join("\n")).toBe(
      `
PLAY RECAP
eks-1                         : ok=2    changed=1    unreachable=0    failed=0
awskrug_gudi_eks@203.0.113.10 : ok=12   changed=12   unreachable=0    failed=0
eks-2                         : ok=0    changed=0    unreachable=1    failed=0
eks-3                         : ok=1    changed=0    unreachable=0    failed=1
`.trim(),
    );
  });
});

describe("the report for machines", () => {
  it("has every host, step and result", () => {
    const reports = [
      report([OK, CHANGED, NODES]),
      report([WOULD, FAILED], { name: "eks-2" }),
      report([], { name: "eks-3", unreachable: "timed out" }),
    ];

    const json = reportJson(reports, true);

    expect(json).not.toContain("\n");
    expect(JSON.parse(json)).toEqual({
      check: true,
      hosts: [
        {
          name: "eks-1",
          address: "203.0.113.9",
          ok: 3,
          changed: 1,
          unreachable: 0,
          failed: 0,
          seconds: 12.346,
          log: "logs/eks-1.log",
          tasks: [
            { title: "packages", outcome: "ok" },
            { title: "kubectl 1.31.4", outcome: "changed", diff: "- nothing\n+ sha256 ab" },
            { title: "nodes", outcome: "ok" },
          ],
          nodes: [{ name: "ip-1" }],
        },
        {
          name: "eks-2",
          address: "203.0.113.9",
          ok: 1,
          changed: 1,
          unreachable: 0,
          failed: 1,
          seconds: 12.346,
          log: "logs/eks-1.log",
          tasks: [
            { title: "aws-auth", outcome: "would-change" },
            { title: "AWS CLI 2", outcome: "failed", message: "the disk is full" },
          ],
        },
        {
          name: "eks-3",
          address: "203.0.113.9",
          ok: 0,
          changed: 0,
          unreachable: 1,
          failed: 0,
          seconds: 12.346,
          log: "logs/eks-1.log",
          error: "timed out",
          tasks: [],
        },
      ],
    });
  });

  it("has the results apart, for people", () => {
    expect(resultsOf(report([OK, CHANGED, NODES]))).toEqual([
      { lines: ["NAME", "ip-1"], json: { nodes: [{ name: "ip-1" }] } },
    ]);
    expect(resultsOf(report([OK, FAILED]))).toEqual([]);
  });
});
