/** The failures of the EKS API that its stand-in answers with. */
export type EksFailure = keyof typeof STATUS;

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html */
const STATUS = {
  BadRequestException: 400,
  InvalidParameterException: 400,
  InvalidRequestException: 400,
  NotFoundException: 404,
  ResourceInUseException: 409,
  ResourceNotFoundException: 404,
} as const;

/** A failure that the EKS API answers with. Where AWS' own words are known, they are its message. */
export class EksError extends Error {
  override readonly name = "EksError";

  constructor(
    readonly type: EksFailure,
    message: string,
    /** What the answer names besides: `clusterName`, `addonName`. */
    readonly about: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** A call to the EKS API, taken apart. */
export interface EksRequest {
  /** What stands in the path for its open parts, decoded. */
  readonly names: readonly string[];
  readonly query: URLSearchParams;
  /** What the client sent, of the shape that the operation's request has; `{}` when it sent nothing. */
  readonly body: unknown;
}

/** An answer of the EKS API. */
export interface EksAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer in the form of the protocol: times are seconds since 1970. */
export function answerWith(result: object): EksAnswer {
  return { status: 200, headers: HEADERS, body: toJson(result) };
}

/** @see https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization */
export function refusalWith({ type, message, about }: EksError): EksAnswer {
  return {
    status: STATUS[type],
    headers: { ...HEADERS, "x-amzn-ErrorType": type },
    body: toJson({ ...about, message }),
  };
}

const HEADERS = { "content-type": "application/json" };

/** JSON of a value with SDK's types, in which a time is a `Date`. */
export function toJson(value: object): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key: string, told: unknown) {
    const own = this[key];
    return own instanceof Date ? own.getTime() / 1000 : told;
  });
}

/** The part of a list that a call asks for, with the token for the next one. */
export function pageOf<T>(all: readonly T[], query: URLSearchParams): { items: readonly T[]; nextToken?: string } {
  const from = Number(query.get("nextToken") ?? 0);
  const to = from + Number(query.get("maxResults") ?? 100);
  return { items: all.slice(from, to), ...(to < all.length && { nextToken: String(to) }) };
}
