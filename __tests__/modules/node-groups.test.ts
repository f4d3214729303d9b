import { synthesized } from "../support/synthesized";

const stack = synthesized();

describe("node groups", () => {
  const type = stack.variable["node_groups"]?.type ?? "";

  it("have the workshop's single group as a row with every field that is read of one", () => {
    const row = /worker = \(\{ (.*?) \}\) \} :/.exec(String(stack.locals["node_group_groups"]))?.[1] ?? "";
    const said = [...row.matchAll(/(?:^|, )(\w+) = /g)].map(([, field]) => field);
    const fields = type.replace(/optional\((object|list\(object)\(\{.*?\}\).*?(?=, \w+=)/g, "optional(any)");
    const names = [...fields.matchAll(/(?:\{|, )(\w+)=/g)].map(([, field]) => field);

    // What is looked up and checked are the images of the others.
    expect(said.filter((field) => field !== "enable_docker_bridge").sort()).toEqual(
      names.filter((field) => field !== "kubernetes_version" && field !== "architecture").sort(),
    );
  });

  it("need an AMI, and nothing else", () => {
    const required = [...type.matchAll(/(\w+)=(?!optional|object|list)(\w+)/g)].map(([, field]) => field);

    expect(required).toEqual(["ami_id", "key", "effect"]);
  });

  it("have Auto Scaling groups whose size an autoscaler may own without a second resource", () => {
    const groups = stack.resource["aws_autoscaling_group"];

    expect(Object.keys(groups ?? {})).toEqual(["node_group_autoscaling_group"]);
    expect(groups?.["node_group_autoscaling_group"]?.["desired_capacity"]).toBe(
      '${each.value.desired_size_owner == "autoscaler" ? null : each.value.desired_size == null ? each.value.min_size : each.value.desired_size}',
    );
  });

  it("look up the images of node_groups alone, so that the workshop's plan asks nothing more", () => {
    expect(stack.data["aws_ami"]?.["node_group_image"]?.["for_each"]).toBe("${var.node_groups}");
  });

  it("have volumes with the account's own key by a launch template, and with AWS' by a launch configuration", () => {
    const volumes = stack.resource["aws_launch_template"]?.["node_group_launch_template"]?.["dynamic"];

    expect(volumes).toMatchObject({
      block_device_mappings: {
        content: {
          ebs: {
            encrypted: true,
            kms_key_id: expect.stringContaining("one(aws_kms_key.volumes_key[*].arn)") as string,
          },
        },
      },
    });
    expect(
      stack.resource["aws_launch_configuration"]?.["node_group_launch_configuration"]?.["root_block_device"],
    ).not.toHaveProperty("kms_key_id");
  });

  it("put out the ARNs of all their roles", () => {
    expect(stack.output["node_role_arns"]?.value).toBe(
      "${concat([aws_iam_role.node_group_role.arn], values(aws_iam_role.node_group_group_role)[*].arn)}",
    );
  });
});
