import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  ListRolesCommand,
  paginateListAttachedRolePolicies,
  paginateListInstanceProfiles,
  paginateListRoles,
  type IAMClient,
} from "@aws-sdk/client-iam";

import { all, ifThere } from "./answers";

/** ARNs of the roles in an instance profile; undefined when there is no such profile. */
export async function readProfile(iam: IAMClient, name: string): Promise<readonly string[] | undefined> {
  const answer = await ifThere(iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name })));
  return answer && (answer.InstanceProfile?.Roles ?? []).map(({ Arn = "" }) => Arn);
}

/** Names of the instance profiles. */
export async function listProfiles(iam: IAMClient): Promise<string[]> {
  const profiles = await all(paginateListInstanceProfiles({ client: iam }, {}), "InstanceProfiles");
  return profiles.flatMap(({ InstanceProfileName }) => InstanceProfileName ?? []).sort();
}

/** Whether there is a role of that name. */
export async function hasRole(iam: IAMClient, name: string): Promise<boolean> {
  return (await ifThere(iam.send(new GetRoleCommand({ RoleName: name })))) !== undefined;
}

/** Names of the roles that begin so. */
export async function rolesThatBegin(iam: IAMClient, prefix: string): Promise<string[]> {
  const roles = await all(paginateListRoles({ client: iam }, {}), "Roles");
  return roles.map(({ RoleName = "" }) => RoleName).filter((name) => name.startsWith(prefix));
}

/** ARNs of the managed policies that are attached to a role. */
export async function readAttachedPolicies(iam: IAMClient, RoleName: string): Promise<string[]> {
  const pages = paginateListAttachedRolePolicies({ client: iam }, { RoleName });
  return (await all(pages, "AttachedPolicies")).flatMap(({ PolicyArn }) => PolicyArn ?? []);
}

/** When the oldest of the account's first thousand roles was made, ISO 8601: the account is at least as old. */
export async function readOldestRole(iam: IAMClient): Promise<string | undefined> {
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  return Roles.flatMap(({ CreateDate }) => CreateDate?.toISOString() ?? []).sort()[0];
}
