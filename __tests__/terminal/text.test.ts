import { harmless, printable } from "../../terminal/text";

describe("a text for a terminal", () => {
  it("keeps its lines, tabs and letters", () => {
    expect(harmless("a\n\tb 한글 ✓")).toBe("a\n\tb 한글 ✓");
  });

  it("is one line where one line is wanted", () => {
    expect(printable(" a\nb\tc ")).toBe("a\\x0ab c");
  });
});
