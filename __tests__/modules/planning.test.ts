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

  it.each([
    "pods_for_the_system",
    "addresses_of_each_group",
    "addresses_of_all_groups",
    "max_pods_within_interfaces",
    "instance_types_of_one_size",
    "prefix_delegation_on_nitro",
    "prefix_delegation_reaches_nodes",
  ])("warns by %s, and says what to do", (name) => {
    const assertion = stack.check[name]?.assert[0];

    expect(assertion?.condition).toMatch(/^\$\{/);
    expect(assertion?.error_message).toMatch(/; (take|lower|leave|describe) /);
  });
});
