import { cureOf, type NoAnswerAtAll } from "../../aws/failure";
import type { Identity } from "../../aws/identity";
import { NO_ANSWER_CODES, type Fact } from "./fact";
import { found, type Rule } from "./rule";

/** Rules about AWS that answers nobody: there are no credentials, it does not take them, or it cannot be reached. */
export function askingRules<Facts>(
  asked: (facts: Facts) => readonly [identity: Fact<Identity>, region: string],
): readonly Rule<Facts>[] {
  const rule = (cause: NoAnswerAtAll["cause"], subject: (region: string) => string): Rule<Facts> => {
    const code = NO_ANSWER_CODES[cause];
    return {
      code,
      judge: (facts) => {
        const [identity, region] = asked(facts);
        const isSo = "unknown" in identity && identity.follows?.includes(code) === true;
        return isSo && found("error", subject(region), identity.unknown, cureOf({ cause }, region));
      },
    };
  };
  return [
    rule("credentials", () => "AWS credentials"),
    rule("clock", () => "this machine"),
    rule("unreachable", (region) => region),
  ];
}
