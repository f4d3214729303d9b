import { roleName, type Identity } from "../../aws/identity";
import { shell } from "../../contract/shell";
import { MACHINES, type AccountRule } from "./before";
import { orElse } from "./fact";
import { found, HALF_APPLIED, known } from "./rule";

/**
 * Whether an ARN in tfvars is that of who asks. A session's own ARN does not tell the path of its role; within an
 * account a role's name is enough.
 */
function isOf(principal: string, { account, arn }: Identity): boolean {
  const [, , , , inAccount, ...resource] = principal.split(":");
  if (inAccount !== account) return false;
  // Not every STS calls a user by IAM's own ARN.
  if (arn.split(":").slice(5).join(":") === resource.join(":")) return true;
  return arn.includes(":assumed-role/") && roleName(principal) === roleName(arn);
}

/** Rules about who makes the stack, whom it admits, and the names that it takes. */
export const IDENTITY_RULES: readonly AccountRule[] = [
  {
    code: "identity",
    judge: ({ account, inputs: { clusterName, authenticationMode, creatorAdmin } }) =>
      known(account.identity, ({ arn, account: number }) => {
        const admits =
          authenticationMode === "CONFIG_MAP"
            ? "will at first admit nobody else"
            : creatorAdmin
              ? "will admit whom access_entries name, too"
              : "will admit whom access_entries name, and not who makes it";
        return found(
          "note",
          arn,
          `the cluster ${clusterName} will be made by ${arn} in account ${number}, and ${admits}`,
          "nothing, if that is who you mean to be; else set AWS_PROFILE",
        );
      }),
  },
  {
    code: "creator",
    judge: ({ account, inputs: { adminRole, authenticationMode, creatorAdmin, admitted } }) =>
      known(account.identity, ({ arn }) => {
        // With a role of its own the bastion has an access entry of its own.
        if (adminRole === undefined) return false;
        // An instance profile is called as its role only when the console made both.
        const [role = adminRole] = orElse(account.adminProfile) ?? [];
        const looksIntoEntries = authenticationMode !== "CONFIG_MAP";
        const isAdmitted = looksIntoEntries && Object.values(admitted).some((it) => roleName(it) === role);
        const admitsMaker = creatorAdmin || !looksIntoEntries;
        const byEntry =
          "name the role in access_entries with the policy AmazonEKSClusterAdminPolicy, or set kubectl_own_role = true";
        return (
          !isAdmitted &&
          (roleName(arn) !== role || !admitsMaker) &&
          found(
            "warning",
            arn,
            `the bastion works as the role ${role}; a cluster that ` +
              (admitsMaker ? "somebody else makes" : "does not admit who makes it (cluster_creator_admin = false)") +
              " answers it with Unauthorized, until that role is admitted",
            admitsMaker
              ? `apply as the role ${role} (from the jump EC2); or ` +
                  (looksIntoEntries
                    ? byEntry
                    : "afterwards, as who made the cluster: kubectl -n kube-system edit configmap aws-auth, and map " +
                      "the role to system:masters")
              : byEntry,
          )
        );
      }),
  },
  {
    code: "access-entry-creator",
    made: ["aws_eks_cluster"],
    judge: ({ account, inputs: { admitted, creatorAdmin, authenticationMode } }) =>
      known(account.identity, (identity) =>
        Object.entries(admitted).map(
          ([key, principal]) =>
            creatorAdmin &&
            authenticationMode !== "CONFIG_MAP" &&
            isOf(principal, identity) &&
            found(
              "error",
              principal,
              `access_entries.${key} names whoever makes the cluster, which is you (${identity.arn}): EKS gives ` +
                "that principal an access entry of its own, and refuses the second one at the end of the apply",
              `leave the row ${key} out of access_entries, since cluster_creator_admin makes you an admin; or ` +
                "set cluster_creator_admin = false, with an admin in access_entries",
            ),
        ),
      ),
  },
  {
    code: "admin-role",
    changed: ["aws_instance"],
    judge: ({ account, inputs: { adminRole } }) =>
      known(account.adminProfile, (roles) => {
        if (adminRole === undefined) return false;
        const error = (cause: string, cure: string) => found("error", adminRole, `aws_krug_admin_role: ${cause}`, cure);
        if (roles !== undefined) {
          return (
            roles.length === 0 &&
            error(
              "the instance profile has no role in it: the bastion would have no credentials",
              shell`aws iam add-role-to-instance-profile --instance-profile-name ${adminRole} --role-name ROLE`,
            )
          );
        }
        return orElse(account.hasAdminRole, false)
          ? error(
              `there is a role ${adminRole}, but no instance profile of that name for the bastion`,
              shell`aws iam create-instance-profile --instance-profile-name ${adminRole} && aws iam
                add-role-to-instance-profile --instance-profile-name ${adminRole} --role-name ${adminRole}`,
            )
          : error(
              `there is no instance profile ${adminRole} for the bastion`,
              "give the name of one that exists (aws iam list-instance-profiles), or make a role for EC2 in the " +
                "IAM console, which makes its instance profile too; or set kubectl_own_role = true",
            );
      }),
  },
  {
    code: "key-pair",
    changed: MACHINES,
    judge: ({ account, inputs: { keyPair, makesKeyPair, region } }) =>
      known(
        account.hasKeyPair,
        (exists) =>
          !exists &&
          !makesKeyPair &&
          found(
            "error",
            keyPair,
            `kubectl_ec2_keypair: there is no key pair ${keyPair} in ${region}; key pairs belong to one region`,
            `give the name of one that exists (${shell`aws ec2 describe-key-pairs --region ${region}`}), or import ` +
              "your own: " +
              shell`aws ec2 import-key-pair --key-name ${keyPair} --public-key-material
                fileb://~/.ssh/id_ed25519.pub --region ${region}`,
          ),
      ),
  },
  {
    code: "name-taken",
    // What is there of a stack that was made half is its own.
    follows: HALF_APPLIED,
    judge: ({ account, inputs: { clusterName, nodeRoleName } }) => {
      const taken = (what: string, name: string) =>
        found(
          "error",
          name,
          `there is ${what} ${name} already, of somebody who shares the account or of an earlier stack`,
          "give another project_name in your tfvars; or destroy the earlier stack first, or take it over " +
            "(docs/adopting.md)",
        );
      return [
        known(account.hasCluster, (exists) => exists && taken("a cluster", clusterName)),
        known(account.roles, (roles) => Object.entries(roles).map(([name, exists]) => exists && taken("a role", name))),
        // It goes with its role; one alone is what deleting a role by hand leaves.
        orElse(account.roles, {})[nodeRoleName] !== true &&
          known(account.hasNodeProfile, (exists) => exists && taken("an instance profile", nodeRoleName)),
        known(account.takenGroups, (names) => names.map((name) => taken("an Auto Scaling group", name))),
      ];
    },
  },
];
