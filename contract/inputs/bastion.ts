import { HAS_ENTRIES } from "./access";
import { distinct, matching } from "./condition";
import { flag, inputs, listOf, text, whole } from "./description";
import { IAM_CHARACTERS, IMAGE_ID, ROOT_VOLUME } from "./kinds";
import { network, noneIsTheInternet } from "./ranges";
import { rule } from "./rule";

/** The bastion, and who reaches it. */
export const bastion = inputs({
  aws_krug_admin_role: text({
    default: null,
    says:
      "Name of the IAM role of the jump EC2, and of its instance profile: the bastion gets the same one. Needed " +
      "unless kubectl_own_role is true.",
    conditions: [
      matching(
        `^${IAM_CHARACTERS}{1,128}$`,
        "the name of an instance profile (letters, digits and +=,.@_-, at most 128; no ARN)",
        "`aws iam list-instance-profiles` shows the names",
      ),
    ],
    rules: [
      rule(
        "var.aws_krug_admin_role != null || var.kubectl_own_role",
        `aws_krug_admin_role must be set, because the bastion works with it, got nothing; write the name of an instance
         profile, such as aws_krug_admin_role = "my-role" (\`aws iam list-instance-profiles\` shows the names), or
         kubectl_own_role = true, which gives the bastion a role of its own.`,
      ),
    ],
  }),

  kubectl_own_role: flag({
    default: false,
    says:
      "Whether the bastion has an IAM role of its own, PROJECT_NAME-kubectl, instead of aws_krug_admin_role: it may " +
      "ask for this cluster and nothing else of AWS, and is an admin in the cluster by an access entry.",
    rules: [
      rule(
        `!var.kubectl_own_role || ${HAS_ENTRIES}`,
        `kubectl_own_role needs access entries, got authentication_mode = \${jsonencode(var.authentication_mode)};
         set authentication_mode = "API" (a cluster that uses aws-auth now: "API_AND_CONFIG_MAP" first), or
         kubectl_own_role = false.`,
      ),
    ],
  }),

  kubectl_ec2_keypair: text({
    default: "aws-krug-gudi",
    says: "Name of the EC2 key pair for SSH to the bastion and to the nodes. It has to exist in the region.",
    conditions: [
      matching(
        "^[!-~]([ -~]{0,253}[!-~])?$",
        "the name of an EC2 key pair (1 to 255 ASCII characters, no space at either end)",
        "`aws ec2 describe-key-pairs` shows the names",
      ),
    ],
  }),

  kubectl_image_id: text({
    conditions: [IMAGE_ID],
    default: "ami-0fd02cb7da42ee5e0",
    says: "AMI of the bastion; the workshop's is Ubuntu Server 18.04 LTS in ap-northeast-2. It has to know IMDSv2.",
  }),

  kubectl_ec2_user: text({
    default: "ubuntu",
    says: "Whom to log in to the bastion as: ubuntu on Ubuntu's AMIs, ec2-user on Amazon Linux's.",
    conditions: [
      matching(
        "^[a-z_][a-z0-9_-]{0,31}$",
        "the name of a Linux user (lower case, at most 32 characters), such as ubuntu or ec2-user",
      ),
    ],
  }),

  kubectl_ec2_volume_size: whole({
    ...ROOT_VOLUME,
    default: 8,
    says: "Size of the bastion's root volume in GiB. Not less than the AMI's snapshot: 8 for Ubuntu's.",
  }),

  kubectl_ssh_cidrs: listOf(text({ conditions: [network("203.0.113.7/32")] }), {
    default: [],
    says: 'Networks that may reach the bastion by SSH, such as ["203.0.113.7/32"]; none: nobody.',
    many: "address ranges without host bits (one address is a /32, of IPv6 a /128)",
    conditions: [distinct("network")],
    rules: noneIsTheInternet("kubectl_ssh_cidrs", "kubectl_ssh_open_to_the_internet", "bastion"),
  }),

  kubectl_ssh_open_to_the_internet: flag({
    default: false,
    says: "Says by name that kubectl_ssh_cidrs may hold ranges as wide as 0.0.0.0/0 or ::/0.",
  }),
});
