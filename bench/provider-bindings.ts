/** What a provider lets a configuration say in one block, as Terraform spells it. */
export interface BlockSchema {
  /** Arguments, and blocks, that have to be there. */
  readonly required: readonly string[];
  /** Arguments that may be left out. */
  readonly optional: readonly string[];
  /** Every field of each argument that is a list of objects: an object has to have them all. */
  readonly objects?: Readonly<Record<string, readonly string[]>>;
  /** The blocks inside it; null for one that nothing writes, which is known by its name alone. */
  readonly blocks?: Readonly<Record<string, BlockSchema | null>>;
}

/** What a provider takes: of each type of resource and data source, and of the provider itself by its name. */
export interface ProviderSchema {
  readonly resource: Readonly<Record<string, BlockSchema>>;
  readonly data: Readonly<Record<string, BlockSchema>>;
  readonly provider: Readonly<Record<string, BlockSchema>>;
}

/** A block of `cdk.tf.json`: a resource, a data source, a provider, or what stands in one. */
export type Body = Readonly<Record<string, unknown>>;

/** Whether a value of `cdk.tf.json` is one block or object, or could be one. */
function isBody(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a block says: the value of each argument, and the bodies of each block, written or `dynamic`. */
export function saidIn(body: Body): ReadonlyMap<string, unknown> {
  const said = Object.entries(body).filter(([name]) => !["//", "dynamic"].includes(name));
  const dynamic = Object.entries(isBody(body["dynamic"]) ? body["dynamic"] : {});
  const contents = (value: unknown) => bodiesOf(value).map((one) => one["content"]);
  return new Map([...said, ...dynamic.map(([name, value]) => [name, contents(value)] as const)]);
}

/** The blocks or objects that a value is; none for any other value. */
export function bodiesOf(value: unknown): Body[] {
  return (Array.isArray(value) ? (value as unknown[]) : [value]).filter(isBody);
}

/** One field as the bindings turn it into Terraform's: its name in TypeScript, and what it is made by. */
interface Made {
  readonly property: string;
  readonly by: string;
}

/** Where a block can stand. */
export type Kind = keyof ProviderSchema;

/** One block that a stack writes, by its address. */
export interface WrittenBlock {
  readonly kind: Kind;
  readonly type: string;
  readonly address: string;
  readonly body: Body;
}

/** The blocks of the AWS provider in a `cdk.tf.json`. */
export function awsBlocks(stack: object): WrittenBlock[] {
  const ofKind = (kind: Kind) => Object.entries((stack as Partial<Record<Kind, Record<string, unknown>>>)[kind] ?? {});
  const named = (kind: "resource" | "data") =>
    ofKind(kind).flatMap(([type, byName]) =>
      Object.entries(byName as Record<string, Body>).map(([name, body]) => ({
        ...{ kind, type, body },
        address: `${kind === "data" ? "data." : ""}${type}.${name}`,
      })),
    );
  const providers = ofKind("provider").flatMap(([type, value]) =>
    bodiesOf(value).map((body) => ({ kind: "provider" as const, type, body, address: `provider.${type}` })),
  );
  return [...named("resource"), ...named("data"), ...providers].filter(({ type }) => /^aws(_|$)/.test(type));
}

/**
 * Reads what a provider lets one of its resources, data sources or itself say from the bindings that cdktf or cdktn
 * generated of the provider's schema: names from the code that writes Terraform's JSON, since TypeScript's differ
 * (`selfAttribute` is `self`), and what is required from the types.
 *
 * @param js text of `lib/RESOURCE/index.js`
 * @param types text of `lib/RESOURCE/index.d.ts`
 * @param bodies all that is written of it, which says what blocks to read
 * @throws Error when the text is not as the generator writes it
 */
export function readBindings(js: string, types: string, bodies: readonly Body[]): BlockSchema {
  const [, config] = /^export interface (\w+Config) /m.exec(types) ?? [];
  const [, fields] = /^ {4}synthesizeAttributes\(\) \{\n {8}return \{\n([^]*?)^ {8}\};/m.exec(js) ?? [];
  if (config === undefined || fields === undefined) throw new Error("no configuration and what becomes of it");
  // A method may have taken the name: `get_password_data` is `fetchPasswordData`.
  const given = new Map(
    [...js.matchAll(/^ {8}this\._(\w+)(?:\.internalValue)? = config\.(\w+);/gm)].map(([, own, its]) => [own, its]),
  );
  const made = [...madeIn(fields, "this\\._")].map(([name, { property, by }]) => {
    return [name, { property: given.get(property) ?? property, by }] as const;
  });
  return read(new Map(made), config, bodies);

  function read(made: ReadonlyMap<string, Made>, type: string, written: readonly Body[]): BlockSchema {
    const required = requiredIn(type, made);
    const optional: string[] = [];
    const objects: Record<string, readonly string[]> = {};
    const blocks: Record<string, BlockSchema | null> = {};
    for (const [name, { by }] of made) {
      // Arguments that are lists of objects are the only ones that the generator does not treat as blocks.
      const [, inside, isBlock] = /(?<!\.)\b(\w+)ToTerraform(?:, (true|false)\))?/.exec(by) ?? [];
      if (inside !== undefined && isBlock === "false") {
        objects[name] = [...structs(inside).keys()];
      } else if (inside !== undefined) {
        const within = written.flatMap((body) => bodiesOf(saidIn(body).get(name)));
        const isWritten = written.some((body) => saidIn(body).has(name));
        blocks[name] = isWritten ? read(structs(inside), capitalized(inside), within) : null;
      } else if (!required.includes(name)) optional.push(name);
    }
    return {
      required,
      optional,
      ...(Object.keys(objects).length > 0 && { objects }),
      ...(Object.keys(blocks).length > 0 && { blocks }),
    };
  }

  function structs(name: string): ReadonlyMap<string, Made> {
    const body = RegExp(`^function ${name}ToTerraform\\(struct\\) \\{[^]*?^ {4}return \\{\\n([^]*?)^ {4}\\};`, "m");
    const [, text] = body.exec(js) ?? [];
    if (text === undefined) throw new Error(`nothing makes ${name}`);
    return madeIn(text, "struct(?:\\.|!\\.)");
  }

  function requiredIn(type: string, made: ReadonlyMap<string, Made>): string[] {
    const [, text] = RegExp(`^export interface ${type} [^]*?\\{\\n([^]*?)^\\}`, "m").exec(types) ?? [];
    if (text === undefined) throw new Error(`no type ${type}`);
    const properties = new Map([...text.matchAll(/^ {4}readonly (\w+)(\??):/gm)].map(([, name, mark]) => [name, mark]));
    return [...made].flatMap(([name, { property }]) => {
      const mark = properties.get(property);
      if (mark === undefined) throw new Error(`${type} has no ${property}`);
      return mark === "" ? [name] : [];
    });
  }
}

function madeIn(fields: string, from: string): ReadonlyMap<string, Made> {
  return new Map(
    fields
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [, name, by = ""] = /^ +(\w+): (.*),$/.exec(line) ?? [];
        const [, property] = RegExp(`${from}(\\w+)`).exec(by) ?? [];
        if (name === undefined || property === undefined) throw new Error(`no field: ${line}`);
        return [name, { property, by }];
      }),
  );
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
