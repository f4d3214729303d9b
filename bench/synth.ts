import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { neutralEnvironment } from "../rehearsal/account/emulator";
import { runProgram } from "../terminal/process";
import { measure, medians } from "./measure";

const ROUNDS = 5;
const CLONE = resolve(__dirname, "..");

/** `npm run bench:synth`: what synthesizing costs, by the app command and by what cdktf's template would use. */
async function main(): Promise<void> {
  const { app } = JSON.parse(readFileSync(join(CLONE, "cdktf.json"), "utf8")) as { app: string };
  const folder = mkdtempSync(join(tmpdir(), "eks-bench-synth-"));
  const outdir = join(folder, "cdktf.out");
  const env = { ...neutralEnvironment(), CDKTF_OUTDIR: outdir, CHECKPOINT_DISABLE: "1", DISABLE_VERSION_CHECK: "1" };
  const command = (...words: string[]) => ({ run: () => measure(words, CLONE, env), shown: words.join(" ") });
  const commands = {
    app: command(...app.split(" ")),
    cdktf: command("npx", "cdktf", "synth", "--output", outdir),
    template: command("npx", "ts-node", "main.ts"),
  };
  try {
    const result = await medians(ROUNDS, {
      app: commands.app.run,
      cdktf: commands.cdktf.run,
      template: commands.template.run,
    });
    console.log(`Medians of ${String(ROUNDS)} runs each, in turns, Node ${process.version}:\n`);
    console.log("| command | seconds | of `npx cdktf synth` | of `npx ts-node main.ts` | peak MB |");
    console.log("|---|---|---|---|---|");
    for (const [name, { seconds, peakMB }] of Object.entries(result)) {
      const ratio = (other: number) => (seconds / other).toFixed(2);
      const { shown } = commands[name as keyof typeof commands];
      console.log(
        `| \`${shown.replace(outdir, "…")}\` | ${seconds.toFixed(2)} | ${ratio(result.cdktf.seconds)} | ` +
          `${ratio(result.template.seconds)} | ${peakMB.toFixed(0)} |`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runProgram(main);
