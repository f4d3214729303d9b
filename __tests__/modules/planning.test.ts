import { meant, synthesized } from "../support/synthesized";

const stack = synthesized();

describe("Planning", () => {
  it("reads each instance type of node_groups once, and none for the workshop's single group", () => {
    const type = stack.data["aws_ec2_instance_type"]?.["planning_instance_type"];

    expect(type?.["instance_type"]).toBe("${each.key}");
    expect(meant(stack, type?.["for_each"])).toBe(
      "${toset(flatten([for group in var.node_groups : group.instance_types]))}",
    );
  });

  it("puts out the figures under the name that people look for", () => {
    expect(stack.output["planning"]?.value).toBe("${local.planning_groups}");
  });
});
