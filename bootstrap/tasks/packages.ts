import { UserError } from "../../contract/user-error";
import { sh, type Command } from "../engine/command";
import type { CommandResult } from "../engine/host";
import { asRoot, type Site } from "../site";
import type { Task } from "../engine/task";
import { asksMachine, machineSays } from "./machine";

/** A package manager that the bootstrap can use. */
type Manager = "apt" | "dnf";

/** What a host lacks, and how it could get it. */
export interface Packages {
  readonly manager: Manager | undefined;
  /** Names of `NEEDED` and `WELCOME`. */
  readonly missing: readonly string[];
}

/** What the bootstrap itself works with: a program, and the package that has it. */
const NEEDED: Readonly<Record<string, Readonly<Record<Manager, string>>>> = {
  curl: { apt: "curl", dnf: "curl-minimal" }, // Amazon Linux has curl-minimal, which excludes curl
  unzip: { apt: "unzip", dnf: "unzip" },
  flock: { apt: "util-linux", dnf: "util-linux" },
  "ca-certificates": { apt: "ca-certificates", dnf: "ca-certificates" }, // curl only recommends them
};

/** What people on the bastion work with: `aws help` takes less and groff. */
const WELCOME: typeof NEEDED = {
  less: { apt: "less", dnf: "less" },
  groff: { apt: "groff-base", dnf: "groff-base" },
  "bash-completion": { apt: "bash-completion", dnf: "bash-completion" },
};

/** Programs from the distribution: by what is there, not by what the package manager says. */
export function packages(site: Site): Task<Packages> {
  // A package cannot be put into a folder of the user's; there, what people like to have is left out.
  const wanted = Object.keys(site.root === "" ? { ...NEEDED, ...WELCOME } : NEEDED);
  return {
    title: "packages",
    current: { command: asksMachine(site), parse: parsePackages },
    change: ({ manager, missing }) => {
      const names = wanted.filter((name) => missing.includes(name));
      if (names.length === 0) return undefined;
      if (site.root !== "") {
        throw new UserError(
          `${names.join(", ")} must be on the host, and packages are not installed with --root: install them yourself`,
        );
      }
      if (manager === undefined) {
        throw new UserError(
          `${names.join(", ")} must be on the host, which has neither apt-get nor dnf: install them yourself, ` +
            "or use an image of Ubuntu or Amazon Linux 2023",
        );
      }
      const packaged = names.map((name) => ({ ...NEEDED, ...WELCOME })[name]?.[manager] ?? name);
      return {
        commands: [asRoot(site, INSTALL[manager](packaged))],
        diff: names.map((name) => `+ ${name}`).join("\n"),
      };
    },
  };
}

function parsePackages(result: CommandResult): Packages {
  const says = machineSays(result);
  const [manager] = says("manager");
  return { manager: manager === "apt" || manager === "dnf" ? manager : undefined, missing: says("missing") };
}

/**
 * How to install. What a package manager prints is held back until it has ended: when the connection is lost, it would
 * be killed by its own output in the middle of its work. `dpkg --configure -a` mends what an earlier end like that
 * left.
 *
 * One package source of many that is dead keeps nobody from what the others have: apt's lists of them are as new as
 * they can be, dnf leaves it out. What it says of that source is shown only when the installation fails.
 */
const INSTALL: Readonly<Record<Manager, (names: readonly string[]) => Command>> = {
  apt: (names) =>
    quietly(sh`export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
  dpkg --configure -a &&
  { apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update || :; } &&
  apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --no-install-recommends ${names}`),
  dnf: (names) => quietly(sh`dnf -q -y --setopt=${"*.skip_if_unavailable=1"} install ${names}`),
};

function quietly({ text }: Command): Command {
  return {
    text: `output=$( { ${text}; } 2>&1 </dev/null ) || { code=$?; printf '%s\\n' "$output" >&2; exit "$code"; }`,
  };
}
