import { randomBytes } from "node:crypto";

/** A command line for whatever shell a user has, and how its answer is told from what that shell says by itself. */
export interface ShellCall {
  /** What is sent to the host, which gives it to the user's login shell. */
  readonly line: string;
  /**
   * What the command itself has printed; undefined when it was not run. What came before it is from the start files of
   * the login shell: a greeting.
   */
  readonly answerIn: (printed: Buffer) => Buffer | undefined;
}

/**
 * Has `/bin/sh` run a text, whatever the user's login shell is: sshd gives every command to that, and it may be fish or
 * tcsh, which read another language. Before it runs, both outputs get a line that nobody could have foreseen.
 *
 * The line is made of what sh, bash, zsh, fish and tcsh read alike: words, and single quotes around everything but
 * quotes, `!`, backslashes and line breaks, which `printf` writes. A host that only prints the line back has not said
 * the mark, which is put together by `/bin/sh`.
 *
 * @see https://man.openbsd.org/sshd#LOGIN_PROCESS
 */
export function shellCall(text: string): ShellCall {
  const nonce = randomBytes(8).toString("hex");
  const mark = Buffer.from(`eks-answer-${nonce}\n`);
  return {
    line: `exec /bin/sh -c '${START}' sh ${nonce} '${escaped(text)}'`,
    answerIn: (printed) => {
      const at = printed.indexOf(mark);
      return at < 0 ? undefined : printed.subarray(at + mark.length);
    },
  };
}

/** What the first `/bin/sh` does; a second one runs the text, so that it looks the same in a list of processes. */
const START = 'echo "eks-answer-$1"; echo "eks-answer-$1" >&2; exec /bin/sh -c "$(printf %b "$2")"';

/**
 * A text as `printf %b` takes it, with every byte that some shell does not take as it is in single quotes written as
 * `\0NNN`.
 *
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/printf.html
 */
function escaped(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const sign = String.fromCharCode(byte);
      return /[ -~]/.test(sign) && !/['!\\]/.test(sign) ? sign : `\\0${byte.toString(8).padStart(3, "0")}`;
    })
    .join("");
}
