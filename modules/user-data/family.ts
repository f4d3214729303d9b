import { hcl, type Expression } from "../hcl/expression";
import { al2UserData } from "./al2";
import { al2023UserData } from "./al2023";
import { bottlerocketUserData } from "./bottlerocket";
import type { NodeUserData } from "./node";

/** User data for an AMI of a family that only Terraform knows: `al2`, `al2023` or `bottlerocket`. */
export function userDataOf(family: Expression, values: NodeUserData): Expression {
  const own: NodeUserData = {
    ...values,
    preUserData: withLineFeeds(values.preUserData),
    additionalUserData: withLineFeeds(values.additionalUserData),
  };
  const [al2, al2023, bottlerocket] = [al2UserData(own), al2023UserData(own), bottlerocketUserData(own)];
  return hcl`${family} == "al2" ? ${al2} : ${family} == "al2023" ? ${al2023} : ${bottlerocket}`;
}

/** A text from a file that was written on Windows: a shell takes the carriage return for a part of the command. */
function withLineFeeds(text: Expression): Expression {
  return hcl`replace(${text}, ${"\r\n"}, ${"\n"})`;
}
