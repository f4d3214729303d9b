/** How bad a finding is: an `error` keeps somebody from working, a `warning` will, a `note` is worth knowing. */
export type Severity = "error" | "warning" | "note";

/** Something that is not as it should be, and what to do about it. */
export interface Finding {
  /** Which kind of finding it is, for people who look it up and for programs: `aws-auth-instance-profile`. */
  readonly code: string;
  readonly severity: Severity;
  /** What it is about: an AWS id, a Terraform address, a file. */
  readonly subject: string;
  /** One line: what is wrong, and by what it shows. */
  readonly cause: string;
  /** One line: what to do, as a command where there is one. */
  readonly cure: string;
}
