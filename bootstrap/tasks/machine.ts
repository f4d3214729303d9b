import { quoted } from "../../contract/shell";
import { sh, type Command } from "../engine/command";
import { stdoutOf } from "../engine/errors";
import type { CommandResult } from "../engine/host";
import type { Site } from "../site";

/** What apt, dpkg and rpm lock. */
const LOCKS = [
  "/var/lib/dpkg/lock-frontend",
  "/var/lib/dpkg/lock",
  "/var/lib/apt/lists/lock",
  "/var/lib/rpm/.rpm.lock",
  "/usr/lib/sysimage/rpm/.rpm.lock",
];

const PROGRAMS = ["curl", "unzip", "flock", "less", "groff"];
/** Where Debian's and Red Hat's kin have the authorities that curl trusts. */
const CERTIFICATES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"] as const;
/** The file that bash-completion consists of. */
const COMPLETION = "/usr/share/bash-completion/bash_completion";

/**
 * Asks a host about itself: clock, cloud-init, locks, programs, package manager. One command for all, since a
 * connection runs ten at once.
 *
 * `cloud-init status` would say the same as the files in /run, and start a Python for it.
 *
 * @see https://docs.cloud-init.io/en/latest/explanation/return_codes.html
 */
export function asksMachine({ root }: Site): Command {
  const run = quoted(`${root}/run/cloud-init`);
  const locks = LOCKS.map((file) => quoted(root + file)).join(" ");
  return {
    text: `echo "clock $(date +%s)"
if [ -e ${run}/result.json ]; then echo cloud-init done
elif [ -e ${run}/status.json ] || [ -e ${run}/enabled ]; then echo cloud-init running
fi
for file in ${locks}; do
  [ ! -e "$file" ] || stat -c "file %d %i %n" "$file"
done
while read -r _ type _ _ pid where _; do
  [ "$type" != POSIX ] || {
    program=; read -r program <"/proc/$pid/comm"; echo "lock $where $pid $program"
  } 2>/dev/null
done </proc/locks
${
  sh`for program in ${PROGRAMS}; do
  command -v "$program" >/dev/null || echo "missing $program"
done
[ -e ${COMPLETION} ] || echo "missing bash-completion"
[ -s ${CERTIFICATES[0]} ] || [ -s ${CERTIFICATES[1]} ] || echo "missing ca-certificates"
if command -v apt-get >/dev/null; then echo "manager apt"; elif command -v dnf >/dev/null; then echo "manager dnf"; fi`
    .text
}`,
  };
}

/**
 * What a host has answered to `asksMachine`: what stands in the lines that begin with a word.
 *
 * @throws UserError when it has not
 */
export function machineSays(result: CommandResult): (what: string) => readonly string[] {
  const lines = stdoutOf(result).split("\n");
  return (what) => lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
}
