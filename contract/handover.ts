import { z } from "zod";

import { ROLE_ARN, USER_ARN } from "../facts/aws-auth";

const text = z.string().min(1);
const count = z.int().nonnegative();
const groups = z.array(text).readonly();
const roleArn = z.string().regex(ROLE_ARN);

/** The handover's fields, as they have to come out of a file. Nothing that synthesizes loads this. */
export const HANDOVER = z.object({
  /** Region of everything below, such as `ap-northeast-2`. */
  region: text,
  cluster_name: text,
  /** Private endpoint of the Kubernetes API: `https://…`, reachable from inside the VPC only. */
  cluster_endpoint: z.url({ protocol: /^https$/ }),
  /** The cluster's certificate authority, PEM in base64, as a kubeconfig has it. */
  certificate_authority_data: text,
  /** `MAJOR.MINOR`, such as `1.14`. */
  kubernetes_version: z.string().regex(/^\d+\.\d+$/),
  /**
   * Who maps IAM to Kubernetes: `CONFIG_MAP` (aws-auth), `API_AND_CONFIG_MAP` or `API` (access entries).
   *
   * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AccessConfigResponse.html
   */
  authentication_mode: z.string().regex(/^(CONFIG_MAP|API_AND_CONFIG_MAP|API)$/),
  /** EC2 instance id of the bastion: its console output holds the host keys' fingerprints. */
  bastion_instance_id: text,
  /** Public IPv4 address of the bastion. */
  bastion_address: text,
  /** Whom to log in as: `ubuntu` on Ubuntu, `ec2-user` on Amazon Linux. */
  bastion_user: text,
  /** ARN of the nodes' IAM role: a role's, never an instance profile's, as aws-auth wants it. */
  node_role_arn: roleArn,
  /** How many nodes each group has, by the name of its Auto Scaling group: `min <= desired <= max`. */
  node_groups: z.record(text, z.object({ min: count, max: count, desired: count })),
  /** Roles that aws-auth is to map besides the nodes', as tfvars say it; a stack that was applied before has none. */
  aws_auth_roles: z
    .array(z.object({ rolearn: roleArn, username: text, groups }))
    .readonly()
    .default([]),
  /** Users that aws-auth is to map, as tfvars say it; a stack that was applied before has none. */
  aws_auth_users: z
    .array(z.object({ userarn: z.string().regex(USER_ARN), username: text, groups }))
    .readonly()
    .default([]),
  /**
   * ARNs of all IAM roles of nodes: `node_role_arn`, and those of groups with policies of their own. A stack that was
   * applied before there were these has one role for all nodes.
   */
  node_role_arns: z.array(roleArn).readonly().optional(),
  /** Where the stack has made it: the bastion's only host key, `ssh-ed25519 BASE64`. */
  bastion_host_key: z
    .string()
    .regex(/^ssh-ed25519 [A-Za-z0-9+/]+=*$/)
    .optional(),
  /** Where the stack has made it: the private key to log in with, in OpenSSH's form. A secret: no message says it. */
  ssh_private_key: z.string().startsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n").optional(),
});

/**
 * What an applied stack hands over to whoever sets up the bastion: one Terraform output per field, under exactly the
 * field's name. A renamed field breaks everybody who reads the outputs.
 */
export type Handover = Readonly<z.infer<typeof HANDOVER>>;
