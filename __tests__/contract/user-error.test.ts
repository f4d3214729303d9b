import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { fileProblem, fileReason, reasonOf, UserError, usingFile } from "../../contract/user-error";

describe("a failure that a person can act on", () => {
  it("has a name, a message, an exit code and what caused it", () => {
    const cause = new Error("inner");
    const error = new UserError("mend it", { cause, exitCode: 3 });

    expect(error).toMatchObject({ name: "UserError", message: "mend it", exitCode: 3, cause });
    expect(new UserError("mend it").exitCode).toBe(1);
  });
});

/** As Node.js throws it: https://nodejs.org/api/errors.html#class-systemerror */
function systemError(code: string, more: Partial<Record<"path" | "dest" | "syscall", string>> = {}) {
  return Object.assign(new Error(code), { code, ...more });
}

describe("what keeps a file from being used", () => {
  it.each([
    ["of its own path", systemError("EACCES", { path: "a" }), "b", "a cannot be used: its permissions do not allow it"],
    [
      "of where it was to go",
      systemError("ENOSPC", { path: "a", dest: "b" }),
      "c",
      "b cannot be used: the disk is full",
    ],
    ["of the name that was given", systemError("EISDIR"), "c", "c cannot be used: it is a folder"],
    ["of no name", systemError("EIO"), undefined, "a file cannot be used: the disk does not answer"],
    ["that is not there", systemError("ENOENT", { path: "a" }), undefined, "a cannot be used: it is not there"],
    [
      "where the folder is gone",
      systemError("ENOENT", { syscall: "uv_cwd" }),
      undefined,
      "the current folder is there no longer; change into one that is",
    ],
    ["that nobody names, and is not there", systemError("ENOENT"), undefined, undefined],
    ["of another kind", systemError("ECONNREFUSED", { path: "a" }), "a", undefined],
    ["that is no error of the system", new TypeError("a"), "a", undefined],
    ["that is nothing", undefined, "a", undefined],
  ])("is said %s", (_, error, name, problem) => {
    expect(fileProblem(error, name)).toBe(problem);
  });

  it("is a reason where the file is known to whoever asks", () => {
    expect(fileReason(systemError("EROFS"))).toBe("it is on a disk that cannot be written to");
    expect(fileReason(systemError("ENOENT"))).toBeUndefined();
    expect(fileReason(undefined)).toBeUndefined();
  });

  it("is said by name where a file is used, and what is no such failure is thrown as it is", () => {
    const folder = mkdtempSync(join(tmpdir(), "user-error-"));
    try {
      const file = join(folder, "a");
      writeFileSync(file, "text");
      const bug = new TypeError("a bug");

      expect(usingFile(file, () => readFileSync(file, "utf8"))).toBe("text");
      const below = () => usingFile(file, () => readFileSync(join(file, "b"), "utf8"));
      expect(below).toThrow(UserError);
      expect(below).toThrow(
        expect.objectContaining({
          message: `${join(file, "b")} cannot be used: a part of its path is a file, not a folder`,
          cause: expect.objectContaining({ code: "ENOTDIR" }) as Error,
        }) as Error,
      );
      expect(() =>
        usingFile(file, () => {
          throw bug;
        }),
      ).toThrow(bug);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("why something failed", () => {
  it.each([
    ["what caused it says", { cause: Object.assign(new Error("no route"), { code: "EHOSTUNREACH" }) }, "no route"],
    ["its code says", { cause: Object.assign(new Error(""), { code: "ECONNREFUSED" }) }, "ECONNREFUSED"],
    ["it says itself", {}, "fetch failed"],
  ])("is what %s", (_, options, reason) => {
    expect(reasonOf(new Error("fetch failed", options))).toBe(reason);
  });

  it("may be told by nobody", () => {
    expect(reasonOf(new Error(""))).toBe("for no reason that is told");
  });
});
