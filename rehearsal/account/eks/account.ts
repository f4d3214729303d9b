import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from "@aws-sdk/client-ec2";
import { GetRoleCommand, GetUserCommand, type IAMClient } from "@aws-sdk/client-iam";

import { AwsClients } from "../../../aws/clients";
import { readIdentity } from "../../../aws/identity";

/** Who calls, as a call's signature tells. */
export interface Caller {
  readonly region: string;
  readonly accessKeyId: string;
}

/** An IAM role or user, as far as EKS looks at it. */
export interface Principal {
  readonly arn: string;
  /** JSON; of a role. */
  readonly trustPolicy?: string;
}

/** The VPC that subnets are in. */
export interface SubnetsVpc {
  readonly id: string;
  readonly cidr: string;
  /** The Availability Zones of the subnets, each once, sorted. */
  readonly zones: readonly string[];
}

/** What EKS looks up, and makes, in the account that a cluster is in. */
export interface ClusterAccount {
  /** ARN of the IAM role or user that calls. */
  callerArn(): Promise<string>;
  /** The role or user of an ARN; undefined when there is none. */
  principal(arn: string): Promise<Principal | undefined>;
  /** The VPC of a cluster's subnets, and their zones; undefined when one of them is not there. */
  vpcOf(subnetIds: readonly string[]): Promise<SubnetsVpc | undefined>;
  /** Makes the security group that EKS makes for a cluster, and returns its id. */
  addSecurityGroup(vpcId: string, clusterName: string): Promise<string>;
  /** As EKS: one that is still in use stays. */
  removeSecurityGroup(groupId: string): Promise<void>;
  /** Ends the connections to it. */
  close(): void;
}

/** The caller of a signed call. Without a signature it is the one whom everybody is to the emulator. */
export function callerOf(authorization = ""): Caller {
  const [, accessKeyId = "testing", region = "us-east-1"] =
    /Credential=([^/]+)\/\d+\/([\w-]+)\//.exec(authorization) ?? [];
  return { region, accessKeyId };
}

/**
 * The account of a caller in an emulator.
 *
 * @param endpoint the emulator's own, without a front
 */
export function emulatedAccount(endpoint: string, { region, accessKeyId }: Caller): ClusterAccount {
  // The emulator knows an account by the key, and checks no signature.
  const credentials = { accessKeyId, secretAccessKey: "not-known-here" };
  const aws = new AwsClients({ endpoint, region, credentials });
  const { ec2, iam, sts } = aws;
  return {
    callerArn: async () => principalArn((await readIdentity(sts)).arn),
    principal: async (arn) => {
      const name = arn.slice(arn.lastIndexOf("/") + 1);
      const found = await (arn.includes(":user/") ? userOf(iam, name) : roleOf(iam, name));
      return found?.arn === arn ? found : undefined;
    },
    vpcOf: async (subnetIds) => {
      if (subnetIds.length === 0) return undefined;
      const Filters = [{ Name: "subnet-id", Values: [...subnetIds] }];
      const { Subnets: subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
      const [id] = subnets.flatMap(({ VpcId }) => VpcId ?? []);
      if (id === undefined || subnets.length < new Set(subnetIds).size) return undefined;
      const { Vpcs: [vpc] = [] } = await ec2.send(new DescribeVpcsCommand({ VpcIds: [id] }));
      const zones = [...new Set(subnets.flatMap(({ AvailabilityZone }) => AvailabilityZone ?? []))].sort();
      return { id, cidr: vpc?.CidrBlock ?? "", zones };
    },
    addSecurityGroup: async (vpcId, clusterName) => {
      const number = String(Math.floor(Math.random() * 1e10)).padStart(10, "0");
      const GroupName = `eks-cluster-sg-${clusterName}-${number}`;
      const tags = {
        Name: GroupName,
        "aws:eks:cluster-name": clusterName,
        [`kubernetes.io/cluster/${clusterName}`]: "owned",
      };
      const { GroupId = "" } = await ec2.send(
        new CreateSecurityGroupCommand({
          GroupName,
          Description:
            "EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.",
          VpcId: vpcId,
          TagSpecifications: [
            { ResourceType: "security-group", Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
          ],
        }),
      );
      const IpPermissions = [{ IpProtocol: "-1", UserIdGroupPairs: [{ GroupId }] }];
      await ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
      return GroupId;
    },
    removeSecurityGroup: async (GroupId) => {
      try {
        await ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
      } catch (error) {
        if (!["DependencyViolation", "InvalidGroup.NotFound"].includes((error as Error).name)) throw error;
      }
    },
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

async function userOf(iam: IAMClient, UserName: string): Promise<Principal | undefined> {
  const user = await unlessMissing(iam.send(new GetUserCommand({ UserName })));
  return user?.User?.Arn === undefined ? undefined : { arn: user.User.Arn };
}

async function roleOf(iam: IAMClient, RoleName: string): Promise<Principal | undefined> {
  const { Arn: arn, AssumeRolePolicyDocument: policy = "" } =
    (await unlessMissing(iam.send(new GetRoleCommand({ RoleName }))))?.Role ?? {};
  return arn === undefined ? undefined : { arn, trustPolicy: decodeURIComponent(policy) };
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (["NoSuchEntityException", "NoSuchEntity"].includes((error as Error).name)) return undefined;
    throw error;
  }
}
