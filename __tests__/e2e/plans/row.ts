/** What a plan would make: the values of every planned resource, as far as a plan knows them, by address. */
export type Planned = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** A combination of inputs, and what is planned for it from nothing. */
export interface PlanRow {
  /** In words, for the test's name. */
  readonly what: string;
  /** What is said besides `aws_krug_admin_role` and one address in `kubectl_ssh_cidrs`, and wins over these. */
  readonly tfvars: string;
  /** How many resources are planned in all. */
  readonly adds: number;
  /** Words of a warning; without it there is no warning. */
  readonly warns?: string;
  /** Puts into the account what has to be there before; answers more tfvars. Told the account's endpoint. */
  readonly seed?: (endpoint: string) => Promise<string>;
  /** What more is to be seen in the plan. */
  readonly expects?: (planned: Planned) => void;
}
