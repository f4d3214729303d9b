import { UserError } from "../../contract/user-error";
import { choicesOf, projectContext } from "../../modules/choices";

describe("what the context of cdktf.json chooses", () => {
  it("is one stack with keys that are given, as the project comes", () => {
    expect(choicesOf(projectContext({}))).toEqual({ kubernetes: false, sshIdentity: "given" });
  });

  it.each<[object, object]>([
    [{ kubernetes: "true" }, { kubernetes: true, sshIdentity: "given" }],
    [{ kubernetes: true }, { kubernetes: true, sshIdentity: "given" }],
    [
      { kubernetes: "false", sshIdentity: "given" },
      { kubernetes: false, sshIdentity: "given" },
    ],
    [{ sshIdentity: "generated" }, { kubernetes: false, sshIdentity: "generated" }],
  ])("is understood: %j", (context, choices) => {
    expect(choicesOf({ excludeStackIdFromLogicalIds: "true", ...context })).toEqual(choices);
  });

  it.each<[object, string]>([
    [
      { kubernetes: "yes" },
      '"kubernetes" in the context of cdktf.json must be "true" or "false", or be left out, got "yes"',
    ],
    [
      { sshIdentity: true },
      '"sshIdentity" in the context of cdktf.json must be "generated" or "given", or be left out, got true',
    ],
    [{ ssh_identity: "generated" }, 'the context in cdktf.json has "ssh_identity"; write "sshIdentity"'],
    [{ Kubernetes: "true" }, 'the context in cdktf.json has "Kubernetes"; write "kubernetes"'],
  ])("is refused: %j", (context, message) => {
    expect(() => choicesOf({ ...context })).toThrow(new UserError(message, { exitCode: 64 }));
  });

  it("is the environment's before that of the file, as with cdktf itself", () => {
    const context = projectContext({ CDKTF_CONTEXT_JSON: '{"sshIdentity":"generated"}' });

    expect(choicesOf(context).sshIdentity).toBe("generated");
    expect(context).toHaveProperty("allowSepCharsInLogicalIds");
  });

  it.each(["{", "[]", "null", '"x"'])("is refused when the environment has no JSON object: %s", (json) => {
    expect(() => projectContext({ CDKTF_CONTEXT_JSON: json })).toThrow(
      /^CDKTF_CONTEXT_JSON must be a JSON object, got/,
    );
  });
});
