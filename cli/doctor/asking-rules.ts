import type { Identity } from "../../aws/identity";
import { shell } from "../../contract/shell";
import type { Fact } from "./fact";
import { found, type Rule } from "./rule";

/** Rules about AWS that answers nobody: there are no credentials, it does not take them, or it cannot be reached. */
export function askingRules<Facts>(
  asked: (facts: Facts) => readonly [identity: Fact<Identity>, region: string],
): readonly Rule<Facts>[] {
  const rule = (code: string, subject: (region: string) => string, cure: (region: string) => string): Rule<Facts> => ({
    code,
    judge: (facts) => {
      const [identity, region] = asked(facts);
      const isSo = "unknown" in identity && identity.follows?.includes(code) === true;
      return isSo && found("error", subject(region), identity.unknown, cure(region));
    },
  });
  return [
    rule(
      "credentials",
      () => "AWS credentials",
      (region) =>
        "set AWS_PROFILE, log in (aws sso login, of the AWS CLI 2), or use the jump EC2 with its role, until " +
        "this answers: " +
        `${shell`aws sts get-caller-identity --region ${region}`}; a region that has to be enabled for the account ` +
        `takes nobody's before (${shell`aws account enable-region --region-name ${region}`})`,
    ),
    rule(
      "aws-unreachable",
      (region) => region,
      () =>
        "check aws_region, and the way from here to AWS: where it leads through a proxy, set HTTPS_PROXY (and " +
        "NO_PROXY, AWS_CA_BUNDLE)",
    ),
  ];
}
