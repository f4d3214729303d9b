import { UserError } from "../../contract/user-error";
import { asking, Unknowns } from "../../aws/call";

/** An answer of AWS that is an error, as the SDK throws it. */
const refusal = (name: string) => Promise.reject(Object.assign(new Error("no"), { name, $metadata: {} }));

describe("what may not be looked at", () => {
  it.each(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])(
    "is unknown, and not nothing, when AWS says %s",
    async (name) => {
      const unknown = new Unknowns();

      expect(await unknown.or(asking("list the volumes", refusal(name)), "otherwise")).toBe("otherwise");
      await unknown.or(asking("list the volumes", refusal(name)), "otherwise");

      expect(unknown.reasons).toEqual([`cannot list the volumes: ${name}: no`]);
    },
  );

  it.each(["Throttling", "ExpiredToken", "AuthFailure"])(
    "is no matter of permission when AWS says %s",
    async (name) => {
      const unknown = new Unknowns();

      await expect(unknown.or(asking("list the volumes", refusal(name)), [])).rejects.toThrow(UserError);
      expect(unknown.reasons).toEqual([]);
    },
  );

  it("fails as it is when it is a bug", async () => {
    await expect(new Unknowns().or(Promise.reject(new TypeError("bug")), [])).rejects.toThrow(TypeError);
  });
});
