import { OPTIONS as BOOTSTRAP_OPTIONS } from "../../bootstrap/options";
import { meant } from "../../cli/help";
import { shellWords } from "../../contract/shell";
import { EksFolder } from "../support/in-process";

const NAMES = [
  ...["init", "plan", "up", "status", "doctor", "pin", "destroy", "bootstrap", "ssh", "rehearse", "completion"],
] as const;

let place: EksFolder;
beforeAll(() => {
  place = new EksFolder();
});
afterAll(() => {
  place.remove();
});

async function helpOf(name: string): Promise<string> {
  const { code, stdout, stderr } = await place.run(["help", name]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}

describe.each(NAMES.filter((name) => name !== "bootstrap"))("the help of %s", (name) => {
  it("is the same however it is asked for, and in lines of 80 columns", async () => {
    const help = await helpOf(name);
    const { stdout } = await place.run([name, "--help"]);

    expect(help).toBe(stdout);
    expect(help.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("has examples, of which every option is there", async () => {
    const help = await helpOf(name);
    const [, examples = ""] = /^Examples:\n((?: {2}.*\n)+)/m.exec(help) ?? [];
    const lines = examples.trim().split("\n");

    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) {
      const words = shellWords(line.replace(/^source <\((.*)\)$/, "$1"));
      expect(words.slice(0, 2)).toEqual(["eks", name]);
      const end = words.includes("--") ? words.indexOf("--") : words.length;
      for (const word of words.slice(0, end).filter((it) => it.startsWith("-"))) {
        expect(help).toContain(` --${word.replace(/^--?/, "")} `);
      }
      const behind = words.slice(end + 1).filter((it) => it.startsWith("--"));
      expect(behind.filter((it) => !Object.hasOwn(BOOTSTRAP_OPTIONS, it.slice(2)))).toEqual([]);
    }
  });

  it("has the codes that the command ends with", async () => {
    const [, codes = ""] = (await helpOf(name)).split("Exit codes:\n");

    expect([...codes.matchAll(/^ {2}(\d+)/gm)].map(([, code]) => Number(code))).toEqual(
      {
        plan: [0, 1, 2, 3, 64, 130],
        up: [0, 1, 3, 64, 130],
        status: [0, 1, 3, 64, 130],
        doctor: [0, 1, 3, 64, 130],
        destroy: [0, 1, 2, 3, 64, 130],
      }[name as string] ?? [0, 1, 64, 130],
    );
  });
});

it("the help of bootstrap is the bootstrap's own", async () => {
  const help = await helpOf("bootstrap");

  expect(help).toMatch(/^Usage: eks bootstrap /);
  expect(help).toBe((await place.run(["bootstrap", "--help"])).stdout);
});

it.each(["help", "--help", "-h"])("eks %s names every command", async (word) => {
  const { code, stdout } = await place.run([word]);

  expect(code).toBe(0);
  expect([...stdout.matchAll(/^ {2}(\w+)(?: <\w+>| \[\w+\])? {2,}\S/gm)].map(([, name]) => name)).toEqual([
    ...NAMES,
    "help",
  ]);
});

it.each(["--version", "-V", "-version"])("eks %s says which version it is", async (word) => {
  expect(await place.run([word])).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^eks-hands-on \d+\.\d+\.\d+, Node\.js \d+\.\d+\.\d+\n$/) as string,
    stderr: "",
  });
});

it.each([
  ["apply", "up"],
  ["create", "up"],
  ["delete", "destroy"],
  ["DOWN", "destroy"],
  ["login", "ssh"],
  ["frobnicate", undefined],
])("who types eks %s means %s", (word, command) => {
  expect(meant(word)).toBe(command);
});

it("no command is taken for another one", () => {
  expect(NAMES.filter((name) => meant(name) !== undefined)).toEqual([]);
});
