import { readablePath } from "./plan-file";

/** A type of a variable, as far as it says which attributes there are. */
export type ValueType =
  /** `string`, `number`, `bool`, `any` */
  | { readonly is: "leaf" }
  /** `list(…)`, `set(…)` */
  | { readonly is: "list"; readonly of: ValueType }
  /** `map(…)` */
  | { readonly is: "map"; readonly of: ValueType }
  /** `tuple([…])` */
  | { readonly is: "tuple"; readonly of: readonly ValueType[] }
  /** `object({…})`, by the attributes' names. */
  | { readonly is: "object"; readonly attributes: ReadonlyMap<string, ValueType> };

/** An attribute of a value that its type has not: Terraform drops it without a word. */
export interface UnknownAttribute {
  /** Of what it was given: `node_groups.spot`. */
  readonly path: string;
  readonly name: string;
  /** Those that there are. */
  readonly names: readonly string[];
}

/**
 * Reads a type in Terraform's words; undefined for what is none.
 *
 * @see https://developer.hashicorp.com/terraform/language/expressions/type-constraints
 */
export function valueType(text: string): ValueType | undefined {
  const tokens = tokensOf(text);
  if (tokens === undefined) return undefined;
  const reader = new Reader(tokens);
  try {
    const type = reader.type();
    return reader.isAtEnd() ? type : undefined;
  } catch (error) {
    if (error instanceof NoType) return undefined;
    throw error;
  }
}

/**
 * The attributes of a value that its type has not, in the value's order. What is of another shape than the type is left
 * alone: of that Terraform complains itself.
 *
 * @param path where the value stands, such as `["node_groups"]`
 */
export function unknownAttributes(
  type: ValueType,
  value: unknown,
  path: readonly (string | number)[],
): UnknownAttribute[] {
  switch (type.is) {
    case "leaf":
      return [];
    case "list":
      return asList(value).flatMap((part, i) => unknownAttributes(type.of, part, [...path, i]));
    case "tuple":
      return asList(value).flatMap((part, i) => unknownAttributes(type.of[i] ?? { is: "leaf" }, part, [...path, i]));
    case "map":
      return Object.entries(asObject(value)).flatMap(([key, part]) => unknownAttributes(type.of, part, [...path, key]));
    case "object":
      return Object.entries(asObject(value)).flatMap(([name, part]) => {
        const attribute = type.attributes.get(name);
        return attribute === undefined
          ? [{ path: readablePath(path), name, names: [...type.attributes.keys()] }]
          : unknownAttributes(attribute, part, [...path, name]);
      });
    default:
      return type satisfies never;
  }
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** A text is no type. */
class NoType extends Error {}

/** A name, a number, a quoted text or a sign. */
const TOKEN = /\s*(?<token>[\w-]+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|[(){}[\],=:]|$)/y;

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const token = TOKEN.exec(text)?.groups?.["token"];
    if (token === undefined) return undefined;
    if (token === "") return tokens;
    tokens.push(token);
  }
}

class Reader {
  private at = 0;

  constructor(private readonly tokens: readonly string[]) {}

  isAtEnd(): boolean {
    return this.at === this.tokens.length;
  }

  type(): ValueType {
    const name = this.next();
    switch (name) {
      case "string":
      case "number":
      case "bool":
      case "any":
        return { is: "leaf" };
      case "list":
      case "set":
        return { is: "list", of: this.inside("(", ")", () => this.type()) };
      case "map":
        return { is: "map", of: this.inside("(", ")", () => this.type()) };
      case "tuple":
        return {
          is: "tuple",
          of: this.inside("(", ")", () => this.inside("[", "]", () => this.many("]", () => this.type()))),
        };
      case "object": {
        const attributes = this.inside("(", ")", () =>
          this.inside("{", "}", () => this.many("}", () => this.attribute())),
        );
        return { is: "object", attributes: new Map(attributes) };
      }
      default:
        throw new NoType(name);
    }
  }

  /** `name = type`, `"name": optional(type, default)` */
  private attribute(): readonly [string, ValueType] {
    const name = this.next().replaceAll('"', "");
    if (!["=", ":"].includes(this.next())) throw new NoType(name);
    if (this.peek() !== "optional") return [name, this.type()];
    this.next();
    return [
      name,
      this.inside("(", ")", () => {
        const type = this.type();
        this.skipDefault();
        return type;
      }),
    ];
  }

  /** Goes to the bracket that ends an `optional(…)`, over whatever its default is. */
  private skipDefault(): void {
    for (let depth = 0; depth > 0 || this.peek() !== ")";) {
      const token = this.next();
      if ("([{".includes(token)) depth += 1;
      if (")]}".includes(token)) depth -= 1;
    }
  }

  private inside<T>(open: string, close: string, read: () => T): T {
    if (this.next() !== open) throw new NoType(open);
    const inner = read();
    if (this.next() !== close) throw new NoType(close);
    return inner;
  }

  private many<T>(end: string, read: () => T): T[] {
    const all: T[] = [];
    while (this.peek() !== end) {
      all.push(read());
      if (this.peek() === ",") this.next();
    }
    return all;
  }

  private peek(): string | undefined {
    return this.tokens[this.at];
  }

  private next(): string {
    const token = this.peek();
    if (token === undefined) throw new NoType("it ends");
    this.at += 1;
    return token;
  }
}
