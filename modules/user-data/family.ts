import { hcl, type Expression } from "../terraform/expression";
import { al2UserData } from "./al2";
import { al2023UserData } from "./al2023";
import { bottlerocketUserData } from "./bottlerocket";
import type { NodeUserData } from "./node";

/** User data for an AMI of a family that only Terraform knows: `al2`, `al2023` or `bottlerocket`. */
export function userDataOf(family: Expression, values: NodeUserData): Expression {
  const [al2, al2023, bottlerocket] = [al2UserData(values), al2023UserData(values), bottlerocketUserData(values)];
  return hcl`${family} == "al2" ? ${al2} : ${family} == "al2023" ? ${al2023} : ${bottlerocket}`;
}
