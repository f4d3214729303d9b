import { findTokenProblem } from "../../../rehearsal/cluster/token";

const NOW = new Date("2026-11-21T14:50:00Z");

/** What `aws eks get-token` presigned at 14:40:49, with parameters changed, or with undefined left out. */
function token(
  changes: Readonly<Record<string, string | undefined>> = {},
  at = "https://sts.ap-northeast-2.amazonaws.com/",
) {
  const parameters: Record<string, string | undefined> = {
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "testing/20261121/ap-northeast-2/sts/aws4_request",
    "X-Amz-Date": "20261121T144049Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": "b35bf1b3",
    ...changes,
  };
  const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  const url = `${at}?${new URLSearchParams(given).toString()}`;
  return `Bearer k8s-aws-v1.${Buffer.from(url).toString("base64url")}`;
}

describe("findTokenProblem", () => {
  it.each([
    ["a region's STS", "https://sts.ap-northeast-2.amazonaws.com/"],
    ["the global STS", "https://sts.amazonaws.com/"],
    ["a region's STS in China", "https://sts.cn-north-1.amazonaws.com.cn/"],
    ["an emulator on this machine", "http://127.0.0.1:5000/"],
  ])("takes a token for %s", (_, at) => {
    expect(findTokenProblem(token({}, at), NOW)).toBeUndefined();
  });

  it.each([
    ["no header", undefined, "there is no bearer token"],
    ["another scheme", "Basic dXNlcjpwYXNz", "there is no bearer token"],
    ["a token of a service account", "Bearer eyJhbGciOi", "the token does not begin with k8s-aws-v1."],
    ["something that is not a URL", "Bearer k8s-aws-v1.aGVsbG8", "the token holds no URL"],
    [
      "a host that only looks like STS",
      token({}, "https://sts.amazonaws.com.example.com/"),
      "the token is for https://sts.amazonaws.com.example.com, which is not STS",
    ],
    [
      "STS without TLS",
      token({}, "http://sts.amazonaws.com/"),
      "the token is for http://sts.amazonaws.com, which is not STS",
    ],
    ["another path", token({}, "https://sts.amazonaws.com/x"), "the token is for the path /x"],
    ["another call", token({ Action: "AssumeRole" }), "the token is for another call than GetCallerIdentity"],
    ["no signature", token({ "X-Amz-Signature": undefined }), "the token has no X-Amz-Signature"],
    ["no credential", token({ "X-Amz-Credential": "" }), "the token has no X-Amz-Credential"],
    [
      "no cluster",
      token({ "X-Amz-SignedHeaders": "host" }),
      "the token is signed without x-k8s-aws-id, the cluster's name",
    ],
    [
      "an hour to live",
      token({ "X-Amz-Expires": "3600" }),
      'the token\'s X-Amz-Expires must be 0 to 900 seconds, got "3600"',
    ],
    ["no date", token({ "X-Amz-Date": undefined }), 'the token has no X-Amz-Date, got ""'],
    [
      "a date that does not exist",
      token({ "X-Amz-Date": "20261399T144049Z" }),
      "the token is of 20261399T144049Z, not of the last 15 minutes",
    ],
    [
      "a date 16 minutes ago",
      token({ "X-Amz-Date": "20261121T143400Z" }),
      "the token is of 20261121T143400Z, not of the last 15 minutes",
    ],
  ])("refuses %s", (_, authorization, problem) => {
    expect(findTokenProblem(authorization, NOW)).toBe(problem);
  });
});
