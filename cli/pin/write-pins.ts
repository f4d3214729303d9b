import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

import type { AwsSettings } from "../../aws/clients";
import { INPUTS, inputValues, type InputValues } from "../../contract/inputs/inputs";
import { UserError, usingFile } from "../../contract/user-error";
import { FAMILIES, isFamily, type Family } from "../../facts/images";
import { confirm } from "../../terminal/confirm";
import { print } from "../../terminal/output";
import type { Screen } from "../../terminal/screen";
import { printable } from "../../terminal/text";
import {
  LOCAL_TFVARS,
  readTfvars,
  valuesByName,
  type GivenValue,
  type TfvarsValues,
  type VariableArgument,
} from "../../terraform/tfvars";
import { askForImages, askForPins } from "./offers";
import { chooseFamily, pinWarnings, volumeGiB, type Pins } from "./pins";
import { NODE_VOLUME, partsOf, PINNED, PINS_FILE, pinsDiff, pinsText, valuesIn } from "./pins-file";

/** What `eks pin` is told. */
export interface PinOptions {
  readonly arguments: readonly VariableArgument[];
  /** The newest that fits when left out. */
  readonly version?: string;
  /**
   * One of al2, al2023 and bottlerocket.
   *
   * @default - the one that was pinned before, if it is not Amazon Linux 2; else what `chooseFamily` says
   */
  readonly family?: string;
  /** AMIs have another id in each. @default - the stack's, which is the variable aws_region */
  readonly region?: string;
  /** Asks nothing. */
  readonly autoApprove: boolean;
}

/** What is around it: AWS and the tfvars. */
export interface PinSources {
  readonly ask: typeof askForPins;
  readonly askForImages: typeof askForImages;
  readonly values: (given: readonly VariableArgument[]) => Promise<Pick<TfvarsValues, "notes" | "values">>;
}

const SOURCES: PinSources = {
  ask: askForPins,
  askForImages,
  values: (given) => readTfvars({ folder: ".", environment: process.env, arguments: given }, INPUTS),
};

/** What an option has to be, where it is given. */
const SHAPES = [
  ["version", /^1\.\d{1,2}$/, "MAJOR.MINOR, such as 1.32"],
  ["family", new RegExp(`^(${FAMILIES.join("|")})$`), `one of ${FAMILIES.join(", ")}`],
  ["region", /^[a-z]{2,}(-[a-z]+)+-\d+$/, "one of AWS' regions, such as ap-northeast-2"],
] as const;

/**
 * `eks pin`: asks AWS what it offers, shows what changes, asks, and writes it to pins.auto.tfvars in the current
 * folder.
 *
 * @returns 0
 * @throws UserError for what is wrong with the options, the tfvars or the file, and when the answer is no; UserError
 *   when AWS cannot be asked, or what it offers does not fit together
 */
export async function writePins(
  options: PinOptions,
  screen: Screen,
  signal: AbortSignal,
  sources: PinSources = SOURCES,
): Promise<number> {
  for (const [name, shape, must] of SHAPES) {
    const value = options[name];
    if (value === undefined || shape.test(value)) continue;
    throw new UserError(`--${name} must be ${must}, got ${JSON.stringify(value)}`, { exitCode: 64 });
  }
  const { before, written, after } = partsOf(textOf(PINS_FILE));

  screen.busy("reading your tfvars");
  const { values, notes } = await sources.values(options.arguments);
  screen.lines(notes.map((note) => `note: ${note}`));
  const inputs = inputValues(valuesByName(values));
  const region = options.region ?? inputs.aws_region;
  if (region !== inputs.aws_region) {
    screen.line(`warning: aws_region is ${inputs.aws_region} in your tfvars, where the AMIs of ${region} are not`);
  }
  const winning = winners(values, options.arguments);
  const version = winningOr(options.version, "--version", "eks_version", winning, screen);
  const family = winningOr(options.family, "--family", "eks_worker_node_ami_family", winning, screen);
  screen.busy(`asking AWS what it offers in ${region}`);
  const beforeNow = valuesIn(written);
  const wish = { version, family: isFamily(family) ? family : familyBefore(beforeNow, version) };
  const pins = await sources.ask({ region }, wish);
  const groups = await groupImages(pins, inputs.node_groups, { region }, sources.askForImages);
  screen.end();

  const now = new Date();
  // What users have added to the file of pins, it may not say twice.
  const added = valuesIn(before + after);
  const given = values.get(NODE_VOLUME);
  const isOfPins = given !== undefined && basename(given.from) === PINS_FILE && !added.has(NODE_VOLUME);
  const said = (isOfPins ? inputValues({}) : inputs).eks_worker_node_volume_size;
  const pinned = volumeGiB(pins) > said && !added.has(NODE_VOLUME) ? volumeGiB(pins) : undefined;
  const text = pinsText(pins, now, pinned);
  const around = {
    volumeGiB: {
      eks_worker_node_volume_size: pinned ?? said,
      kubectl_ec2_volume_size: inputs.kubectl_ec2_volume_size,
    },
    bastionUser: inputs.kubectl_ec2_user,
    versionBefore: beforeNow.get("eks_version"),
  };
  screen.lines(pinWarnings(pins, now, around).map((warning) => `warning: ${warning}`));
  screen.lines(overridden(text, winning));
  screen.lines(groups);

  const diff = pinsDiff(written, text);
  if (diff.length === 0) {
    screen.line(`${PINS_FILE} is as it should be`);
    return 0;
  }
  print(diff);
  if (!options.autoApprove) {
    await confirm(`write this to ${PINS_FILE}?`, "-auto-approve writes it without a question", screen, signal);
  }
  writeFileSync(PINS_FILE, `${before}${text}${after}`);
  screen.line(`${PINS_FILE} is written; commit it, as you would a lock file`);
  return 0;
}

