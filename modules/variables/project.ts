import { type TerraformVariable, VariableType } from "cdktf";

import { rule } from "../hcl/ranges";
import type { Declare } from "./declare";

/** What names and places everything. */
export class ProjectVariables {
  readonly projectName: TerraformVariable;
  readonly awsRegion: TerraformVariable;

  constructor(declare: Declare) {
    this.projectName = declare("project_name", {
      type: VariableType.STRING,
      nullable: false,
      default: "awskrug_gudi",
      description: "Prefix of every name. Participants who share an account need one each.",
      validation: [
        rule(
          String.raw`can(regex("^[0-9A-Za-z][0-9A-Za-z_-]*$", var.project_name)) && !startswith(var.project_name, "sg-")`,
          'project_name must start with a letter or digit and have only letters, digits, "_" and "-" (and not start with "sg-", which AWS keeps for itself), got "${var.project_name}".',
        ),
        rule(
          `length("\${var.project_name}-eks-cluster") <= 64`,
          'project_name can have at most 52 characters, because the cluster\'s role is called "PROJECT_NAME-eks-cluster" and IAM allows 64, got ${length(var.project_name)}: "${var.project_name}".',
        ),
      ],
    });

    this.awsRegion = declare("aws_region", {
      type: VariableType.STRING,
      nullable: false,
      default: "ap-northeast-2",
      description: "AWS region. AMIs, key pairs and zones belong to one region: change them together.",
      validation: [
        rule(
          String.raw`can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", var.aws_region))`,
          'aws_region must be the name of a region, such as ap-northeast-2 (no zone letter at its end), got "${var.aws_region}"; `aws ec2 describe-regions` shows the names.',
        ),
      ],
    });
  }
}
