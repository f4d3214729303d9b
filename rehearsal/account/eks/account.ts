import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from "@aws-sdk/client-ec2";
import { GetRoleCommand, GetUserCommand } from "@aws-sdk/client-iam";

import { ifThere, nameIn, unique } from "../../../aws/answers";
import { AwsClients, type AwsSettings } from "../../../aws/clients";
import { readIdentity } from "../../../aws/identity";
import { clusterTag, EKS_CLUSTER_TAG } from "../../../facts/cluster-tags";

/** The VPC that subnets are in. */
export interface SubnetsVpc {
  readonly id: string;
  readonly cidr: string;
  /** The Availability Zones of the subnets, each once, sorted. */
  readonly zones: readonly string[];
}

/** What EKS looks up, and makes, in the account that a cluster is in. */
export type ClusterAccount = ReturnType<typeof clusterAccount>;

/** The account that these settings lead to. */
export function clusterAccount(settings: AwsSettings) {
  const aws = new AwsClients(settings);
  const { ec2, iam, sts } = aws;
  return {
    /** ARN of the IAM role or user that calls. */
    callerArn: async (): Promise<string> => principalArn((await readIdentity(sts)).arn),

    /** The role or user of an ARN, with the trust policy of a role as JSON; undefined when there is none. */
    principal: async (arn: string): Promise<{ readonly trustPolicy?: string } | undefined> => {
      if (arn.includes(":user/")) {
        const answer = await ifThere(iam.send(new GetUserCommand({ UserName: nameIn(arn) })));
        return answer?.User?.Arn === arn ? {} : undefined;
      }
      const { Role: role } = (await ifThere(iam.send(new GetRoleCommand({ RoleName: nameIn(arn) })))) ?? {};
      return role?.Arn === arn ? { trustPolicy: decodeURIComponent(role.AssumeRolePolicyDocument ?? "{}") } : undefined;
    },

    /** The VPC of a cluster's subnets, and their zones; undefined when one of them is not there. */
    vpcOf: async (subnetIds: readonly string[]): Promise<SubnetsVpc | undefined> => {
      const Values = unique(subnetIds);
      if (Values.length === 0) return undefined;
      const { Subnets: subnets = [] } = await ec2.send(
        new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values }] }),
      );
      const id = subnets[0]?.VpcId;
      if (id === undefined || subnets.length < Values.length) return undefined;
      const { Vpcs: [vpc] = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }));
      return { id, cidr: vpc?.CidrBlock ?? "", zones: unique(subnets.map((it) => it.AvailabilityZone ?? "")).sort() };
    },

    /** Makes the security group that EKS makes for a cluster, and returns its id. */
    addSecurityGroup: async (vpcId: string, clusterName: string): Promise<string> => {
      const number = String(Math.floor(Math.random() * 1e10)).padStart(10, "0");
      const GroupName = `eks-cluster-sg-${clusterName}-${number}`;
      const Tags = [
        { Key: "Name", Value: GroupName },
        { Key: EKS_CLUSTER_TAG, Value: clusterName },
        { Key: clusterTag(clusterName), Value: "owned" },
      ];
      const { GroupId = "" } = await ec2.send(
        new CreateSecurityGroupCommand({
          GroupName,
          Description:
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, " +
            "as well as any managed workloads.",
          VpcId: vpcId,
          TagSpecifications: [{ ResourceType: "security-group", Tags }],
        }),
      );
      const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }];
      await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
      return GroupId;
    },

    /** As EKS: one that is still in use stays. */
    removeSecurityGroup: async (GroupId: string): Promise<void> => {
      await ifThere(ec2.send(new DeleteSecurityGroupCommand({ GroupId })), "DependencyViolation");
    },

    /** Ends the connections to it. */
    close: () => {
      aws.close();
    },
  };
}

/** The ARN of the role whose session calls; that of a user is the user's own. */
function principalArn(caller: string): string {
  // The emulator says `sts` of a user, too.
  return caller.replace(/^(arn:[\w-]+):sts::/, "$1:iam::").replace(/:assumed-role\/([^/]+)\/.*$/, ":role/$1");
}
