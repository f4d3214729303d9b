import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";

const CLONE = resolve(__dirname, "..");
const text = (file: string) => readFileSync(join(CLONE, file), "utf8");

/** Every page of the project, by its path from the project's folder. */
const PAGES = [".", "docs", "docs/decisions", "__tests__"].flatMap((folder) =>
  readdirSync(join(CLONE, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join(folder, name)),
);

/** A page without what stands in fences: commands and their output. */
const prose = (page: string) => text(page).replaceAll(/^```[^]*?^```/gm, "");

/** What GitHub calls a heading in links. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");

const anchorsOf = (page: string) =>
  [...prose(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading));

/** Why a link of a page leads nowhere; undefined for one that leads somewhere. */
function broken(page: string, link: string): string | undefined {
  const [path = "", anchor] = link.split("#");
  const file = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!existsSync(join(CLONE, file))) return `there is no ${file}`;
  if (anchor === undefined || anchorsOf(file).includes(anchor)) return undefined;
  return `${file} has no heading #${anchor}`;
}

describe("the documents", () => {
  it("link to what there is", () => {
    const links = PAGES.flatMap((page) =>
      [...prose(page).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link = ""]) => [page, link] as const),
    );
    const wrong = links
      .map(([page, link]) => [page, link, broken(page, link)])
      .filter(([, , why]) => why !== undefined);

    expect(links.length).toBeGreaterThan(30);
    expect(wrong).toEqual([]);
  });

  it("name files that there are", () => {
    const path = /`((?:[\w.-]+\/)+[\w.-]+\.(?:ts|md|mjs|cjs|json|tfvars|yml|sh))`/g;
    const named = PAGES.flatMap((page) => [...prose(page).matchAll(path)].map(([, file = ""]) => [page, file] as const))
      // What is made as the project is used, and eksctl's schema.
      .filter(([, file]) => !/^(?:cdktf\.out|\.cache|pkg)\//.test(file));

    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([, file]) => !existsSync(join(CLONE, file)))).toEqual([]);
  });

  it("name scripts that package.json has", () => {
    const { scripts } = JSON.parse(text("package.json")) as { scripts: Record<string, string> };
    const named = PAGES.flatMap((page) =>
      [...text(page).matchAll(/\bnpm run ([\w:]+)/g)].map(([, script = ""]) => [page, script] as const),
    );

    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(([, script]) => !Object.hasOwn(scripts, script))).toEqual([]);
  });

  it("name commands that eks has", () => {
    const source = text("cli/eks.ts");
    const named = PAGES.flatMap((page) =>
      [...text(page).matchAll(/(?:^\$ |`)eks ([a-z]+)/gm)].map(([, command = ""]) => [page, command] as const),
    );

    expect(named.length).toBeGreaterThan(30);
    expect(named.filter(([, command]) => !new RegExp(`ommand\\("${command}[" ]`).test(source))).toEqual([]);
  });

  describe("have a table of readers, in __tests__/README.md", () => {
    /** The cells of each row. */
    const ROWS = [...text("__tests__/README.md").matchAll(/^\| (`.*) \|$/gm)].map(([, row = ""]) =>
      row.split(" | ").map((cell) => cell.trim()),
    );
    const paths = (cell = "") => [...cell.matchAll(/`((?:[\w.-]+\/)+[\w.-]+)`/g)].map(([, path = ""]) => path);
    const readers = ROWS.flatMap(([reader]) => paths(reader));

    it("whose rows name files and folders that there are", () => {
      const named = ROWS.flatMap((cells) => cells.flatMap(paths)).filter((path) => !path.startsWith("~"));

      expect(named.length).toBeGreaterThan(150);
      expect(named.filter((path) => !existsSync(join(CLONE, path)))).toEqual([]);
    });

    it("whose rows name a reader, what it reads, its writer, and a test or what is recorded", () => {
      const wrong = ROWS.filter(
        (cells) =>
          cells.length !== 4 ||
          cells.includes("") ||
          paths(cells[0]).length === 0 ||
          !paths(cells[3]).some((path) => path.startsWith("__tests__/")),
      );

      expect(ROWS.length).toBeGreaterThan(45);
      expect(wrong).toEqual([]);
    });

    it("with a row for every file that reads JSON, YAML, TOML or HCL", () => {
      const reads = /\bjsonIn\(|JSON\.parse\(|from "(?:yaml|smol-toml)"|@cdktf\/hcl2json/;
      const found = [
        "aws",
        "bootstrap",
        "cli",
        "contract",
        "facts",
        "modules",
        "rehearsal",
        "terminal",
        "terraform",
        "web",
      ]
        .flatMap((room) =>
          readdirSync(join(CLONE, room), { recursive: true, encoding: "utf8" }).map((file) => posix.join(room, file)),
        )
        .filter((file) => file.endsWith(".ts") && reads.test(text(file)));

      expect(found.length).toBeGreaterThan(25);
      expect(found.filter((file) => !readers.includes(file))).toEqual([]);
    });

    it("with every program that is recorded", () => {
      const recorded = readdirSync(join(CLONE, "__tests__/golden/programs"));
      const named = ROWS.flatMap((cells) => paths(cells[3]).map((path) => posix.basename(path)));

      expect(recorded.length).toBeGreaterThan(5);
      expect(recorded.filter((file) => !named.includes(file))).toEqual([]);
    });
  });

  it("begin with a README of at most 150 lines", () => {
    expect(text("README.md").trimEnd().split("\n").length).toBeLessThanOrEqual(150);
  });
});
