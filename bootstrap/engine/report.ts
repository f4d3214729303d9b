import type { Outcome, Result } from "./task";

/** What became of a host, all in all. */
export interface HostReport {
  /** As in `--json` and in every line. */
  readonly name: string;
  readonly address: string;
  readonly outcomes: readonly Outcome[];
  /** Why nothing could be done on it, when nothing could. */
  readonly unreachable?: string;
  readonly seconds: number;
  readonly logFile: string;
}

/** Numbers of a recap, named as Ansible names them; `changed` counts what would change, too. */
export interface Recap {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
}

/** Counts the outcomes of a host. */
export function recapOf({ outcomes, unreachable }: Pick<HostReport, "outcomes" | "unreachable">): Recap {
  const count = (...kinds: readonly Outcome["kind"][]) => outcomes.filter(({ kind }) => kinds.includes(kind)).length;
  return {
    // As in Ansible: what was changed is ok, too.
    ok: count("ok", "changed", "would-change"),
    changed: count("changed", "would-change"),
    unreachable: unreachable === undefined ? 0 : 1,
    failed: count("failed"),
  };
}

/** The line of an outcome: `changed: [bastion] kubectl 1.31.4`. */
export function outcomeLine(host: string, outcome: Outcome): string {
  const line = `${outcome.kind}: [${host}] ${outcome.title}`;
  return "message" in outcome ? `${line}: ${outcome.message}` : line;
}

/** The lines of a host among many: only its end, and what failed. */
export function hostLine({ name, outcomes, unreachable, seconds }: HostReport): string {
  const time = `${seconds.toFixed(1)} s`;
  const failed = outcomes.find(({ kind }) => kind === "failed");
  if (unreachable !== undefined) return `unreachable: [${name}] ${unreachable}`;
  if (failed !== undefined) return `${outcomeLine(name, failed)} (${time})`;
  const { ok, changed } = recapOf({ outcomes });
  const would = outcomes.some(({ kind }) => kind === "would-change");
  const word = changed === 0 ? "ok" : would ? "would-change" : "changed";
  const tasks = `${changed === 0 ? "" : `${String(changed)} of `}${String(ok)} tasks`;
  return `${word}: [${name}] ${tasks} (${time})`;
}

/** The recap at the end, as Ansible prints it. */
export function recap(reports: readonly HostReport[]): string[] {
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.map((report) => {
    const counts = Object.entries(recapOf(report)).map(([what, count]) =>
      `${what}=${String(count)}`.padEnd(what.length + 6),
    );
    return `${report.name.padEnd(width)} : ${counts.join("").trimEnd()}`;
  });
  return ["PLAY RECAP", ...lines];
}

/** Everything for machines, on one line. */
export function reportJson(reports: readonly HostReport[], check: boolean): string {
  return JSON.stringify({
    check,
    hosts: reports.map((report) => {
      const results = resultsOf(report).map(({ json }) => json);
      return {
        name: report.name,
        address: report.address,
        ...recapOf(report),
        seconds: Number(report.seconds.toFixed(3)),
        log: report.logFile,
        error: report.unreachable,
        tasks: report.outcomes.map((outcome) => ({
          title: outcome.title,
          outcome: outcome.kind,
          ...("diff" in outcome && { diff: outcome.diff }),
          ...("message" in outcome && { message: outcome.message }),
        })),
        ...(Object.assign({}, ...results) as object),
      };
    }),
  });
}

/** The results of a run, for people. */
export function resultsOf({ outcomes }: HostReport): readonly Result[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "ok" && outcome.result ? [outcome.result] : []));
}
