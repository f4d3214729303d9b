import { randomInt } from "node:crypto";

import type {
  AddonPodIdentityAssociations,
  CreatePodIdentityAssociationRequest,
  PodIdentityAssociation,
  UpdatePodIdentityAssociationRequest,
} from "@aws-sdk/client-eks";

import { EksError, pageOf, type EksRequest } from "./call";
import type { StandInEksCluster } from "./cluster";

const ROLE = /^arn:[\w-]+:iam::\d{12}:role\/\S+$/;
const SERVICE = "pods.eks.amazonaws.com";

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreatePodIdentityAssociation.html */
export async function createPodIdentity(cluster: StandInEksCluster, { body }: EksRequest): Promise<object> {
  return { association: await associate(cluster, body as CreatePodIdentityAssociationRequest) };
}

/**
 * Associates a service account with a role.
 *
 * @param ownerArn the add-on that it belongs to
 */
async function associate(
  cluster: StandInEksCluster,
  asked: Partial<CreatePodIdentityAssociationRequest>,
  ownerArn?: string,
): Promise<PodIdentityAssociation> {
  const {
    namespace = "",
    serviceAccount = "",
    roleArn = "",
    tags = {},
    disableSessionTags = false,
    targetRoleArn,
  } = asked;
  await refuseRole(cluster, roleArn);
  const isSame = (one: PodIdentityAssociation) => one.namespace === namespace && one.serviceAccount === serviceAccount;
  const existing = [...cluster.podIdentities.values()].find(isSame);
  if (existing !== undefined) {
    // https://github.com/eksctl-io/eksctl/issues/7753
    const message = `Association already exists: ${existing.associationId ?? ""}`;
    throw new EksError("ResourceInUseException", message, { clusterName: cluster.name });
  }
  const [, partition = "aws", , region = "", account = ""] = cluster.arn.split(":");
  const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
  const associationId = `a-${Array.from({ length: 17 }, () => letters[randomInt(letters.length)]).join("")}`;
  const now = new Date();
  const association: PodIdentityAssociation = {
    clusterName: cluster.name,
    namespace,
    serviceAccount,
    roleArn,
    associationArn: `arn:${partition}:eks:${region}:${account}:podidentityassociation/${cluster.name}/${associationId}`,
    associationId,
    tags,
    createdAt: now,
    modifiedAt: now,
    disableSessionTags,
    ...(targetRoleArn !== undefined && { targetRoleArn }),
    ...(ownerArn !== undefined && { ownerArn }),
  };
  cluster.podIdentities.set(associationId, association);
  return association;
}

/** Refuses a role that a pod could not take. */
async function refuseRole(cluster: StandInEksCluster, roleArn: string): Promise<void> {
  const refuse = (message: string) => new EksError("InvalidParameterException", message, { clusterName: cluster.name });
  if (!ROLE.test(roleArn)) throw refuse(`roleArn ${roleArn} is not the ARN of an IAM role`);
  const role = await cluster.account.principal(roleArn);
  // The Terraform provider waits for these words to go away, for IAM is eventually consistent.
  if (role === undefined) throw refuse("Role provided in the request does not exist.");
  const missing = ["sts:AssumeRole", "sts:TagSession"].filter((action) => !allows(role.trustPolicy, action));
  if (missing.length > 0) throw refuse(`The trust policy of ${roleArn} does not let ${SERVICE} ${missing.join(", ")}`);
}

interface Statement {
  readonly Effect?: string;
  readonly Principal?: { readonly Service?: string | readonly string[] };
  readonly Action?: string | readonly string[];
}

/** Whether pods may take a role; conditions are not looked at. */
function allows(trustPolicy = "{}", action: string): boolean {
  const { Statement: found = [] } = JSON.parse(trustPolicy) as { Statement?: Statement | readonly Statement[] };
  const statements: readonly Statement[] = [found].flat();
  return statements.some(
    ({ Effect, Principal, Action = [] }) =>
      Effect === "Allow" &&
      [Principal?.Service ?? []].flat().includes(SERVICE) &&
      [Action].flat().some((each) => each === action || each === "sts:*" || each === "*"),
  );
}

function associationOf(cluster: StandInEksCluster, id = ""): PodIdentityAssociation {
  const found = cluster.podIdentities.get(id);
  if (found !== undefined) return found;
  const message = `The specified association ${id} could not be found`;
  throw new EksError("ResourceNotFoundException", message, { clusterName: cluster.name });
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribePodIdentityAssociation.html */
export function describePodIdentity(cluster: StandInEksCluster, { names }: EksRequest): object {
  return { association: associationOf(cluster, names[0]) };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_ListPodIdentityAssociations.html */
export function listPodIdentities(cluster: StandInEksCluster, { query }: EksRequest): object {
  const [namespace, serviceAccount] = [query.get("namespace"), query.get("serviceAccount")];
  const isAsked = (one: PodIdentityAssociation) =>
    [null, one.namespace].includes(namespace) && [null, one.serviceAccount].includes(serviceAccount);
  const all = [...cluster.podIdentities.values()].filter(isAsked);
  const { items, nextToken } = pageOf(all, query);
  const associations = items.map((one) => ({
    clusterName: one.clusterName,
    namespace: one.namespace,
    serviceAccount: one.serviceAccount,
    associationArn: one.associationArn,
    associationId: one.associationId,
    ownerArn: one.ownerArn,
  }));
  return { associations, nextToken };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdatePodIdentityAssociation.html */
export async function updatePodIdentity(cluster: StandInEksCluster, { names, body }: EksRequest): Promise<object> {
  const { roleArn, disableSessionTags, targetRoleArn } = body as Partial<UpdatePodIdentityAssociationRequest>;
  const found = associationOf(cluster, names[0]);
  if (roleArn !== undefined) await refuseRole(cluster, roleArn);
  const association: PodIdentityAssociation = {
    ...found,
    ...(roleArn !== undefined && { roleArn }),
    ...(disableSessionTags !== undefined && { disableSessionTags }),
    ...(targetRoleArn !== undefined && { targetRoleArn }),
    modifiedAt: new Date(),
  };
  cluster.podIdentities.set(association.associationId ?? "", association);
  return { association };
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DeletePodIdentityAssociation.html */
export function deletePodIdentity(cluster: StandInEksCluster, { names }: EksRequest): object {
  const association = associationOf(cluster, names[0]);
  cluster.podIdentities.delete(association.associationId ?? "");
  return { association };
}

/** Gives an add-on these associations and no others, and returns their ARNs. */
export async function associateAddOn(
  cluster: StandInEksCluster,
  ownerArn: string,
  namespace: string,
  wanted: readonly AddonPodIdentityAssociations[],
): Promise<string[]> {
  for (const [id, one] of cluster.podIdentities) if (one.ownerArn === ownerArn) cluster.podIdentities.delete(id);
  const arns: string[] = [];
  for (const { serviceAccount, roleArn } of wanted) {
    const { associationArn = "" } = await associate(
      cluster,
      { namespace, ...(serviceAccount !== undefined && { serviceAccount }), ...(roleArn !== undefined && { roleArn }) },
      ownerArn,
    );
    arns.push(associationArn);
  }
  return arns;
}
