import { TerraformVariable, Token, type TerraformStack } from "cdktf";
import { Construct } from "constructs";

import type { INPUTS } from "../contract/inputs/inputs";
import type { Fields } from "../contract/inputs/description";
import { variableOf } from "../contract/inputs/terraform";
import { Expression } from "./hcl/expression";

/** `kubectl_ssh_cidrs` as `kubectlSshCidrs`. */
type CamelCase<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelCase<Tail>>}` : Name;

/** Inputs of a stack as expressions, by their names in TypeScript: `inputs.kubectlSshCidrs`. */
export type Inputs<F extends Fields> = { readonly [Name in keyof F as CamelCase<Name>]: Expression };

/** The inputs of the stack `eks`. */
export type EksInputs = Inputs<typeof INPUTS>;

/**
 * Declares a stack's inputs under the names that they have in tfvars files.
 *
 * They stand in a construct of their own, because some outputs, which stand on the stack, have the same names.
 *
 * @param id of that construct
 */
export function declareInputs<F extends Fields>(stack: TerraformStack, id: string, descriptions: F): Inputs<F> {
  const variables = new Construct(stack, id);
  const inputs = Object.entries(descriptions).map(([name, description]) => {
    const variable = variableOf(name, description);
    new TerraformVariable(variables, name, {
      ...variable,
      default: variable.default === null ? Token.nullValue() : variable.default,
    }).overrideLogicalId(name);
    const camelCase = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return [camelCase, new Expression(`var.${name}`)];
  });
  return Object.fromEntries(inputs) as Inputs<F>;
}
