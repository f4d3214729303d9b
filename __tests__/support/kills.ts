/** How often something is killed: `EKS_ATTACK_KILLS` says it for all tests that kill. */
export function kills(otherwise: number): number {
  return Number(process.env["EKS_ATTACK_KILLS"] ?? otherwise);
}

/** From which the moments follow: `EKS_ATTACK_SEED`. */
export function killSeed(): number {
  return Number(process.env["EKS_ATTACK_SEED"] ?? 20261130);
}
