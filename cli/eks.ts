// What a command does not use is not loaded: AWS' clients take half a second.
/* eslint-disable @typescript-eslint/no-require-imports */
import { Argument, Command, CommanderError, Option } from "commander";

import { shell } from "../contract/shell";
import { HELP, OPTIONS as BOOTSTRAP_OPTIONS } from "../bootstrap/options";
import { fileProblem, UserError } from "../contract/user-error";
import { completionScript, SHELLS, type ShellName } from "./completion";
import { meant, withExamples } from "./help";
import { INJECTION_NAMES } from "./rehearse/injection-names";
import { print, say } from "../terminal/output";
import { orInterrupted } from "../terminal/process";
import { Screen } from "../terminal/screen";
import { refuseHiddenArguments } from "../terraform/arguments";
import type { VariableArgument } from "../terraform/tfvars";
import type { DestroyOptions } from "./destroy/destroy";
import type { InitOptions } from "./init";
import type { InspectOptions } from "./inspect";
import type { PinOptions } from "./pin/write-pins";
import type { RehearseOptions } from "./rehearse/rehearse";
import type { UpOptions } from "./up";

/**
 * The command `eks`.
 *
 * @param args the command line, without the program's name
 * @param signal ends it, as Ctrl-C does
 * @returns the exit code: 0 done, 1 failed, 2 there are changes, 3 refused by the guard, 64 wrong usage, 130
 *   interrupted
 * @throws what is no failure that the user can act on: a bug
 */
export async function eks(args: readonly string[], signal: AbortSignal): Promise<number> {
  const { own, bootstrap } = divided(args);
  const screen = new Screen();
  let code = 64;
  const program = commands(bootstrap ?? [], screen, signal, async (work) => {
    // Throws where the folder is gone, in which mkdir would never come to an end.
    process.cwd();
    // A rehearsal hands nothing of its environment on.
    if (own[0] !== "rehearse") refuseHiddenArguments(process.env);
    code = await work();
  });
  for (const command of program.commands) {
    beStrict(command, bootstrap !== undefined);
    withExamples(command);
  }
  try {
    await program.parseAsync(own.map(withTwoDashes), { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 64;
    screen.end();
    const failed = failure(error, signal);
    if (failed === undefined) throw error;
    say([`error: ${failed.message}`]);
    return failed.code;
  } finally {
    screen.end();
  }
}

/** What a failure that the user can act on ends with; undefined for a bug. */
function failure(error: unknown, signal: AbortSignal): { readonly code: number; readonly message: string } | undefined {
  if (error instanceof UserError) {
    // Whatever could not go on because of Ctrl-C was interrupted.
    return { code: signal.aborted && error.exitCode === 1 ? 130 : error.exitCode, message: error.message };
  }
  if (signal.aborted) return { code: 130, message: "interrupted" };
  const message = fileProblem(error);
  return message === undefined ? undefined : { code: 1, message };
}

/**
 * What is for the command itself, and what follows `--` and is for the bootstrap; undefined where there is no `--`.
 * Everything after `eks bootstrap` is the bootstrap's anyway.
 */
function divided(args: readonly string[]): { readonly own: readonly string[]; readonly bootstrap?: readonly string[] } {
  const end = args.indexOf("--");
  // Its help is the bootstrap's own.
  if (args[0] === "help" && args[1] === "bootstrap") return divided(["bootstrap", "--help"]);
  if (args[0] === "bootstrap") {
    return { own: ["bootstrap"], bootstrap: args.slice(1).filter((_, at) => at !== end - 1) };
  }
  return end === -1 ? { own: args } : { own: args.slice(0, end), bootstrap: args.slice(end + 1) };
}

/** Whole words after one dash, as Terraform takes them. */
function withTwoDashes(arg: string): string {
  return /^-[a-z][a-z-]+(=|$)/.test(arg) ? `-${arg}` : arg;
}

/** How the usage of a command says that it reaches the bastion. */
const BOOTSTRAP_WORDS = "-- OPTIONS OF THE BOOTSTRAP";

/** Refuses what commander would pass over: a word too many, an option given twice, `--` where nothing can follow it. */
function beStrict(command: Command, hasBootstrapOptions: boolean): void {
  const name = command.name();
  const takesThem = command.usage().includes(BOOTSTRAP_WORDS);
  const fail = (text: string) => command.error(`error: ${text}`, { exitCode: 64 });
  if (takesThem) {
    command.configureOutput({
      outputError: (text, write) => {
        write(usageError(text, name));
      },
    });
  }
  for (const option of command.options.filter(({ parseArg }) => parseArg === undefined)) {
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      if (isGiven) fail(`--${option.name()} is given twice: give it once`);
      isGiven = true;
    });
  }
  command.allowExcessArguments().hook("preAction", (_, action) => {
    const word = action.args[action.registeredArguments.length];
    if (word !== undefined) {
      const hint = /\.tfvars(\.json)?$/.test(word)
        ? `did you mean ${shell`-var-file ${word}`}?`
        : name === "ssh"
          ? `what is to be run follows --, as in ${shell`eks ssh -- ${word}`}`
          : takesThem
            ? "what is for the bootstrap follows --"
            : "--help lists the options";
      fail(`an option has to say what ${JSON.stringify(word)} is: ${hint}`);
    }
    if (hasBootstrapOptions && !takesThem) fail(`eks ${name} does not reach the bastion, and nothing can follow --`);
  });
}

