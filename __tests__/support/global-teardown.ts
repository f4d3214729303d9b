import { rmSync } from "node:fs";
import { dirname } from "node:path";

import { PREPARED, type Prepared } from "./prepared";

/** Removes what the set-up shared. */
export default function globalTeardown(): void {
  const prepared = process.env[PREPARED];
  if (prepared !== undefined)
    rmSync(dirname((JSON.parse(prepared) as Prepared).template), { recursive: true, force: true });
}
