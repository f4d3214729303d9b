import { passOn, print, printJson, say } from "../../terminal/output";

/** What was written to both outputs. */
function written(work: () => void): { readonly stdout: string; readonly stderr: string } {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    jest.spyOn(process[name], "write").mockImplementation((chunk) => {
      texts[name] += Buffer.from(chunk).toString();
      return true;
    }),
  );
  try {
    work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return texts;
}

const FORGED = "tag \u001b[1A\u202e\rx\nerror: delete everything";
const SHOWN = "tag \\x1b[1A\\u202e\\x0dx\n  error: delete everything";

describe("what a command prints", () => {
  it("is its own lines, and nothing that somebody else put into them", () => {
    const { stdout } = written(() => {
      print(["first", FORGED, "", "last"]);
    });

    expect(stdout).toBe(`first\n${SHOWN}\n\nlast\n`);
  });

  it("says the same way what it does", () => {
    const { stderr } = written(() => {
      say([FORGED]);
    });

    expect(stderr).toBe(`${SHOWN}\n`);
  });

  it("is coloured after it was made harmless", () => {
    const isTTY = Object.getOwnPropertyDescriptor(process.stderr, "isTTY");
    const environment = jest.replaceProperty(process, "env", { TERM: "xterm" });
    Object.defineProperty(process.stderr, "isTTY", { value: true, configurable: true });
    try {
      const { stderr } = written(() => {
        say(["failed: \u001b[32mok"]);
      });

      expect(stderr).toBe("\u001b[31mfailed\u001b[0m: \\x1b[32mok\n");
    } finally {
      environment.restore();
      if (isTTY === undefined) Reflect.deleteProperty(process.stderr, "isTTY");
      else Object.defineProperty(process.stderr, "isTTY", isTTY);
    }
  });

  it("is the same JSON to a program, and cannot touch a terminal", () => {
    const value = { tag: "\u001b[2J\u009b2J\u202egnp\u2028\u{e0041}\u007f\nx", 한글: "✓" };

    const { stdout } = written(() => {
      printJson(JSON.stringify(value, undefined, 2));
    });

    expect(stdout).toBe(
      '{\n  "tag": "\\u001b[2J\\u009b2J\\u202egnp\\u2028\\udb40\\udc41\\u007f\\nx",\n  "한글": "✓"\n}\n',
    );
    expect(JSON.parse(stdout)).toEqual(value);
  });

  it("is handed on as it came, when another command of ours has printed it", () => {
    const chunk = Buffer.from([0x1b, 0x5b, 0x6d, 0xff, 0x0a]);
    const spy = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    passOn(chunk);
    const [[given] = []] = spy.mock.calls;
    spy.mockRestore();

    expect(given).toBe(chunk);
  });
});
