import { paginateDescribeAutoScalingGroups, paginateDescribeLaunchConfigurations } from "@aws-sdk/client-auto-scaling";
import { paginateDescribeLogGroups, type LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeAddressesCommand,
  DescribeKeyPairsCommand,
  paginateDescribeEgressOnlyInternetGateways,
  paginateDescribeFlowLogs,
  paginateDescribeInternetGateways,
  paginateDescribeLaunchTemplates,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSnapshots,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
  type Filter,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand } from "@aws-sdk/client-eks";
import {
  DescribeTagsCommand as DescribeClassicTagsCommand,
  paginateDescribeLoadBalancers as paginateClassicLoadBalancers,
} from "@aws-sdk/client-elastic-load-balancing";
import {
  DescribeTagsCommand,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
} from "@aws-sdk/client-iam";
import { DescribeKeyCommand, type KeyMetadata } from "@aws-sdk/client-kms";
import { ListTagsForResourcesCommand, paginateListHostedZones } from "@aws-sdk/client-route-53";

import { shell } from "../../contract/shell";
import { all, nameIn, tagsOf } from "../answers";
import { asking } from "../call";
import type { AwsClients } from "../clients";
import { pagesOfInstances } from "../instances";
import { inEc2, listed, named, onePage, taggedBy, type Finder, type Tags } from "./finder";

/** The tags of classic load balancers, by their names. @throws what AWS says where one of them does not exist */
export async function tagsOfClassic({ classic }: AwsClients, LoadBalancerNames: string[]): Promise<[string, Tags][]> {
  const { TagDescriptions = [] } = await classic.send(new DescribeClassicTagsCommand({ LoadBalancerNames }));
  return TagDescriptions.map(({ LoadBalancerName = "", Tags }) => [LoadBalancerName, tagsOf(Tags)]);
}

async function tagsOfV2({ v2 }: AwsClients, ResourceArns: string[]): Promise<[string, Tags][]> {
  const { TagDescriptions = [] } = await v2.send(new DescribeTagsCommand({ ResourceArns }));
  return TagDescriptions.map(({ ResourceArn = "", Tags }) => [ResourceArn, tagsOf(Tags)]);
}

/** The tags of OpenID Connect providers, by their ARNs. @throws what AWS says where one of them does not exist */
function tagsOfProviders({ iam }: AwsClients, arns: string[]): Promise<[string, Tags][]> {
  return Promise.all(
    arns.map(async (OpenIDConnectProviderArn): Promise<[string, Tags]> => {
      const { Tags } = await iam.send(new ListOpenIDConnectProviderTagsCommand({ OpenIDConnectProviderArn }));
      return [OpenIDConnectProviderArn, tagsOf(Tags)];
    }),
  );
}

/** The tags of hosted zones, by their ids. @throws what AWS says where one of them does not exist */
async function tagsOfZones({ route53 }: AwsClients, ResourceIds: string[]): Promise<[string, Tags][]> {
  const asked = new ListTagsForResourcesCommand({ ResourceType: "hostedzone", ResourceIds });
  const { ResourceTagSets = [] } = await route53.send(asked);
  return ResourceTagSets.map(({ ResourceId = "", Tags }) => [ResourceId, tagsOf(Tags)]);
}

/**
 * How many zones one ListTagsForResources takes.
 *
 * @see https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListTagsForResources.html
 */
const ZONES_AT_ONCE = 10;

