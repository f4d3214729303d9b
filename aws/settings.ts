/** How an AWS client is made. What is left out the SDK finds where it always does: environment, profile, instance. */
export interface AwsSettings {
  readonly region: string;
  /** @default - AWS_ENDPOINT_URL, else AWS itself */
  readonly endpoint?: string;
  /** How often a call is tried. @default 3 */
  readonly maxAttempts?: number;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}
