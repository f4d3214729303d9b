import { z } from "zod";

import type { NodeGroupSize } from "../modules/contract";

/** A subnet as tfvars say it. */
export interface SubnetInput {
  /** Zone, such as `ap-northeast-2a`. */
  readonly az: string;
  readonly cidr: string;
  readonly name: string;
}

/** What a machine image has to do with: its id and the root volume it has to fit into, in GiB. */
export interface ImageInput {
  readonly id: string;
  readonly volumeGiB: number;
}

/** The inputs of the stack that AWS has a say in. */
export interface StackInputs {
  readonly region: string;
  readonly projectName: string;
  readonly clusterName: string;
  /** Name of the control plane's IAM role. */
  readonly clusterRoleName: string;
  /** Name of the nodes' IAM role, and of its instance profile. */
  readonly nodeRoleName: string;
  /** Name of the nodes' Auto Scaling group. */
  readonly groupName: string;
  /** Name of the IAM role with which the bastion works, and of its instance profile. */
  readonly adminRole: string;
  readonly keyPair: string;
  /** `MAJOR.MINOR` */
  readonly eksVersion: string;
  readonly node: ImageInput & { readonly instanceType: string };
  readonly bastion: ImageInput & { readonly instanceType: string };
  readonly publicSubnets: readonly SubnetInput[];
  readonly privateSubnets: readonly SubnetInput[];
  readonly size: NodeGroupSize;
  /** Networks that may reach the bastion by SSH. */
  readonly sshCidrs: readonly string[];
  /** What the nodes are launched from. */
  readonly launchedFrom: "launch configuration" | "launch template";
  /** How the nodes' user data makes them join. */
  readonly joinsBy: JoiningBy;
}

/** How user data makes a node join: a script of Amazon Linux 2, a NodeConfig of Amazon Linux 2023, or Bottlerocket's TOML. */
export type JoiningBy = "bootstrap.sh" | "nodeadm" | "bottlerocket";

const subnets = (kind: string, first: number) =>
  z.array(z.object({ az: z.string(), cidr: z.string(), name: z.string() })).default(
    ["a", "b", "c"].map((letter, i) => ({
      az: `ap-northeast-2${letter}`,
      cidr: `172.16.${String(first + 2 * i)}.0/23`,
      name: `${kind}-subnet-${letter}`,
    })),
  );

/** The variables of the stack that are looked at here, with the stack's own defaults. */
const TFVARS = z.object({
  aws_krug_admin_role: z.string(),
  kubectl_ec2_keypair: z.string().default("aws-krug-gudi"),
  eks_version: z.coerce.string().default("1.14"),
  project_name: z.string().default("awskrug_gudi"),
  eks_cluster_name: z.string().nullish(),
  aws_region: z.string().default("ap-northeast-2"),
  vpc_public_subnets: subnets("public", 0),
  vpc_private_subnets: subnets("private", 10),
  kubectl_image_id: z.string().default("ami-0fd02cb7da42ee5e0"),
  kubectl_ec2_volume_size: z.coerce.number().default(8),
  kubectl_ssh_cidrs: z.array(z.string()).default([]),
  eks_worker_node_role_name: z.string().nullish(),
  eks_worker_node_volume_size: z.coerce.number().default(10),
  eks_worker_node_ami_id: z.string().default("ami-023bb403131889300"),
  eks_worker_node_ec2_type: z.string().default("t3.micro"),
  eks_worker_nodes_asg_group: z
    .object({ min: z.coerce.number(), max: z.coerce.number(), desire: z.coerce.number() })
    .default({ min: 2, max: 2, desire: 2 }),
});

/** The bastion's, which is no variable. */
const BASTION_TYPE = "t3.micro";

/**
 * The inputs that a stack gets from values of its variables, by their names; variables that have no value take the
 * stack's defaults.
 *
 * @param how what the values cannot say: what nodes are launched from, and how they join
 * @throws z.ZodError when a value has not the type of its variable
 */
export function stackInputs(
  tfvars: Readonly<Record<string, unknown>>,
  how: Partial<Pick<StackInputs, "launchedFrom" | "joinsBy">> = {},
): StackInputs {
  const values = TFVARS.parse(tfvars);
  const { project_name: projectName, eks_worker_nodes_asg_group: size } = values;
  const clusterName = values.eks_cluster_name ?? `${projectName}_eks`;
  return {
    region: values.aws_region,
    projectName,
    clusterName,
    clusterRoleName: `${projectName}-eks-cluster`,
    nodeRoleName: values.eks_worker_node_role_name ?? `${projectName}_eks_worker_nodes_role`,
    groupName: `${clusterName}-worker`,
    adminRole: values.aws_krug_admin_role,
    keyPair: values.kubectl_ec2_keypair,
    eksVersion: values.eks_version,
    node: {
      id: values.eks_worker_node_ami_id,
      volumeGiB: values.eks_worker_node_volume_size,
      instanceType: values.eks_worker_node_ec2_type,
    },
    bastion: { id: values.kubectl_image_id, volumeGiB: values.kubectl_ec2_volume_size, instanceType: BASTION_TYPE },
    publicSubnets: values.vpc_public_subnets,
    privateSubnets: values.vpc_private_subnets,
    size: { min: size.min, max: size.max, desired: size.desire },
    sshCidrs: values.kubectl_ssh_cidrs,
    launchedFrom: how.launchedFrom ?? "launch configuration",
    joinsBy: how.joinsBy ?? "bootstrap.sh",
  };
}
