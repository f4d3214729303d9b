import { UserError } from "../../contract/user-error";

/** An ssh_config with the files that it includes, in the order in which they count. */
export type SshConfig = readonly (Setting | Block)[];

/** One line: a keyword in lower case, and its arguments. */
interface Setting {
  readonly keyword: string;
  readonly values: readonly string[];
}

/** Lines that count for some hosts only; those of an included file count wherever its Include does. */
interface Block {
  /** For messages: `line 7 of FILE`. */
  readonly where: string;
  readonly criteria: readonly Criterion[];
  readonly lines: SshConfig;
}

interface Criterion {
  /** In lower case, without the `!` before it. */
  readonly keyword: string;
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

/** Whom an ssh_config is asked about. */
export interface ConfigQuery {
  /** The name as the user gave it. */
  readonly host: string;
  /** Who logs in there, as far as it is known without the configuration. */
  readonly user: string;
  readonly localUser: string;
}

/** What an ssh_config says about a host. */
export interface HostConfig {
  /** The arguments of a keyword, which is given in lower case; none when it is not set. */
  get(keyword: string): readonly string[];
  /** What was left out that ssh would have looked at. */
  readonly notes: readonly string[];
}

/**
 * Reads the text of an ssh_config. Nothing is ever executed or looked up for it, unlike with the package ssh-config: that
 * runs the commands of `Match exec`, and nslookup for `CanonicalizeHostname`.
 *
 * @param source the file's name, for messages
 * @param include the lines of the files that an argument of Include names
 * @throws UserError when the text is no ssh_config
 * @see https://man.openbsd.org/ssh_config.5
 */
export function parseSshConfig(text: string, source: string, include: (pattern: string) => SshConfig): SshConfig {
  const all: (Setting | Block)[] = [];
  let lines = all;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const [, word = "", rest = ""] = /^\s*([^\s=#]+)(?:\s*=\s*|\s+|$)(.*)$/.exec(line) ?? [];
    if (word === "") continue;
    const keyword = word.toLowerCase();
    const values = argumentsOf(rest);
    const where = `line ${String(index + 1)} of ${source}`;
    if (values === undefined || values.length === 0) {
      const problem = values === undefined ? "a quote is not closed" : `${word} has no argument`;
      throw new UserError(`${where}: ${problem}`);
    }
    if (keyword === "host" || keyword === "match") {
      // Host looks at the name that was given, Match host at the one to connect to.
      const host = [{ keyword: "originalhost", negated: false, patterns: values }];
      const block = { where, criteria: keyword === "host" ? host : matchCriteria(values), lines: [] };
      lines = block.lines;
      all.push(block);
    } else {
      lines.push(keyword === "include" ? { where, criteria: [], lines: values.flatMap(include) } : { keyword, values });
    }
  }
  return all;
}

/** The words of a line: quotes keep blanks together, `#` begins a comment; undefined when a quote is not closed. */
function argumentsOf(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\" && (quote === "" ? /["'\\ ]/ : /["'\\]/).test(text.charAt(at + 1)))
      word = (word ?? "") + text.charAt(++at);
    else if (character === quote) quote = "";
    else if (quote !== "") word = (word ?? "") + character;
    else if (character === '"' || character === "'") [quote, word] = [character, word ?? ""];
    else if (character === "#" && word === undefined) break;
    else if (!/\s/.test(character)) word = (word ?? "") + character;
    else if (word !== undefined) [words[words.length], word] = [word, undefined];
  }
  if (word !== undefined) words.push(word);
  return quote === "" ? words : undefined;
}

/** The criteria of a Match line that have no argument. */
const WITHOUT_ARGUMENT: ReadonlySet<string> = new Set(["all", "canonical", "final"]);

function matchCriteria(words: readonly string[]): Criterion[] {
  const criteria: Criterion[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const keyword = word.replace(/^!/, "").toLowerCase();
    const argument = WITHOUT_ARGUMENT.has(keyword) ? "" : (words[++at] ?? "");
    criteria.push({ keyword, negated: word.startsWith("!"), patterns: argument.split(",") });
  }
  return criteria;
}

/** What an ssh_config says about a host: the first value of a keyword counts, but every IdentityFile. */
export function lookUpHost(config: SshConfig, query: ConfigQuery): HostConfig {
  const found = new Map<string, readonly string[]>();
  const notes: string[] = [];
  const visit = (lines: SshConfig): void => {
    for (const line of lines) {
      if ("lines" in line) {
        if (applies(line)) visit(line.lines);
      } else if (line.keyword === "identityfile") {
        found.set(line.keyword, [...(found.get(line.keyword) ?? []), ...line.values]);
      } else if (!found.has(line.keyword)) {
        found.set(line.keyword, line.values);
      }
    }
  };
  const applies = ({ where, criteria }: Block): boolean => {
    const subjects: Readonly<Record<string, string>> = {
      host: found.get("hostname")?.[0]?.replaceAll("%h", query.host) ?? query.host,
      originalhost: query.host,
      user: query.user,
      localuser: query.localUser,
    };
    const isKnown = ({ keyword }: Criterion) => keyword === "all" || keyword in subjects;
    const holds = criteria.filter(isKnown).every(({ keyword, negated, patterns }) => {
      return keyword === "all" || matchesAny(patterns, subjects[keyword] ?? "") !== negated;
    });
    const unknown = criteria.filter((criterion) => !isKnown(criterion)).map(({ keyword }) => keyword);
    if (!holds || unknown.length === 0) return holds;
    notes.push(
      `${where} is left out: Match ${unknown.join(", ")} is not looked at, and nothing is ever executed for it`,
    );
    return false;
  };
  visit(config);
  return { get: (keyword) => found.get(keyword) ?? [], notes };
}

/** @see https://man.openbsd.org/ssh_config.5#PATTERNS */
function matchesAny(patterns: readonly string[], text: string): boolean {
  const matching = patterns.filter((pattern) => wildcard(pattern.replace(/^!/, "")).test(text));
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith("!"));
}

/** A pattern in which only `*` and `?` mean something. */
export function wildcard(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`);
}
