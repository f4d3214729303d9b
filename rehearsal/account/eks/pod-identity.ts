import { randomInt } from "node:crypto";

import type { AddonPodIdentityAssociations, PodIdentityAssociation } from "@aws-sdk/client-eks";

import { EksError, found, invalid, pageOf, type Asked } from "./call";
import type { Operations, StandInEksCluster } from "./cluster";

const SERVICE = "pods.eks.amazonaws.com";

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_PodIdentityAssociation.html */
export const POD_IDENTITY_OPERATIONS: Operations = {
  "GET /clusters/{clusterName}/pod-identity-associations": (asked, cluster) => {
    const { namespace: within, serviceAccount: account } = asked;
    const associations = [...cluster.podIdentities.values()]
      .filter((one) => [undefined, one.namespace].includes(within))
      .filter((one) => [undefined, one.serviceAccount].includes(account))
      // A list has only these fields of each.
      .map(({ clusterName, namespace, serviceAccount, associationArn, associationId, ownerArn }) => {
        return { clusterName, namespace, serviceAccount, associationArn, associationId, ownerArn };
      });
    return pageOf("associations", associations, asked);
  },

  "POST /clusters/{clusterName}/pod-identity-associations": async (asked, cluster) => ({
    association: await associate(cluster, asked),
  }),

  "GET /clusters/{clusterName}/pod-identity-associations/{associationId}": (asked, cluster) => ({
    association: associationOf(cluster, asked),
  }),

  "POST /clusters/{clusterName}/pod-identity-associations/{associationId}": async (asked, cluster) => {
    const there = associationOf(cluster, asked);
    const { roleArn = there.roleArn, targetRoleArn = there.targetRoleArn } = asked;
    const { disableSessionTags = there.disableSessionTags } = asked;
    if (asked.roleArn !== undefined) await refuseRole(cluster, asked.roleArn);
    const association = { ...there, roleArn, targetRoleArn, disableSessionTags, modifiedAt: new Date() };
    cluster.podIdentities.set(asked.associationId ?? "", association);
    return { association };
  },

  "DELETE /clusters/{clusterName}/pod-identity-associations/{associationId}": (asked, cluster) => {
    const association = associationOf(cluster, asked);
    cluster.podIdentities.delete(asked.associationId ?? "");
    return { association };
  },
};

/** Gives an add-on these associations and no others, and returns their ARNs. */
export async function associateAddOn(
  cluster: StandInEksCluster,
  ownerArn: string,
  namespace: string,
  wanted: readonly AddonPodIdentityAssociations[],
): Promise<string[]> {
  for (const [id, one] of cluster.podIdentities) if (one.ownerArn === ownerArn) cluster.podIdentities.delete(id);
  const arns: string[] = [];
  for (const each of wanted) {
    const { associationArn = "" } = await associate(cluster, { namespace, ...each }, ownerArn);
    arns.push(associationArn);
  }
  return arns;
}

/**
 * Associates a service account with a role.
 *
 * @param ownerArn the add-on that it belongs to
 */
async function associate(cluster: StandInEksCluster, asked: Asked, ownerArn?: string): Promise<PodIdentityAssociation> {
  const { namespace, serviceAccount, roleArn = "", tags = {}, disableSessionTags = false, targetRoleArn } = asked;
  await refuseRole(cluster, roleArn);
  for (const one of cluster.podIdentities.values()) {
    if (one.namespace !== namespace || one.serviceAccount !== serviceAccount) continue;
    // https://github.com/eksctl-io/eksctl/issues/7753
    throw new EksError("ResourceInUseException", `Association already exists: ${one.associationId ?? ""}`);
  }
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  const associationId = `a-${Array.from({ length: 17 }, () => letters[randomInt(letters.length)]).join("")}`;
  const now = new Date();
  const association: PodIdentityAssociation = {
    clusterName: cluster.name,
    namespace,
    serviceAccount,
    roleArn,
    associationArn: cluster.arnOf("podidentityassociation", associationId),
    associationId,
    tags,
    createdAt: now,
    modifiedAt: now,
    disableSessionTags,
    targetRoleArn,
    ownerArn,
  };
  cluster.podIdentities.set(associationId, association);
  return association;
}

function associationOf(cluster: StandInEksCluster, { associationId: id = "" }: Asked): PodIdentityAssociation {
  return found(cluster.podIdentities.get(id), `The specified association ${id} could not be found`);
}

/** Refuses what is not the ARN of a role. @param field the one that has it */
export function refuseNoRole(field: string, arn: string): void {
  if (!/^arn:[\w-]+:iam::\d{12}:role\/\S+$/.test(arn)) throw invalid(`${field} ${arn} is not the ARN of an IAM role`);
}

/** Refuses a role that a pod could not take. */
async function refuseRole(cluster: StandInEksCluster, roleArn: string): Promise<void> {
  refuseNoRole("roleArn", roleArn);
  const role = await cluster.account.principal(roleArn);
  // The Terraform provider waits for these words to go away, for IAM is eventually consistent.
  if (role === undefined) throw invalid("Role provided in the request does not exist.");
  const missing = ["sts:AssumeRole", "sts:TagSession"].filter((action) => !allows(role.trustPolicy, action));
  if (missing.length > 0) throw invalid(`The trust policy of ${roleArn} does not let ${SERVICE} ${missing.join(", ")}`);
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: { readonly Service?: string | readonly string[] };
  readonly Action?: string | readonly string[];
}

/** Whether pods may take a role; conditions are not looked at. */
function allows(trustPolicy = "{}", action: string): boolean {
  const { Statement: statements = [] } = JSON.parse(trustPolicy) as { Statement?: Statement | readonly Statement[] };
  return [statements]
    .flat()
    .some(
      ({ Effect, Principal, Action = [] }: Statement) =>
        Effect === "Allow" &&
        [Principal?.Service].flat().includes(SERVICE) &&
        [action, "sts:*", "*"].some((each) => [Action].flat().includes(each)),
    );
}
