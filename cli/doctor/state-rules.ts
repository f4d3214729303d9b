import { shell } from "../../contract/shell";
import { terraformCommand } from "../../terraform/program";
import { found, type Rule } from "./rule";
import type { StateFacts } from "../../terraform/state";
import { lockText } from "../../terraform/state-lock";
import { counted } from "../../terminal/text";

/** Rules about what applies have left in Terraform's state. */
export const STATE_RULES: readonly Rule<StateFacts>[] = [
  {
    code: "state-locked",
    judge: ({ lock, source }) =>
      lock !== undefined &&
      lock.isHeld !== false &&
      found(
        "error",
        source,
        `the state is locked by ${lockText(lock)}${lock.isHeld === true ? "" : ", if that was not killed"}`,
        "wait for it to end" +
          (lock.isHeld === true ? "" : "; if it was killed, run eks up again: the lock went with the process"),
      ),
  },
  {
    code: "apply-incomplete",
    judge: ({ resources, outputProblem, lock, source }) => {
      // Whoever is at work is not done.
      if (lock?.isHeld === true) return false;
      const number = counted(resources, "resource");
      if (lock?.isHeld === false && /Apply|Destroy/.test(lock.operation)) {
        return found(
          "error",
          source,
          `Terraform was killed in the midst of ${lockText(lock)}; the state has ${number}`,
          "look at what carries the tag Project first: what it was just making, and with OpenTofu all that it " +
            "made in the " +
            "last 20 seconds, may exist without being in the state (docs/usage.md, When something stops " +
            "half-way); then " +
            "run the same again, eks up or eks destroy: it goes on from the state",
        );
      }
      return (
        resources > 0 &&
        outputProblem !== undefined &&
        found(
          "error",
          source,
          `the state has ${number}, but not all outputs: an apply has ended half-way`,
          "run eks up again: it goes on where it ended",
        )
      );
    },
  },
  {
    code: "resource-tainted",
    judge: ({ tainted }) =>
      tainted.map((address) =>
        found(
          "warning",
          address,
          "it was made, but not to its end: the next apply destroys it and makes it anew",
          `run eks up again; if it is well as it is: ${terraformCommand()} -chdir=cdktf.out/stacks/eks ` +
            shell`untaint ${address}`,
        ),
      ),
  },
];
