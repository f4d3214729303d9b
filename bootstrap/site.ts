import type { Handover } from "../contract/handover";
import { quoted } from "../contract/shell";
import { sh, type Command } from "./engine/command";
import type { Host } from "./engine/host";

/** Where on a host to write, and as whom. */
export interface Site {
  /**
   * DESTDIR for everything outside the user's home: `/usr/local/bin/kubectl` goes to `${root}/usr/local/bin/kubectl`.
   * An absolute path without a slash at its end; empty for the machine itself.
   */
  readonly root: string;
  /** Whether it takes sudo to write outside the user's home. */
  readonly sudo: boolean;
}

/** The site that the options of a run make of a bastion; `{cluster_name}` in the root stands for the cluster's name. */
export function siteOf(handover: Handover, options: { readonly root: string; readonly user?: string }): Site {
  const root = options.root.replaceAll("{cluster_name}", handover.cluster_name);
  return { root, sudo: root === "" && (options.user ?? handover.bastion_user) !== "root" };
}

/** The home of one user of the host. */
export interface Home {
  /** As in a report: `~` or `/root`. */
  readonly name: string;
  /** For a shell, quoted as it has to be. */
  readonly path: string;
  /** Whether only root gets at it. */
  readonly isRoots: boolean;
}

/** The home of the user who is logged in. */
export function ownHome(): Home {
  return { name: "~", path: '"$HOME"', isRoots: false };
}

/** Root's home: participants work as root. */
export function rootHome({ root }: Site): Home {
  return { name: "/root", path: quoted(`${root}/root`), isRoots: true };
}

/** A command run by whoever may write where it writes. */
export function asOwner(site: Site, { isRoots }: Home, command: Command): Command {
  return isRoots ? asRoot(site, command) : command;
}

/** A command run by root, unless the site is a folder of the user's. */
export function asRoot(site: Site, command: Command): Command {
  if (!site.sudo) return command;
  // sudo has a PATH of its own, on Amazon Linux without /usr/local/bin.
  return { ...command, ...sh`sudo -n -- sh -c ${`${searchPath(site)}\n${command.text}`}` };
}

/** The same host, on which every command finds what the bootstrap installed: sshd gives it the PATH of no login. */
export function finding(host: Host, site: Site): Host {
  return {
    name: host.name,
    run: (command) => host.run({ ...command, text: `${searchPath(site)}\n${command.text}` }),
  };
}

/** A line of a script. */
function searchPath({ root }: Site): string {
  return `PATH=${quoted(`${root}/usr/local/bin`)}:$PATH:/snap/bin; export PATH`;
}
