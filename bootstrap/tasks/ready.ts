import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import type { CommandResult } from "../engine/host";
import type { Site } from "../site";
import type { Reading, Wait } from "../engine/task";
import { asksMachine, machineSays } from "./machine";

/** What a host says of itself while it boots. */
export interface Readiness {
  /** How far its clock is ahead of this machine's, in seconds; negative when it is behind. */
  readonly clockAheadSeconds: number;
  /** Whether cloud-init is still at work. */
  readonly isBooting: boolean;
  /** Locks of the package manager that somebody holds: `unattended-upgr (1234) holds /var/lib/dpkg/lock`. */
  readonly locks: readonly string[];
}

/** AWS refuses requests that are signed five minutes too early or too late. */
const CLOCK_TOLERANCE_SECONDS = 300;
/** A clock is set soon after the boot or not at all. */
const CLOCK_PATIENCE_SECONDS = 60;

/**
 * Reads the answer of a host.
 *
 * @throws UserError when it does not say what its clock says
 */
export function parseReadiness(result: CommandResult, nowSeconds: number): Readiness {
  const says = machineSays(result);
  const [clock = ""] = says("clock");
  if (!/^\d+$/.test(clock)) {
    throw new UserError(`asked for its clock, the host says ${JSON.stringify(printable(result.stdout))}`);
  }
  const files = says("file").map((line) => {
    const [device = "", inode = "", ...name] = line.split(" ");
    return { where: `${majorMinor(Number(device))}:${inode}`, name: name.join(" ") };
  });
  const locks = says("lock").flatMap((line) => {
    const [held, pid = "", ...program] = line.split(" ");
    const named = files.filter(({ where }) => where === held);
    return named.map(({ name }) => `${program.join(" ")} (${pid}) holds ${name}`);
  });
  return { clockAheadSeconds: Number(clock) - nowSeconds, isBooting: says("cloud-init").includes("running"), locks };
}

/** A device's number as /proc/locks has it. @see https://man7.org/linux/man-pages/man3/makedev.3.html */
function majorMinor(device: number): string {
  const [major, minor] = [(device >>> 8) & 0xfff, (device & 0xff) | ((device >>> 12) & 0xfff00)];
  return [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
}

/** What a host has to be before anything is done on it: one reading answers all of it. */
export function ready(site: Site, patienceSeconds: number): readonly Wait<Readiness>[] {
  const current: Reading<Readiness> = {
    command: asksMachine(site),
    parse: (result) => parseReadiness(result, Math.floor(Date.now() / 1000)),
  };
  return [
    {
      title: "clock",
      current,
      missing: ({ clockAheadSeconds: ahead }) => {
        if (Math.abs(ahead) <= CLOCK_TOLERANCE_SECONDS) return undefined;
        const much = `${String(Math.abs(ahead))} s ${ahead > 0 ? "ahead of" : "behind"} this machine's`;
        return (
          `the clock of the host is ${much}, and AWS refuses what is signed more than 5 minutes off; ` +
          "set the one that is wrong, on the host with: sudo timedatectl set-ntp true"
        );
      },
      patienceSeconds: Math.min(patienceSeconds, CLOCK_PATIENCE_SECONDS),
    },
    {
      title: "cloud-init",
      current,
      missing: ({ isBooting }) => (isBooting ? "it is still at work" : undefined),
      patienceSeconds,
      diagnose: () => Promise.resolve("see /var/log/cloud-init-output.log on the host for what it waits for"),
    },
    {
      title: "package manager",
      current,
      missing: ({ locks }) => (locks.length > 0 ? locks.join(", ") : undefined),
      patienceSeconds,
      diagnose: () => Promise.resolve("run again when that program has finished, or end it on the host"),
    },
  ];
}
