"use strict";
// Preloaded into every Node process that a bench starts: leaves its peak memory, in kB, behind.
const { writeFileSync } = require("node:fs");
const { join } = require("node:path");

process.on("exit", () => {
  writeFileSync(join(process.env.EKS_BENCH_PEAKS, String(process.pid)), String(process.resourceUsage().maxRSS));
});
