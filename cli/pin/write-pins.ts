import { existsSync, readFileSync, writeFileSync } from "node:fs";

import { fileProblem, UserError } from "../errors";
import { askForPins, overriddenBy, PINS_FILE, pinsDiff, pinsText, pinWarnings, type PinSurroundings } from "./pin";
import type { Screen } from "../screen";
import { synthesized } from "../synthesized";
import { readTfvars, type TfvarsValues, type VariableArgument } from "../tfvars";
import { confirm } from "../up";

/** What `eks pin` is told. */
export interface PinOptions {
  readonly arguments: readonly VariableArgument[];
  /** The newest that fits when left out. */
  readonly version?: string;
  /** AMIs have another id in each. @default - the stack's, which is the variable aws_region */
  readonly region?: string;
  /** Asks nothing. */
  readonly autoApprove: boolean;
}

/** What is around it: AWS and the tfvars. */
export interface PinSources {
  readonly ask: typeof askForPins;
  readonly values: (given: readonly VariableArgument[]) => Promise<Pick<TfvarsValues, "values">>;
}

const SOURCES: PinSources = {
  ask: askForPins,
  values: (given) =>
    readTfvars({ folder: ".", environment: process.env, arguments: given }, synthesized(process.env).declared),
};

/** Where what is written begins, and the last line of it; before and after is what users have added. */
const BEGIN = /^# Written by `eks pin` on /m;
const END = /^kubectl_image_id = ".*"[^\S\n]*\n?/m;

/**
 * `eks pin`: asks AWS what it offers, shows what changes, asks, and writes it to pins.auto.tfvars in the current folder.
 *
 * @returns 0
 * @throws UserError for what is wrong with the options, the tfvars or the file, and when the answer is no; BootstrapError
 *   when AWS cannot be asked, or what it offers does not fit together
 */
export async function writePins(
  { arguments: given, version, region: wanted, autoApprove }: PinOptions,
  screen: Screen,
  signal: AbortSignal,
  { ask, values: read }: PinSources = SOURCES,
): Promise<number> {
  if (version !== undefined && !/^1\.\d{1,2}$/.test(version)) {
    throw new UserError(`--version must be MAJOR.MINOR, such as 1.32, got ${JSON.stringify(version)}`, 64);
  }
  if (wanted !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(wanted)) {
    throw new UserError(
      `--region must be one of AWS' regions, such as ap-northeast-2, got ${JSON.stringify(wanted)}`,
      64,
    );
  }
  const { before, written, after } = partsOf(textOf(PINS_FILE));

  screen.busy("reading your tfvars");
  const { values } = await read(given);
  const stacks = String(values.get("aws_region")?.value);
  const region = wanted ?? stacks;
  if (region !== stacks) {
    screen.line(`warning: aws_region is ${stacks} in your tfvars, where the AMIs of ${region} are not`);
  }
  screen.busy(`asking AWS what it offers in ${region}`);
  const pins = await ask({ region }, { ...(version !== undefined && { version }) });
  screen.end();
  const now = new Date();
  const text = pinsText(pins, now);
  const diff = pinsDiff(written, text);
  for (const warning of pinWarnings(pins, now, surroundings(values, written))) screen.line(`warning: ${warning}`);
  const files = given.flatMap((argument) => ("varFile" in argument ? [argument.varFile] : []));
  for (const file of new Set([...files, "local.tfvars"])) {
    for (const name of overriddenBy(textOf(file) ?? "")) {
      screen.line(`warning: ${file} says ${name} too, and wins where it is given with -var-file`);
    }
  }
  if (diff === "") {
    screen.line(`${PINS_FILE} is as it should be`);
    return 0;
  }
  process.stdout.write(`${diff}\n`);
  if (!autoApprove) {
    await confirm(`write this to ${PINS_FILE}?`, "-auto-approve writes it without a question", screen, signal);
  }
  writeFileSync(PINS_FILE, `${before}${text}${after}`);
  screen.line(`${PINS_FILE} is written; commit it, as you would a lock file`);
  return 0;
}

function surroundings(values: TfvarsValues["values"], written: string | undefined): PinSurroundings {
  const number = (name: string) => Number(values.get(name)?.value);
  const versionBefore = /^eks_version = "(.*)"$/m.exec(written ?? "")?.[1];
  return {
    volumeGiB: {
      eks_worker_node_volume_size: number("eks_worker_node_volume_size"),
      kubectl_ec2_volume_size: number("kubectl_ec2_volume_size"),
    },
    bastionUser: String(values.get("kubectl_ec2_user")?.value),
    ...(versionBefore !== undefined && { versionBefore }),
  };
}

function textOf(file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  } catch (cause) {
    const problem = fileProblem(cause, file);
    throw problem === undefined ? cause : new UserError(problem, 1, { cause });
  }
}

/** A file in three parts: what users have added before and after what was written stays, byte for byte. */
interface Parts {
  readonly before: string;
  readonly written: string | undefined;
  readonly after: string;
}

function partsOf(existing: string | undefined): Parts {
  if (existing === undefined || existing.trim() === "") return { before: "", written: undefined, after: "" };
  const begin = BEGIN.exec(existing);
  const end = begin === null ? null : END.exec(existing.slice(begin.index));
  if (begin === null || end === null) {
    throw new UserError(
      `${PINS_FILE} is not what \`eks pin\` wrote, and would be lost: give it another name, such as own.auto.tfvars, or delete it`,
    );
  }
  const until = begin.index + end.index + end[0].length;
  const parts = {
    before: existing.slice(0, begin.index),
    written: existing.slice(begin.index, until),
    after: existing.slice(until),
  };
  const [twice] = overriddenBy(parts.before + parts.after);
  if (twice !== undefined) throw new UserError(`${PINS_FILE} says ${twice} twice: delete the line that you have added`);
  return parts;
}
