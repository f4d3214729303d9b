import type { AfterFacts } from "./after-facts";
import type { Severity } from "./finding";
import type { WorkloadFact } from "./inside-facts";
import { found, known, type Rule } from "./rule";

/** A rule about that none of the cluster's workloads is of a kind. */
export function missingWorkload(
  code: string,
  severity: Severity,
  isOne: (workload: WorkloadFact) => boolean,
  cause: string,
  cure: (facts: AfterFacts) => string,
): Rule<AfterFacts> {
  return {
    code,
    judge: (facts) =>
      known(
        facts.inside.workloads,
        (workloads) => !workloads.some(isOne) && found(severity, facts.handover.cluster_name, cause, cure(facts)),
      ),
  };
}
