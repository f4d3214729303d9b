import type {
  AssociateAccessPolicyRequest,
  AssociateEncryptionConfigRequest,
  CreateAccessEntryRequest,
  CreateAddonRequest,
  CreatePodIdentityAssociationRequest,
  UpdateAccessEntryRequest,
  UpdateAddonRequest,
  UpdateClusterConfigRequest,
  UpdatePodIdentityAssociationRequest,
} from "@aws-sdk/client-eks";

/**
 * The input of an operation, as the SDK names it: what stands in the path, the query and the body, in one object. What
 * comes from the path and the query is text, or texts where a name stands there twice. Anything may be missing.
 */
export type Asked = Partial<
  AssociateAccessPolicyRequest &
    AssociateEncryptionConfigRequest &
    CreateAccessEntryRequest &
    CreateAddonRequest &
    CreatePodIdentityAssociationRequest &
    UpdateAccessEntryRequest &
    UpdateAddonRequest &
    UpdateClusterConfigRequest &
    UpdatePodIdentityAssociationRequest &
    Record<"clusterVersions" | "tagKeys", string | readonly string[]> &
    Record<"associatedPolicyArn" | "kubernetesVersion" | "updateId" | "version", string> &
    Record<"defaultOnly" | "includeAll" | "preserve" | "status" | "versionStatus", string> &
    Record<"maxResults" | "nextToken", string>
>;

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html */
const STATUS = {
  InvalidParameterException: 400,
  InvalidRequestException: 400,
  ResourceInUseException: 409,
  ResourceNotFoundException: 404,
} as const;

/** A failure that the EKS API answers with. Where AWS' own words are known, they are its message. */
export class EksError extends Error {
  override readonly name = "EksError";

  constructor(
    readonly type: keyof typeof STATUS,
    message: string,
  ) {
    super(message);
  }
}

/** The failure of a call that asks for something that EKS does not take. */
export function invalid(message: string): EksError {
  return new EksError("InvalidParameterException", message);
}

/** What there is. @throws EksError ResourceNotFoundException when there is nothing */
export function found<T>(it: T | undefined, message: string): T {
  if (it === undefined) throw new EksError("ResourceNotFoundException", message);
  return it;
}

/** An answer of the EKS API. */
export interface EksAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The answer to a call.
 *
 * @param asked the input of the call; a refusal says the cluster and the add-on that it was about
 * @param work what makes the result, or throws an `EksError`
 * @see https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization
 */
export async function answerTo(
  { clusterName, addonName }: Asked,
  work: () => object | Promise<object>,
): Promise<EksAnswer> {
  const headers = { "content-type": "application/json" };
  try {
    return { status: 200, headers, body: toJson(await work()) };
  } catch (error) {
    if (!(error instanceof EksError)) throw error;
    const { type, message } = error;
    return {
      status: STATUS[type],
      headers: { ...headers, "x-amzn-ErrorType": type },
      body: toJson({ clusterName, addonName, message }),
    };
  }
}

/** JSON of a value with the SDK's types, in which a time is a `Date`: the protocol has seconds since 1970. */
export function toJson(value: object): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, told: unknown) {
    const own = this[key];
    return own instanceof Date ? own.getTime() / 1000 : told;
  });
}

/** The part of a list that a call asks for, under its name, with the token for the next one. */
export function pageOf(name: string, all: readonly unknown[], { nextToken = "0", maxResults = "100" }: Asked) {
  const to = Number(nextToken) + Number(maxResults);
  return { [name]: all.slice(Number(nextToken), to), nextToken: to < all.length ? String(to) : undefined };
}