/** What commander writes, which ends its last line. */
function linesOf(text: string): string[] {
  return text.replace(/\n$/, "").split("\n");
}

/** What commander says of a wrong command line; of an option of the bootstrap, where that belongs. */
function usageError(text: string, command: string): string {
  const [, option] = /unknown option '--([\w-]+)/.exec(text) ?? [];
  return option !== undefined && Object.hasOwn(BOOTSTRAP_OPTIONS, option)
    ? `${text.trimEnd()}\n(--${option} is for the bootstrap: write it after --, as in eks ${command} -- --${option})\n`
    : text;
}

/** What a command does; it returns the exit code. */
type Work = () => Promise<number>;

/**
 * @param bootstrap what follows `--`
 * @param run does what the command line asks for
 */
function commands(
  bootstrap: readonly string[],
  screen: Screen,
  signal: AbortSignal,
  run: (work: Work) => Promise<void>,
): Command {
  const program = new Command("eks")
    .description("One command for the life of the workshop's cluster, in the current folder.")
    // `eks pin --version 1.33` is another one.
    .enablePositionalOptions()
    .version(ownVersion(), "-V, --version", "which version this is")
    .helpOption("-h, --help", "options, examples and exit codes")
    // What a switch is without being given needs no words.
    .configureHelp({ optionDescription: ({ description }) => description })
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        write(commandError(text));
      },
      writeOut: (text) => {
        print(linesOf(text));
      },
      writeErr: (text) => {
        say(linesOf(text));
      },
    })
    .showHelpAfterError("(--help lists what there is)")
    .helpCommand("help [command]", "options, examples and exit codes of a command")
    .addHelpText(
      "after",
      "\nWithout an AWS account: eks rehearse. With one: eks init, eks pin, then eks up.\n\n" +
        "What follows -- is for the bootstrap, which --help after it explains:\n" +
        "  eks up -- --identity key.pem\n" +
        "Exit codes: 0 done, 1 failed, 2 there are changes, 3 refused by the guard,\n64 wrong usage, 130 interrupted.",
    );
  /** For commands that reach the bastion: what is wrong with the way there is found before anything is done. */
  const runOnBastion = (work: Work) =>
    run(async () => {
      if (bootstrap.length === 0) return work();
      const { checkedOptions } = require("../bootstrap/bootstrap") as typeof import("../bootstrap/bootstrap");
      if (checkedOptions(bootstrap) !== undefined) return work();
      print(HELP.split("\n"));
      return 0;
    });

  program
    .command("init")
    .description("ask what is yours, show what AWS has of it, and write local.tfvars")
    .option("--region <REGION>", "AWS region")
    .option("--role <NAME>", "the bastion's instance profile, or own for a role that the stack makes")
    .option("--key-pair <NAME>", "EC2 key pair for SSH")
    .option("--ssh-cidr <NETWORK>", "network that may reach the bastion by SSH")
    .option("--instance-type <TYPE>", "of the nodes")
    .option("--nodes <NUMBER>", "how many there are")
    .action((options: InitOptions) =>
      run(() => {
        const { init } = require("./init") as typeof import("./init");
        return init(options, screen, signal);
      }),
    );

  withVariables(program.command("plan").description("show what `up` would do, and refuse what it would refuse"))
    .addOption(allowReplace())
    .addOption(full())
    .action((options: UpOptions) =>
      run(() => {
        const { plan } = require("./up") as typeof import("./up");
        return plan(options, screen, signal);
      }),
    );

  withVariables(program.command("up").description("plan, guard, apply, set the bastion up, and show the nodes"))
    .usage(`[options] [${BOOTSTRAP_WORDS}]`)
    .addOption(allowReplace())
    .addOption(full())
    .option("--auto-approve", "ask nothing", false)
    .action((options: UpOptions) =>
      runOnBastion(() => {
        const { up } = require("./up") as typeof import("./up");
        return up({ ...options, bootstrap }, screen, signal);
      }),
    );

  program
    .command("status")
    .description("what there is: cluster, nodes, bastion, versions, what is billed")
    .usage(`[options] [${BOOTSTRAP_WORDS}]`)
    .option("--json", "for machines", false)
    .action((options: InspectOptions) =>
      runOnBastion(() => {
        const { status } = require("./inspect") as typeof import("./inspect");
        return orInterrupted(status({ ...options, bootstrap }, screen, signal), signal);
      }),
    );

  withVariables(program.command("doctor").description("what is wrong, the first broken link first, with its cure"))
    .usage(`[options] [${BOOTSTRAP_WORDS}]`)
    .option("--json", "for machines", false)
    .action((options: InspectOptions) =>
      runOnBastion(() => {
        const { doctor } = require("./inspect") as typeof import("./inspect");
        return orInterrupted(doctor({ ...options, bootstrap }, screen, signal), signal);
      }),
    );

  withVariables(
    program.command("pin").description("write the version and the AMIs that AWS offers today to pins.auto.tfvars"),
  )
    .option("--version <MAJOR.MINOR>", "this version instead of the newest that fits")
    .option("--family <FAMILY>", "of the nodes' AMI: al2023 (from 1.33 on, when nobody says), bottlerocket or al2")
    .option("--region <REGION>", "instead of the stack's, which is aws_region")
    .option("--auto-approve", "ask nothing", false)
    .action((options: PinOptions) =>
      run(() => {
        const { writePins } = require("./pin/write-pins") as typeof import("./pin/write-pins");
        return orInterrupted(writePins(options, screen, signal), signal);
      }),
    );

  withVariables(program.command("destroy").description("delete everything, what Kubernetes made too, and prove it"))
    .usage(`[options] [${BOOTSTRAP_WORDS}]`)
    .option("--auto-approve", "ask nothing", false)
    .option("--dry-run", "say what would be deleted, and delete nothing", false)
    .addOption(repeatable("--delete-volume <ID>", "delete this volume with its data"))
    .addOption(repeatable("--delete-log-group <NAME>", "delete this log group with what is in it"))
    .addOption(repeatable("--keep <ID>", "keep this volume, snapshot or log group on purpose"))
    .action((options: DestroyOptions) =>
      runOnBastion(() => {
        const { destroy } = require("./destroy/destroy") as typeof import("./destroy/destroy");
        return destroy({ ...options, bootstrap }, screen, signal);
      }),
    );

  program
    .command("bootstrap")
    .description("set the bastion up; `eks bootstrap --help` lists its options")
    .usage(`[${BOOTSTRAP_WORDS}]`)
    .action(() =>
      run(() => {
        const { bootstrap: setUp } = require("../bootstrap/bootstrap") as typeof import("../bootstrap/bootstrap");
        return setUp(bootstrap, signal);
      }),
    );

  program
    .command("ssh")
    .description("open a session on the bastion, whose host key is checked first")
    .usage(`[options] [${BOOTSTRAP_WORDS}] [COMMAND]`)
    .option("-c, --command <COMMAND>", "run this instead of a shell; it may also follow --, as with ssh")
    .action(({ command }: { command?: string }) =>
      run(() => {
        const { ssh } = require("./ssh") as typeof import("./ssh");
        return ssh(bootstrap, command, screen, signal);
      }),
    );

  program
    .command("rehearse")
    .description("the whole workshop on this machine, without an AWS account, by the commands above")
    .option("--var-file <FILE>", "rehearse these values; -var-file as well")
    .option("--keep", "leave everything up until Ctrl-C, and say how to look around", false)
    .option("--sshd", "a real OpenSSH server for the bastion instead of a stand-in", false)
    .option("--endpoint-url <URL>", "an AWS emulator that runs already on this machine, such as moto_server")
    .option("--inject <FAULT>", `let something go wrong: ${INJECTION_NAMES.join(", ")}`)
    .action((options: RehearseOptions) =>
      run(() => {
        const { rehearse } = require("./rehearse/rehearse") as typeof import("./rehearse/rehearse");
        return rehearse(options, screen, signal);
      }),
    );

  program
    .command("completion")
    .description("a script by which a shell completes what is typed")
    .addArgument(new Argument("<SHELL>", "which shell").choices(SHELLS))
    .action((shellName: ShellName) =>
      run(() => {
        print(linesOf(completionScript(program, shellName)));
        return Promise.resolve(0);
      }),
    );
  return program;
}

