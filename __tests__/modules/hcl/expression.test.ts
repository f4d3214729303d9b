import { Eip } from "@cdktf/provider-aws/lib/eip";
import { DefaultTokenResolver, StringConcat, Testing, TerraformLocal, TerraformStack, Tokenization } from "cdktf";

import { Expression, hcl, optional } from "../../../modules/hcl/expression";
import { addBlocks, countIf, ofMaybe } from "../../../modules/hcl/maybe";
import { ofEveryRow, ofRow, Rows } from "../../../modules/hcl/rows";

const stack = new TerraformStack(Testing.app(), "stack");
const eip = new Eip(stack, "address", {});
const local = new TerraformLocal(stack, "zones", ["a", "b"]);

/** What cdktf writes for a value. */
const written = (value: unknown): unknown =>
  Tokenization.resolve(value, {
    scope: stack,
    resolver: new DefaultTokenResolver(new StringConcat()),
    preparing: false,
  });

describe("hcl", () => {
  it.each([
    ["a name as it is", hcl`length(${new Expression("var.names")})`, "length(var.names)"],
    ["an expression in parentheses", hcl`${new Expression("a ? b : c")}.id`, "(a ? b : c).id"],
    ["a resource by its name", hcl`${eip}[*].id`, "aws_eip.address[*].id"],
    ["a local by its name", hcl`length(${local})`, "length(local.zones)"],
    ["a text as a literal", hcl`x == ${'say "hi"'}`, String.raw`x == "say \"hi\""`],
    ["a text with what Terraform would interpolate", hcl`x == ${"${HOME} %{if}"}`, 'x == "$${HOME} %%{if}"'],
    ["numbers and booleans", hcl`${1} < ${2} && ${true}`, "1 < 2 && true"],
  ])("writes %s", (_, { text }, expected) => {
    expect(text).toBe(expected);
  });

  it("writes a value that only Terraform knows by its name", () => {
    const resolved: unknown = written(hcl`[for id in [${eip.id}] : id]`.asString);

    expect(resolved).toBe("${[for id in [aws_eip.address.id] : id]}");
  });

  it("writes tokens by their names behind other braces and in lists of one, too", () => {
    const inner = hcl`{ for id in [${eip.id}] : id => [${eip.id}, ${hcl`var.x`.asNumber}] }`;
    const outer = hcl`concat(${hcl`values(${eip})[*].id`.asList}, keys(${inner}))`;

    expect(written(outer.asString)).toBe(
      "${concat(values(aws_eip.address)[*].id, keys(({ for id in [aws_eip.address.id] : id => [aws_eip.address.id, var.x] })))}",
    );
    expect(written(outer.asList)).toBe(written(outer.asString));
  });

  it("takes no text with a value in it, which would be written without its quotes", () => {
    expect(() => hcl`x == ${`a ${eip.id}`}`).toThrow("hcl takes a value or a text, not a text with a value in it");
  });

  it("becomes an argument of every type", () => {
    const expression = hcl`var.x`;

    expect(written([expression.asString, expression.asNumber, expression.asList, expression.asResolvable])).toEqual([
      "${var.x}",
      "${var.x}",
      "${var.x}",
      "${var.x}",
    ]);
  });
});

describe("optional", () => {
  it.each([
    [optional("string"), "optional(string)"],
    [optional("number", 0), "optional(number, 0)"],
    [optional("list(string)", []), "optional(list(string), [])"],
    [optional("string", ""), 'optional(string, "")'],
  ])("writes %s", (type, expected) => {
    expect(type).toBe(expected);
  });
});

describe("rows", () => {
  const rows = Rows.byName<"zone">(hcl`var.subnets`);

  it("are keyed by name and read by column", () => {
    expect(rows.all.text).toBe("{ for row in var.subnets : row.name => row }");
    expect([rows.key.text, rows.value("zone").text]).toEqual(["each.key", "each.value.zone"]);
  });

  it("lead to what belongs to the same row, and to what belongs to all", () => {
    expect(ofRow(eip, rows.key, "id").text).toBe("aws_eip.address[each.key].id");
    expect(ofEveryRow(eip, "id").text).toBe("values(aws_eip.address)[*].id");
  });
});

describe("what there may be one of", () => {
  it("is counted by a condition and read with null for nothing", () => {
    expect(written(countIf(hcl`var.wanted`))).toBe("${var.wanted ? 1 : 0}");
    expect(ofMaybe(eip, "id").text).toBe("one(aws_eip.address[*].id)");
  });

  it("can be a block", () => {
    addBlocks(eip, "timeouts", hcl`var.wanted ? [1] : []`, { read: "1m" });

    expect(JSON.parse(Testing.synth(stack))).toMatchObject({
      resource: {
        aws_eip: {
          address: { dynamic: { timeouts: { for_each: "${var.wanted ? [1] : []}", content: { read: "1m" } } } },
        },
      },
    });
  });
});
