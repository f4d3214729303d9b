/** What `eks rehearse --inject` takes; what each one does is in injections.ts, which loads AWS' clients. */
export const INJECTION_NAMES = [
  "wrong-ami-family",
  "small-subnet",
  "apply-killed",
  "missing-tag",
  "instance-profile-arn",
  "host-key-changed",
  "mirror-down",
  "leftover-load-balancer",
] as const;

/** One of them. */
export type InjectionName = (typeof INJECTION_NAMES)[number];
