import {
  DescribeLaunchConfigurationsCommand,
  DescribeScalingActivitiesCommand,
  paginateDescribeAutoScalingGroups,
  paginateDescribeLaunchConfigurations,
  type Activity,
  type AutoScalingClient,
  type AutoScalingGroup,
} from "@aws-sdk/client-auto-scaling";
import { DescribeLaunchTemplateVersionsCommand, type EC2Client } from "@aws-sdk/client-ec2";

import { all, forEach, ifThere, nameIn, unique } from "./answers";
import type { AwsClients } from "./clients";

/** An Auto Scaling group. */
export interface Group {
  readonly name: string;
  readonly desired: number;
  /** Tags by key, and whether new instances get them. */
  readonly tags: Readonly<Record<string, { readonly value: string; readonly propagates: boolean }>>;
  /** What new instances are launched from; undefined when that is gone. */
  readonly launchId: string | undefined;
  readonly subnetIds: readonly string[];
  /** Instances, and what each was launched from, where AWS says that. */
  readonly instances: readonly { readonly id: string; readonly launchId: string | undefined }[];
  /** Processes that somebody has suspended, such as `Launch`. */
  readonly suspended: readonly string[];
}

/** Groups that exist. @param names of those that are asked for. @default - all */
export async function readGroups(autoScaling: AutoScalingClient, names: readonly string[] = []): Promise<Group[]> {
  const asked = { AutoScalingGroupNames: [...names] };
  const pages = paginateDescribeAutoScalingGroups({ client: autoScaling }, asked);
  return (await all(pages, "AutoScalingGroups")).map((it) => ({
    name: it.AutoScalingGroupName ?? "",
    desired: it.DesiredCapacity ?? 0,
    tags: Object.fromEntries(
      (it.Tags ?? []).map(({ Key = "", Value = "", PropagateAtLaunch = false }) => [
        Key,
        { value: Value, propagates: PropagateAtLaunch },
      ]),
    ),
    launchId: launchIdOf({
      ...it,
      LaunchTemplate: it.LaunchTemplate ?? it.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification,
    }),
    subnetIds: unique((it.VPCZoneIdentifier ?? "").split(",")),
    instances: (it.Instances ?? []).map((one) => ({ id: one.InstanceId ?? "", launchId: launchIdOf(one) })),
    suspended: (it.SuspendedProcesses ?? []).map(({ ProcessName = "" }) => ProcessName),
  }));
}

function launchIdOf(from: Pick<AutoScalingGroup, "LaunchConfigurationName" | "LaunchTemplate">): string | undefined {
  const { LaunchTemplateId: id, Version: version } = from.LaunchTemplate ?? {};
  return id === undefined ? from.LaunchConfigurationName : `${id}:${version ?? "$Default"}`;
}

/** Why a group's last launch failed, in AWS' words; undefined when it did not. */
export async function readLastFailure(autoScaling: AutoScalingClient, group: string): Promise<string | undefined> {
  const asked = new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: 10 });
  return failureOf((await autoScaling.send(asked)).Activities ?? []);
}

/**
 * Why the last launch failed; undefined when it did not. One that is under way says nothing yet of how it will end.
 *
 * @param activities of an Auto Scaling group, the newest first
 */
export function failureOf(activities: readonly Activity[]): string | undefined {
  const last = activities.find(({ StatusCode = "" }) => ["Failed", "Cancelled", "Successful"].includes(StatusCode));
  return last === undefined || last.StatusCode === "Successful" ? undefined : (last.StatusMessage ?? last.Description);
}

/** What instances are launched from: a launch configuration, or one version of a launch template. */
export interface Launch {
  readonly kind: "launch configuration" | "launch template";
  /** Of a template with its version: `lt-0123456789abcdef0:3`. */
  readonly id: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly securityGroupIds: readonly string[];
  /** Name of the instance profile; empty when there is none. */
  readonly instanceProfile: string;
  /** In base64. */
  readonly userData: string;
}

/** What some instances are launched from, by its id; what is gone is left out. */
export function readLaunches(
  { autoScaling, ec2 }: Pick<AwsClients, "autoScaling" | "ec2">,
  ids: readonly string[],
): Promise<Record<string, Launch>> {
  return forEach(ids, (id) => (id.startsWith("lt-") ? template(ec2, id) : configuration(autoScaling, id)));
}

/** Names of the region's launch configurations. */
export async function readLaunchConfigurations(autoScaling: AutoScalingClient): Promise<string[]> {
  const pages = paginateDescribeLaunchConfigurations({ client: autoScaling }, {});
  return (await all(pages, "LaunchConfigurations")).map((it) => it.LaunchConfigurationName ?? "");
}

async function configuration(autoScaling: AutoScalingClient, id: string): Promise<Launch | undefined> {
  const asked = new DescribeLaunchConfigurationsCommand({ LaunchConfigurationNames: [id] });
  const [it] = (await autoScaling.send(asked)).LaunchConfigurations ?? [];
  return (
    it && {
      kind: "launch configuration",
      id,
      imageId: it.ImageId ?? "",
      instanceType: it.InstanceType ?? "",
      securityGroupIds: it.SecurityGroups ?? [],
      instanceProfile: nameIn(it.IamInstanceProfile ?? ""),
      userData: it.UserData ?? "",
    }
  );
}

async function template(ec2: EC2Client, id: string): Promise<Launch | undefined> {
  const [LaunchTemplateId = "", version = ""] = id.split(":");
  const asked = { LaunchTemplateId, Versions: [version], ResolveAlias: true };
  const answer = await ifThere(ec2.send(new DescribeLaunchTemplateVersionsCommand(asked)));
  const it = answer?.LaunchTemplateVersions?.[0]?.LaunchTemplateData;
  return (
    it && {
      kind: "launch template",
      id,
      imageId: it.ImageId ?? "",
      instanceType: it.InstanceType ?? "",
      securityGroupIds: [...(it.SecurityGroupIds ?? []), ...(it.NetworkInterfaces?.[0]?.Groups ?? [])],
      instanceProfile: it.IamInstanceProfile?.Name ?? nameIn(it.IamInstanceProfile?.Arn ?? ""),
      userData: it.UserData ?? "",
    }
  );
}
