import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What the terminal showed at one moment. */
export interface Frame {
  /** Its rows, without the empty ones at the end. */
  readonly rows: readonly string[];
  /** The same with rows that are one wrapped line put together. */
  readonly lines: readonly string[];
}

const SEAM = "=====seam=====";

/**
 * A pseudo-terminal with a shell in it: tmux on a socket of its own.
 *
 * @see https://man.openbsd.org/tmux.1
 */
export class Terminal {
  private readonly folder = mkdtempSync(join(tmpdir(), "eks-test-tmux-"));

  /** Starts a shell whose prompt is `$ `, in a folder and with an environment. */
  constructor(cwd: string, environment: NodeJS.ProcessEnv, { columns = 80, rows = 70 } = {}) {
    const shell = "PS1='$ ' exec sh";
    const size = ["-x", String(columns), "-y", String(rows)];
    this.tmux(["-f", "/dev/null", "new-session", "-d", ...size, "-c", cwd, shell], {
      ...environment,
      TERM: "xterm",
      TMUX: "",
    });
  }

  /** Types text, as it is. */
  type(text: string): void {
    this.tmux(["send-keys", "-l", "--", text]);
  }

  /** Presses a key by tmux' name for it: `Enter`, `C-c`. */
  press(key: string): void {
    this.tmux(["send-keys", key]);
  }

  frame(): Frame {
    // In one go, or it would be two moments.
    const both = this.tmux(["capture-pane", "-p", ";", "display-message", "-p", SEAM, ";", "capture-pane", "-p", "-J"]);
    const [rows = [], lines = []] = both.split(`${SEAM}\n`).map((text) =>
      text
        .trimEnd()
        .split("\n")
        .map((row) => row.trimEnd()),
    );
    return { rows, lines };
  }

  /** Column of the cursor from 0, and whether it can be seen. */
  cursor(): { readonly column: number; readonly isVisible: boolean } {
    const [column, flag] = this.tmux(["display-message", "-p", "#{cursor_x} #{cursor_flag}"]).trim().split(" ");
    return { column: Number(column), isVisible: flag === "1" };
  }

  /**
   * Looks again and again until the terminal shows something.
   *
   * @returns every frame that differs from the one before it; the last one shows it
   */
  async until(shown: RegExp, seconds = 120): Promise<readonly Frame[]> {
    const frames: Frame[] = [];
    for (const end = performance.now() + seconds * 1000; performance.now() < end;) {
      await sleep(60);
      const frame = this.frame();
      if (frame.rows.join("\n") !== frames.at(-1)?.rows.join("\n")) frames.push(frame);
      if (shown.test(frame.lines.join("\n"))) return frames;
    }
    throw new Error(`the terminal did not show ${String(shown)} but:\n${frames.at(-1)?.rows.join("\n") ?? "nothing"}`);
  }

  /** Empties the terminal, and runs a command line to its end. */
  async run(line: string, seconds?: number): Promise<{ readonly frames: readonly Frame[]; readonly code: number }> {
    this.start(line);
    return this.ended(seconds);
  }

  /** Empties the terminal, and begins with a command line. */
  start(line: string): void {
    this.type(`clear; ${line}; echo exit=$?`);
    this.press("Enter");
  }

  /** Waits for the end of what was begun. */
  async ended(seconds?: number): Promise<{ readonly frames: readonly Frame[]; readonly code: number }> {
    const frames = await this.until(/^exit=\d+\n\$$/m, seconds);
    const [, code] = /^exit=(\d+)$/m.exec(frames.at(-1)?.rows.join("\n") ?? "") ?? [];
    return { frames, code: Number(code) };
  }

  /** Ends the shell and the server behind it. */
  end(): void {
    this.tmux(["kill-server"]);
    rmSync(this.folder, { recursive: true });
  }

  private tmux(args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
    return execFileSync("tmux", ["-S", join(this.folder, "socket"), ...args], { encoding: "utf8", env });
  }
}
