import { WRITTEN_SETTINGS } from "../../facts/written-settings";

/** What of additional_userdata stands there already when the node reads it; see {@link writtenTwice}. */
export interface WrittenTwice {
  /** An expression: a list of keys and headers. */
  readonly found: string;
  /** What of them the stack writes, in words. */
  readonly written: string;
}

/**
 * The keys before the first header, and the headers, that a text must not have because the stack writes them before
 * it, and TOML takes each once. Terraform reads no TOML: the rest is seen by `eks`, and by the node.
 *
 * @param toml an expression
 * @param of every group, or of a row of node_groups, which says labels, taints and pods in words of its own
 */
export function writtenTwice(toml: string, of: "every group" | "a row"): WrittenTwice {
  const keys = of === "a row" ? [...WRITTEN_SETTINGS.always, ...WRITTEN_SETTINGS.ofRows] : WRITTEN_SETTINGS.always;
  const tables = of === "a row" ? String.raw`(?:\\s*\\.\\s*node-(?:labels|taints))?` : "";
  const headers = String.raw`regexall("(?m)^\\s*(\\[\\s*settings\\s*\\.\\s*kubernetes${tables}\\s*\\])", ${toml})`;
  const head = String.raw`replace(${toml}, "/(?s)(^|\\n)[ \\t]*\\[.*$/", "")`;
  const lines = String.raw`regexall("(?m)^[ \\t]*[\"']?(${keys.join("|")})[\"']?[ \\t]*[.=]", ${head})`;
  return { found: `flatten(concat(${lines}, ${headers}))`, written: `[settings.kubernetes] with ${keys.join(", ")}` };
}