/** What package.json says. */
function ownVersion(): string {
  const { name, version } = require("../package.json") as { readonly name: string; readonly version: string };
  return `${name} ${version}, Node.js ${process.versions.node}`;
}

/** What commander says of a command that there is not, with the one that is meant. */
function commandError(text: string): string {
  const [, word = ""] = /^error: unknown command '(.*)'/.exec(text) ?? [];
  const command = meant(word);
  return command === undefined ? text : `error: unknown command '${word}'\n(Did you mean ${command}?)\n`;
}

/** Adds `-var-file` and `-var`, which count in the order in which they are given. */
function withVariables(command: Command): Command {
  const given: VariableArgument[] = [];
  return command
    .addOption(
      new Option("--var-file <FILE>", "values of variables; -var-file as well").argParser((varFile: string) =>
        given.push({ varFile }),
      ),
    )
    .addOption(
      new Option("--var <NAME=VALUE>", "value of one variable; -var as well").argParser((variable: string) =>
        given.push({ variable }),
      ),
    )
    .hook("preAction", (_, action) => {
      action.setOptionValue("arguments", given);
    });
}

function allowReplace(): Option {
  return repeatable("--allow-replace <ADDRESS>", "let the plan replace or destroy this, which the guard refuses");
}

function full(): Option {
  return new Option("--full", "show the plan in Terraform's own words, too, value by value").default(false);
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, description)
    .default([], "none")
    .argParser((value: string, all: string[]) => [...all, value]);
}
