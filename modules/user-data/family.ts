import type { Family } from "../../facts/images";
import { hcl, type Expression } from "../hcl/expression";
import { al2UserData } from "./al2";
import { al2023UserData } from "./al2023";
import { bottlerocketUserData } from "./bottlerocket";
import type { NodeUserData } from "./node";

const USER_DATA = {
  al2: al2UserData,
  al2023: al2023UserData,
  bottlerocket: bottlerocketUserData,
} satisfies Record<Family, (values: NodeUserData) => Expression>;

/** User data for an AMI of a family that only Terraform knows: `al2`, `al2023` or `bottlerocket`. */
export function userDataOf(family: Expression, values: NodeUserData): Expression {
  const own: NodeUserData = {
    ...values,
    preUserData: withLineFeeds(values.preUserData),
    additionalUserData: withLineFeeds(values.additionalUserData),
  };
  return Object.entries(USER_DATA).reduceRight(
    (others, [name, userData]) => hcl`${family} == ${name} ? ${userData(own)} : ${others}`,
    hcl`null`,
  );
}

/** A text from a file that was written on Windows: a shell takes the carriage return for a part of the command. */
function withLineFeeds(text: Expression): Expression {
  return hcl`replace(${text}, ${"\r\n"}, ${"\n"})`;
}
