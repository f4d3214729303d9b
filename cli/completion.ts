import type { Command, Option } from "commander";

import { OPTIONS as BOOTSTRAP_OPTIONS } from "../bootstrap/options";

/** The shells that a script can be had for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type ShellName = (typeof SHELLS)[number];

/** An option, and what follows it. */
interface Flag {
  /** `--var-file` */
  readonly name: string;
  readonly says: string;
  readonly value: "none" | "file" | "other";
}

/** A command, and what it takes. */
interface Completed {
  readonly name: string;
  readonly says: string;
  readonly flags: readonly Flag[];
  /** Words that are no option. */
  readonly words: readonly string[];
}

/** What stands behind `--` is for the bootstrap. */
const BOOTSTRAP = "bootstrap";

/**
 * A script for a shell that completes commands, options, and the names of files behind those options that take one.
 *
 * @param program with all its commands; what is completed is what it takes
 */
export function completionScript({ commands }: Command, shell: ShellName): string {
  const completed = commands.map((command) => ({
    name: command.name(),
    says: command.description(),
    flags: [...(command.name() === BOOTSTRAP ? bootstrapFlags() : command.options.map(flag)), HELP],
    words: command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices),
  }));
  const help = { name: "help", says: "the help of a command", flags: [], words: commands.map((it) => it.name()) };
  return WRITERS[shell]([...completed, help]);
}

const WRITERS: Readonly<Record<ShellName, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const HELP: Flag = { name: "--help", says: "options, examples and exit codes", value: "none" };

function flag({ long, description, flags }: Option): Flag {
  return { name: long ?? "", says: description, value: valueOf(/<(.*)>$/.exec(flags)?.[1]) };
}

/** @param what the help calls the value; undefined for an option without one */
function valueOf(what: string | undefined): Flag["value"] {
  if (what === undefined) return "none";
  return ["FILE", "DIR"].includes(what) ? "file" : "other";
}

function bootstrapFlags(): Flag[] {
  return Object.entries(BOOTSTRAP_OPTIONS)
    .filter(([name]) => name !== "help")
    .map(([name, option]) => {
      const what = "value" in option ? option.value : undefined;
      return { name: `--${name}`, says: what ?? "", value: valueOf(what) };
    });
}

/** @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion-Builtins.html */
function bashScript(commands: readonly Completed[]): string {
  // Whole words may have one dash, as Terraform's have.
  const before = (value: Flag["value"]) =>
    commands
      .flatMap(({ name, flags }) => flags.filter((it) => it.value === value).map((it) => [name, it.name] as const))
      .flatMap(([name, long]) => [`"${name} ${long}"`, `"${name} ${long.slice(1)}"`])
      .join(" | ");
  const words = commands.map(({ name, flags, words: own }) => {
    return `      ${name}) words='${[...own, ...flags.map((it) => it.name)].join(" ")}' ;;`;
  });
  return `# eks for bash: source <(eks completion bash)
_eks() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]} words= i
  for ((i = 2; i < COMP_CWORD; i++)); do
    [ "\${COMP_WORDS[i]}" != -- ] || command=${BOOTSTRAP}
  done
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    words='${commands.map(({ name }) => name).join(" ")}'
  else
    case "$command $before" in
      ${before("file")}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
      ${before("other")}) return ;;
    esac
    case $command in
${words.join("\n")}
    esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -o filenames -F _eks eks
`;
}

/** A text for zsh and fish, between single quotes. */
function text(words: string): string {
  return `'${words.replaceAll("'", "’")}'`;
}

/** @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
function zshScript(commands: readonly Completed[]): string {
  const plain = (says: string) => says.replaceAll(/[[\]:]/g, " ");
  const spec = ({ name, says, value }: Flag) => {
    const followed = { none: "", file: ":file:_files", other: ":value: " }[value];
    return text(`*${name}[${plain(says)}]${followed}`);
  };
  const cases = commands.map(({ name, flags, words }) => {
    const own = words.length === 0 ? "" : ` ${text(`1:word:(${words.join(" ")})`)}`;
    return `    ${name}) _arguments ${flags.map(spec).join(" ")}${own} ;;`;
  });
  return `#compdef eks
# eks for zsh: source <(eks completion zsh), after compinit
_eks() {
  local -a commands=(
${commands.map(({ name, says }) => `    ${text(`${name}:${plain(says)}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=\${words[2]} at=\${words[(i)--]}
  ((at < CURRENT)) && command=${BOOTSTRAP} || at=2
  words=("$command" "\${(@)words[at + 1, -1]}")
  ((CURRENT -= at - 1))
  case $command in
${cases.join("\n")}
  esac
}
compdef _eks eks
`;
}

/** @see https://fishshell.com/docs/current/completions.html */
function fishScript(commands: readonly Completed[]): string {
  const described = (says: string) => (says === "" ? "" : ` -d ${text(says)}`);
  const lines = commands.flatMap(({ name, says, flags, words }) => [
    `complete -c eks -n __eks_first -a ${name}${described(says)}`,
    ...(words.length === 0 ? [] : [`complete -c eks -n '__eks_in ${name}' -a '${words.join(" ")}'`]),
    ...flags.map((it) => {
      const followed = { none: "", file: " -r -F", other: " -x" }[it.value];
      return `complete -c eks -n '__eks_in ${name}' -l ${it.name.slice(2)}${followed}${described(it.says)}`;
    }),
  ]);
  return `# eks for fish: eks completion fish | source
function __eks_first
  test (count (commandline -opc)) -eq 1
end
function __eks_in
  set -l words (commandline -opc)
  if contains -- -- $words
    test $argv[1] = ${BOOTSTRAP}
  else
    test (count $words) -gt 1; and test $words[2] = $argv[1]
  end
end
complete -c eks -f
${lines.join("\n")}
# Behind -- fish takes options for words.
complete -c eks -n 'contains -- -- (commandline -opc)' -a '${bootstrapFlags()
    .map(({ name }) => name)
    .join(" ")}'
`;
}
