import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { filled } from "./page";
import { picture, readImports } from "./rooms";

const CLONE = resolve(__dirname, "..");
const PAGE = join(CLONE, "ARCHITECTURE.md");

// `npm run docs:rooms`: draws the rooms, and who imports whom, in ARCHITECTURE.md.
writeFileSync(PAGE, filled(readFileSync(PAGE, "utf8"), "npm run docs:rooms", picture(readImports(CLONE))));
