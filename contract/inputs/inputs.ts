import { access } from "./access";
import { addOns } from "./add-ons";
import { bastion } from "./bastion";
import { cluster } from "./cluster";
import { UserError } from "../user-error";
import type { Fields, ValuesOf } from "./description";
import { network } from "./network";
import { nodes } from "./nodes";
import { pods } from "./pods";
import { project } from "./project";
import { readInput } from "./read";

/**
 * Every input that the stack takes from tfvars, by name, with the workshop's names, types and defaults where the
 * workshop had it. Terraform judges them all before it asks AWS anything.
 */
export const INPUTS = {
  ...project,
  ...network,
  ...cluster,
  ...bastion,
  ...nodes,
  ...access,
  ...addOns,
  ...pods,
};

/** What tfvars say, by name, with the defaults. */
export type InputValues = ValuesOf<typeof INPUTS>;

/**
 * The values of all inputs, with the defaults of those that are not given. Only their types are judged.
 *
 * @throws UserError when a value is of another type
 */
export function inputValues(given: Readonly<Record<string, unknown>>): InputValues {
  const all: Fields = INPUTS;
  const values = Object.entries(all).map(([name, description]) => {
    const said = given[name];
    if (said === undefined) return [name, description.default];
    const { value, problems } = readInput(name, description, said);
    if (value === undefined) throw new UserError(problems.join("\n"));
    return [name, value];
  });
  return Object.fromEntries(values) as InputValues;
}
