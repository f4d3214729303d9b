import type { AfterFacts } from "./after-facts";
import { ABOUT_RULES } from "./about-rules";
import { BASTION_RULES } from "./bastion-rules";
import { CONTROL_PLANE_RULES } from "./control-plane-rules";
import { JOINING_RULES } from "./joining-rules";
import { LAUNCH_RULES } from "./launch-rules";
import { NODE_RULES } from "./node-rules";
import type { Rule } from "./rule";

/** Rules about a stack that exists: the cluster, the way to it, then the chain by which a node joins. */
export const CLUSTER_RULES: readonly Rule<AfterFacts>[] = [
  ...CONTROL_PLANE_RULES,
  ...BASTION_RULES,
  ...LAUNCH_RULES,
  ...JOINING_RULES,
  ...NODE_RULES,
  ...ABOUT_RULES,
];
