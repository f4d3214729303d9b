import type { Expression } from "./hcl/expression";
import type { EksInputs } from "./inputs";
import type { Names } from "./names";
import type { Account } from "./policies";

/** What every part of the stack is told. */
export interface Setting {
  readonly inputs: EksInputs;
  readonly names: Names;
  readonly account: Account;
  /** Whether the VPC is the stack's own, and not one that exists: a boolean. */
  readonly isOwnVpc: Expression;
  /** Whether pods have IPv6 addresses: a boolean. */
  readonly hasIpv6: Expression;
  /** Whether security groups allow only what a cluster needs, and not the workshop's wide ranges: a boolean. */
  readonly isMinimal: Expression;
}

/** The network that everything stands in. */
export interface NetworkRef {
  readonly vpcId: string;
  /** IPv4 address ranges of the VPC, a list, the first one that it was made with; known when Terraform plans. */
  readonly vpcCidrs: Expression;
  /** IPv6 address ranges of the VPC, a list; none without IPv6. */
  readonly vpcIpv6Cidrs: Expression;
  /** A list of `{ id, zone, cidr }`; zone and cidr are known when Terraform plans. */
  readonly privateSubnets: Expression;
  readonly privateSubnetIds: string[];
  /** Route tables of the private subnets, a list. */
  readonly privateRouteTableIds: Expression;
}

/** The cluster, as who joins or uses it knows it. */
export interface ClusterRef {
  readonly name: string;
  readonly arn: string;
  /** Of the Kubernetes API, `https://…`. */
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  /** The security group of the control plane's network interfaces. */
  readonly securityGroupId: string;
  /** Address range of the cluster's services, as EKS reports it: IPv4 or IPv6. */
  readonly serviceCidr: string;
  /** Who signs the tokens of service accounts: a URL with `https://`. */
  readonly oidcIssuer: string;
}

/** What every part is told that stands in the network. */
export interface Placed extends Setting {
  readonly network: NetworkRef;
}

/** What every part is told that belongs to the cluster. */
export interface Joined extends Placed {
  readonly cluster: ClusterRef;
}
