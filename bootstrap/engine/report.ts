import { harmless, printable } from "./explain";
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
export function recap(reports: readonly HostReport[]): string {
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.map((report) => {
    const counts = Object.entries(recapOf(report)).map(([what, count]) =>
      `${what}=${String(count)}`.padEnd(what.length + 6),
    );
    return `${report.name.padEnd(width)} : ${counts.join("").trimEnd()}`;
  });
  return ["PLAY RECAP", ...lines].join("\n");
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
        ...(report.unreachable !== undefined && { error: report.unreachable }),
        tasks: report.outcomes.map((outcome) => ({
          title: outcome.title,
          outcome: outcome.kind,
          ...("diff" in outcome && { diff: outcome.diff }),
          ...("message" in outcome && { message: outcome.message }),
        })),
        ...results.reduce((all, json) => ({ ...all, ...json }), {}),
      };
    }),
  });
}

/** The results of a run, for people. */
export function resultsOf({ outcomes }: HostReport): readonly Result[] {
  return outcomes.flatMap((outcome) => (outcome.kind === "ok" && outcome.result ? [outcome.result] : []));
}

/** Progress for people: lines that stay, and on a terminal one line in motion below them. */
export class Console {
  private shown = "";
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param stream standard error, as a rule
   * @param status what goes on at this moment; asked a few times a second, on a terminal only
   */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly status: () => string,
  ) {
    if (!stream.isTTY) return;
    this.timer = setInterval(() => {
      this.draw();
    }, 200);
    this.timer.unref();
  }

  /** Prints lines that stay; what a host has put into them cannot touch the terminal. */
  line(text: string): void {
    this.erase();
    this.stream.write(`${coloured(harmless(text), this.stream)}\n`);
    if (this.timer !== undefined) this.draw();
  }

  /** Takes the line in motion away. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  private draw(): void {
    // A terminal that does not know its width says 0 or nothing; a line that is wrapped could not be erased.
    const width = Number.isInteger(this.stream.columns) && this.stream.columns > 0 ? this.stream.columns : 80;
    const line = printable(this.status()).slice(0, width - 1);
    if (line === this.shown) return;
    this.erase();
    this.stream.write(line);
    this.shown = line;
  }

  private erase(): void {
    if (this.shown !== "") this.stream.write("\r\u001b[K");
    this.shown = "";
  }
}

const COLOURS: ReadonlyMap<string, number> = new Map([
  ["ok", 32],
  ["changed", 33],
  ["would-change", 33],
  ["warning", 33],
  ["failed", 31],
  ["unreachable", 31],
]);

/** A line with its first word in Ansible's colour, where colours are wanted. @see https://no-color.org */
export function coloured(line: string, stream: NodeJS.WriteStream): string {
  const isWanted = stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  const [word = ""] = line.split(":");
  const colour = COLOURS.get(word);
  return isWanted && colour !== undefined
    ? `\u001b[${String(colour)}m${word}\u001b[0m${line.slice(word.length)}`
    : line;
}
