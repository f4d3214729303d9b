import type { PlannedValue } from "../../terraform/plan-file";

/** Characters of a value that a line shows. */
const LENGTH = 80;

/** A value of a plan for people, cut where it is long. */
export function valueText(planned: PlannedValue): string {
  if (planned.is === "unknown") return "what only the apply will tell";
  if (planned.is === "sensitive") return "what is not shown (sensitive)";
  if (planned.value === null || planned.value === "") return "nothing";
  const text = JSON.stringify(planned.value);
  return text.length <= LENGTH ? text : `${text.slice(0, LENGTH - 1)}…`;
}

/** Whether a text of {@link valueText} was cut. */
export function isCut(text: string): boolean {
  return text.endsWith("…");
}
