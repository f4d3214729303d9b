import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from "yaml";
import type { Document, ParsedNode, YAMLMap, YAMLSeq } from "yaml";

/** The `data` of the ConfigMap `kube-system/aws-auth`: a YAML text under each key. */
export type AwsAuthData = Readonly<Record<string, string>>;

/** Who an IAM role or user is in Kubernetes. */
export interface IdentityMapping {
  readonly arn: string;
  readonly username: string;
  readonly groups: readonly string[];
}

/** What aws-auth has to say; whatever else it says is somebody else's. */
export interface WantedMappings {
  /** ARNs of the nodes' IAM roles, each with or without its path. */
  readonly nodeRoleArns: readonly string[];
  /** Roles besides the nodes'. */
  readonly roles?: readonly IdentityMapping[];
  readonly users?: readonly IdentityMapping[];
}

/** A key of the ConfigMap whose text is a list, and the key that holds the ARN in each of the list's entries. */
interface Section {
  readonly key: "mapRoles" | "mapUsers";
  readonly arnKey: "rolearn" | "userarn";
}

/** An entry as it has to be. */
interface WantedEntry extends IdentityMapping {
  /**
   * Whether the groups are the least that it takes, beside which others may stand; otherwise they are all that there are.
   */
  readonly mayHaveMore: boolean;
}

/** A list of entries as it stands in the text. */
interface EntryList {
  readonly text: string;
  readonly document: Document.Parsed;
  readonly seq: YAMLSeq.Parsed | undefined;
  readonly entries: readonly ParsedNode[];
}

/** Characters of a text to put something else in place of. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Mapped = YAMLMap.Parsed["items"][number];

const MAP_ROLES: Section = { key: "mapRoles", arnKey: "rolearn" };
const MAP_USERS: Section = { key: "mapUsers", arnKey: "userarn" };

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

/** As the authenticator reads: in YAML 1.1 a bare `yes` is no text, and of two equal keys the last counts. */
const YAML = { version: "1.1", uniqueKeys: false, prettyErrors: false } as const;
/** One line for a text, however long, and each entry by itself: no `*a1`, which whoever edits the first one breaks. */
const LINES = { version: "1.1", lineWidth: 0, blockQuote: false, aliasDuplicateObjects: false } as const;

const HOW_TO_EDIT = "kubectl --namespace kube-system edit configmap aws-auth";

/**
 * The label by which tools say who looks after an object, and what it says of one that is a resource of Terraform's:
 * two who write aws-auth would undo each other's entries.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/
 */
export const MANAGED_BY = { label: "app.kubernetes.io/managed-by", terraform: "terraform" } as const;

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

/** Whom a stack wants mapped, in the words of its handover. */
export interface MappedPrincipals {
  /** ARN of the nodes' IAM role. */
  readonly node_role_arn: string;
  /** ARNs of all IAM roles of nodes, where groups have roles of their own. */
  readonly node_role_arns?: readonly string[] | undefined;
  readonly aws_auth_roles: readonly AwsAuthRole[];
  readonly aws_auth_users: readonly AwsAuthUser[];
}

/** What a stack wants mapped: its nodes, and whom tfvars name. */
export function wantedMappings({ aws_auth_roles, aws_auth_users, ...nodes }: MappedPrincipals): WantedMappings {
  return {
    nodeRoleArns: nodeRoleArns(nodes),
    roles: aws_auth_roles.map(({ rolearn, username, groups }) => ({ arn: rolearn, username, groups })),
    users: aws_auth_users.map(({ userarn, username, groups }) => ({ arn: userarn, username, groups })),
  };
}

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
 * `eks:kube-proxy-windows`. Whoever is listed in `roles` and `users` gets exactly the groups that stand there, so that
 * what is taken off the list is taken away.
 *
 * All entries of one ARN are corrected, none is dropped: the authenticator takes the last, which may not be the first
 * that a reader sees.
 *
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/mapper/configmap/configmap.go
 * @param current undefined when there is no ConfigMap yet, which is how a cluster without managed nodes begins
 * @throws Error when an ARN is not what it has to be, or a text cannot be read as a list of mappings
 */
