import { stdoutOf } from "../engine/errors";
import { reading, write } from "../engine/place";
import { asOwner, type Home, type Site } from "../site";
import type { Task } from "../engine/task";

/** The region in the default profile of `~/.aws/config`; every other line of the file stays as it is. */
export function awsConfig(site: Site, home: Home, region: string): Task<string> {
  const path = `${home.path}/.aws/config`;
  return {
    title: `${home.name}/.aws/config`,
    current: {
      command: asOwner(site, home, reading(path)),
      parse: stdoutOf,
    },
    change: (text) => {
      const merged = withRegion(text, region);
      if (merged === text) return undefined;
      // An empty file is written like a missing one: it has nothing to lose.
      const was = text === "" ? undefined : text;
      const before = find(text.split("\n")).found?.[2];
      return {
        commands: [asOwner(site, home, write({ path, mode: "0600" }, merged, was))],
        diff: `${before === undefined ? "" : `- region = ${before}\n`}+ region = ${region}`,
      };
    },
  };
}

const SECTION = /^\s*\[\s*([^\]]*?)\s*\]/;
const REGION = /^(region\s*[=:]\s*)(.*?)(\s*)$/;

/**
 * The text of an AWS config file with this region in its default profile.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
 */
export function withRegion(text: string, region: string): string {
  const lines = text.split("\n");
  const { header, setting, found } = find(lines);
  if (found !== undefined) {
    const [, key = "", value, end = ""] = found;
    return value === region ? text : lines.with(setting, `${key}${region}${end}`).join("\n");
  }
  if (header !== -1) {
    const end = lines[header]?.endsWith("\r") === true ? "\r" : "";
    return lines.toSpliced(header + 1, 0, `region = ${region}${end}`).join("\n");
  }
  const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return `${text}${gap}[default]\nregion = ${region}\n`;
}

/** Where the default profile begins, and where it names its region: indented lines belong to another setting. */
function find(lines: readonly string[]) {
  const header = lines.findIndex((line) => SECTION.exec(line)?.[1] === "default");
  const next = lines.findIndex((line, index) => index > header && SECTION.test(line));
  const end = next === -1 ? lines.length : next;
  const setting = lines.findIndex((line, at) => header !== -1 && at > header && at < end && REGION.test(line));
  return { header, setting, found: REGION.exec(lines[setting] ?? "") ?? undefined };
}
