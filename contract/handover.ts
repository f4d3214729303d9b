import type { AwsAuthRole, AwsAuthUser } from "../facts/aws-auth";

/** How many nodes a node group has: whole numbers, `min <= desired <= max`. */
export interface NodeGroupSize {
  readonly min: number;
  readonly max: number;
  readonly desired: number;
}

/**
 * What an applied stack hands over to whoever sets up the bastion: one Terraform output per field, under exactly the
 * field's name. A renamed field breaks everybody who reads the outputs.
 */
export interface Handover {
  /** Region of everything below, such as `ap-northeast-2`. */
  readonly region: string;
  readonly cluster_name: string;
  /** Private endpoint of the Kubernetes API: `https://…`, reachable from inside the VPC only. */
  readonly cluster_endpoint: string;
  /** The cluster's certificate authority, PEM in base64, as a kubeconfig has it. */
  readonly certificate_authority_data: string;
  /** `MAJOR.MINOR`, such as `1.14`. */
  readonly kubernetes_version: string;
  /**
   * Who maps IAM to Kubernetes: `CONFIG_MAP` (aws-auth), `API_AND_CONFIG_MAP` or `API` (access entries).
   *
   * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessConfigResponse.html
   */
  readonly authentication_mode: string;
  /** EC2 instance id of the bastion: its console output holds the host keys' fingerprints. */
  readonly bastion_instance_id: string;
  /** Public IPv4 address of the bastion. */
  readonly bastion_address: string;
  /** Whom to log in as: `ubuntu` on Ubuntu, `ec2-user` on Amazon Linux. */
  readonly bastion_user: string;
  /** ARN of the nodes' IAM role: a role's, never an instance profile's, as aws-auth wants it. */
  readonly node_role_arn: string;
  /** Size of each node group by the name of its Auto Scaling group. */
  readonly node_groups: Readonly<Record<string, NodeGroupSize>>;
  /** Roles that aws-auth is to map besides the nodes', as tfvars say it; often none. */
  readonly aws_auth_roles: readonly AwsAuthRole[];
  /** Users that aws-auth is to map, as tfvars say it; often none. */
  readonly aws_auth_users: readonly AwsAuthUser[];
  /** ARNs of all IAM roles of nodes: `node_role_arn`, and those of groups with policies of their own. */
  readonly node_role_arns?: readonly string[] | undefined;
  /** Where the stack has made it: the bastion's only host key, `ssh-ed25519 BASE64`. */
  readonly bastion_host_key?: string | undefined;
  /** Where the stack has made it: the private key to log in with, in OpenSSH's form. A secret. */
  readonly ssh_private_key?: string | undefined;
}
