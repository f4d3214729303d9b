import type { Filter } from "@aws-sdk/client-ec2";

import { all, filtersFor, ifThere, inBatches, tagsOf, type FilteredList, type Listed } from "../answers";
import { asking } from "../call";
import type { AwsClients } from "../clients";

/** Tags by their keys. */
export type Tags = Readonly<Record<string, string>>;

/** Something that AWS has, in the same form whatever it is. */
export interface Found<Details = unknown> {
  /** What AWS' calls take: the ARN of a load balancer or target group, the name of what has no other id. */
  readonly id: string;
  readonly tags: Tags;
  /** `ended`: AWS tells of it for an hour or so after its end. */
  readonly state: "there" | "ending" | "ended";
  /** As AWS describes it. */
  readonly details: Details;
}

/** How things of one type are called, found, and removed by hand. */
export interface Finder<Question, Details> {
  /** For people: `subnet`. */
  readonly noun: string;
  /** The command of the AWS CLI that removes one, without its id at the end. */
  readonly byHand: string;
  /** @throws UserError when AWS refuses, or cannot be reached */
  readonly find: (clients: AwsClients, question: Question) => Promise<Found<Details>[]>;
}

/** Filters of EC2 of which all have to match, and several such: what any of them finds is found, each thing once. */
export type Alternatives = readonly (readonly Filter[])[];

/** One alternative, without a filter. */
export const EVERYTHING: Alternatives = [[]];

/** A finder of what AWS lists. */
export interface ListFinder<Details> extends Finder<Alternatives, Details> {
  /** One description of AWS in the common form. */
  readonly read: (item: Details) => Found<Details>;
}

/** A finder of what AWS lists in pages. */
export function listed<Page, Key extends keyof Page>(
  noun: string,
  byHand: string,
  pages: (clients: AwsClients, filters: Filter[]) => AsyncIterable<Page>,
  key: Key,
  idOf: (item: Listed<Page, Key>) => string | undefined,
  stateOf: (item: Listed<Page, Key>) => string | undefined = () => undefined,
): ListFinder<Listed<Page, Key>> {
  const read = (item: Listed<Page, Key>): Found<Listed<Page, Key>> => {
    return { id: idOf(item) ?? "", tags: tagsIn(item), state: phase(stateOf(item)), details: item };
  };
  const collect = async (clients: AwsClients, alternatives: Alternatives) => {
    const found = new Map<string, Found<Listed<Page, Key>>>();
    for (const filters of alternatives) {
      for (const it of (await all(pages(clients, [...filters]), key)).map(read)) found.set(it.id, it);
    }
    return [...found.values()];
  };
  const what = `list the ${noun}${noun.endsWith("s") ? "es" : "s"}`;
  return { noun, byHand, read, find: (clients, alternatives) => asking(what, collect(clients, alternatives)) };
}

/** A finder of what EC2 lists in pages, and filters. */
export function inEc2<Page, Key extends keyof Page>(
  noun: string,
  byHand: string,
  list: FilteredList<Page>,
  ...how: [
    key: Key,
    idOf: (item: Listed<Page, Key>) => string | undefined,
    stateOf?: (item: Listed<Page, Key>) => string | undefined,
  ]
): ListFinder<Listed<Page, Key>> {
  return listed(noun, byHand, ({ ec2: client }, Filters) => list({ client }, { Filters }), ...how);
}

/** Tags in a description of AWS', whatever it calls them. */
function tagsIn(item: unknown): Tags {
  const { Tags, TagSet = Tags } = item as Partial<Record<"Tags" | "TagSet", Parameters<typeof tagsOf>[0]>>;
  return tagsOf(TagSet);
}

/** The only page of what AWS lists in one answer. */
export async function* onePage<Page>(answer: Promise<Page>): AsyncGenerator<Page> {
  yield await answer;
}

/**
 * A finder whose list has no tags: they are asked for by id.
 *
 * @param atOnce how many ids one question takes
 */
export function taggedBy<Item>(
  finder: ListFinder<Item>,
  ask: (clients: AwsClients, ids: string[]) => Promise<[id: string, tags: Tags][]>,
  atOnce = TAGS_AT_ONCE,
): ListFinder<Item> {
  const find = async (clients: AwsClients, alternatives: Alternatives) => {
    const found = await finder.find(clients, alternatives);
    const tags = new Map<string, Tags>();
    for (const batch of inBatches(found, atOnce)) {
      const ids = batch.map(({ id }) => id);
      // When one of the batch went since it was listed, each is asked for by itself.
      const alone = async () =>
        (await Promise.all(ids.map((id) => ifThere(ask(clients, [id]))))).flatMap((it) => it ?? []);
      for (const [id, its] of (await ifThere(ask(clients, ids))) ?? (await alone())) tags.set(id, its);
    }
    return found.map((it) => ({ ...it, tags: tags.get(it.id) ?? {} }));
  };
  return {
    ...finder,
    find: (clients, alternatives) => asking(`read the tags of the ${finder.noun}s`, find(clients, alternatives)),
  };
}

/** A finder of what can be asked for by its name alone. */
export function named<Details>(
  noun: string,
  byHand: string,
  ask: (clients: AwsClients, name: string) => Promise<Details | undefined>,
  stateOf: (details: Details) => string | undefined = () => undefined,
): Finder<string, Details> {
  const find = async (clients: AwsClients, name: string): Promise<Found<Details>[]> => {
    const details = await asking(`ask AWS for the ${noun} ${name}`, ifThere(ask(clients, name)));
    return details === undefined ? [] : [{ id: name, tags: tagsIn(details), state: phase(stateOf(details)), details }];
  };
  return { noun, byHand, find };
}

/**
 * How many load balancers or target groups one DescribeTags takes.
 *
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
 */
const TAGS_AT_ONCE = 20;

/** Alternatives for any number of values, none for no value. */
export function anyOf(name: string, values: Iterable<string>): Alternatives {
  return filtersFor(name, values).map((filter) => [filter]);
}

/** AWS' words for what it is ending, and for what it has ended. */
function phase(state = ""): Found["state"] {
  if (/^(terminated|deleted|PendingDeletion)$/i.test(state)) return "ended";
  return /^(shutting-down|deleting)$/i.test(state) ? "ending" : "there";
}
