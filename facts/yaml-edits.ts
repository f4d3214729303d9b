import { isMap, isScalar, isSeq, stringify, type ParsedNode, type YAMLMap, type YAMLSeq } from "yaml";

/** A key of a mapping with its value, as they stand in a text. */
type Pair = YAMLMap.Parsed["items"][number];

/** One line for a text, however long, and each entry by itself: no `*a1`, which whoever edits the first one breaks. */
const LINES = { version: "1.1", lineWidth: 0, blockQuote: false, aliasDuplicateObjects: false } as const;

/** A value in YAML, a line or more, as it stands in a text that is in blocks. */
export function block(value: unknown): string {
  return stringify(value, LINES);
}

/** The pair with a key, in upper or lower case; of several the last, which is the one that counts. */
export function pairOf(map: YAMLMap.Parsed, name: string): Pair | undefined {
  return map.items.findLast(({ key }) => isScalar(key) && String(key.value).toLowerCase() === name);
}

/** Changes to a YAML text, each in the style of what is around it. No other character of the text changes. */
export class YamlEdits {
  private readonly edits: { readonly start: number; readonly end: number; readonly text: string }[] = [];
  private readonly lineBreak: string;

  /** @param text with `\n` or `\r\n` between its lines */
  constructor(private readonly text: string) {
    this.lineBreak = text.includes("\r\n") ? "\r\n" : "\n";
  }

  /** The text with all changes made. */
  toString(): string {
    let end = 0;
    const parts = this.edits
      .sort((one, other) => one.start - other.start)
      .map((edit) => {
        const kept = this.text.slice(end, edit.start);
        end = edit.end;
        return kept + edit.text;
      });
    return parts.join("") + this.text.slice(end);
  }

  /** Gives keys of a mapping other values. Those that it lacks come after the key `first`. */
  set(map: YAMLMap.Parsed, first: string, values: Readonly<Record<string, unknown>>): void {
    const absent: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(values)) {
      const pair = pairOf(map, name);
      if (pair === undefined) absent[name] = value;
      else this.replace(map, pair, value);
    }
    const before = pairOf(map, first) ?? map.items.at(-1);
    if (before !== undefined && Object.keys(absent).length > 0) this.insert(map, before, absent);
  }

  /** Puts more items into a list, or more keys into a mapping, after one that it has. */
  insert(into: YAMLSeq.Parsed | YAMLMap.Parsed, after: ParsedNode | Pair, more: object): void {
    const [first, last] = "key" in after ? [after.key, after.value ?? after.key] : [after, after];
    const end = this.endOf(last);
    if (into.flow === true) {
      const [start] = first.range;
      const margin = this.text.slice(start - this.column(start), start);
      const separator = margin.trim() === "" ? `,${this.lineBreak}${margin}` : ", ";
      const items = Array.isArray(more) ? more.map(flow) : [flow(more).slice(1, -1)];
      this.edit(end, end, items.map((item) => separator + item).join(""));
      return;
    }
    const [margin] = into.range;
    const lines = this.indented(more, margin).trimEnd();
    const at = this.lineEnd(end);
    this.edit(at, at, this.lineBreak + " ".repeat(this.column(margin)) + lines);
  }

  /** Puts more items at the end of a text that holds one list, or none yet, or nothing. */
  append(contents: ParsedNode | null, items: readonly unknown[]): void {
    const seq = isSeq(contents) ? contents : undefined;
    const last = seq?.items.at(-1);
    if (seq?.flow === true && last !== undefined) {
      this.insert(seq, last, items);
      return;
    }
    // An empty list, `[]` or `null`, makes room for one in blocks, unless it has a comment in it.
    const [start, end] = last === undefined && contents !== null ? contents.range : [0, 0];
    if (this.text.slice(start, end).includes("#")) {
      this.edit(end - 1, end - 1, flow(items).slice(1, -1));
    } else if (end > start) {
      this.edit(start, end, this.indented(items, start).trimEnd());
    } else {
      const margin = seq?.range[0] ?? 0;
      const gap = this.text.endsWith("\n") ? "" : this.lineBreak;
      const { length } = this.text;
      this.edit(length, length, gap + " ".repeat(this.column(margin)) + this.indented(items, margin));
    }
  }

  private replace(map: YAMLMap.Parsed, { key, value: old }: Pair, value: unknown): void {
    const start = this.endOf(key);
    const end = this.endOf(old ?? key);
    if (isSeq(old) && old.flow !== true && Array.isArray(value) && value.length > 0) {
      const [first] = old.range;
      this.edit(first, this.lineEnd(end), this.indented(value, first).trimEnd());
    } else {
      const isPlain = typeof value === "string" && map.flow !== true;
      this.edit(start, end, `: ${isPlain ? block(value).trimEnd() : flow(value)}`);
    }
  }

  private edit(start: number, end: number, text: string): void {
    this.edits.push({ start, end, text });
  }

  /** A value in blocks, all lines but the first with as much space in front as stands before the offset. */
  private indented(value: unknown, offset: number): string {
    const margin = " ".repeat(this.column(offset));
    return block(value)
      .replaceAll(/\n(?!$)/g, `\n${margin}`)
      .replaceAll("\n", this.lineBreak);
  }

  private column(offset: number): number {
    return offset - (this.text.lastIndexOf("\n", offset - 1) + 1);
  }

  /** Where the line with an offset ends, before its break. */
  private lineEnd(offset: number): number {
    const at = this.text.indexOf("\n", offset);
    if (at === -1) return this.text.length;
    return at > offset && this.text[at - 1] === "\r" ? at - 1 : at;
  }

  /** Where a node's own text ends: what the parser reports for one in blocks includes the comments after it. */
  private endOf(node: ParsedNode): number {
    const last = (isMap(node) || isSeq(node)) && node.flow !== true ? node.items.at(-1) : undefined;
    if (last !== undefined) return this.endOf("key" in last ? (last.value ?? last.key) : last);
    const [start, end] = node.range;
    return start + this.text.slice(start, end).trimEnd().length;
  }
}

/** JSON is YAML too, and a text that is JSON stays JSON. */
function flow(value: unknown): string {
  return JSON.stringify(value);
}
