/** What the end-to-end tests' global set-up found and made; it reaches the test files by the environment. */
export interface Prepared {
  /** A project folder whose stack is synthesized and initialized: copied for each test, never used. */
  readonly template: string;
  readonly terraform: string;
  /** Terraform's configuration file, when the provider comes from a mirror. */
  readonly configFile?: string | undefined;
}

export const PREPARED = "EKS_E2E_PREPARED";

/** Set when everything is there that a stand-in bastion is made of; see host-setup.ts. */
export const HOST_READY = "EKS_HOST_READY";

/** Set when a file system can be mounted, which takes root; see host-setup.ts. */
export const MAY_MOUNT = "EKS_MAY_MOUNT";
