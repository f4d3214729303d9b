import type { EC2Client, Filter } from "@aws-sdk/client-ec2";

import { errorName, isGone } from "./call";

/** What a page lists under a key. */
export type Listed<Page, Key extends keyof Page> =
  NonNullable<Page[Key]> extends readonly (infer Item)[] ? Item : never;

/** What all pages list under a key. */
export async function all<Page, Key extends keyof Page>(
  pages: AsyncIterable<Page>,
  key: Key,
): Promise<Listed<Page, Key>[]> {
  const found: Listed<Page, Key>[] = [];
  for await (const page of pages) found.push(...((page[key] ?? []) as Listed<Page, Key>[]));
  return found;
}

/**
 * How many values a filter of EC2 takes.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html
 */
const FILTER_VALUES = 200;

/** As many filters of EC2 as it takes for some values; none for no value. */
export function filtersFor(Name: string, values: Iterable<string>): Filter[] {
  return inBatches(unique(values), FILTER_VALUES).map((Values) => ({ Name, Values }));
}

/** A list of EC2 that comes in pages, and that it filters. */
export type FilteredList<Page> = (
  config: { readonly client: EC2Client },
  input: { readonly Filters: Filter[] },
) => AsyncIterable<Page>;

/** What EC2 lists with one of some values; nothing, and nothing is asked, for no value. */
export async function matching<Page, Key extends keyof Page>(
  client: EC2Client,
  list: FilteredList<Page>,
  key: Key,
  filter: string,
  values: readonly string[],
): Promise<Listed<Page, Key>[]> {
  const answers = filtersFor(filter, values).map((it) => all(list({ client }, { Filters: [it] }), key));
  return (await Promise.all(answers)).flat();
}

/**
 * The answer; undefined when AWS says that there is no such thing.
 *
 * @param also names of further errors that say so
 */
export async function ifThere<T>(call: Promise<T>, ...also: readonly string[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isGone(error) || also.includes(errorName(error))) return undefined;
    throw error;
  }
}

/** The answers to one question about each of several things, by these; what has no answer is left out. */
export async function forEach<T>(
  names: readonly string[],
  question: (name: string) => Promise<T | undefined>,
): Promise<Record<string, T>> {
  const answers = await Promise.all(unique(names).map(async (name) => [name, await question(name)] as const));
  return Object.fromEntries(answers.flatMap(([name, it]) => (it === undefined ? [] : [[name, it]])));
}

/** A list in parts of a size; of nothing there are none. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Each name once, and no empty one. */
export function unique(names: Iterable<string>): string[] {
  return [...new Set(names)].filter((name) => name !== "");
}

/** Tags by their keys. */
export function tagsOf(tags: readonly { readonly Key?: string; readonly Value?: string }[] | undefined) {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** The name at the end of an ARN; a name stays what it is. */
export function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** As `2027-08-02`; empty when AWS does not say. */
export function day(date: Date | undefined): string {
  return date === undefined || Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10);
}
