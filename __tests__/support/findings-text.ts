import { join } from "node:path";

import { examineAccount, examineCluster, examineState } from "../../cli/doctor/doctor";
import type { Finding } from "../../cli/doctor/finding";
import { terraformCommand } from "../../terraform/program";
import { AFTER, BEFORE, STATE } from "./facts";
import { AFTER_ROWS, BEFORE_ROWS, STATE_ROWS, type Row } from "./findings";

/** What the doctor says of each row in its tables; `npm run record:findings` writes it. */
export const FINDINGS_FILE = join(__dirname, "../golden/doctor/findings.txt");

/** What the doctor says now. */
export function findingsOfRows(): string {
  const text = [
    ...tableOf("before", examineAccount, BEFORE, BEFORE_ROWS),
    ...tableOf("after", examineCluster, AFTER, AFTER_ROWS),
    ...tableOf("state", examineState, STATE, STATE_ROWS),
  ].join("\n");
  // Some have OpenTofu alone.
  return text.replaceAll(`${terraformCommand()} -chdir`, "terraform -chdir");
}

/** A text of this form, row by row, so that a difference is shown with its heading. */
export function byHeading(text: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    text.split(/^# /m).map((block) => {
      const [heading = "", ...lines] = block.trimEnd().split("\n");
      return [heading, lines];
    }),
  );
}

/**
 * Of every row in what its facts differ from those where all is well, and what is found then: findings of the row's code
 * with every word, others by their first line, those that are no longer found with a `-`. After `but` the same of the
 * facts that do not show the finding.
 */
function tableOf<Facts>(name: string, examine: (facts: Facts) => Finding[], well: Facts, rows: readonly Row<Facts>[]) {
  const usual = examine(well).map(firstLine);
  return rows.map(([code, , , facts, without], index) => {
    const shown = (shownFacts: Facts) => {
      const findings = examine(shownFacts);
      const gone = usual.filter((line) => !findings.some((it) => firstLine(it) === line)).map((line) => `- ${line}`);
      const lines = findings.flatMap((it) => {
        if (it.code === code) return [firstLine(it), `  ${it.cause}`, `  -> ${it.cure}`];
        return usual.includes(firstLine(it)) ? [] : [firstLine(it)];
      });
      return [...differences(well, shownFacts), ...lines, ...gone];
    };
    const number = rows.slice(0, index + 1).filter((it) => it[0] === code).length;
    const lines = [...shown(facts), ...(without === undefined ? [] : ["but", ...shown(without)])];
    return [`# ${name}: ${code} ${String(number)}`, ...lines, ""].join("\n");
  });
}

function firstLine({ severity, code, subject }: Finding): string {
  return `${severity} ${code}: ${subject}`;
}

/** Of what is long its beginning says enough: it is not what is compared. */
const LONGEST = 110;

/** Where facts are not as they usually are, a line for each place: `if inputs.eksVersion is "1.14"`. */
function differences(usual: unknown, facts: unknown, path: readonly string[] = []): string[] {
  const text = JSON.stringify(facts) as string | undefined;
  if (JSON.stringify(usual) === text) return [];
  const keys = keysOf(facts);
  if (keys === undefined || keys.join() !== keysOf(usual)?.join()) {
    const value = text === undefined || text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
    return [`if ${path.join(".")} is ${value ?? "nothing"}`];
  }
  const of = (object: unknown, key: string) => (object as Readonly<Record<string, unknown>>)[key];
  return keys.flatMap((key) => differences(of(usual, key), of(facts, key), [...path, key]));
}

function keysOf(value: unknown): readonly string[] | undefined {
  return typeof value === "object" && value !== null ? Object.keys(value).sort() : undefined;
}
