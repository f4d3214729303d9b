import { CloudBackend, LocalBackend, NamedCloudWorkspace, S3Backend, type TerraformStack } from "cdktf";

import { UserError } from "../contract/user-error";

/** The environment variables that say where the state is kept. */
export interface StateEnvironment {
  /** Organization in Terraform Cloud (HCP Terraform); switches the state and the runs to it. */
  readonly TF_CLOUD_ORGANIZATION?: string | undefined;
  /** Workspace in that organization; needed with `TF_CLOUD_ORGANIZATION`. */
  readonly TF_WORKSPACE?: string | undefined;
  /** Host of Terraform Cloud or Terraform Enterprise, `app.terraform.io` when not set. */
  readonly TF_CLOUD_HOSTNAME?: string | undefined;
  /** S3 bucket that holds the state and its lock file. */
  readonly EKS_STATE_BUCKET?: string | undefined;
  /** The state's key in that bucket: one per participant who shares it. `terraform.eks.tfstate` when not set. */
  readonly EKS_STATE_KEY?: string | undefined;
}

const STATE_FILE = "terraform.eks.tfstate";

/** What tells the state of the stack `eks-kubernetes` from that of `eks`: the end of a key's or a workspace's name. */
export const KUBERNETES_SUFFIX = "-kubernetes";

/**
 * The environment as both stacks read it: Terraform runs with the `TF_WORKSPACE` of the stack that is deployed, and
 * which workspace belongs to which must not depend on it. A stack that is deployed under the other's is refused by
 * Terraform, because it is not the workspace that its JSON names.
 */
export function ofBothStacks(environment: StateEnvironment): StateEnvironment {
  const { TF_WORKSPACE: workspace = "" } = environment;
  return workspace.endsWith(KUBERNETES_SUFFIX)
    ? { ...environment, TF_WORKSPACE: workspace.slice(0, -KUBERNETES_SUFFIX.length) }
    : environment;
}

/**
 * Where the stack keeps its state: in Terraform Cloud, in S3, or else in a file in the project's folder.
 *
 * The local path is relative to the stack's folder (`cdktf.out/stacks/eks`), where both cdktf and
 * `terraform -chdir` run: cdktf's own default is an absolute path, and would make the JSON differ between machines.
 *
 * @param suffix of the names of the workspace, the key and the file; empty for the stack `eks`
 * @throws UserError when the variables contradict each other or one is missing
 */
export function keepState(stack: TerraformStack, environment: StateEnvironment, suffix = ""): void {
  // One that is set to nothing counts as not set.
  const {
    TF_CLOUD_ORGANIZATION: organization,
    TF_CLOUD_HOSTNAME: hostname = "app.terraform.io",
    TF_WORKSPACE: workspace,
    EKS_STATE_BUCKET: bucket,
    EKS_STATE_KEY: key,
  }: StateEnvironment = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  if (organization !== undefined && bucket !== undefined) {
    throw refused(
      `the state can be kept in one place only, got TF_CLOUD_ORGANIZATION=${organization} and ` +
        `EKS_STATE_BUCKET=${bucket}; unset one of them`,
    );
  }
  if (key !== undefined && bucket === undefined) {
    throw refused(`EKS_STATE_KEY=${key} needs EKS_STATE_BUCKET, the name of the bucket with that key`);
  }

  if (organization !== undefined) {
    if (workspace === undefined) {
      throw refused(
        `TF_CLOUD_ORGANIZATION=${organization} needs TF_WORKSPACE, the name of the workspace in that organization`,
      );
    }
    // Terraform would take the host for granted; OpenTofu knows none.
    const workspaces = new NamedCloudWorkspace(`${workspace}${suffix}`);
    new CloudBackend(stack, { hostname, organization, workspaces });
  } else if (bucket !== undefined) {
    new S3Backend(stack, { bucket, key: suffixed(key ?? STATE_FILE, suffix), encrypt: true });
    // A lock file in the bucket needs no DynamoDB table. cdktf 0.21 has no field for it, and Terraform knows it from
    // 1.10 on.
    stack.addOverride("terraform.backend.s3.use_lockfile", true);
    stack.addOverride("terraform.required_version", ">= 1.10.0");
  } else {
    const project = "../../..";
    // Terraform's workspaces (TF_WORKSPACE) belong beside the state, not into cdktf.out, which may be deleted.
    const workspaceDir = suffix === "" ? "terraform.tfstate.d" : `${suffixed(STATE_FILE, suffix)}.d`;
    new LocalBackend(stack, {
      path: `${project}/${suffixed(STATE_FILE, suffix)}`,
      workspaceDir: `${project}/${workspaceDir}`,
    });
  }
}

/** The name of a state file with something more before its ending. */
function suffixed(key: string, suffix: string): string {
  return key.replace(/(\.tfstate)?$/, `${suffix}$1`);
}

function refused(message: string): UserError {
  return new UserError(message, { exitCode: 64 });
}
