import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { isBrokenOff, restore, stateCopy, StateKeeper } from "../../terraform/state-copy";
import { recordedState } from "../support/recorded";

let folder: string;
let state: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-test-state-"));
  state = join(folder, "terraform.eks.tfstate");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const APPLIED = recordedState("applied");
const ENCRYPTED = readFileSync(join(__dirname, "../golden/state/encrypted.json"), "utf8");
const numbered = (serial: number) => JSON.stringify({ version: 4, serial, lineage: "a", resources: [] });
const textOf = (name: string) => readFileSync(join(folder, name), "utf8");

describe("a copy of a state", () => {
  it("is of the last whole one, whatever is written meanwhile, and for nobody else", async () => {
    const copy = stateCopy(folder);
    const until = async (text: string) => {
      while (!existsSync(copy) || readFileSync(copy, "utf8") !== text) await sleep(10);
    };
    const keeper = new StateKeeper(state, copy);
    expect(existsSync(copy)).toBe(false);

    writeFileSync(state, APPLIED);
    await until(APPLIED);
    writeFileSync(state, "");
    await sleep(500);
    writeFileSync(state, APPLIED.slice(0, 1000));
    await sleep(500);
    expect(readFileSync(copy, "utf8")).toBe(APPLIED);
    writeFileSync(state, numbered(7));
    keeper.end();

    expect(readFileSync(copy, "utf8")).toBe(numbered(7));
    expect(statSync(copy).mode & 0o777).toBe(0o600);
  });

  it("is not worth an end of what is done", () => {
    writeFileSync(state, APPLIED);

    new StateKeeper(state, join(folder, "none", "state")).end();

    expect(readFileSync(state, "utf8")).toBe(APPLIED);
  });

  it("is there from the beginning, and of an encrypted one too", () => {
    writeFileSync(state, ENCRYPTED);

    new StateKeeper(state, stateCopy(folder)).end();

    expect(readFileSync(stateCopy(folder), "utf8")).toBe(ENCRYPTED);
  });
});

it.each([
  ["none", undefined, false],
  ["a whole one", APPLIED, false],
  ["an encrypted one", ENCRYPTED, false],
  ["an empty one", "", true],
  ["half of one", APPLIED.slice(0, APPLIED.length / 2), true],
  ["all but the last brace", APPLIED.trimEnd().slice(0, -1), true],
  ["something else", "{}", true],
])("of %s it is known whether it is broken off", (_, text, isBroken) => {
  if (text !== undefined) writeFileSync(state, text);

  expect(isBrokenOff(state)).toBe(isBroken);
});

describe("a state that is broken off", () => {
  it("is taken back from the newest whole copy, and what is left of it is kept", () => {
    writeFileSync(state, "half");
    writeFileSync(join(folder, "old"), numbered(4));
    writeFileSync(join(folder, "new"), numbered(12));
    writeFileSync(join(folder, "half"), numbered(13).slice(0, 30));

    const from = restore(
      state,
      ["old", "new", "half", "none"].map((name) => join(folder, name)),
    );

    expect(from).toBe(join(folder, "new"));
    expect([textOf("terraform.eks.tfstate"), textOf("terraform.eks.tfstate.broken")]).toEqual([numbered(12), "half"]);
  });

  it("is put aside where there is no copy", () => {
    writeFileSync(state, "half");

    expect(restore(state, [join(folder, "none")])).toBeUndefined();
    expect(existsSync(state)).toBe(false);
    expect(textOf("terraform.eks.tfstate.broken")).toBe("half");
  });
});
