import { Eip } from "@cdktf/provider-aws/lib/eip";
import { DefaultTokenResolver, StringConcat, Testing, TerraformLocal, TerraformStack, Tokenization } from "cdktf";

import { each } from "../../../modules/hcl/each";
import { Expression, hcl } from "../../../modules/hcl/expression";
import { addBlocks, countIf } from "../../../modules/hcl/maybe";

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
    [
      "several lines as one",
      hcl`
      [for it in var.names : it
       if it != null]
    `,
      "[for it in var.names : it if it != null]",
    ],
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

    expect(written([expression.asString, expression.asNumber, expression.asList, expression])).toEqual([
      "${var.x}",
      "${var.x}",
      "${var.x}",
      "${var.x}",
    ]);
  });
});

describe("rows", () => {
  const rows = each(hcl`{ for row in var.subnets : row.name => row }`);

  it("have an instance each, and lead to their columns and to what has the same key", () => {
    new Eip(stack, "of_rows", {
      forEach: rows,
      tags: { Name: rows.key, zone: rows.getString("zone"), id: hcl`${eip}[${rows.key}].id`.asString },
    });

    expect(JSON.parse(Testing.synth(stack))).toMatchObject({
      resource: {
        aws_eip: {
          of_rows: {
            for_each: "${{ for row in var.subnets : row.name => row }}",
            tags: { Name: "${each.key}", zone: "${each.value.zone}", id: "${aws_eip.address[each.key].id}" },
          },
        },
      },
    });
  });
});

describe("what there may be one of", () => {
  it("is counted by a condition", () => {
    expect(written(countIf(hcl`var.wanted`).toTerraform())).toBe("${var.wanted ? 1 : 0}");
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
