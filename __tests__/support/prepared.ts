/** What the end-to-end tests' global set-up found and made; it reaches the test files by the environment. */
export interface Prepared {
  /** A project folder whose stack is synthesized and initialized: copied for each test, never used. */
  readonly template: string;
  readonly terraform: string;
  /** Terraform's configuration file, when the provider comes from a mirror. */
  readonly configFile?: string | undefined;
}

export const PREPARED = "EKS_E2E_PREPARED";
