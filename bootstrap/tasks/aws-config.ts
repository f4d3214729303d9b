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
    changes: (text) => {
      const merged = withRegion(text, region);
      // An empty file is written like a missing one: it has nothing to lose.
      const seen = text === "" ? undefined : { was: text };
      return merged === text ? [] : [asOwner(site, home, write({ path, mode: "0600" }, merged, seen))];
    },
    diff: (text) => {
      const before = regionOf(text);
      return `${before === undefined ? "" : `- region = ${before}\n`}+ region = ${region}`;
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
  const { header, setting } = find(lines);
  if (setting !== undefined) {
    const [, key = "", found, end = ""] = REGION.exec(lines[setting] ?? "") ?? [];
    return found === region ? text : replaced(lines, setting, 1, `${key}${region}${end}`);
  }
  if (header !== undefined) {
    const end = lines[header]?.endsWith("\r") === true ? "\r" : "";
    return replaced(lines, header + 1, 0, `region = ${region}${end}`);
  }
  const gap = text === "" ? "" : text.endsWith("\n") ? "\n" : "\n\n";
  return `${text}${gap}[default]\nregion = ${region}\n`;
}

function regionOf(text: string): string | undefined {
  const lines = text.split("\n");
  const { setting } = find(lines);
  return setting === undefined ? undefined : REGION.exec(lines[setting] ?? "")?.[2];
}

/** Where the default profile begins, and where it names its region: indented lines belong to another setting. */
function find(lines: readonly string[]): { header?: number; setting?: number } {
  const header = lines.findIndex((line) => SECTION.exec(line)?.[1] === "default");
  if (header === -1) return {};
  const next = lines.findIndex((line, index) => index > header && SECTION.test(line));
  const setting = lines.findIndex(
    (line, index) => index > header && (next === -1 || index < next) && REGION.test(line),
  );
  return setting === -1 ? { header } : { header, setting };
}

function replaced(lines: readonly string[], at: number, count: number, line: string): string {
  return [...lines.slice(0, at), line, ...lines.slice(at + count)].join("\n");
}