/** A key by its id, or by one of its aliases. @throws what AWS says where there is none */
async function keyBy({ kms }: AwsClients, KeyId: string): Promise<KeyMetadata | undefined> {
  return (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
}

/** Log groups: one by its name, or by the beginning of their names, which then ends with `/`, all of them. */
const LOG_GROUPS: Finder<string, LogGroup> = {
  noun: "log group",
  byHand: "logs delete-log-group --log-group-name",
  find: async ({ logs: client }, name) => {
    const pages = paginateDescribeLogGroups({ client }, { logGroupNamePrefix: name });
    const found = await asking(`ask AWS for the log group ${name}`, all(pages, "logGroups"));
    return found
      .filter(({ logGroupName }) => name.endsWith("/") || logGroupName === name)
      .map((details) => ({ id: details.logGroupName ?? "", tags: {}, state: "there", details }));
  },
};

/**
 * What `eks destroy` looks for in an account, by Terraform's type: what the stack makes, and what Kubernetes and EKS
 * make beside it. What is looked for by its name is found under the names of this stack only.
 */
export const FINDERS = {
  aws_autoscaling_group: listed(
    "Auto Scaling group",
    "autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name",
    ({ autoScaling: client }: AwsClients) => paginateDescribeAutoScalingGroups({ client }, {}),
    "AutoScalingGroups",
    (it) => it.AutoScalingGroupName,
    // It has a status only while it is being deleted.
    (it) => (it.Status === undefined ? undefined : "deleting"),
  ),
  aws_cloudwatch_log_group: LOG_GROUPS,
  aws_ebs_snapshot: listed(
    "snapshot",
    "ec2 delete-snapshot --snapshot-id",
    ({ ec2: client }: AwsClients, Filters: Filter[]) =>
      paginateDescribeSnapshots({ client }, { Filters, OwnerIds: ["self"] }),
    "Snapshots",
    (it) => it.SnapshotId,
  ),
  aws_ebs_volume: inEc2(
    "volume",
    "ec2 delete-volume --volume-id",
    paginateDescribeVolumes,
    "Volumes",
    (it) => it.VolumeId,
    (it) => it.State,
  ),
  aws_egress_only_internet_gateway: inEc2(
    "egress-only internet gateway",
    "ec2 delete-egress-only-internet-gateway --egress-only-internet-gateway-id",
    paginateDescribeEgressOnlyInternetGateways,
    "EgressOnlyInternetGateways",
    (it) => it.EgressOnlyInternetGatewayId,
  ),
  aws_eip: listed(
    "address",
    "ec2 release-address --allocation-id",
    ({ ec2 }: AwsClients, Filters: Filter[]) => onePage(ec2.send(new DescribeAddressesCommand({ Filters }))),
    "Addresses",
    (it) => it.AllocationId,
  ),
  aws_eks_cluster: named(
    "cluster",
    "eks delete-cluster --name",
    async ({ eks }, name) => (await eks.send(new DescribeClusterCommand({ name }))).cluster,
    (it) => it.status,
  ),
  aws_elb: taggedBy(
    listed(
      "classic load balancer",
      "elb delete-load-balancer --load-balancer-name",
      ({ classic: client }: AwsClients) => paginateClassicLoadBalancers({ client }, {}),
      "LoadBalancerDescriptions",
      (it) => it.LoadBalancerName,
    ),
    tagsOfClassic,
  ),
  aws_flow_log: listed(
    "flow log",
    "ec2 delete-flow-logs --flow-log-ids",
    ({ ec2: client }: AwsClients, Filter: Filter[]) => paginateDescribeFlowLogs({ client }, { Filter }),
    "FlowLogs",
    (it) => it.FlowLogId,
  ),
  aws_iam_instance_profile: named(
    "instance profile",
    "iam delete-instance-profile --instance-profile-name",
    async ({ iam }, InstanceProfileName) =>
      (await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }))).InstanceProfile,
  ),
  aws_iam_openid_connect_provider: taggedBy(
    listed(
      "OIDC provider",
      "iam delete-open-id-connect-provider --open-id-connect-provider-arn",
      ({ iam }: AwsClients) => onePage(iam.send(new ListOpenIDConnectProvidersCommand({}))),
      "OpenIDConnectProviderList",
      (it) => it.Arn,
    ),
    tagsOfProviders,
  ),
  aws_iam_role: named(
    "role",
    "iam delete-role --role-name",
    async ({ iam }, RoleName) => (await iam.send(new GetRoleCommand({ RoleName }))).Role,
  ),
  aws_instance: inEc2(
    "instance",
    "ec2 terminate-instances --instance-ids",
    pagesOfInstances,
    "Instances",
    (it) => it.InstanceId,
    (it) => it.State?.Name,
  ),
  aws_internet_gateway: inEc2(
    "internet gateway",
    "ec2 delete-internet-gateway --internet-gateway-id",
    paginateDescribeInternetGateways,
    "InternetGateways",
    (it) => it.InternetGatewayId,
  ),
  aws_key_pair: listed(
    "key pair",
    "ec2 delete-key-pair --key-pair-id",
    ({ ec2 }: AwsClients, Filters: Filter[]) => onePage(ec2.send(new DescribeKeyPairsCommand({ Filters }))),
    "KeyPairs",
    (it) => it.KeyPairId,
  ),
  aws_kms_alias: named("key alias", "kms delete-alias --alias-name", keyBy, (it) => it.KeyState),
  aws_kms_key: named("KMS key", "kms schedule-key-deletion --key-id", keyBy, (it) => it.KeyState),
  aws_launch_configuration: listed(
    "launch configuration",
    "autoscaling delete-launch-configuration --launch-configuration-name",
    ({ autoScaling: client }: AwsClients) => paginateDescribeLaunchConfigurations({ client }, {}),
    "LaunchConfigurations",
    (it) => it.LaunchConfigurationName,
  ),
  aws_launch_template: inEc2(
    "launch template",
    "ec2 delete-launch-template --launch-template-id",
    paginateDescribeLaunchTemplates,
    "LaunchTemplates",
    (it) => it.LaunchTemplateId,
  ),
  aws_lb: taggedBy(
    listed(
      "load balancer",
      "elbv2 delete-load-balancer --load-balancer-arn",
      ({ v2: client }: AwsClients) => paginateDescribeLoadBalancers({ client }, {}),
      "LoadBalancers",
      (it) => it.LoadBalancerArn,
    ),
    tagsOfV2,
  ),
  aws_lb_target_group: taggedBy(
    listed(
      "target group",
      "elbv2 delete-target-group --target-group-arn",
      ({ v2: client }: AwsClients) => paginateDescribeTargetGroups({ client }, {}),
      "TargetGroups",
      (it) => it.TargetGroupArn,
    ),
    tagsOfV2,
  ),
  aws_nat_gateway: listed(
    "NAT gateway",
    "ec2 delete-nat-gateway --nat-gateway-id",
    ({ ec2: client }: AwsClients, Filter: Filter[]) => paginateDescribeNatGateways({ client }, { Filter }),
    "NatGateways",
    (it) => it.NatGatewayId,
    (it) => it.State,
  ),
  aws_network_interface: inEc2(
    "network interface",
    "ec2 delete-network-interface --network-interface-id",
    paginateDescribeNetworkInterfaces,
    "NetworkInterfaces",
    (it) => it.NetworkInterfaceId,
  ),
  aws_route53_zone: taggedBy(
    listed(
      "hosted zone",
      "route53 delete-hosted-zone --id",
      ({ route53: client }: AwsClients) => paginateListHostedZones({ client }, {}),
      "HostedZones",
      (it) => nameIn(it.Id ?? ""),
    ),
    tagsOfZones,
    ZONES_AT_ONCE,
  ),
  aws_route_table: inEc2(
    "route table",
    "ec2 delete-route-table --route-table-id",
    paginateDescribeRouteTables,
    "RouteTables",
    (it) => it.RouteTableId,
  ),
  aws_security_group: inEc2(
    "security group",
    "ec2 delete-security-group --group-id",
    paginateDescribeSecurityGroups,
    "SecurityGroups",
    (it) => it.GroupId,
  ),
  aws_subnet: inEc2("subnet", "ec2 delete-subnet --subnet-id", paginateDescribeSubnets, "Subnets", (it) => it.SubnetId),
  aws_vpc: inEc2("VPC", "ec2 delete-vpc --vpc-id", paginateDescribeVpcs, "Vpcs", (it) => it.VpcId),
  aws_vpc_endpoint: inEc2(
    "VPC endpoint",
    "ec2 delete-vpc-endpoints --vpc-endpoint-ids",
    paginateDescribeVpcEndpoints,
    "VpcEndpoints",
    (it) => it.VpcEndpointId,
    (it) => it.State,
  ),
} as const;

