import { join, resolve } from "node:path";

import { run, type Ended } from "./run";

/** Synthesizes this clone's app into the `cdktf.out` of another project folder. */
export function synthesizeInto(folder: string, env: NodeJS.ProcessEnv): Promise<Ended> {
  return run(process.execPath, ["--require", "./bin/typescript.cjs", "main.ts"], {
    cwd: resolve(__dirname, "../.."),
    env: { ...env, CDKTF_OUTDIR: join(folder, "cdktf.out") },
  });
}
