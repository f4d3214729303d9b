import { appendFileSync, existsSync, readFileSync } from "node:fs";

/** Ticks of a second in /proc (`getconf CLK_TCK`). @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS = 100;

/** Where `cutime` and `cstime` stand behind the command's name, which may have any character. */
const [CUTIME, CSTIME] = [13, 14];

/** Seconds of CPU so far. */
function used() {
  const { user, system } = process.cpuUsage();
  const own = (user + system) / 1e6;
  if (!existsSync("/proc/self/stat")) return { own, programs: 0 };
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return { own, programs: (Number(fields[CUTIME]) + Number(fields[CSTIME])) / TICKS };
}

const started = Date.now();
const before = used();

// What the reporter prints at the end: how long a file of tests took, and how much of it was work.
afterAll(() => {
  const { own, programs } = used();
  const file = process.env["EKS_SUITE_TIMES"];
  if (file === undefined) return;
  const took = {
    suite: expect.getState().testPath,
    seconds: (Date.now() - started) / 1000,
    own: own - before.own,
    programs: programs - before.programs,
  };
  appendFileSync(file, `${JSON.stringify(took)}\n`);
});
