import { isRecord, jsonIn, parseJson } from "../../contract/json";
import { UserError } from "../../contract/user-error";

describe("JSON that somebody has given", () => {
  it("is read", () => {
    expect(parseJson('{"a": [1]}', "a.json")).toEqual({ a: [1] });
    expect(jsonIn('{"a": [1]}')).toEqual({ a: [1] });
  });

  it.each([
    ["", "a.json is not JSON: it is empty"],
    [" \n", "a.json is not JSON: it is empty"],
    ["{", "a.json is not JSON: Expected property name or '}' in JSON at position 1"],
  ])("is none: %j", (text, message) => {
    expect(() => parseJson(text, "a.json")).toThrow(UserError);
    expect(() => parseJson(text, "a.json")).toThrow(message);
    expect(() => parseJson(text, "a.json")).toThrow(
      expect.objectContaining({ cause: expect.any(SyntaxError) as Error }) as Error,
    );
    expect(jsonIn(text)).toBeUndefined();
  });

  it.each([
    ["an object", {}, true],
    ["nothing", null, false],
    ["a list", [], false],
    ["a text", "a", false],
    ["no value", undefined, false],
  ])("has fields, or none: %s", (_, value, has) => {
    expect(isRecord(value)).toBe(has);
  });
});
