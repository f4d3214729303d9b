import {
  awsBlocks,
  bodiesOf,
  saidIn,
  type BlockSchema,
  type Body,
  type ProviderSchema,
  type WrittenBlock,
} from "../../bench/provider-bindings";
import { synthesized, synthesizedKubernetes } from "./synthesized";

/** What Terraform itself takes in each. @see https://developer.hashicorp.com/terraform/language/meta-arguments */
const META_ARGUMENTS = new Set(["alias", "count", "depends_on", "for_each", "lifecycle", "provider"]);

/** Every stack that there is, with all that choices add to it. */
export function everyStack(): Readonly<Record<string, object>> {
  return {
    eks: synthesized(),
    "eks with a generated SSH identity": synthesized(undefined, { sshIdentity: "generated" }),
    "eks-kubernetes": synthesizedKubernetes(),
  };
}

/** What a stack writes of AWS, with the lists that it has in locals in the places that refer to them. */
export function blocksOf(stack: object): WrittenBlock[] {
  const { locals = {} } = stack as { readonly locals?: Readonly<Record<string, unknown>> };
  const listOf = (name: string) => /^\$\{(\[.*\])\}$/s.exec(String(locals[name]))?.[1];
  const inPlace = (_: string, value: unknown) =>
    typeof value === "string"
      ? value.replace(/\blocal\.(\w+)/g, (reference, name: string) => listOf(name) ?? reference)
      : value;
  return awsBlocks(JSON.parse(JSON.stringify(stack), inPlace) as object);
}

/** What has been compared, in numbers, and what does not fit. */
export interface Comparison {
  readonly misfits: readonly string[];
  readonly blocks: number;
  readonly fields: number;
  readonly objects: number;
}

/**
 * Compares blocks with what a provider takes: that it has each field, that none is missing that it asks for, and that an
 * object in a list has all of its fields, also one that an expression makes.
 *
 * @param surplus whether such an object may have more fields than that
 */
export function compare(written: readonly WrittenBlock[], schema: ProviderSchema, surplus: boolean): Comparison {
  const misfits: string[] = [];
  const counted = { blocks: 0, fields: 0, objects: 0 };
  for (const { kind, type, address, body } of written) {
    const known = schema[kind][type];
    if (known === undefined) misfits.push(`${address}: the schema lacks ${type}`);
    else {
      const own = Object.entries(body).filter(([name]) => !META_ARGUMENTS.has(name));
      look(address, Object.fromEntries(own), known);
    }
  }
  return { misfits, ...counted };

  function look(at: string, body: Body, { required, optional, objects = {}, blocks = {} }: BlockSchema): void {
    const said = saidIn(body);
    counted.blocks++;
    misfits.push(...required.filter((name) => !said.has(name)).map((name) => `${at}: ${name} is required`));
    for (const [name, value] of said) {
      counted.fields++;
      const block = blocks[name];
      const fields = objects[name];
      if (fields !== undefined) lookAtObjects(`${at}.${name}`, value, fields);
      else if (block === null) misfits.push(`${at}.${name}: the schema says nothing of what is in it`);
      else if (block !== undefined) lookAtBlocks(`${at}.${name}`, value, block);
      else if (!required.includes(name) && !optional.includes(name))
        misfits.push(`${at}.${name}: there is no such field`);
    }
  }

  function lookAtBlocks(at: string, value: unknown, block: BlockSchema): void {
    const bodies = bodiesOf(value);
    if (bodies.length === 0) misfits.push(`${at}: nobody can tell what is in it: ${JSON.stringify(value)}`);
    for (const body of bodies) look(at, body, block);
  }

  function lookAtObjects(at: string, value: unknown, fields: readonly string[]): void {
    const all = fieldsOfObjects(value);
    if (all === undefined)
      misfits.push(`${at}: nobody can tell which fields its objects have: ${JSON.stringify(value)}`);
    for (const has of all ?? []) {
      counted.objects++;
      misfits.push(...fields.filter((field) => !has.includes(field)).map((field) => `${at}: an object lacks ${field}`));
      if (surplus) continue;
      misfits.push(...has.filter((field) => !fields.includes(field)).map((field) => `${at}: no object has ${field}`));
    }
  }
}

/** The fields of each object of a list: written as JSON, or made in an expression; undefined when nobody can tell. */
function fieldsOfObjects(value: unknown): string[][] | undefined {
  if (Array.isArray(value)) {
    const bodies = bodiesOf(value);
    return bodies.length === value.length ? bodies.map((body) => Object.keys(body)) : undefined;
  }
  if (typeof value !== "string") return undefined;
  // A list of lists that have nothing but an object between their brackets, or what makes one for each of something.
  const list = /^\[(?:for \w+ in [^{}]+ : )?\(?\{ ([^{}]*) \}\)?(?: if [^{}]+)?\]$/;
  const [, listed] = /^\$\{concat\((.*)\)\}$/.exec(value) ?? [];
  const made = listed?.split(/(?<=\])\)?, \(?(?=\[)/).map((text) => list.exec(text.replace(/^\(|\)$/g, ""))?.[1]);
  if (made === undefined || made.includes(undefined)) return undefined;
  return made.map((text = "") => [...text.matchAll(/(\w+) = /g)].map(([, field = ""]) => field));
}

interface TerraformBlock {
  readonly attributes?: Record<string, { type?: unknown; required?: boolean; optional?: boolean }>;
  readonly block_types?: Record<string, { block: TerraformBlock; min_items?: number }>;
}

/** What `terraform providers schema -json` prints of a provider. */
export interface TerraformSchema {
  readonly provider: { readonly block: TerraformBlock };
  readonly resource_schemas: Record<string, { readonly block: TerraformBlock }>;
  readonly data_source_schemas: Record<string, { readonly block: TerraformBlock }>;
}

/** What Terraform says of the AWS provider, as the bindings say it. */
export function ofTerraform({ provider, resource_schemas, data_source_schemas }: TerraformSchema): ProviderSchema {
  const all = (schemas: Record<string, { readonly block: TerraformBlock }>) =>
    Object.fromEntries(Object.entries(schemas).map(([type, { block }]) => [type, blockSchema(block)]));
  return {
    resource: all(resource_schemas),
    data: all(data_source_schemas),
    provider: { aws: blockSchema(provider.block) },
  };
}

function blockSchema({ attributes = {}, block_types = {} }: TerraformBlock): BlockSchema {
  const settable = Object.entries(attributes).filter(
    ([, { required, optional }]) => required === true || optional === true,
  );
  const objects = settable.flatMap(([name, { type }]) => {
    const fields = fieldsOfType(type);
    return fields === undefined ? [] : [[name, fields] as const];
  });
  const needed = Object.entries(block_types).filter(([, { min_items = 0 }]) => min_items > 0);
  return {
    required: [...settable.filter(([, { required }]) => required === true), ...needed].map(([name]) => name),
    optional: settable.filter(([, { optional }]) => optional === true).map(([name]) => name),
    objects: Object.fromEntries(objects),
    blocks: Object.fromEntries(Object.entries(block_types).map(([name, { block }]) => [name, blockSchema(block)])),
  };
}

/** The fields of `["set", ["object", {…}]]`; undefined of any other type. */
function fieldsOfType(type: unknown): string[] | undefined {
  if (!Array.isArray(type)) return undefined;
  const [, inside] = type as unknown[];
  if (!Array.isArray(inside)) return undefined;
  const [of, fields] = inside as [unknown, object];
  return of === "object" ? Object.keys(fields) : undefined;
}
