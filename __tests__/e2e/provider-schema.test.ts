import { describeEndToEnd, Project } from "../support/end-to-end";
import { blocksOf, compare, everyStack, ofTerraform, type TerraformSchema } from "../support/provider-schema";

/** What Terraform and the AWS provider that is installed here say, which is the oldest that the stacks take. */
describeEndToEnd("the installed AWS provider", () => {
  let project: Project;

  beforeAll(() => {
    project = new Project({ environment: {} });
  });

  afterAll(() => {
    project.remove();
  });

  it("takes all that the stacks write, and every object of a list with all of its fields", async () => {
    const { stdout, code } = await project.terraform("providers", "schema", "-json");
    const { provider_schemas } = JSON.parse(stdout) as { provider_schemas: Record<string, TerraformSchema> };
    const [aws] = Object.entries(provider_schemas).flatMap(([name, its]) => (name.endsWith("/aws") ? [its] : []));
    if (aws === undefined) throw new Error(`no AWS provider among ${Object.keys(provider_schemas).join(", ")}`);
    const schema = ofTerraform(aws);

    const misfits = Object.entries(everyStack()).map(([stack, written]) => [
      stack,
      compare(blocksOf(written), schema, true).misfits,
    ]);

    expect(code).toBe(0);
    for (const [type, attribute] of [
      ["aws_route_table", "route"],
      ["aws_security_group", "egress"],
    ] as const)
      expect(schema.resource[type]?.objects).toHaveProperty(attribute);
    expect(Object.fromEntries(misfits)).toEqual({
      eks: [],
      "eks with a generated SSH identity": [],
      "eks-kubernetes": [],
    });
  });
});
