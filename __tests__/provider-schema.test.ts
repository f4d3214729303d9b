import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { readBindings, type Body, type ProviderSchema } from "../bench/provider-bindings";
import awsSchema from "../facts/aws-schema.json";
import { blocksOf, compare, everyStack } from "./support/provider-schema";

/** What the newest AWS provider takes of what the stacks write, as `npm run schema:aws` wrote it. */
const NEWEST: ProviderSchema = awsSchema;
const stacks = Object.entries(everyStack()).map(([name, stack]) => [name, blocksOf(stack)] as const);

describe("the newest AWS provider", () => {
  it.each(stacks)("takes all that the stack %s writes (else: npm run schema:aws)", (_, blocks) => {
    expect(blocks.length).toBeGreaterThan(0);
    expect(compare(blocks, NEWEST, false).misfits).toEqual([]);
  });

  it("is written down of nothing that no stack writes (else: npm run schema:aws)", () => {
    const types = (kind: string) =>
      new Set(stacks.flatMap(([, blocks]) => blocks.filter((one) => one.kind === kind).map(({ type }) => type)));

    for (const kind of ["resource", "data", "provider"] as const)
      expect(Object.keys(NEWEST[kind]).sort()).toEqual([...types(kind)].sort());
  });

  it("knows a field of routes that version 5 does not", () => {
    expect(NEWEST.resource["aws_route_table"]?.objects?.["route"]).toContain("odb_network_arn");
  });

  it("sees each object of a list, those that expressions make as well", () => {
    const [, blocks = []] = stacks[0] ?? [];
    const objects = ({ kind, type }: { kind: string; type: string }) =>
      kind === "resource" && ["aws_route_table", "aws_security_group"].includes(type);

    // Two ways out of three tables, by IPv4 and IPv6; of three security groups all ways out, and seven and one where they are
    // minimal.
    expect(compare(blocks.filter(objects), NEWEST, false).objects).toBe(16);
    expect(compare(blocks, NEWEST, false).objects).toBe(16);
  });
});

const defined = (body: object): Body => JSON.parse(JSON.stringify(body)) as Body;

/** What is wrong with one block more, which has what the first of its type has but for a change. */
function misfitsOf(type: string, change: (body: Body) => Body): readonly string[] {
  const [, blocks = []] = stacks[0] ?? [];
  const [first] = blocks.filter((one) => one.type === type);
  if (first === undefined) throw new Error(`no ${type}`);
  return compare([{ ...first, body: change(first.body) }], NEWEST, false).misfits;
}

describe("a comparison with a provider's schema", () => {
  it.each<[what: string, type: string, change: (body: Body) => Body, misfit: string | RegExp]>([
    [
      "a field that is gone",
      "aws_vpc",
      (body) => ({ ...body, enable_classiclink: true }),
      "aws_vpc.network_vpc.enable_classiclink: there is no such field",
    ],
    [
      "a field that became required",
      "aws_iam_role",
      (body) => defined({ ...body, assume_role_policy: undefined }),
      /^aws_iam_role\.\w+: assume_role_policy is required$/,
    ],
    [
      "a field of a dynamic block that is gone",
      "aws_eks_cluster",
      (body) => ({ ...body, dynamic: { upgrade_policy: { for_each: [1], content: { support: "STANDARD" } } } }),
      "aws_eks_cluster.cluster_control_plane.upgrade_policy.support: there is no such field",
    ],
    [
      "an object without a field",
      "aws_security_group",
      (body) => ({ ...body, egress: [defined({ ...(body["egress"] as [object])[0], self: undefined })] }),
      /^aws_security_group\.\w+\.egress: an object lacks self$/,
    ],
    [
      "an object of an expression without a field",
      "aws_route_table",
      ({ route, ...body }) => ({
        ...body,
        route: String(route).replace(/odb_network_arn = null, (?!.*odb_network)/, ""),
      }),
      /^aws_route_table\.\w+\.route: an object lacks odb_network_arn$/,
    ],
    [
      "an object with a field that there is not",
      "aws_route_table",
      (body) => ({ ...body, route: String(body["route"]).replace("cidr_block", "cidr = null, cidr_block") }),
      /^aws_route_table\.\w+\.route: no object has cidr$/,
    ],
    [
      "objects of which nobody can tell the fields",
      "aws_route_table",
      (body) => ({ ...body, route: "${concat(var.routes, [{ cidr_block = null }])}" }),
      /^aws_route_table\.\w+\.route: nobody can tell/,
    ],
    [
      "a block of which nobody can tell what is in it",
      "aws_eks_cluster",
      (body) => ({ ...body, vpc_config: "${var.vpc_config}" }),
      /^aws_eks_cluster\.\w+\.vpc_config: nobody can tell/,
    ],
    [
      "a block that was never read",
      "aws_vpc_endpoint",
      (body) => ({ ...body, timeouts: { create: "1h" } }),
      /^aws_vpc_endpoint\.\w+\.timeouts: the schema says nothing of what is in it$/,
    ],
  ])("finds %s", (_, type, change, misfit) => {
    expect(misfitsOf(type, (body) => body)).toEqual([]);
    expect(misfitsOf(type, change)).toContainEqual(typeof misfit === "string" ? misfit : expect.stringMatching(misfit));
  });
});

/** Their writer is cdktf's generator, whose work stands in node_modules. */
describe("bindings of a provider", () => {
  const read = (name: string, written: Body) => {
    const folder = join(resolve(__dirname, ".."), "node_modules/@cdktf/provider-aws/lib", name);
    const [js, types] = ["index.js", "index.d.ts"].map((file) => readFileSync(join(folder, file), "utf8"));
    return readBindings(js ?? "", types ?? "", [written]);
  };

  it("are read with the names that Terraform knows", () => {
    expect(read("security-group", {}).objects?.["egress"]).toEqual([
      ...["cidr_blocks", "description", "from_port", "ipv6_cidr_blocks", "prefix_list_ids", "protocol"],
      ...["security_groups", "self", "to_port"],
    ]);
    expect(read("instance", {}).optional).toContain("get_password_data");
  });

  it("are read as deep as is written, dynamic or not", () => {
    const cluster = { dynamic: { encryption_config: { content: { provider: [{}] } } }, vpc_config: {} };

    const { required, blocks } = read("eks-cluster", cluster);

    expect(required).toEqual(["name", "role_arn", "vpc_config"]);
    expect(blocks).toMatchObject({
      encryption_config: {
        required: ["resources", "provider"],
        blocks: { provider: { required: ["key_arn"], optional: [] } },
      },
      vpc_config: { required: ["subnet_ids"] },
      timeouts: null,
    });
    expect(read("provider", { default_tags: [{}] }).blocks).toMatchObject({ default_tags: { optional: ["tags"] } });
  });

  it("fail where the generator wrote something else", () => {
    expect(() => readBindings("module.exports = {};", "export {};", [])).toThrow("no configuration");
  });
});
