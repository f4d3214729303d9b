import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

import { z } from "zod";

import { INPUTS } from "../../contract/inputs/inputs";
import { printable } from "../../terminal/text";
import type { AwsSettings } from "../../aws/clients";
import { fileProblem, UserError } from "../../contract/user-error";
import { ARCHITECTURES, FAMILIES, isFamily, type Family } from "../../facts/images";
import {
  askForImages,
  askForPins,
  chooseFamily,
  NODE_VOLUME,
  ALWAYS_PINNED,
  PINNED,
  PINS_FILE,
  pinsDiff,
  pinsText,
  pinWarnings,
  setBy,
  volumeGiB,
  type Pins,
  type PinSurroundings,
} from "./pin";
import type { Screen } from "../../terminal/screen";
import { readTfvars, type GivenValue, type TfvarsValues, type VariableArgument } from "../../terraform/tfvars";
import { confirm } from "../../terminal/confirm";

/** What `eks pin` is told. */
export interface PinOptions {
  readonly arguments: readonly VariableArgument[];
  /** The newest that fits when left out. */
  readonly version?: string;
  /** One of al2, al2023 and bottlerocket. @default - the one that was pinned before, if it is not Amazon Linux 2; else what `chooseFamily` says */
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
  readonly values: (given: readonly VariableArgument[]) => Promise<Pick<TfvarsValues, "values">>;
}

const SOURCES: PinSources = {
  ask: askForPins,
  askForImages,
  values: (given) => readTfvars({ folder: ".", environment: process.env, arguments: given }, INPUTS),
};

/** Where what is written begins, and the last line of it; before and after is what users have added. */
const BEGIN = /^# Written by `eks pin` on /m;
const END = /^kubectl_image_id = ".*"[^\S\n]*\n?/m;

/**
 * `eks pin`: asks AWS what it offers, shows what changes, asks, and writes it to pins.auto.tfvars in the current folder.
 *
 * @returns 0
 * @throws UserError for what is wrong with the options, the tfvars or the file, and when the answer is no; UserError
 *   when AWS cannot be asked, or what it offers does not fit together
 */
