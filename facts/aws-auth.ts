import { isMap, isScalar, isSeq, LineCounter, parseDocument, type ParsedNode } from "yaml";

import { block, pairOf, YamlEdits } from "./yaml-edits";

/** The `data` of the ConfigMap `kube-system/aws-auth`: a YAML text under each key. */
export type AwsAuthData = Readonly<Record<string, string>>;

/** Who an IAM role is in Kubernetes, in the words of aws-auth's mapRoles. */
export interface AwsAuthRole {
  /** The role's own, `arn:aws:iam::ACCOUNT:role/NAME`, with or without the role's path. */
  readonly rolearn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** Who an IAM user is in Kubernetes, in the words of aws-auth's mapUsers. */
export interface AwsAuthUser {
  /** `arn:aws:iam::ACCOUNT:user/NAME` with the user's path if there is one, an account's root, or a federated user. */
  readonly userarn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** Whom a stack wants mapped, in the words of its handover; whatever else aws-auth says is somebody else's. */
export interface MappedPrincipals {
  /** ARN of the nodes' IAM role, with or without its path. */
  readonly node_role_arn: string;
  /** ARNs of all IAM roles of nodes, where groups have roles of their own. */
  readonly node_role_arns?: readonly string[] | undefined;
  readonly aws_auth_roles?: readonly AwsAuthRole[];
  readonly aws_auth_users?: readonly AwsAuthUser[];
}

/**
 * What every node's role is mapped to; the authenticator fills in the name.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
 */
export const NODE_USERNAME = "system:node:{{EC2PrivateDNSName}}";
/** The groups that every node's role is mapped to. */
export const NODE_GROUPS: readonly string[] = ["system:bootstrappers", "system:nodes"];

/**
 * Whom AWS calls by an ARN that is no role's: an IAM user, an account's root user, a federated user.
 *
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/arn/arn.go
 */
export const USER_ARN = /^arn:[\w-]+:(iam::\d{12}:(user\/\S+|root)|sts::\d{12}:federated-user\/\S+)$/;
/** The ARN of an IAM role: what is before its path, and its name. */
export const ROLE_ARN = /^(arn:[\w-]+:iam::\d{12}:role)\/(?:\S+\/)?([^\s/]+)$/;

/**
 * The label by which tools say who looks after an object, and what it says of one that is a resource of Terraform's:
 * two who write aws-auth would undo each other's entries.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export const MANAGED_BY = { label: "app.kubernetes.io/managed-by", terraform: "terraform" } as const;

/** The keys of the ConfigMap whose texts are lists, and the key that holds the ARN in each entry of such a list. */
const ARN_KEY = { mapRoles: "rolearn", mapUsers: "userarn" } as const;
type Section = keyof typeof ARN_KEY;

/** An entry as it has to be. */
interface WantedEntry {
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
  /** Whether groups of others may stand beside these; otherwise these are all that there are. */
  readonly mayHaveMore: boolean;
}

/** An entry as it stands in the text. */
interface Entry {
  readonly node: ParsedNode;
  readonly value: unknown;
  /**
   * By their keys in lower case: to Go's JSON, through which the authenticator reads, `roleARN` is `rolearn`. None
   * where the entry is no mapping of its own.
   */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly arn: string | undefined;
}

/** A list of entries as it stands in the text. */
interface EntryList {
  readonly text: string;
  readonly contents: ParsedNode | null;
  readonly entries: readonly Entry[];
  /** The entries of each ARN, by the ARN in lower case: usually one. */
  readonly byArn: ReadonlyMap<string, readonly Entry[]>;
}

/** As the authenticator reads: in YAML 1.1 a bare `yes` is no text, and of two equal keys the last counts. */
const YAML = { version: "1.1", uniqueKeys: false, prettyErrors: false, logLevel: "error" } as const;

const HOW_TO_EDIT = "kubectl --namespace kube-system edit configmap aws-auth";

/** ARNs of all IAM roles of nodes, each once: the shared one first, then those that groups have of their own. */
export function nodeRoleArns({
  node_role_arn: shared,
  node_role_arns: all = [],
}: Pick<MappedPrincipals, "node_role_arn" | "node_role_arns">): readonly string[] {
  return [...new Set([shared, ...all])];
}

/**
 * The data with our mappings in it. Our entries are found by their ARN, corrected where they stand, and appended when
 * they are missing. Every other character stays as it is: entries of others, comments, keys that we do not know, also
 * in our own entries. With nothing to do, the result is `current` itself.
 *
 * The nodes' entries get the groups that they lack, and lose none: others are there for a reason, such as
 * `eks:kube-proxy-windows`. Whoever tfvars list gets exactly the groups that stand there, so that what is taken off the
 * list is taken away.
 *
 * All entries of one ARN are corrected, none is dropped: the authenticator takes the last, which may not be the first
 * that a reader sees.
 *
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/mapper/configmap/configmap.go
 * @param current undefined when there is no ConfigMap yet, which is how a cluster without managed nodes begins
 * @throws Error when somebody is to be mapped twice, or a text cannot be read as a list of mappings
 */
export function mergeAwsAuth(current: AwsAuthData | undefined, principals: MappedPrincipals): AwsAuthData {
  const texts = sectionsOf(principals).map(([section, wanted]) => [
    section,
    merged(current?.[section], section, wanted),
  ]);
  const isUnchanged = texts.every(([section = "", text]) => current?.[section] === text);
  return current !== undefined && isUnchanged ? current : { ...current, ...(Object.fromEntries(texts) as AwsAuthData) };
}

/** Groups that a merge takes away from somebody. */
export interface RemovedGroups {
  readonly arn: string;
  readonly groups: readonly string[];
}

/**
 * Who loses groups by `mergeAwsAuth`: whoever is listed with fewer than the entry has. Never the nodes.
 *
 * @throws Error as `mergeAwsAuth` does
 */
export function removedGroups(current: AwsAuthData, principals: MappedPrincipals): readonly RemovedGroups[] {
  return sectionsOf(principals).flatMap(([section, wanted]) => {
    const list = readList(current[section] ?? "", section);
    if (typeof list === "string") return [];
    return wanted.flatMap((mapping) => {
      const { surplus } = comparedGroups(entriesOf(list, mapping).at(-1), mapping);
      return mapping.mayHaveMore || surplus.length === 0 ? [] : [{ arn: mapping.arn, groups: surplus }];
    });
  });
}

/**
 * Why nodes with this role cannot join, as far as aws-auth can tell: the first broken link, in words.
 *
 * @param data undefined when there is no ConfigMap
 * @returns undefined when the role is mapped as it has to be
 */
export function findMappingProblem(data: AwsAuthData | undefined, nodeRoleArn: string): string | undefined {
  const wanted = nodeMapping(nodeRoleArn);
  if (data === undefined) return `there is no ConfigMap aws-auth; it has to map ${wanted.arn}`;
  const text = data["mapRoles"];
  if (text === undefined || isBlank(text)) return `aws-auth has no mapRoles; it has to map ${wanted.arn}`;
  const list = readList(text, "mapRoles");
  if (typeof list === "string") return list;

  const entry = entriesOf(list, wanted).at(-1);
  if (entry === undefined) return whyAbsent(list, wanted);
  const { username, groups } = entry.fields;
  if (username !== wanted.username) {
    return `aws-auth maps ${wanted.arn} to the username ${found(username)}; it has to be ${wanted.username}`;
  }
  const { missing } = comparedGroups(entry, wanted);
  if (missing.length === 0) return undefined;
  return `aws-auth maps ${wanted.arn} without ${missing.join(" and ")}; its groups are ${found(groups)}`;
}

/** The mapping is not there: something like it may be. */
function whyAbsent({ entries }: EntryList, { arn }: WantedEntry): string {
  const arns = entries.flatMap((entry) => entry.arn ?? []);
  const withPath = arns.find((mapped) => isSameArn(withoutPath(mapped), arn));
  if (withPath !== undefined) return `aws-auth maps ${withPath}, which has a path; it has to be ${arn}`;

  // Never right in mapRoles, whatever its name; but one that is named as the role is the likeliest.
  const profiles = arns.filter(isInstanceProfile);
  const profile = profiles.find((mapped) => isSameArn(nameIn(mapped), nameIn(arn))) ?? profiles[0];
  if (profile !== undefined) return `aws-auth maps ${profile}, an instance profile; it has to be the role, ${arn}`;
  return `aws-auth does not map ${arn}; it maps ${arns.join(", ") || "nothing"}`;
}

/** What each list has to have in it; mapUsers is nobody's to write as long as no user is named. */
function sectionsOf(principals: MappedPrincipals): readonly (readonly [Section, readonly WantedEntry[]])[] {
  const { aws_auth_roles: roles = [], aws_auth_users: users = [] } = principals;
  const listed = roles.map(({ rolearn, ...role }) => ({ arn: withoutPath(rolearn), ...role, mayHaveMore: false }));
  const wantedUsers = users.map(({ userarn, ...user }) => ({ arn: userarn, ...user, mayHaveMore: false }));
  const wantedRoles = [...nodeRoleArns(principals).map(nodeMapping), ...listed];
  return [["mapRoles", wantedRoles], ...(users.length === 0 ? [] : [["mapUsers", wantedUsers] as const])];
}

function nodeMapping(arn: string): WantedEntry {
  return { arn: withoutPath(arn), username: NODE_USERNAME, groups: NODE_GROUPS, mayHaveMore: true };
}

/**
 * A role's ARN without the role's path. The authenticator compares with the ARN of the session, `assumed-role/NAME/…`,
 * in which STS leaves the path out: an entry with one never matches. (A user's ARN keeps its path.)
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/issues/268
 */
function withoutPath(arn: string): string {
  return arn.replace(ROLE_ARN, "$1/$2");
}

function isInstanceProfile(arn: string): boolean {
  return /:instance-profile\//i.test(arn);
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** The authenticator does not mind upper and lower case. */
function isSameArn(one: string, other: string): boolean {
  return keyOf({ arn: one }) === keyOf({ arn: other });
}

/** The authenticator reads these as nothing. */
function isBlank(text: string): boolean {
  return ["", '""', "''", "``"].includes(text.trim());
}

function found(value: unknown): string {
  return value === undefined ? "(none)" : JSON.stringify(value);
}

/** The text of a section with the wanted entries in it. */
function merged(current: string | undefined, section: Section, wanted: readonly WantedEntry[]): string {
  const [twice] = [...grouped(wanted).values()].flatMap(([first, second]) => (second === undefined ? [] : [first]));
  if (twice !== undefined) throw new Error(`${twice.arn} is to be mapped twice in ${section}; give it once`);
  if (current === undefined || isBlank(current)) return block(wanted.map((mapping) => written(mapping, section)));

  const before = readList(current, section);
  if (typeof before === "string") throw new Error(`${before}; nothing was changed, mend it: ${HOW_TO_EDIT}`);
  const text = edited(before, section, wanted);
  if (text === current) return current;

  // Anchors, aliases and other rarities can make an edit mean something else than it says: better no edit then.
  const after = readList(text, section);
  const isRight =
    typeof after !== "string" &&
    edited(after, section, wanted) === text &&
    meaningOfOthers(after.entries.slice(0, before.entries.length), wanted) === meaningOfOthers(before.entries, wanted);
  if (isRight) return text;
  const arns = wanted.map(({ arn }) => arn).join(", ");
  throw new Error(
    `aws-auth: ${section} is written in a way that cannot be edited without touching the entries of others; ` +
      `nothing was changed, map ${arns} by hand: ${HOW_TO_EDIT}`,
  );
}

/** What a merge must not change, to be compared: all but what we want of our own entries. */
function meaningOfOthers(entries: readonly Entry[], wanted: readonly WantedEntry[]): string {
  const byArn = grouped(wanted);
  const kept = entries.map((entry) => {
    const [ours] = byArn.get(keyOf(entry)) ?? [];
    if (ours === undefined) return entry.value;
    const others = Object.entries(entry.fields).filter(([key]) => key !== "username" && key !== "groups");
    return [others, ours.mayHaveMore ? comparedGroups(entry, ours).surplus : []];
  });
  return JSON.stringify(kept);
}

/** The text with what is wrong in our entries corrected, and what is missing appended; as it was when all is right. */
function edited({ text, contents, ...list }: EntryList, section: Section, wanted: readonly WantedEntry[]): string {
  const edits = new YamlEdits(text);
  const missing = wanted.filter((mapping) => entriesOf(list, mapping).length === 0);
  for (const mapping of wanted) {
    for (const entry of entriesOf(list, mapping)) correct(edits, entry, ARN_KEY[section], mapping);
  }
  // At the end, where the authenticator prefers them to all others.
  if (missing.length > 0) {
    edits.append(
      contents,
      missing.map((mapping) => written(mapping, section)),
    );
  }
  return edits.toString();
}

/** Only what is wrong in an entry of ours: the rest of it, with its comments, may be somebody's. */
function correct(edits: YamlEdits, entry: Entry, arnKey: string, wanted: WantedEntry): void {
  const { node, fields } = entry;
  if (!isMap(node)) return;
  const { missing, surplus } = comparedGroups(entry, wanted);
  const losesNone = wanted.mayHaveMore || surplus.length === 0;
  const isWrong = !Array.isArray(fields["groups"]) || missing.length > 0 || !losesNone;
  const list = pairOf(node, "groups")?.value;
  const last = isSeq(list) && losesNone ? list.items.at(-1) : undefined;
  if (isWrong && isSeq(list) && last !== undefined) edits.insert(list, last, missing);
  edits.set(node, arnKey, {
    ...(fields["username"] !== wanted.username && { username: wanted.username }),
    ...(isWrong && last === undefined && { groups: [...wanted.groups, ...(wanted.mayHaveMore ? surplus : [])] }),
  });
}

/** The list in a text, or why there is none, in words. */
function readList(text: string, section: Section): EntryList | string {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...YAML, lineCounter: lines });
  const lineOf = (offset: number) => `line ${String(lines.linePos(offset).line)}`;
  const notYaml = (where: string, { message }: Error) =>
    `aws-auth: ${section} is not YAML${where}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  const { contents, errors } = document;
  const [error] = errors;
  if (error !== undefined) return notYaml(`, ${lineOf(error.pos[0])}`, error);
  let values: unknown;
  try {
    values = document.toJS();
    // An alias inside of what it stands for has no end, and no meaning in JSON, through which the authenticator reads.
    JSON.stringify(values);
  } catch (cause) {
    if (cause instanceof TypeError) return `aws-auth: ${section} has an alias that stands for what it is in`;
    return notYaml("", cause as Error);
  }
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return { text, contents, entries: [], byArn: new Map() };
  }
  if (isSeq(contents)) {
    const entries = contents.items.map((node, at) => entryOf(node, (values as unknown[])[at], section));
    return { text, contents, entries, byArn: grouped(entries) };
  }
  const kind = isMap(contents) ? "a mapping" : "a text";
  return (
    `aws-auth: ${section} must be a list of entries, "- ${ARN_KEY[section]}: …", ` +
    `but ${lineOf(contents.range[0])} begins ${kind}`
  );
}

function entryOf(node: ParsedNode, value: unknown, section: Section): Entry {
  const pairs = isMap(node) ? Object.entries(value as object) : [];
  const fields = Object.fromEntries(pairs.map(([key, field]) => [key.toLowerCase(), field as unknown]));
  const arn = fields[ARN_KEY[section]];
  return { node, value, fields, arn: typeof arn === "string" ? arn : undefined };
}

/** The entries of an ARN. */
function entriesOf({ byArn }: Pick<EntryList, "byArn">, wanted: WantedEntry): readonly Entry[] {
  return byArn.get(keyOf(wanted)) ?? [];
}

/** What has each ARN: thousands are looked up in an aws-auth of thousands. */
function grouped<It extends { readonly arn: string | undefined }>(all: readonly It[]): Map<string, It[]> {
  const groups = new Map<string, It[]>();
  for (const it of all) {
    const group = groups.get(keyOf(it));
    if (group === undefined) groups.set(keyOf(it), [it]);
    else group.push(it);
  }
  return groups;
}

function keyOf({ arn = "" }: { readonly arn: string | undefined }): string {
  return arn.toLowerCase();
}

/** The groups that an entry lacks, and those that it has beside the wanted ones. */
function comparedGroups(entry: Entry | undefined, { groups }: WantedEntry) {
  const mapped = entry?.fields["groups"];
  const has: readonly string[] = Array.isArray(mapped) ? (mapped as string[]) : [];
  return {
    missing: groups.filter((group) => !has.includes(group)),
    surplus: has.filter((group) => !groups.includes(group)),
  };
}

function written({ arn, username, groups }: WantedEntry, section: Section): Readonly<Record<string, unknown>> {
  return { [ARN_KEY[section]]: arn, username, groups };
}
