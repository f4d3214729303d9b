import { execFileSync } from "node:child_process";

import { OPTIONS as BOOTSTRAP_OPTIONS } from "../../bootstrap/options";
import { SHELLS } from "../../cli/completion";
import { EksFolder } from "../support/in-process";

let place: EksFolder;
beforeAll(() => {
  place = new EksFolder();
});
afterAll(() => {
  place.remove();
});

async function script(shell: string): Promise<string> {
  const { code, stdout } = await place.run(["completion", shell]);
  expect(code).toBe(0);
  return stdout;
}

/** What a real bash offers behind a command line; its last word is the one that is typed. */
async function offered(line: string): Promise<string[]> {
  const driver = `${await script("bash")}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _eks; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const output = execFileSync("bash", ["-c", driver, "bash", "eks", ...line.split(" ")], {
    cwd: place.folder,
    encoding: "utf8",
  });
  return output.split("\n").filter((word) => word !== "");
}

it.each([
  ["p", ["plan", "pin"]],
  ["up --a", ["--allow-replace", "--auto-approve"]],
  ["destroy --keep ", []],
  ["rehearse --keep --s", ["--sshd"]],
  ["up -var-file bin", ["bin"]],
  ["up --var-file bin", ["bin"]],
  ["completion ", ["bash", "zsh", "fish", "--help"]],
  ["help d", ["doctor", "destroy"]],
  ["bootstrap --che", ["--check"]],
  ["up -- --id", ["--identity"]],
  ["ssh -- --identity bi", ["bin"]],
  ["nothing --", []],
])("bash completes eks %s", async (line, words) => {
  execFileSync("mkdir", ["-p", `${place.folder}/bin`]);

  expect(await offered(line)).toEqual(words);
});

it.each(SHELLS)("%s knows every command and every option", async (shell) => {
  const { stdout: help } = await place.run(["--help"]);
  const [, commands = ""] = help.split("Commands:\n");
  const names = [...commands.matchAll(/^ {2}((?!eks)[a-z]+) /gm)].map(([, name = ""]) => name);
  const text = await script(shell);

  expect(names).toHaveLength(12);
  for (const name of names) {
    expect(text).toMatch(new RegExp(`\\b${name}\\b`));
    const { stdout: options } = await place.run([name, "--help"]);
    const own =
      name === "bootstrap"
        ? Object.keys(BOOTSTRAP_OPTIONS)
        : [...options.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].map(([, it = ""]) => it);
    for (const option of own) expect(text).toMatch(new RegExp(`(--|-l )${option}\\b`));
  }
});

it("no other shell has one", async () => {
  expect(await place.run(["completion", "tcsh"])).toMatchObject({
    code: 64,
    stderr: expect.stringContaining("Allowed choices are bash, zsh, fish.") as string,
  });
});
