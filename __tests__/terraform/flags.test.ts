import { UserError } from "../../contract/user-error";
import { cdktfArguments } from "../../terraform/flags";

describe("the flags that bin/cdktf takes", () => {
  it.each([
    ["deploy -var-file local.tfvars", "deploy --var-file=local.tfvars"],
    ["deploy -var-file=local.tfvars", "deploy --var-file=local.tfvars"],
    ["deploy -var-file a.tfvars -var-file b.tfvars", "deploy --var-file=a.tfvars --var-file=b.tfvars"],
    ["deploy -var project_name=a", "deploy --var=project_name=a"],
    ["deploy -var=project_name=a=b", "deploy --var=project_name=a=b"],
    ["deploy -auto-approve", "deploy --auto-approve"],
    ["deploy -auto-approve=false", "deploy --auto-approve=false"],
    ["deploy -parallelism=5", "deploy --terraform-parallelism=5"],
    ["diff -refresh-only -no-color", "diff --refresh-only --no-color"],
    ["deploy --var a=b", "deploy --var a=b"],
    ["deploy --var-file local.tfvars eks", "deploy --var-file local.tfvars eks"],
    ["synth -a app -o out -h", "synth -a app -o out -h"],
    ["deploy -- -var-file x", "deploy -- -var-file x"],
    ["-help", "--help"],
    ["", ""],
  ])("%s", (typed, passed) => {
    expect(cdktfArguments(typed.split(" ")).join(" ")).toBe(passed);
  });

  it("keeps a value with spaces in one piece", () => {
    expect(cdktfArguments(["deploy", "-var-file", "my files/local.tfvars"])).toEqual([
      "deploy",
      "--var-file=my files/local.tfvars",
    ]);
  });

  it.each([
    ["-target=aws_vpc.network_vpc", /^cdktf has no -target; of Terraform's flags it takes -var, .*, -version\. For/],
    ["-var-fil x", /^cdktf has no -var-fil;/],
    ["--varfile=local.tfvars", /^cdktf has no --varfile and would ignore it; write --var-file=FILE$/],
    ["--var_file local.tfvars", /^cdktf has no --var_file and/],
    ["--var-files local.tfvars", /^cdktf has no --var-files and/],
    ["--tfvars local.tfvars", /^cdktf has no --tfvars and/],
    ["--vars a=b", /^cdktf has no --vars and/],
    ["-var-file", /^-var-file needs a value, such as -var-file local\.tfvars$/],
    ["-var-file=", /^-var-file needs a value/],
    ["-var", /^-var needs a value, such as -var 'project_name=team_a'$/],
  ])("fails for %s", (typed, message) => {
    const call = () => cdktfArguments(["deploy", ...typed.split(" ")]);

    expect(call).toThrow(UserError);
    expect(call).toThrow(message);
  });
});
