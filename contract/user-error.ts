/** How a command ends when a person can act on it: failed, refused by a guard, wrong usage, interrupted. */
export type UserExitCode = 1 | 3 | 64 | 130;

/** A failure that the reader can act on: its message is shown alone, without a stack trace. */
export class UserError extends Error {
  override readonly name: string = "UserError";
  readonly exitCode: UserExitCode;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { readonly exitCode?: UserExitCode } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What keeps a file from being read or written, and is the user's to mend. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: "its permissions do not allow it",
  EDQUOT: "your share of the disk is used up",
  EEXIST: "something of that name is in the way",
  EIO: "the disk does not answer",
  EISDIR: "it is a folder",
  ELOOP: "its links lead round in a circle",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ENFILE: "too many files are open",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is a file, not a folder",
  EPERM: "its permissions do not allow it",
  EROFS: "it is on a disk that cannot be written to",
};

/** Why a call of the operating system about a file failed, for its user; undefined for everything else. */
export function fileReason(error: unknown): string | undefined {
  return FILE_PROBLEMS[(error as NodeJS.ErrnoException | undefined)?.code ?? ""];
}

/**
 * What a failed call of the operating system about a file is to its user; undefined for everything else.
 *
 * @param name of the file, where the error itself may not say it
 */
export function fileProblem(error: unknown, name?: string): string | undefined {
  const { path, dest, syscall = "", code } = (error ?? {}) as NodeJS.ErrnoException & { readonly dest?: string };
  if (syscall === "uv_cwd") return "the current folder is there no longer; change into one that is";
  const file = dest ?? path ?? name;
  const reason = fileReason(error) ?? (code === "ENOENT" && file !== undefined ? "it is not there" : undefined);
  return reason === undefined ? undefined : `${file ?? "a file"} cannot be used: ${reason}`;
}

/**
 * Does something with a file.
 *
 * @param name of the file, where the error itself may not say it
 * @throws UserError for what keeps it from being read or written
 */
export function usingFile<Result>(name: string, use: () => Result): Result {
  try {
    return use();
  } catch (cause) {
    const problem = fileProblem(cause, name);
    throw problem === undefined ? cause : new UserError(problem, { cause });
  }
}

/** Why something failed, for people: what `fetch` says of it is in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const { message: inner = "", code = "" } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return [inner, code, message].find((text) => text !== "") ?? "for no reason that is told";
}
