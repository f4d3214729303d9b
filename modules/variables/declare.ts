import { TerraformVariable, type TerraformStack, type TerraformVariableConfig } from "cdktf";
import { Construct } from "constructs";

/** Declares an input of the stack under the name that it has in tfvars files. */
export type Declare = (name: string, config: TerraformVariableConfig) => TerraformVariable;

/** Declares inputs in a construct of their own, because some outputs, which stand on the stack, have the same names. */
export function declareOn(stack: TerraformStack): Declare {
  const variables = new Construct(stack, "variables");
  return (name, config) => {
    const declared = new TerraformVariable(variables, name, config);
    declared.overrideLogicalId(name);
    return declared;
  };
}
