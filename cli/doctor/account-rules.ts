import { askingRules } from "./asking-rules";
import type { AccountRule, BeforeFacts } from "./before";
import { CHOICE_RULES } from "./choice-rules";
import { IDENTITY_RULES } from "./identity-rules";
import { PLACEMENT_RULES } from "./placement-rules";
import { ROOM_RULES } from "./room-rules";

/** Rules about an account and the inputs of what does not exist yet, in the order in which an apply would fail. */
export const ACCOUNT_RULES: readonly AccountRule[] = [
  ...askingRules(({ account, inputs }: BeforeFacts) => [account.identity, inputs.region]),
  ...IDENTITY_RULES,
  ...CHOICE_RULES,
  ...PLACEMENT_RULES,
  ...ROOM_RULES,
];
