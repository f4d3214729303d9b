import { shown } from "./shown";

/** Prints what a command was asked for, to standard output, as {@link shown} has it. */
export function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${shown(line, process.stdout)}\n`).join(""));
}

/** Prints lines about what a command does, to standard error, as {@link shown} has it. */
export function say(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `${shown(line, process.stderr)}\n`).join(""));
}

/**
 * Prints JSON. A program reads the same values out of it, and a terminal is left alone: what JSON itself leaves as it is
 * of what no person sees stands there as `\u202e`.
 *
 * @param text as `JSON.stringify` makes it
 */
export function printJson(text: string): void {
  const escaped = text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (it) =>
    it
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  process.stdout.write(`${escaped}\n`);
}

/** Hands on what another command of ours has printed, byte for byte: it has been made harmless there. */
export function passOn(chunk: Uint8Array): void {
  process.stdout.write(chunk);
}
