import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { listOf, mapOf, number, text } from "../../contract/inputs/description";
import { UserError } from "../../contract/user-error";
import { hclValues } from "../../terraform/hcl-values";
import { readTfvars, type VariableArgument } from "../../terraform/tfvars";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { describeEndToEnd, terraformProgram } from "../support/end-to-end";
import { fc } from "../support/properties";
import { run } from "../support/run";

/** What may stand behind a `=` of a tfvars file. */
const EXPRESSIONS = [
  ...["1", "-5", "1e3", "1.5e-3", "0.1", "01", "true", "null", '""', '"$"', '"%"', '"$$"', '"$ {"'],
  ...['"$${a}"', '"$$${a}"', '"%%{a}"', '"a$${b}%%{c} ${"d"}"', '{ "$${k}" = 1 }', '{ "%%{k}" = "$${v}" }'],
  ...[String.raw`"\u00e9\U0001F600\t\"\\ \n"`, '"한글"', '"a\\nb${"c\\n"}"', '"</script> & <"'],
  ...'<<EOT\n a\n  b\nEOT|<<-EOT\n   a\n     b $${x} %%{y} "q" \\n\n   EOT|<<-EOT\r\n   a\r\n     b\r\n   EOT'.split(
    "|",
  ),
  ...["<<-EOT\n\n  a\n\tb\n\n  EOT", '<<-EOT\n    ${"a"}\n      b\n    EOT', "<<EOT\n%{ if true }yes%{ endif }\nEOT"],
  ...["[\n1, # c\n2, // d\n/* e */ 3,\n]", "[]", "{}", '{ a = 1, "b c" : [null, { d = "e" }] }', "[[1], [2, [3]]]"],
  ...["10 * 2", "(1)", "[1, 2][0]", "{ a = 1 }.a", "!true", '"a" == "b"', 'true ? "a" : "b"', "-(5)", "7 % 4"],
  ...['[for i in ["203.0.113.7"] : "${i}/32"]', '{ for k, v in { a = 1 } : "${k}!" => v + 1 }', "[1, 2][*]"],
  ...['"x${"y"}"', '"${1}"', '"${true}"', '"~ ${~ 1 ~} y"', '"%{ if true }x%{ endif }"', '"${"$"}{a}"'],
  ...["{ (1 + 1) = 3 }", '{ "b${1}" = 2 }', '{ "${"c"}" = "${1 + 1}" }', '"%{ for i in [1, 2] }${i},%{ endfor }"'],
];

/** A text between quotes: what HCL escapes, templates that are none, and any character besides. */
const QUOTED = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "a",
        " ",
        "$",
        "%",
        "$$",
        "$${",
        "%%{",
        "{",
        "}",
        "\\n",
        "\\t",
        '\\"',
        "\\\\",
        "\\u00e9",
        "#",
        "//",
      ),
      fc.string({ unit: "grapheme", maxLength: 3 }).map((text) => text.replace(/["\\\p{Cc}$%]/gu, "")),
    ),
  )
  // `$` or `%` before a brace begins a template; an escaped one does not.
  .map((parts) => `"${parts.join("").replace(/(?<!\$)\$(?=\{)|(?<!%)%(?=\{)/g, "$&$&")}"`)
  .filter((text) => !/(?:\$|%){3,}\{/.test(text));

/** Any value as somebody may write it in a tfvars file. */
const EXPRESSION: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    QUOTED,
    fc.constantFrom("true", "false", "null", "0", "-0", "1e3", "0.1", "1.50"),
    fc.integer().map(String),
    fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map((it) => it.toFixed(3)),
    fc
      .tuple(fc.array(tie("value"), { maxLength: 4 }), fc.constantFrom(", ", ",\n  ", ", # why\n"))
      .map(([values, between]) => `[${values.join(between)}]`),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom("a", "b_c", '"d e"', '"$${f}"', "g-h"), { maxLength: 4 }),
        fc.array(tie("value"), { minLength: 4, maxLength: 4 }),
        fc.constantFrom(" = ", " : ", "="),
      )
      .map(([keys, values, is]) => `{\n${keys.map((key, i) => `  ${key}${is}${values[i] ?? ""}\n`).join("")}}`),
  ),
})).value;

