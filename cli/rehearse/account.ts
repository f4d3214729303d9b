import { z } from "zod";

import { WORKSHOP_ACCOUNT, type AccountSeed } from "../../rehearsal/account/emulator";
import { UserError } from "../../contract/user-error";
import { ARCHITECTURES, FAMILIES, NODE_IMAGES, type ImageKind } from "../../facts/images";
import type { GivenValue } from "../../terraform/tfvars";
import { OTHER_FAMILY } from "./injections";

const FAMILY = z.enum(FAMILIES);

/** What of the values an account has to hold; whether they are right is Terraform's to say. */
const VALUES = z.object({
  aws_region: z.string(),
  aws_krug_admin_role: z.string(),
  kubectl_ec2_keypair: z.string(),
  kubectl_image_id: z.string(),
  eks_version: z.coerce.string(),
  eks_worker_node_ami_id: z.string(),
  eks_worker_node_ami_family: FAMILY,
  access_entries: z.record(z.string(), z.object({ principal_arn: z.string() })),
  node_groups: z.record(
    z.string(),
    z.object({
      ami_id: z.string(),
      ami_family: FAMILY.default("al2023"),
      architecture: z.enum(ARCHITECTURES).default("x86_64"),
      kubernetes_version: z.coerce.string().nullish(),
    }),
  ),
});

/** The name of an image as its makers give it, which is what tells its family and its version. */
function imageName(kind: ImageKind): string {
  const release = kind.family === "bottlerocket" ? "1.44.0-6dd2d5ad" : "20250807";
  return `${NODE_IMAGES[kind.family].name(kind)}${release}`;
}

/** An emulated account for values of the stack's variables, and the Kubernetes version that they ask for. */
export interface AccountForValues {
  readonly seed: AccountSeed;
  /** `MAJOR.MINOR` */
  readonly version: string;
}

/**
 * The account in which these values can be planned and applied: their region, role and key pair, whom their access
 * entries name, and every image that they name, of the family that they say it is of; besides an image of another
 * family.
 *
 * @throws UserError when a value is none of its variable's type
 */
export function accountFor(values: ReadonlyMap<string, GivenValue>): AccountForValues {
  const parsed = VALUES.safeParse(Object.fromEntries([...values].map(([name, { value }]) => [name, value])));
  if (!parsed.success) {
    const [{ path, message } = { path: [], message: "" }] = parsed.error.issues;
    const from = values.get(String(path[0]))?.from ?? "the tfvars";
    throw new UserError(`${from}: ${path.join(".")} cannot be rehearsed: ${message}; eks plan says what it has to be`);
  }
  const given = parsed.data;
  const node = (id: string, kind: ImageKind) => ({
    id,
    rootDevice: "/dev/xvda",
    architecture: kind.architecture,
    name: imageName(kind),
  });
  const { eks_version: version, node_groups: groups, eks_worker_node_ami_family: family } = given;
  const images = [
    // What it is its name says, whatever the values take it for.
    { ...OTHER_FAMILY, rootDevice: "/dev/xvda" },
    { id: given.kubectl_image_id, rootDevice: "/dev/sda1" },
    node(given.eks_worker_node_ami_id, { family, architecture: "x86_64", version }),
    ...Object.values(groups).map(({ ami_id, ami_family, architecture, kubernetes_version }) =>
      node(ami_id, { family: ami_family, architecture, version: kubernetes_version ?? version }),
    ),
  ];
  return {
    version,
    seed: {
      ...WORKSHOP_ACCOUNT,
      region: given.aws_region,
      adminRole: given.aws_krug_admin_role,
      keyPair: given.kubectl_ec2_keypair,
      principals: Object.values(given.access_entries).map(({ principal_arn }) => principal_arn),
      // Who names one twice means one image; the first word counts.
      images: images.filter(({ id }, at) => images.findIndex((other) => other.id === id) === at),
    },
  };
}
