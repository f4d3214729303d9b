import { cureOf, type NoAnswerAtAll } from "../../aws/failure";
import type { Identity } from "../../aws/identity";
import type { Fact } from "./fact";
import { found, type Rule } from "./rule";

/** Rules about AWS that answers nobody: there are no credentials, it does not take them, or it cannot be reached. */
export function askingRules<Facts>(
  asked: (facts: Facts) => readonly [identity: Fact<Identity>, region: string],
): readonly Rule<Facts>[] {
  const rule = (code: string, subject: (region: string) => string, cause: NoAnswerAtAll["cause"]): Rule<Facts> => ({
    code,
    judge: (facts) => {
      const [identity, region] = asked(facts);
      const isSo = "unknown" in identity && identity.follows?.includes(code) === true;
      return isSo && found("error", subject(region), identity.unknown, cureOf({ cause }, region));
    },
  });
  return [
    rule("credentials", () => "AWS credentials", "credentials"),
    rule("own-clock", () => "this machine", "clock"),
    rule("aws-unreachable", (region) => region, "unreachable"),
  ];
}