export function mergeAwsAuth(current: AwsAuthData | undefined, wanted: WantedMappings): AwsAuthData {
  const users = wantedUsers(wanted);
  const merged = {
    ...current,
    mapRoles: mergeSection(current?.["mapRoles"], MAP_ROLES, wantedRoles(wanted)),
    ...(users.length > 0 && { mapUsers: mergeSection(current?.["mapUsers"], MAP_USERS, users) }),
  };
  const isChanged = ({ key }: Section) => current?.[key] !== (merged as AwsAuthData)[key];
  return current === undefined || isChanged(MAP_ROLES) || isChanged(MAP_USERS) ? merged : current;
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
  const list = readList(text, MAP_ROLES);
  if (typeof list === "string") return list;

  const entry = entriesOf(list, MAP_ROLES, wanted).at(-1);
  if (entry === undefined) return whyAbsent(list, wanted);
  const username = valueOf(list, entry, "username");
  if (username !== wanted.username) {
    return `aws-auth maps ${wanted.arn} to the username ${found(username)}; it has to be ${wanted.username}`;
  }
  const groups = valueOf(list, entry, "groups");
  const missing = missingGroups(groups, wanted);
  if (missing.length === 0) return undefined;
  return `aws-auth maps ${wanted.arn} without ${missing.join(" and ")}; its groups are ${found(groups)}`;
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
export function removedGroups(current: AwsAuthData, wanted: WantedMappings): readonly RemovedGroups[] {
  const of = (section: Section, mappings: readonly WantedEntry[]) => {
    const list = readList(current[section.key] ?? "", section);
    if (typeof list === "string") return [];
    return mappings.flatMap((mapping) => {
      const [entry] = mapping.mayHaveMore ? [] : entriesOf(list, section, mapping).slice(-1);
      const groups = entry === undefined ? [] : surplusGroups(valueOf(list, entry, "groups"), mapping);
      return groups.length === 0 ? [] : [{ arn: mapping.arn, groups }];
    });
  };
  return [...of(MAP_ROLES, wantedRoles(wanted)), ...of(MAP_USERS, wantedUsers(wanted))];
}

/** The mapping is not there: something like it may be. */
function whyAbsent(list: EntryList, { arn }: IdentityMapping): string {
  const arns = list.entries.flatMap((entry) => arnOf(list, entry, MAP_ROLES) ?? []);
  const withPath = arns.find((mapped) => isSameArn(withoutPath(mapped) ?? mapped, arn));
  if (withPath !== undefined) return `aws-auth maps ${withPath}, which has a path; it has to be ${arn}`;

  // Never right in mapRoles, whatever its name; but one that is named as the role is the likeliest.
  const profiles = arns.filter(isInstanceProfile);
  const profile = profiles.find((mapped) => isSameArn(nameIn(mapped), nameIn(arn))) ?? profiles[0];
  if (profile !== undefined) return `aws-auth maps ${profile}, an instance profile; it has to be the role, ${arn}`;
  return `aws-auth does not map ${arn}; it maps ${arns.join(", ") || "nothing"}`;
}

function wantedRoles({ nodeRoleArns: nodes, roles = [] }: WantedMappings): readonly WantedEntry[] {
  return [...nodes.map(nodeMapping), ...roles.map(ofRole)];
}

function wantedUsers({ users = [] }: WantedMappings): readonly WantedEntry[] {
  return users.map(ofUser);
}

function nodeMapping(arn: string): WantedEntry {
  return { arn: roleArn(arn, "the node role"), username: NODE_USERNAME, groups: NODE_GROUPS, mayHaveMore: true };
}

function ofRole(mapping: IdentityMapping): WantedEntry {
  return { ...mapping, arn: roleArn(mapping.arn, "a role in aws-auth"), mayHaveMore: false };
}

function ofUser(mapping: IdentityMapping): WantedEntry {
  if (USER_ARN.test(mapping.arn)) return { ...mapping, mayHaveMore: false };
  throw new Error(
    "a user in aws-auth must be given by the ARN of an IAM user, arn:aws:iam::ACCOUNT:user/NAME, of an account's root, " +
      `arn:aws:iam::ACCOUNT:root, or of a federated user, arn:aws:sts::ACCOUNT:federated-user/NAME, got "${mapping.arn}"`,
  );
}

/** The ARN as aws-auth wants it. */
function roleArn(arn: string, what: string): string {
  const plain = withoutPath(arn);
  if (plain !== undefined) return plain;
  const allowed = "the ARN of an IAM role, arn:aws:iam::ACCOUNT:role/NAME";
  if (isInstanceProfile(arn)) {
    throw new Error(
      `${what} must be given by ${allowed}, got that of an instance profile, ${arn}; give the role inside it ` +
        `(aws iam get-instance-profile --instance-profile-name ${nameIn(arn)})`,
    );
  }
  throw new Error(`${what} must be given by ${allowed}, got "${arn}"`);
}

/**
 * A role's ARN without the role's path. The authenticator compares with the ARN of the session, `assumed-role/NAME/…`,
 * in which STS leaves the path out: an entry with one never matches. (A user's ARN keeps its path.)
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/issues/268
 */
function withoutPath(arn: string): string | undefined {
  const [, account, name] = /^(arn:[\w-]+:iam::\d{12}:role)\/(?:\S+\/)?([^\s/]+)$/.exec(arn) ?? [];
  return account === undefined || name === undefined ? undefined : `${account}/${name}`;
}

function isInstanceProfile(arn: string): boolean {
  return /:instance-profile\//i.test(arn);
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** The authenticator does not mind upper and lower case. */
function isSameArn(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** The authenticator reads these as nothing. */
function isBlank(text: string): boolean {
  return ["", '""', "''", "``"].includes(text.trim());
}

function found(value: unknown): string {
  return value === undefined ? "(none)" : JSON.stringify(value);
}

/** The text with the wanted entries in it. */
function mergeSection(current: string | undefined, section: Section, wanted: readonly WantedEntry[]): string {
  const twice = wanted.find(({ arn }, i) => wanted.slice(i + 1).some((other) => isSameArn(arn, other.arn)));
  if (twice !== undefined) throw new Error(`${twice.arn} is to be mapped twice in ${section.key}; give it once`);
  if (current === undefined || isBlank(current)) return block(wanted.map((mapping) => entry(mapping, section)));

  const before = readList(current, section);
  if (typeof before === "string") throw new Error(`${before}; nothing was changed, mend it: ${HOW_TO_EDIT}`);
  const edits = editsOf(before, section, wanted);
  if (edits.length === 0) return current;

  // Anchors, aliases and other rarities can make an edit mean something else than it says: better no edit then.
  const after = readList(apply(current, edits), section);
  if (typeof after === "string" || !isKept(before, after, section, wanted)) {
    const arns = wanted.map(({ arn }) => arn).join(", ");
    throw new Error(
      `aws-auth: ${section.key} is written in a way that cannot be edited without touching the entries of others; ` +
        `nothing was changed, map ${arns} by hand: ${HOW_TO_EDIT}`,
    );
  }
  return after.text;
}

/** Whether ours are all as wanted afterwards, and everything else means what it meant. */
function isKept(before: EntryList, after: EntryList, section: Section, wanted: readonly WantedEntry[]): boolean {
  const meaningOf = (list: EntryList) =>
    list.entries.map((item) => {
      const ours = wanted.find((mapping) => entriesOf(list, section, mapping).some((one) => one === item));
      const value: unknown = item.toJS(list.document);
      if (ours === undefined || !isMap(item)) return JSON.stringify(value);
      const ofOthers = ([key]: [string, unknown]) => !["username", "groups"].includes(key.toLowerCase());
      const kept = ours.mayHaveMore ? surplusGroups(valueOf(list, item, "groups"), ours) : [];
      return JSON.stringify([...Object.entries(value as object).filter(ofOthers), ...kept]);
    });
  const [then, now] = [meaningOf(before), meaningOf(after)];
  return editsOf(after, section, wanted).length === 0 && then.every((meaning, i) => meaning === now[i]);
}

/** What has to change in the text; nothing when all is as wanted. */
function editsOf(list: EntryList, section: Section, wanted: readonly WantedEntry[]): readonly Edit[] {
  const missing = wanted.filter((mapping) => entriesOf(list, section, mapping).length === 0);
  const corrections = wanted.flatMap((mapping) =>
    entriesOf(list, section, mapping).flatMap((item) => corrected(list, section, item, mapping)),
  );
  const appended = missing.map((mapping) => entry(mapping, section));
  return appended.length === 0 ? corrections : [...corrections, append(list, appended)];
}

/** Only what is wrong in an entry of ours: the rest of it, with its comments, may be somebody's. */
function corrected(list: EntryList, section: Section, item: YAMLMap.Parsed, wanted: WantedEntry): readonly Edit[] {
  const { username } = wanted;
  const mapped = valueOf(list, item, "groups");
  const groups = correctedGroups(mapped, wanted);
  const wrong: Partial<IdentityMapping> = {
    ...(valueOf(list, item, "username") !== username && { username }),
    ...(groups !== undefined && { groups }),
  };
  const edits: Edit[] = [];
  const missing: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(wrong)) {
    const pair = pairOf(item, key);
    const last = key === "groups" && isSeq(pair?.value) ? pair.value.items.at(-1) : undefined;
    const losesNone = wanted.mayHaveMore || surplusGroups(mapped, wanted).length === 0;
    if (pair === undefined) missing[key] = value;
    else if (isSeq(pair.value) && last !== undefined && losesNone) {
      edits.push(extended(list.text, pair.value, last, missingGroups(mapped, wanted)));
    } else edits.push(replaced(list.text, pair, value, item.flow === true));
  }
  const arn = pairOf(item, section.arnKey);
  if (arn !== undefined && Object.keys(missing).length > 0) edits.push(completed(list.text, item, arn, missing));
  return edits;
}

/** Another value for a key, in the style in which the old one stands. */
function replaced(text: string, pair: Mapped, value: string | readonly string[], isInFlow: boolean): Edit {
  const { key, value: old } = pair;
  const end = old === null ? endOf(text, key) : endOf(text, old);
  if (isSeq(old) && old.flow !== true && typeof value !== "string" && value.length > 0) {
    const [start] = old.range;
    return { start, end: lineEnd(text, end), text: indented(block(value), text, start).trimEnd() };
  }
  const isPlain = typeof value === "string" && !isInFlow;
  return { start: endOf(text, key), end, text: `: ${isPlain ? block(value).trimEnd() : flow(value)}` };
}

/** More items behind the last one of a list, in the style of the list; what is in it stays, with its comments. */
function extended(text: string, seq: YAMLSeq.Parsed, last: ParsedNode, items: readonly unknown[]): Edit {
  const end = endOf(text, last);
  if (seq.flow === true) {
    const [start] = last.range;
    const margin = text.slice(start - column(text, start), start);
    const separator = margin.trim() === "" ? `,${lineBreak(text)}${margin}` : ", ";
    return { start: end, end, text: items.map((item) => separator + flow(item)).join("") };
  }
  return inserted(text, end, seq.range[0], items);
}

/** Keys that an entry lacks, after the one with its ARN. */
function completed(text: string, item: YAMLMap.Parsed, arn: Mapped, keys: Readonly<Record<string, unknown>>): Edit {
  const end = endOf(text, arn.value ?? arn.key);
  if (item.flow === true) return { start: end, end, text: `, ${flow(keys).slice(1, -1)}` };
  return inserted(text, end, item.range[0], keys);
}

/** Lines below the one with an offset, as far to the right as another offset is. */
function inserted(text: string, after: number, margin: number, value: unknown): Edit {
  const end = lineEnd(text, after);
  const lines = indented(block(value), text, margin).trimEnd();
  return { start: end, end, text: lineBreak(text) + " ".repeat(column(text, margin)) + lines };
}

/** New entries at the end, where the authenticator prefers them to all others. */
function append({ text, document, seq }: EntryList, entries: readonly unknown[]): Edit {
  const last = seq?.items.at(-1);
  if (seq?.flow === true && last !== undefined) return extended(text, seq, last, entries);
  // An empty list, `[]` or `null`, makes room for one in blocks, unless it has a comment in it.
  const [start, end] = last === undefined && document.contents !== null ? document.contents.range : [0, 0];
  const hasComment = text.slice(start, end).includes("#");
  if (hasComment) return { start: end - 1, end: end - 1, text: flow(entries).slice(1, -1) };
  if (end > start) return { start, end, text: indented(block(entries), text, start).trimEnd() };

  const margin = seq === undefined ? "" : " ".repeat(column(text, seq.range[0]));
  const gap = text.endsWith("\n") ? "" : lineBreak(text);
  const lines = indented(block(entries), text, seq?.range[0] ?? 0);
  return { start: text.length, end: text.length, text: gap + margin + lines };
}

/** The list in a text, or why there is none, in words. */
function readList(text: string, section: Section): EntryList | string {
  const lines = new LineCounter();
  const document = parseDocument(text, { ...YAML, lineCounter: lines });
  const lineOf = (offset: number) => `line ${String(lines.linePos(offset).line)}`;
  const [error] = document.errors;
  if (error !== undefined) {
    return `aws-auth: ${section.key} is not YAML, ${lineOf(error.pos[0])}: ${lowerFirst(error.message)}`;
  }
  try {
    document.toJS();
  } catch (cause) {
    return `aws-auth: ${section.key} is not YAML: ${lowerFirst((cause as Error).message)}`;
  }
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return { text, document, seq: undefined, entries: [] };
  }
  if (isSeq(contents)) return { text, document, seq: contents, entries: contents.items };
  const kind = isMap(contents) ? "a mapping" : "a text";
  return (
    `aws-auth: ${section.key} must be a list of entries, "- ${section.arnKey}: …", ` +
    `but ${lineOf(contents.range[0])} begins ${kind}`
  );
}

/** The entries of an ARN: usually one. */
function entriesOf(list: EntryList, section: Section, { arn }: IdentityMapping): readonly YAMLMap.Parsed[] {
  return list.entries.filter((item) => isMap(item)).filter((item) => isSameArn(arnOf(list, item, section) ?? "", arn));
}

function arnOf(list: EntryList, item: ParsedNode, { arnKey }: Section): string | undefined {
  const arn = isMap(item) ? valueOf(list, item, arnKey) : undefined;
  return typeof arn === "string" ? arn : undefined;
}

function valueOf({ document }: EntryList, item: YAMLMap.Parsed, key: string): unknown {
  return pairOf(item, key)?.value?.toJS(document);
}

/** By a key in upper or lower case: to Go's JSON, through which the authenticator reads, `roleARN` is `rolearn`. */
function pairOf(item: YAMLMap.Parsed, name: string): Mapped | undefined {
  return item.items.findLast(({ key }) => isScalar(key) && String(key.value).toLowerCase() === name);
}

/** The groups that an entry lacks, given those that it has. */
function missingGroups(mapped: unknown, { groups }: IdentityMapping): readonly string[] {
  return groups.filter((group) => !Array.isArray(mapped) || !mapped.includes(group));
}

/** The groups that an entry has beside the wanted ones. */
function surplusGroups(mapped: unknown, { groups }: IdentityMapping): readonly string[] {
  return Array.isArray(mapped) ? (mapped as string[]).filter((group) => !groups.includes(group)) : [];
}

/** The groups that an entry has to have instead of those that it has; undefined when they are right. */
function correctedGroups(mapped: unknown, wanted: WantedEntry): readonly string[] | undefined {
  const missing = missingGroups(mapped, wanted);
  const surplus = surplusGroups(mapped, wanted);
  if (Array.isArray(mapped) && missing.length === 0 && (wanted.mayHaveMore || surplus.length === 0)) return undefined;
  return wanted.mayHaveMore ? [...wanted.groups, ...surplus] : wanted.groups;
}

function entry({ arn, username, groups }: IdentityMapping, { arnKey }: Section): Readonly<Record<string, unknown>> {
  return { [arnKey]: arn, username, groups };
}

function block(value: unknown): string {
  return stringify(value, LINES);
}

/** JSON is YAML too, and a text that is JSON stays JSON. */
function flow(value: unknown): string {
  return JSON.stringify(value);
}

/** Lines for a text, all but the first with as much space in front as stands before the offset. */
function indented(lines: string, text: string, offset: number): string {
  return lines.replaceAll(/\n(?!$)/g, `\n${" ".repeat(column(text, offset))}`).replaceAll("\n", lineBreak(text));
}

function column(text: string, offset: number): number {
  return offset - (text.lastIndexOf("\n", offset - 1) + 1);
}

/** Where the line with an offset ends, before its break. */
function lineEnd(text: string, offset: number): number {
  return offset + text.slice(offset).search(/\r?\n|$/);
}

function lineBreak(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** Where a node's own text ends: what the parser reports for one in blocks includes the comments after it. */
function endOf(text: string, node: ParsedNode): number {
  const [start, end] = node.range;
  if ((isMap(node) || isSeq(node)) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last !== undefined) return endOf(text, "key" in last ? (last.value ?? last.key) : last);
  }
  return start + text.slice(start, end).trimEnd().length;
}

function apply(text: string, edits: readonly Edit[]): string {
  let end = 0;
  const parts = [...edits]
    .sort((one, other) => one.start - other.start)
    .map((edit) => {
      const kept = text.slice(end, edit.start);
      end = edit.end;
      return kept + edit.text;
    });
  return parts.join("") + text.slice(end);
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