/** A type that is looked for. */
export type FoundType = keyof typeof FINDERS;

/** The command that removes something by hand. */
export function byHand(type: FoundType, id: string, region: string): string {
  return `aws ${FINDERS[type].byHand} ${shell`${id} --region ${region}`}`;
}

const IN_THE_CLUSTER = "is inside the cluster, and goes with it";

/** What the stacks make and nobody looks for, by Terraform's type, and why. */
export const NOT_LOOKED_FOR: Readonly<Record<string, string>> = {
  aws_default_security_group: "goes with the VPC",
  aws_eks_access_entry: "goes with the cluster",
  aws_eks_access_policy_association: "goes with the cluster",
  aws_eks_addon: "goes with the cluster",
  aws_eks_pod_identity_association: "goes with the cluster",
  aws_iam_role_policy: "goes with its role: IAM deletes no role that still has one",
  aws_iam_role_policy_attachment: "goes with its role: IAM deletes no role that still has one",
  aws_route53_record: "goes with its zone: Route 53 deletes no zone that still has one",
  aws_route53_zone_association: "goes with its zone",
  aws_route_table_association: "goes with its subnet",
  aws_security_group_rule: "goes with its security group",
  aws_vpc_ipv4_cidr_block_association: "goes with the VPC",
  kubernetes_config_map_v1: IN_THE_CLUSTER,
  kubernetes_namespace_v1: IN_THE_CLUSTER,
  kubernetes_network_policy_v1: IN_THE_CLUSTER,
  kubernetes_storage_class_v1: IN_THE_CLUSTER,
  terraform_data: "AWS knows nothing of it",
  tls_private_key: "AWS knows nothing of it",
};
