import { unknownAttributes, valueType } from "../../terraform/type-expression";
import { synthesized } from "../../cli/synthesized";

/** The names of attributes that a value of this type may not have, as `PATH NAME`. */
function strange(type: string, value: unknown): string[] {
  const parsed = valueType(type);
  if (parsed === undefined) throw new Error(`${type} is no type`);
  return unknownAttributes(parsed, value, ["v"]).map(({ path, name }) => `${path} ${name}`);
}

const GROUPS =
  'map(object({ami_id=string, ami_family=optional(string, "al2023"), instance_types=optional(list(string), ["t3.medium"]), ' +
  'taints=optional(list(object({key=string, value=optional(string, ""), effect=string})), []), ' +
  "instance_refresh=optional(object({min_healthy_percentage=optional(number, 90)}))}))";

describe("a type expression", () => {
  it.each(["string", "number", "bool", "any", " string ", "list(string)", "map(any)", "set(list(number))"])(
    "%j has no attributes",
    (type) => {
      expect(strange(type, { a: 1 })).toEqual([]);
      expect(strange(type, [{ a: { b: 1 } }])).toEqual([]);
    },
  );

  it.each<[string, string, unknown, string[]]>([
    ["an object", "object({a=string, b=number})", { a: 1, c: 2, d: 3 }, ["v c", "v d"]],
    ["an object over several lines", "object({\n  a = string\n  b = number,\n})", { a: 1, b: 1, c: 2 }, ["v c"]],
    ["one with quoted names and colons", 'object({"a": string, b-c: number})', { a: 1, "b-c": 1, b: 2 }, ["v b"]],
    ["one without attributes", "object({})", { a: 1 }, ["v a"]],
    ["a list of objects", "list(object({a=string}))", [{ a: 1 }, { b: 1 }], ["v[1] b"]],
    ["a set of objects", "set(object({a=string}))", [{ b: 1 }], ["v[0] b"]],
    ["a map of objects", "map(object({a=string}))", { x: { a: 1 }, "y z": { b: 1 } }, ['v["y z"] b']],
    ["a tuple", "tuple([string, object({a=string})])", [{ b: 1 }, { b: 1 }, { b: 1 }], ["v[1] b"]],
    ["an object in an object", "object({a=object({b=string})})", { a: { c: 1 } }, ["v.a c"]],
    ["any in an object", "object({a=any})", { a: { c: 1 } }, []],
    [
      "optional attributes",
      "object({a=optional(string), b=optional(object({c=number}), {})})",
      { b: { d: 1 } },
      ["v.b d"],
    ],
    [
      "defaults with brackets, texts and numbers",
      String.raw`object({a=optional(map(list(number)), { x = [-1.5, 2], "}" = [] }), b=optional(string, "a) \" b"), c=string})`,
      { a: {}, b: "", c: "", d: 1 },
      ["v d"],
    ],
    ["a default in parentheses", "object({a=optional(string, ((null))), b=string})", { c: 1 }, ["v c"]],
    [
      "the node groups",
      GROUPS,
      { a: { ami_id: "", instance_typ: [], taints: [{ key: "", efect: "" }], instance_refresh: { min: 1 } } },
      ["v.a instance_typ", "v.a.taints[0] efect", "v.a.instance_refresh min"],
    ],
  ])("finds what %s has not", (_, type, value, found) => {
    expect(strange(type, value)).toEqual(found);
  });

  it("says which attributes there are", () => {
    const type = valueType("object({b=string, a=optional(number, 1)})");

    expect(type && unknownAttributes(type, { c: 1 }, ["v", "x"])).toEqual([
      { path: "v.x", name: "c", names: ["b", "a"] },
    ]);
  });

  it.each<[string, unknown]>([
    ["list(object({a=string}))", { b: 1 }],
    ["object({a=string})", [{ b: 1 }]],
    ["map(object({a=string}))", "${local.x}"],
    ["object({a=object({b=string})})", { a: null }],
  ])("leaves to Terraform what is of another shape than %s", (type, value) => {
    expect(strange(type, value)).toEqual([]);
  });

  it.each([
    "",
    "strin",
    "list",
    "list(",
    "list()",
    "list(string",
    "list(string))",
    "object({a})",
    "object({a=})",
    "tuple(string)",
    "map[string]",
    "object({a=optional(string)",
    "$",
    "string,",
  ])("is not %j", (text) => {
    expect(valueType(text)).toBeUndefined();
  });

  it("is what every variable of the stack has", () => {
    const { declared } = synthesized({});

    expect([...declared].filter(([, { type }]) => valueType(type) === undefined)).toEqual([]);
  });

  it("has every attribute of the stack's own defaults", () => {
    for (const [name, { type, default: given }] of synthesized({}).declared) {
      const parsed = valueType(type);
      expect([name, parsed && unknownAttributes(parsed, given?.value, [name])]).toEqual([name, []]);
    }
  });
});
