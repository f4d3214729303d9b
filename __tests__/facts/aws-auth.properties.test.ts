import { parse } from "yaml";

import { findMappingProblem, mergeAwsAuth, type MappedPrincipals } from "../../facts/aws-auth";
import { fc } from "../support/properties";

const ACCOUNT = "arn:aws:iam::111122223333";

/** Somebody's entry as people and tools write it: styles, keys of their own, comments. */
const LINES_OF_ENTRY = fc
  .record({
    name: fc.constantFrom("ops", "ci", "Admin", "team/dev", "nodes-of-others"),
    username: fc.constantFrom("ops", "'it''s ops'", '"a: b"', "system:node:{{EC2PrivateDNSName}}", "yes"),
    groups: fc.constantFrom(
      "[]",
      "[system:masters]",
      '["a", b]',
      "\n    - system:masters # for now\n    - view",
      "\n  - x",
    ),
    comment: fc.constantFrom("", "# why: 한글\n", "\n", "  # odd indentation\n"),
    more: fc.constantFrom("", "  note: kept\n", "  nested: { a: [1, 2] }\n"),
    style: fc.constantFrom("block", "flow", "quoted"),
  })
  .map(({ name, username, groups, comment, more, style }) => {
    const arn = `${ACCOUNT}:role/${name}`;
    if (style === "flow") return `${comment}- { rolearn: "${arn}", username: "{{SessionName}}", groups: [view] }\n`;
    const rolearn = style === "quoted" ? `"${arn}"` : arn;
    return `${comment}- rolearn: ${rolearn}\n  username: ${username}\n${more}  groups: ${groups}\n`;
  });

/** A mapRoles that nobody of ours has written. */
const MAP_ROLES = fc.oneof(
  fc.constantFrom("", "[]\n", "# nothing yet\n"),
  fc.array(LINES_OF_ENTRY, { minLength: 1, maxLength: 5 }).map((entries) => entries.join("")),
  // Without an end of the last line.
  fc.array(LINES_OF_ENTRY, { minLength: 1, maxLength: 3 }).map((entries) => entries.join("").trimEnd()),
);

const GROUPS = fc.uniqueArray(fc.constantFrom("view", "edit", "system:masters", "team:a"), { maxLength: 3 });

/** What one stack wants mapped: its own names, so that two stacks never want the same. */
function principals(stack: string): fc.Arbitrary<MappedPrincipals> {
  return fc.record({
    node_role_arn: fc.constant(`${ACCOUNT}:role/${stack}-nodes`),
    aws_auth_roles: fc.uniqueArray(fc.constantFrom("admin", "deploy", "read"), { maxLength: 3 }).chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            rolearn: fc.constant(`${ACCOUNT}:role/${stack}-${name}`),
            username: fc.constantFrom(name, "yes", "a: b"),
            groups: GROUPS,
          }),
        ),
      ),
    ),
    aws_auth_users: fc.uniqueArray(fc.constantFrom("kim", "lee"), { maxLength: 2 }).chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc.record({
            userarn: fc.constant(`${ACCOUNT}:user/${stack}-${name}`),
            username: fc.constant(name),
            groups: GROUPS,
          }),
        ),
      ),
    ),
  });
}

/** The entries of a text, read by a YAML reader that is not the merge's. */
function entriesOf(text: string | undefined): unknown[] {
  return (parse(text ?? "", { version: "1.1" }) as unknown[] | null) ?? [];
}

/** Entries whose groups have an order of their own: to Kubernetes they are a set. */
function unordered(entries: readonly unknown[]): unknown[] {
  return (entries as readonly { readonly groups: readonly string[] }[]).map((entry) => ({
    ...entry,
    groups: [...entry.groups].sort(),
  }));
}

describe("a merge into any mapRoles", () => {
  it("loses no entry of anybody else's, no line of theirs and no order among them", () => {
    fc.assert(
      fc.property(MAP_ROLES, principals("one"), (mapRoles, wanted) => {
        const { mapRoles: text = "" } = mergeAwsAuth({ mapRoles, theirs: "kept" }, wanted);

        const before = entriesOf(mapRoles);
        expect(entriesOf(text).slice(0, before.length)).toEqual(before);
        if (before.length > 0) expect(text.startsWith(mapRoles)).toBe(true);
        for (const line of mapRoles.split("\n").filter((it) => it.includes("#"))) expect(text).toContain(line);
      }),
    );
  });

  it("maps everybody who is wanted, as wanted", () => {
    fc.assert(
      fc.property(MAP_ROLES, principals("one"), (mapRoles, wanted) => {
        const data = mergeAwsAuth({ mapRoles }, wanted);

        expect(findMappingProblem(data, wanted.node_role_arn)).toBeUndefined();
        expect(entriesOf(data["mapRoles"])).toEqual(expect.arrayContaining([...(wanted.aws_auth_roles ?? [])]));
        expect(entriesOf(data["mapUsers"])).toEqual(wanted.aws_auth_users);
      }),
    );
  });

  it("that is made twice is made once", () => {
    fc.assert(
      fc.property(MAP_ROLES, principals("one"), (mapRoles, wanted) => {
        const once = mergeAwsAuth({ mapRoles }, wanted);

        expect(mergeAwsAuth(once, wanted)).toBe(once);
      }),
    );
  });

  it("of two stacks maps the same, whichever comes first", () => {
    fc.assert(
      fc.property(MAP_ROLES, principals("one"), principals("two"), (mapRoles, one, two) => {
        const before = entriesOf(mapRoles).length;
        const sorted = (...order: readonly MappedPrincipals[]) => {
          const data = order.reduce(mergeAwsAuth, { mapRoles });
          const own = entriesOf(data["mapRoles"]).slice(before);
          return [...own, ...entriesOf(data["mapUsers"])].map((entry) => JSON.stringify(entry)).sort();
        };

        expect(sorted(one, two)).toEqual(sorted(two, one));
      }),
    );
  });

  it("takes what tfvars have changed and leaves what they have not", () => {
    fc.assert(
      fc.property(MAP_ROLES, principals("one"), principals("one"), (mapRoles, earlier, later) => {
        const data = mergeAwsAuth(mergeAwsAuth({ mapRoles }, earlier), later);

        const before = entriesOf(mapRoles);
        expect(entriesOf(data["mapRoles"]).slice(0, before.length)).toEqual(before);
        expect(unordered(entriesOf(data["mapRoles"]))).toEqual(
          expect.arrayContaining(unordered(later.aws_auth_roles ?? [])),
        );
        expect(unordered(entriesOf(data["mapUsers"]))).toEqual(
          expect.arrayContaining(unordered(later.aws_auth_users ?? [])),
        );
      }),
    );
  });
});
