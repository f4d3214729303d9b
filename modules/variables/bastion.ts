import { type TerraformVariable, Token, VariableType } from "cdktf";

import { canonicalCidr, isCanonicalCidr, repeated, rule } from "../hcl/ranges";
import type { Declare } from "./declare";
import { IAM_NAME, imageId, isTheInternet, volumeSize } from "./rules";

/** The bastion, and who reaches it. */
export class BastionVariables {
  readonly awsKrugAdminRole: TerraformVariable;
  readonly kubectlOwnRole: TerraformVariable;
  readonly kubectlEc2Keypair: TerraformVariable;
  readonly kubectlImageId: TerraformVariable;
  readonly kubectlEc2User: TerraformVariable;
  readonly kubectlEc2VolumeSize: TerraformVariable;
  readonly kubectlSshCidrs: TerraformVariable;
  readonly kubectlSshOpenToTheInternet: TerraformVariable;

  constructor(declare: Declare) {
    this.awsKrugAdminRole = declare("aws_krug_admin_role", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "Name of the IAM role of the jump EC2, and of its instance profile: the bastion gets the same one. Needed unless " +
        "kubectl_own_role is true.",
      validation: [
        rule(
          `var.aws_krug_admin_role != null || var.kubectl_own_role`,
          'aws_krug_admin_role must be set, because the bastion works with it, got nothing; write the name of an instance profile, such as aws_krug_admin_role = "my-role" (`aws iam list-instance-profiles` shows the names), or kubectl_own_role = true, which gives the bastion a role of its own.',
        ),
        rule(
          `var.aws_krug_admin_role == null ? true : can(regex("${IAM_NAME}", var.aws_krug_admin_role)) && length(var.aws_krug_admin_role) <= 128`,
          'aws_krug_admin_role must be the name of an instance profile (letters, digits and +=,.@_-, at most 128; no ARN), got "${var.aws_krug_admin_role == null ? "" : var.aws_krug_admin_role}"; `aws iam list-instance-profiles` shows the names.',
        ),
      ],
    });

    this.kubectlOwnRole = declare("kubectl_own_role", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description:
        "Whether the bastion has an IAM role of its own, PROJECT_NAME-kubectl, instead of aws_krug_admin_role: it may ask " +
        "for this cluster and nothing else of AWS, and is an admin in the cluster by an access entry.",
      validation: [
        rule(
          `!var.kubectl_own_role || contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP"))`,
          'kubectl_own_role needs access entries, got authentication_mode = ${jsonencode(var.authentication_mode)}; set authentication_mode = "API" (a cluster that uses aws-auth now: "API_AND_CONFIG_MAP" first), or kubectl_own_role = false.',
        ),
      ],
    });

    this.kubectlEc2Keypair = declare("kubectl_ec2_keypair", {
      type: VariableType.STRING,
      nullable: false,
      default: "aws-krug-gudi",
      description: "Name of the EC2 key pair for SSH to the bastion and to the nodes. It has to exist in the region.",
      validation: [
        rule(
          String.raw`can(regex("^[ -~]{1,255}$", var.kubectl_ec2_keypair)) && var.kubectl_ec2_keypair == trimspace(var.kubectl_ec2_keypair)`,
          'kubectl_ec2_keypair must be the name of an EC2 key pair (1 to 255 ASCII characters, no space at either end), got "${var.kubectl_ec2_keypair}"; `aws ec2 describe-key-pairs` shows the names.',
        ),
      ],
    });

    this.kubectlImageId = declare("kubectl_image_id", {
      type: VariableType.STRING,
      nullable: false,
      default: "ami-0fd02cb7da42ee5e0",
      description:
        "AMI of the bastion; the workshop's is Ubuntu Server 18.04 LTS in ap-northeast-2. It has to know IMDSv2.",
      validation: [imageId("kubectl_image_id")],
    });

    this.kubectlEc2User = declare("kubectl_ec2_user", {
      type: VariableType.STRING,
      nullable: false,
      default: "ubuntu",
      description: "Whom to log in to the bastion as: ubuntu on Ubuntu's AMIs, ec2-user on Amazon Linux's.",
      validation: [
        rule(
          String.raw`can(regex("^[a-z_][a-z0-9_-]{0,31}$", var.kubectl_ec2_user))`,
          'kubectl_ec2_user must be the name of a Linux user (lower case, at most 32 characters), such as ubuntu or ec2-user, got "${var.kubectl_ec2_user}".',
        ),
      ],
    });

    this.kubectlEc2VolumeSize = declare("kubectl_ec2_volume_size", {
      type: VariableType.NUMBER,
      nullable: false,
      default: 8,
      description: "Size of the bastion's root volume in GiB. Not less than the AMI's snapshot: 8 for Ubuntu's.",
      validation: [volumeSize("kubectl_ec2_volume_size")],
    });

    this.kubectlSshCidrs = declare("kubectl_ssh_cidrs", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description: 'Networks that may reach the bastion by SSH, such as ["203.0.113.7/32"]; none: nobody.',
      validation: [
        rule(
          `alltrue([for c in var.kubectl_ssh_cidrs : ${isCanonicalCidr("c")}])`,
          `kubectl_ssh_cidrs must hold address ranges without host bits, got \${join("; ", [for c in var.kubectl_ssh_cidrs : "\${jsonencode(c)}: write \${${canonicalCidr("c", "203.0.113.7/32")}}" if !${isCanonicalCidr("c")}])}; one address is a /32 (IPv4) or a /128 (IPv6).`,
        ),
        rule(
          `length(distinct(var.kubectl_ssh_cidrs)) == length(var.kubectl_ssh_cidrs)`,
          `kubectl_ssh_cidrs must name every network once, got more than once: \${join(", ", ${repeated("var.kubectl_ssh_cidrs")})}.`,
        ),
        rule(
          `var.kubectl_ssh_open_to_the_internet || !anytrue([for c in var.kubectl_ssh_cidrs : ${isTheInternet("c")}])`,
          `kubectl_ssh_cidrs must name the networks that may reach the bastion, got \${join(", ", [for c in var.kubectl_ssh_cidrs : c if ${isTheInternet("c")}])}, which is the whole internet or near it; name your own address as ADDRESS/32, or set kubectl_ssh_open_to_the_internet = true if you mean it.`,
        ),
      ],
    });

    this.kubectlSshOpenToTheInternet = declare("kubectl_ssh_open_to_the_internet", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Says by name that kubectl_ssh_cidrs may hold ranges as wide as 0.0.0.0/0 or ::/0.",
    });
  }
}
