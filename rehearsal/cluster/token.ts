/** @see https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go */
const PREFIX = "k8s-aws-v1.";
const CLUSTER_HEADER = "x-k8s-aws-id";
const VALID_MINUTES = 15;
const MAX_EXPIRES_SECONDS = 900;

/**
 * Why a request's `Authorization` is not that of somebody who asked `aws eks get-token` (or aws-iam-authenticator) for
 * a token: the first thing wrong with it, in words; undefined when it is in order.
 *
 * A stand-in's check, of the token's form and age alone. EKS sends the presigned request in it to STS, which verifies
 * the signature and answers with who signed; here nobody does. The cluster's name is signed but not in the token: only
 * that there was one can be seen. Besides STS' own hosts one on this machine may stand for it: with `AWS_ENDPOINT_URL`
 * set, that is where the AWS CLI presigns for.
 */
export function findTokenProblem(authorization: string | undefined, now: Date): string | undefined {
  const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? "") ?? [];
  if (token === undefined) return "there is no bearer token";
  if (!token.startsWith(PREFIX)) return `the token does not begin with ${PREFIX}`;
  const decoded = Buffer.from(token.slice(PREFIX.length), "base64url").toString();
  if (!URL.canParse(decoded)) return "the token holds no URL";

  const { protocol, hostname, pathname, searchParams: query } = new URL(decoded);
  const isLocal = ["127.0.0.1", "localhost"].includes(hostname);
  const isSts = protocol === "https:" && /^sts(-fips)?(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$/.test(hostname);
  if (!isSts && !isLocal) return `the token is for ${protocol}//${hostname}, which is not STS`;
  if (pathname !== "/") return `the token is for the path ${pathname}`;
  if (query.get("Action") !== "GetCallerIdentity") return "the token is for another call than GetCallerIdentity";
  const unset = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature"].find(
    (name) => (query.get(name) ?? "") === "",
  );
  if (unset !== undefined) return `the token has no ${unset}`;
  if (!(query.get("X-Amz-SignedHeaders") ?? "").split(";").includes(CLUSTER_HEADER)) {
    return `the token is signed without ${CLUSTER_HEADER}, the cluster's name`;
  }
  const expires = query.get("X-Amz-Expires") ?? "";
  if (!/^\d+$/.test(expires) || Number(expires) > MAX_EXPIRES_SECONDS) {
    return `the token's X-Amz-Expires must be 0 to ${String(MAX_EXPIRES_SECONDS)} seconds, got "${expires}"`;
  }
  return findDateProblem(query.get("X-Amz-Date") ?? "", now);
}

function findDateProblem(date: string, now: Date): string | undefined {
  const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(date) ?? [];
  if (day === undefined || time === undefined) return `the token has no X-Amz-Date, got "${date}"`;
  const signed = Date.parse(
    `${day.replace(/(....)(..)(..)/, "$1-$2-$3")}T${time.replace(/(..)(..)(..)/, "$1:$2:$3")}Z`,
  );
  // NaN for a date that does not exist, which is within no time.
  const isValid = Math.abs(now.getTime() - signed) <= VALID_MINUTES * 60_000;
  return isValid ? undefined : `the token is of ${date}, not of the last ${String(VALID_MINUTES)} minutes`;
}