/** Values that win over the pins: by name, of those that a file of pins may set. */
type Winning = ReadonlyMap<string, GivenValue>;

/** What is said on the command line, in local.tfvars or in a file of a later name than that of the pins, wins over them. */
function winners(values: TfvarsValues["values"], given: readonly VariableArgument[]): Winning {
  const files = given.flatMap((argument) => ("varFile" in argument ? [argument.varFile] : []));
  const wins = ({ from }: GivenValue) => {
    const name = basename(from);
    if (name === PINS_FILE) return false;
    if (from === "-var" || name === LOCAL_TFVARS) return true;
    return files.includes(from) || (/\.auto\.tfvars(\.json)?$/.test(name) && name > PINS_FILE);
  };
  return new Map([...values].filter(([name, value]) => PINNED.includes(name) && wins(value)));
}

/**
 * What is pinned of a variable that somebody else decides: what they say, since AMIs of anything else would not fit it.
 *
 * @throws UserError when an option asks for something else
 */
function winningOr(
  wanted: string | undefined,
  option: string,
  name: string,
  winning: Winning,
  screen: Screen,
): string | undefined {
  const winner = winning.get(name);
  if (winner === undefined || winner.value === null) return wanted;
  const value = inTfvars(winner.value);
  const says = `${winner.from} says ${name} = ${JSON.stringify(value)}, and wins over ${PINS_FILE}`;
  if (wanted !== undefined && wanted !== value) {
    throw new UserError(`${option} ${wanted}: ${says}; take it out there, or leave ${option} out`, { exitCode: 64 });
  }
  screen.line(`note: ${says}: the AMIs are for that; take it out there to pin another`);
  return value;
}

/** A value as pins write it, without quotes: `1.32` is one whether it is a text or a number. */
function inTfvars(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A warning for each pin that says something else than what wins over it. */
function overridden(text: string, winning: Winning): string[] {
  return [...valuesIn(text)].flatMap(([name, pinned]) => {
    const winner = winning.get(name);
    if (winner === undefined || inTfvars(winner.value) === pinned) return [];
    const says = `${winner.from} says ${name} = ${JSON.stringify(winner.value)}`;
    return [`warning: ${says}, and wins over ${PINS_FILE}, which says ${pinned}: take it out there`];
  });
}

/** The family that was pinned before: it stays, unless it is the one that has ended. */
function familyBefore(written: ReadonlyMap<string, string>, version: string | undefined): Family | undefined {
  const before = written.get("eks_worker_node_ami_family");
  if (!isFamily(before)) return undefined;
  return before === "al2" ? chooseFamily({ version }) : before;
}

/** A line for each row of node_groups: the image that AWS offers for it today, which only its owner can write there. */
async function groupImages(
  { version }: Pins,
  rows: InputValues["node_groups"],
  settings: AwsSettings,
  askImages: typeof askForImages,
): Promise<string[]> {
  const groups = Object.entries(rows);
  if (groups.length === 0) return [];
  const kinds = groups.map(([, { ami_family: family, architecture }]) => ({ version, family, architecture }));
  const images = await askImages(settings, kinds);
  return groups.map(([name, { ami_id: has, ami_family: family, architecture }], i) => {
    const image = images[i] ?? { none: "nothing is known" };
    const group = `node_groups.${name} (${family}, ${architecture})`;
    if ("none" in image) return printable(`warning: ${group}: ${image.none}`);
    return printable(
      image.id === has
        ? `${group}: ami_id is the newest for ${version}, ${image.name}`
        : `${group}: write ami_id = "${image.id}" (${image.name}) into your tfvars; it is ${has}`,
    );
  });
}

/** Empty where there is no such file. @throws UserError for one that cannot be read */
function textOf(file: string): string {
  return usingFile(file, () => (existsSync(file) ? readFileSync(file, "utf8") : ""));
}
