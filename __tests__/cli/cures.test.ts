import { spawnSync } from "node:child_process";

import { examineAccount, examineCluster, examineState } from "../../cli/doctor/doctor";
import type { Finding } from "../../cli/doctor/finding";
import { AFTER_ROWS, BEFORE_ROWS, STATE_ROWS } from "../support/findings";

/** A part of a name that a shell would make several words and commands of. */
const NASTY = `N4 '$(id)' "x" \`id\` ; *N4`;

/** Names that people choose, and ids, in the fixtures. */
const NAMES = /awskrug_gudi|aws-krug-gudi|aws-krug-admin|\b(?:subnet|vpc|i|ami|sg)-(?:[a-z]|\d+|0[0-9a-f]+)\b/g;

/** The same facts, of things with nasty names. */
function nasty<Facts>(facts: Facts): Facts {
  const renamed = (text: string) => text.replaceAll(NAMES, (name) => `${name}${NASTY}`);
  const within = (value: unknown): unknown => {
    if (typeof value === "string") return renamed(value);
    if (Array.isArray(value)) return value.map(within);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [renamed(name), within(part)]));
  };
  return within(facts) as Facts;
}

/** A word as somebody may have quoted it, with nothing around it that ends a command. */
const WORD = String.raw`(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;&()'"\\])+`;
const COMMAND = new RegExp(`\\b(?:aws|eks|kubectl|ssh|ssh-keygen|terraform|tofu)(?: ${WORD})+`, "g");

/** The words that `sh` makes of a command. */
function wordsOfSh(command: string): string[] {
  const { stdout } = spawnSync("sh", ["-fc", `printf '%s\\0' ${command}`], { encoding: "utf8" });
  return stdout.split("\0").slice(0, -1);
}

/** The words of a command that have a nasty name in them; one that is a command itself is read once more. */
function namesIn(command: string): string[] {
  return wordsOfSh(command)
    .filter((word) => word.includes("N4"))
    .flatMap((word) => (/^kubectl /.test(word) ? namesIn(word) : [word]));
}

function cures(findings: readonly Finding[]): string[] {
  return findings.map(({ cure }) => cure);
}

describe("a command in a cure", () => {
  const commands = [
    ...BEFORE_ROWS.flatMap((row) => cures(examineAccount(nasty(row[3])))),
    ...AFTER_ROWS.flatMap((row) => cures(examineCluster(nasty(row[3])))),
    ...STATE_ROWS.flatMap((row) => cures(examineState(nasty(row[3])))),
  ].flatMap((cure) =>
    // What follows is for people.
    [...cure.matchAll(COMMAND)].map(([text]) => text.replace(/[,:] .*/s, "")),
  );
  const found = [...new Set(commands)].filter((command) => command.includes("N4"));

  it("has nasty names in it", () => {
    expect(found.length).toBeGreaterThan(25);
  });

  it.each(found)("has each name as one word to a shell: %s", (command) => {
    const names = namesIn(command);

    expect(names).not.toEqual([]);
    for (const name of names) expect(name).toContain(NASTY);
  });
});