export async function writePins(
  { arguments: given, version, family, region: wanted, autoApprove }: PinOptions,
  screen: Screen,
  signal: AbortSignal,
  { ask, askForImages: askImages, values: read }: PinSources = SOURCES,
): Promise<number> {
  if (version !== undefined && !/^1\.\d{1,2}$/.test(version)) {
    throw new UserError(`--version must be MAJOR.MINOR, such as 1.32, got ${JSON.stringify(version)}`, {
      exitCode: 64,
    });
  }
  if (family !== undefined && !isFamily(family)) {
    throw new UserError(`--family must be one of ${FAMILIES.join(", ")}, got ${JSON.stringify(family)}`, {
      exitCode: 64,
    });
  }
  if (wanted !== undefined && !/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(wanted)) {
    throw new UserError(`--region must be one of AWS' regions, such as ap-northeast-2, got ${JSON.stringify(wanted)}`, {
      exitCode: 64,
    });
  }
  const { before, written, after } = partsOf(textOf(PINS_FILE));

  screen.busy("reading your tfvars");
  const { values } = await read(given);
  const stacks = String(values.get("aws_region")?.value);
  const region = wanted ?? stacks;
  if (region !== stacks) {
    screen.line(`warning: aws_region is ${stacks} in your tfvars, where the AMIs of ${region} are not`);
  }
  const winning = winners(values, given);
  const versionWish = winningOr(version, "--version", "eks_version", winning, screen);
  const familyWish = winningOr(family, "--family", "eks_worker_node_ami_family", winning, screen);
  if (familyWish !== undefined && !isFamily(familyWish)) {
    throw new UserError(
      `eks_worker_node_ami_family must be one of ${FAMILIES.join(", ")}, got ${JSON.stringify(familyWish)}`,
    );
  }
  screen.busy(`asking AWS what it offers in ${region}`);
  const wish = familyWish ?? familyBefore(written, versionWish);
  const pins = await ask(
    { region },
    { ...(versionWish !== undefined && { version: versionWish }), ...(wish !== undefined && { family: wish }) },
  );
  const groups = await groupImages(pins, values, { region }, askImages);
  screen.end();
  const now = new Date();
  const volume = nodeVolume(pins, values, before + after);
  const text = pinsText(pins, now, volume.pinned);
  const diff = pinsDiff(written, text);
  const around = surroundings(values, written, volume.pinned ?? volume.said);
  for (const warning of pinWarnings(pins, now, around)) screen.line(`warning: ${warning}`);
  for (const line of overridden(text, winning)) screen.line(line);
  if (!given.some((argument) => "varFile" in argument && basename(argument.varFile) === LOCAL)) {
    for (const name of setBy(textOf(LOCAL) ?? "", setBy(text))) {
      screen.line(`warning: ${LOCAL} says ${name} too, and wins where it is given with -var-file`);
    }
  }
  for (const line of groups) screen.line(line);
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

/** Where people write what is their own; the README calls it so. */
const LOCAL = "local.tfvars";

/** Values that win over the pins: by name, of those that a file of pins may set. */
type Winning = ReadonlyMap<string, GivenValue>;

/** What is said on the command line, or in a file of a later name than that of the pins, wins over them. */
function winners(values: TfvarsValues["values"], given: readonly VariableArgument[]): Winning {
  const files = given.flatMap((argument) => ("varFile" in argument ? [argument.varFile] : []));
  const wins = ({ from }: GivenValue) => {
    const name = basename(from);
    if (name === PINS_FILE) return false;
    return from === "-var" || files.includes(from) || (/\.auto\.tfvars(\.json)?$/.test(name) && name > PINS_FILE);
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
  return setBy(text).flatMap((name) => {
    const winner = winning.get(name);
    const pinned = new RegExp(`^${name} = "?([^"\\n]*)"?$`, "m").exec(text)?.[1];
    return winner === undefined || inTfvars(winner.value) === pinned
      ? []
      : [
          `warning: ${winner.from} says ${name} = ${JSON.stringify(winner.value)}, and wins over ${PINS_FILE}, which says ` +
            `${pinned ?? ""}: take it out there`,
        ];
  });
}

/** The family that was pinned before: it stays, unless it is the one that has ended. */
function familyBefore(written: string | undefined, version: string | undefined): Family | undefined {
  const before = /^eks_worker_node_ami_family = "(.*)"$/m.exec(written ?? "")?.[1];
  if (!isFamily(before)) return undefined;
  return before === "al2" ? chooseFamily(version === undefined ? {} : { version }) : before;
}

/** The stack's own default, in GiB. */
const DEFAULT_VOLUME_GIB = 10;

/**
 * The size of the nodes' volume, in GiB: what somebody else than the pins says of it, and what the pins have to say where
 * that is too little.
 *
 * @param added what users have added to the file of pins, which may not say it twice
 */
function nodeVolume(
  pins: Pins,
  values: TfvarsValues["values"],
  added: string,
): { readonly said: number; readonly pinned?: number } {
  const given = values.get(NODE_VOLUME);
  const isAdded = setBy(added, [NODE_VOLUME]).length > 0;
  const isOfPins = given !== undefined && basename(given.from) === PINS_FILE && !isAdded;
  const said = given === undefined || isOfPins ? DEFAULT_VOLUME_GIB : Number(given.value);
  const needed = volumeGiB(pins);
  return { said, ...(needed > said && !isAdded && { pinned: needed }) };
}

/** What node_groups may say of an image. */
const GROUPS = z.record(
  z.string(),
  z.object({
    ami_id: z.string().optional(),
    ami_family: z.enum(FAMILIES).nullish(),
    architecture: z.enum(ARCHITECTURES).nullish(),
  }),
);

/** A line for each row of node_groups: the image that AWS offers for it today, which only its owner can write there. */
async function groupImages(
  { version }: Pins,
  values: TfvarsValues["values"],
  settings: AwsSettings,
  askImages: typeof askForImages,
): Promise<string[]> {
  const parsed = GROUPS.safeParse(values.get("node_groups")?.value ?? {});
  // Of what is wrong with it the plan complains.
  const groups = parsed.success ? Object.entries(parsed.data) : [];
  if (groups.length === 0) return [];
  const kinds = groups.map(([, { ami_family: family, architecture }]) => ({
    version,
    family: family ?? "al2023",
    architecture: architecture ?? "x86_64",
  }));
  const images = await askImages(settings, kinds);
  return groups.map(([name, { ami_id: has }], i) => {
    const [kind, image] = [kinds[i], images[i]];
    const group = `node_groups.${name} (${kind?.family ?? ""}, ${kind?.architecture ?? ""})`;
    if (image === undefined || "none" in image)
      return printable(`warning: ${group}: ${image?.none ?? "nothing is known"}`);
    return printable(
      image.id === has
        ? `${group}: ami_id is the newest for ${version}, ${image.name}`
        : `${group}: write ami_id = "${image.id}" (${image.name}) into your tfvars${has === undefined ? "" : `; it is ${has}`}`,
    );
  });
}

function surroundings(values: TfvarsValues["values"], written: string | undefined, volume: number): PinSurroundings {
  const number = (name: string) => Number(values.get(name)?.value);
  const versionBefore = /^eks_version = "(.*)"$/m.exec(written ?? "")?.[1];
  return {
    volumeGiB: {
      eks_worker_node_volume_size: volume,
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
    throw problem === undefined ? cause : new UserError(problem, { cause });
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
  // What is written may leave out the size of the volume; a user may then say it here.
  const [twice] = setBy(parts.before + parts.after, [...new Set([...ALWAYS_PINNED, ...setBy(parts.written)])]);
  if (twice !== undefined) throw new UserError(`${PINS_FILE} says ${twice} twice: delete the line that you have added`);
  return parts;
}
