import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  paginateListAttachedRolePolicies,
  type IAMClient,
} from "@aws-sdk/client-iam";

import { all, ifThere } from "./answers";

/** ARNs of the roles in an instance profile; undefined when there is no such profile. */
export async function readProfile(iam: IAMClient, name: string): Promise<readonly string[] | undefined> {
  const answer = await ifThere(iam.send(new GetInstanceProfileCommand({ InstanceProfileName: name })));
  return answer && (answer.InstanceProfile?.Roles ?? []).map(({ Arn = "" }) => Arn);
}

/** Whether there is a role of that name. */
export async function hasRole(iam: IAMClient, name: string): Promise<boolean> {
  return (await ifThere(iam.send(new GetRoleCommand({ RoleName: name })))) !== undefined;
}

/** ARNs of the managed policies that are attached to a role. */
export async function readAttachedPolicies(iam: IAMClient, RoleName: string): Promise<string[]> {
  const pages = paginateListAttachedRolePolicies({ client: iam }, { RoleName });
  return (await all(pages, (page) => page.AttachedPolicies)).flatMap(({ PolicyArn }) => PolicyArn ?? []);
}
