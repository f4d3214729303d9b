const LINE = 300;

/**
 * Control characters, and what shows nothing but changes what is shown: `\u202e` turns a line round, `\u2028` breaks it.
 * Not the two joiners, without which some scripts cannot be written.
 */
const UNSEEN = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** One line that cannot touch a terminal, cut where it is very long. */
export function printable(text: string): string {
  const line = oneLine(text);
  return line.length > LINE ? `${line.slice(0, LINE)} …` : line;
}

/** One line that cannot touch a terminal: a space stands for a line break. */
export function oneLine(text: string): string {
  const lines = text.trim().replaceAll(/\s*[\n\u2028\u2029]\s*/g, " ");
  return harmless(lines).replaceAll("\t", " ");
}

/** A text that cannot touch a terminal: of the control characters, only line breaks and tabs are left as they are. */
export function harmless(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(UNSEEN, (it) => {
    const code = it.codePointAt(0) ?? 0;
    const digits = code.toString(16);
    return code > 0xffff
      ? `\\u{${digits}}`
      : code > 0xff
        ? `\\u${digits.padStart(4, "0")}`
        : `\\x${digits.padStart(2, "0")}`;
  });
}

/**
 * A line of ours that cannot touch a terminal. Where it has line breaks, as a host's words may have, what follows is
 * indented: it cannot pass for another line of ours.
 */
export function entry(text: string): string {
  const safe = harmless(text);
  return /\n[^ \t\n]/.test(safe) ? safe.replaceAll(/\n(?!\n|$)/g, "\n  ") : safe;
}

/** A number of things, such as `1 node` and `2 nodes`. */
export function counted(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
