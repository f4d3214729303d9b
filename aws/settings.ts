/** How an AWS client is made. What is left out the SDK finds where it always does: environment, profile, instance. */
export interface AwsSettings {
  readonly region: string;
  /** @default - AWS_ENDPOINT_URL, else AWS itself */
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}
