/** A value in a TOML document: the keys that lead to it, and its text, or the texts of its list. */
export interface TomlValue {
  readonly path: readonly string[];
  /** A number or a boolean as it is written. */
  readonly value: readonly string[];
}

const KEY = /^\s*(?:([A-Za-z0-9_-]+)|"((?:[^"\\]|\\.)*)"|'([^']*)')\s*/;
/** The text of a value up to what follows it: a list, a text, or anything without a comma. */
const INLINE = /^(?:\[(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\]"'])*\]|"(?:[^"\\]|\\.)*"|'[^']*'|[^,"'[\]{}]+)/;
const VALUE = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(true|false|[-+]?\d[\d_.]*))\s*/;

/**
 * Reads as much of TOML as Bottlerocket's settings are written in: tables, keys with dots, texts on one line, numbers,
 * booleans, lists of these, and inline tables of all of these.
 *
 * @returns undefined when it is none, or has what is not known here: inline tables in others, lists of tables, texts on many
 *   lines
 * @see https://toml.io/en/v1.0.0
 */
export function readToml(document: string): readonly TomlValue[] | undefined {
  const values: TomlValue[] = [];
  let table: readonly string[] = [];
  let open = "";
  for (const raw of document.replaceAll("\r\n", "\n").split("\n")) {
    const line = `${open}${withoutComment(raw)}`.trim();
    open = "";
    if (line === "") continue;
    const [, name] = /^\[([^[].*)\]$/.exec(line) ?? [];
    const key = name === undefined ? readKey(line) : readKey(`${name}=`);
    if (key === undefined) return undefined;
    if (name !== undefined) {
      table = key.path;
      continue;
    }
    if (key.rest.startsWith("[") && !key.rest.endsWith("]")) {
      // A list goes on until it is closed.
      open = `${line} `;
      continue;
    }
    const path = [...table, ...key.path];
    const read = key.rest.startsWith("{") ? readInlineTable(path, key.rest) : readOne(path, key.rest);
    if (read === undefined) return undefined;
    values.push(...read);
  }
  return open === "" ? values : undefined;
}

/** A key with dots before `=`, and what follows. */
function readKey(text: string): { readonly path: readonly string[]; readonly rest: string } | undefined {
  const path: string[] = [];
  let rest = text;
  for (;;) {
    const found = KEY.exec(rest);
    if (found === null) return undefined;
    const [whole, bare, quoted, literal] = found;
    path.push(bare ?? (quoted === undefined ? literal : unescaped(quoted)) ?? "");
    rest = rest.slice(whole.length);
    if (rest.startsWith("=")) return { path, rest: rest.slice(1).trim() };
    if (!rest.startsWith(".")) return undefined;
    rest = rest.slice(1);
  }
}

function readOne(path: readonly string[], text: string): readonly TomlValue[] | undefined {
  const value = readValue(text);
  return value === undefined ? undefined : [{ path, value }];
}

/** @param text with its braces */
function readInlineTable(path: readonly string[], text: string): readonly TomlValue[] | undefined {
  const values: TomlValue[] = [];
  if (!text.endsWith("}")) return undefined;
  let rest = text.slice(1, -1).trim();
  while (rest !== "") {
    const key = readKey(rest);
    const [written] = INLINE.exec(key?.rest ?? "") ?? [];
    if (key === undefined || written === undefined) return undefined;
    const one = readOne([...path, ...key.path], written.trim());
    if (one === undefined) return undefined;
    values.push(...one);
    rest = key.rest.slice(written.length).trim();
    // A comma is between two of them, and not after the last.
    if (rest !== "" && !/^,\s*[^\s]/.test(rest)) return undefined;
    rest = rest.slice(1).trim();
  }
  return values;
}

function readValue(text: string): readonly string[] | undefined {
  const isList = text.startsWith("[");
  let rest = isList ? text.slice(1, -1) : text;
  const values: string[] = [];
  while (rest.trim() !== "") {
    const found = VALUE.exec(rest);
    if (found === null) return undefined;
    const [whole, quoted, literal, other] = found;
    values.push(quoted === undefined ? (literal ?? other ?? "") : unescaped(quoted));
    rest = rest.slice(whole.length);
    if (isList && rest.startsWith(",")) rest = rest.slice(1);
    else if (rest !== "") return undefined;
  }
  return isList || values.length === 1 ? values : undefined;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, escaped: string) => ({ n: "\n", t: "\t" })[escaped] ?? escaped);
}

/** A line without its comment; a `#` in a text is none. */
function withoutComment(line: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^"'#])*/.exec(line)?.[0] ?? "";
}
