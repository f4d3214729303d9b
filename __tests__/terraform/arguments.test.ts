import { refuseHiddenArguments } from "../../terraform/arguments";

describe("arguments of Terraform's in the environment", () => {
  it.each([
    [{}],
    [{ TF_CLI_ARGS: "" }],
    [{ TF_CLI_ARGS: "-no-color" }],
    [{ TF_CLI_ARGS: "--no-color" }],
    [{ TF_CLI_ARGS_plan: "-parallelism=5 -lock-timeout 30s -compact-warnings" }],
    [{ TF_CLI_ARGS_apply: `-lock-timeout '30s' "-parallelism=5"` }],
    [{ TF_CLI_ARGS_plan: "-input=false" }],
    [{ TF_CLI_ARGS_init: "-backend-config=ours.hcl -upgrade" }],
    [{ TF_CLI_ARGS_import: "-var-file=other.tfvars" }],
  ])("are taken where they change nothing of the plan: %j", (environment) => {
    expect(() => {
      refuseHiddenArguments(environment);
    }).not.toThrow();
  });

  it.each<[NodeJS.ProcessEnv, string]>([
    [
      { TF_CLI_ARGS_plan: "-var-file=local.tfvars" },
      "TF_CLI_ARGS_plan says -var-file, which only Terraform would see: write it on the command line, as in eks up " +
        "-var-file local.tfvars, and unset TF_CLI_ARGS_plan",
    ],
    [{ TF_CLI_ARGS: "-no-color --var-file local.tfvars" }, "TF_CLI_ARGS says -var-file, which only Terraform"],
    [{ TF_CLI_ARGS_apply: "-var 'a=b c'" }, "TF_CLI_ARGS_apply says -var, which only Terraform would see"],
    [{ TF_CLI_ARGS_plan: `"-target=aws_vpc.a"` }, "TF_CLI_ARGS_plan says -target, and eks takes only -no-color, "],
    [{ TF_CLI_ARGS_plan: "-no-color\t'-destroy'" }, "TF_CLI_ARGS_plan says -destroy, and eks takes only"],
    [{ TF_CLI_ARGS_plan: String.raw`\-refresh=false` }, "TF_CLI_ARGS_plan says -refresh, and eks takes only"],
    [{ TF_CLI_ARGS_destroy: "-target=aws_vpc.a" }, "TF_CLI_ARGS_destroy says -target"],
    [{ TF_CLI_ARGS_state_list: "-state=other.tfstate" }, "TF_CLI_ARGS_state_list says -state"],
    [{ TF_CLI_ARGS: "-input=false" }, "TF_CLI_ARGS says -input, which not every command of Terraform's takes"],
    [
      { TF_CLI_ARGS: "-parallelism=5" },
      "TF_CLI_ARGS says -parallelism, which not every command of Terraform's takes: write it to TF_CLI_ARGS_plan and " +
        "TF_CLI_ARGS_apply, and unset TF_CLI_ARGS",
    ],
  ])("are refused where they do: %j", (environment, message) => {
    const refuse = () => {
      refuseHiddenArguments(environment);
    };

    expect(refuse).toThrow(message);
    expect(refuse).toThrow(expect.objectContaining({ exitCode: 64 }) as Error);
  });
});