/** Real Terraform alone: without a provider, without an account. */
describeEndToEnd("the values of a tfvars file", () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-values-"));
    environment = { ...neutralEnvironment(), EKS_TERRAFORM: terraformProgram() };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const inputs = { a: listOf(text(), { default: null }), b: mapOf(number(), { default: null }) };
  function read(given: readonly VariableArgument[], more: NodeJS.ProcessEnv = {}) {
    return readTfvars({ folder, environment: { ...environment, ...more }, arguments: given }, inputs);
  }

  async function valuesOf(...given: Parameters<typeof read>): Promise<Record<string, unknown>> {
    return Object.fromEntries([...(await read(...given)).values].map(([name, { value }]) => [name, value]));
  }

  async function failure(text: string): Promise<string> {
    const file = join(folder, "local.tfvars");
    writeFileSync(file, text);
    const error: unknown = await read([{ varFile: file }]).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    return (error as UserError).message.replaceAll(folder, "FOLDER");
  }

  /** What a plan takes and what our reader reads, of the same file. */
  async function bothOf(expressions: readonly string[]) {
    const name = (i: number) => `v${String(i)}`;
    const file = join(folder, "values.auto.tfvars");
    writeFileSync(file, expressions.map((expression, i) => `${name(i)} = ${expression}\n`).join(""));
    const variable = Object.fromEntries(expressions.map((_, i) => [name(i), {}]));
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ variable }));
    const inFolder = { cwd: folder, env: environment };
    const planned = await run(terraformProgram(), ["plan", "-input=false", "-no-color", "-out=plan"], inFolder);
    if (planned.code !== 0) throw new Error(planned.output);
    const shown = await run(terraformProgram(), ["show", "-json", "plan"], inFolder);
    const { variables } = JSON.parse(shown.stdout) as { variables: Record<string, { value?: unknown }> };
    const read = await hclValues(readFileSync(file, "utf8"), { name: file }, environment);
    return expressions.map((expression, i) => ({
      read: { expression, value: read[name(i)] },
      taken: { expression, value: variables[name(i)]?.value ?? null },
    }));
  }

  it("are those that a plan takes, with plain values and with expressions", async () => {
    for (const { read, taken } of await bothOf(EXPRESSIONS)) expect(read).toEqual(taken);
  });

  it("are those that a plan takes, whatever texts, numbers, lists and objects there are", async () => {
    const seed = Number(process.env["EKS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    const expressions = fc.sample(EXPRESSION, { numRuns: 150, seed });

    const both = await bothOf(expressions).catch((cause: unknown) => {
      throw new Error(`EKS_SEED=${String(seed)}`, { cause });
    });
    for (const { read, taken } of both) expect({ seed, ...read }).toEqual({ seed, ...taken });
  });

  it("are evaluated on the command line and in the environment as well, and nothing else of it counts", async () => {
    const given = [{ variable: 'a=[for i in ["203.0.113.7"] : "${i}/32"]' }];
    const others = { TF_CLI_ARGS: "-no-such-flag", TF_VAR_other: "x", TF_WORKSPACE: "other", TF_LOG: "trace" };

    const values = await valuesOf(given, { ...others, TF_VAR_b: "{ c = 10 * 2 }" });

    expect(values).toEqual({ a: ["203.0.113.7/32"], b: { c: 20 } });
  });

  it.each([
    [
      'a = 1\n\nb = upper("x")\n',
      "FOLDER/local.tfvars:3: function calls not allowed; Functions may not be called here",
    ],
    ['a = "${file("/etc/hostname")}"\n', "FOLDER/local.tfvars:1: function calls not allowed"],
    ["a = 1\nb = var.a\n", "FOLDER/local.tfvars:2: variables not allowed; Variables may not be used here"],
    ["a = [1][5]\n", "FOLDER/local.tfvars:1: invalid index"],
  ])("are none that Terraform would not take: %j", async (text, message) => {
    expect(await failure(text)).toContain(message);
  });

  it("leave nothing behind", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder;
    try {
      expect(await valuesOf([{ variable: 'a=["${1 + 1}"]' }])).toEqual({ a: ["2"], b: null });
      expect(await failure("a = var.b\n")).toContain("variables not allowed");
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }

    expect(readdirSync(folder)).toEqual(["local.tfvars"]);
  });
});
