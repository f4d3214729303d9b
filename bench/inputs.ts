import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { access } from "../contract/inputs/access";
import { addOns } from "../contract/inputs/add-ons";
import { bastion } from "../contract/inputs/bastion";
import { cluster } from "../contract/inputs/cluster";
import type { Description, Fields } from "../contract/inputs/description";
import { INPUTS } from "../contract/inputs/inputs";
import { network } from "../contract/inputs/network";
import { nodes } from "../contract/inputs/nodes";
import { pods } from "../contract/inputs/pods";
import { project } from "../contract/inputs/project";
import { filled, table, writeFormatted } from "./page";

const CLONE = resolve(__dirname, "..");
const PAGE = join(CLONE, "docs", "inputs.md");
const SCHEMA = join(CLONE, "docs", "inputs.schema.json");

const SECTIONS: Readonly<Record<string, Fields>> = {
  "The whole": project,
  Network: network,
  "Control plane": cluster,
  Bastion: bastion,
  Nodes: nodes,
  "Who may use it": access,
  "Add-ons": addOns,
  "IAM roles for pods": pods,
};

/** The tables of docs/inputs.md: one for each noun, and one for each object among its inputs. */
export function inputTables(): string {
  return Object.entries(SECTIONS)
    .flatMap(([title, fields]) => [
      `## ${title}`,
      tableOf("input", fields),
      ...Object.entries(fields).flatMap(([name, description]) => objectTables(name, description)),
    ])
    .join("\n\n");
}

/** Tables of an input's fields, of objects in these too. */
function objectTables(name: string, description: Description): string[] {
  const { kind, of } = description;
  const fields = description.fields ?? of?.fields;
  if (fields === undefined) return [];
  const title = kind === "object" ? `### \`${name}\`` : `### A row of \`${name}\``;
  return [
    title,
    tableOf("field", fields),
    ...Object.entries(fields).flatMap(([field, its]) => objectTables(`${name}.${field}`, its)),
  ];
}

function tableOf(head: string, fields: Fields): string {
  const rows = Object.entries(fields).map(([name, description]) => [
    `\`${name}\``,
    shownDefault(description),
    description.says.replaceAll("|", "\\|"),
  ]);
  return table([[head, "default", ""], ...rows]);
}

function shownDefault({ default: value }: Description): string {
  if (value === undefined) return "_required_";
  if (value === null) return "none";
  if (value === "") return "empty";
  if (typeof value === "string") return `\`${value}\``;
  const json = JSON.stringify(value);
  return json.length > 40 ? "the workshop's" : `\`${json}\``;
}

/** What a `*.tfvars.json` may hold, as a JSON Schema: what each value has to be by itself. */
export function inputSchema(): Record<string, unknown> {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Inputs of the EKS hands-on workshop, as *.tfvars.json holds them",
    type: "object",
    properties: { "//": {}, ...properties(INPUTS) },
    additionalProperties: false,
  };
}

const TYPES = {
  text: "string",
  number: "number",
  flag: "boolean",
  list: "array",
  map: "object",
  object: "object",
} as const;

function schemaOf({ kind, says, conditions, default: otherwise, of, fields }: Description): Record<string, unknown> {
  const own = Object.assign({ type: TYPES[kind] as string }, ...conditions.map(({ schema }) => schema)) as {
    type: string;
    enum?: readonly unknown[];
  };
  const required = Object.entries(fields ?? {}).flatMap(([name, field]) => (field.default === undefined ? name : []));
  return {
    ...own,
    ...(otherwise === null && { type: [own.type, "null"], ...(own.enum && { enum: [...own.enum, null] }) }),
    ...(says !== "" && { description: says }),
    ...(otherwise !== undefined && { default: otherwise }),
    ...(kind === "list" && { items: of === undefined ? {} : schemaOf(of) }),
    ...(kind === "map" && { additionalProperties: of === undefined ? {} : schemaOf(of) }),
    ...(fields !== undefined && { properties: properties(fields), required, additionalProperties: false }),
  };
}

function properties(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, description]) => [name, schemaOf(description)]));
}

if (require.main === module) {
  void writeFormatted(PAGE, filled(readFileSync(PAGE, "utf8"), "npm run docs:inputs", inputTables()));
  void writeFormatted(SCHEMA, JSON.stringify(inputSchema(), null, 2));
}
