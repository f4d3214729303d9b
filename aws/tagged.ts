import { paginateGetResources } from "@aws-sdk/client-resource-groups-tagging-api";

import { all } from "./answers";
import type { AwsClients } from "./clients";
import type { Tags } from "./finders/finder";

/**
 * ARNs of everything in the region that has all of these tags, of whatever service. AWS tells of some of it for hours
 * after its end, and of what belongs to no region (IAM, Route 53) in us-east-1 alone.
 *
 * @see https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
 */
export async function readTagged({ tagging: client }: Pick<AwsClients, "tagging">, tags: Tags): Promise<string[]> {
  const TagFilters = Object.entries(tags).map(([Key, value]) => ({ Key, Values: [value] }));
  const found = await all(paginateGetResources({ client }, { TagFilters }), "ResourceTagMappingList");
  return found.flatMap(({ ResourceARN }) => ResourceARN ?? []);
}
