import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { lookUp, parseKnownHosts } from "../../../bootstrap/ssh/known-hosts";
import { fc } from "../../support/properties";

let folder: string;
/** Two public keys of one type, made by ssh-keygen. */
let known: string;
let offered: Buffer;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "known-hosts-properties-"));
  const made = ["known", "offered"].map((name) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", name], { cwd: folder });
    return readFileSync(join(folder, `${name}.pub`), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ");
  });
  known = made[0] ?? "";
  offered = Buffer.from(made[1]?.split(" ")[1] ?? "", "base64");
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The lines that ssh-keygen finds for a name, from 1; with -l it reads their keys as well. */
function linesFoundByOpenSsh(name: string, file: string): number[] {
  const { error, stdout } = spawnSync("ssh-keygen", ["-l", "-F", name, "-f", file], { cwd: folder, encoding: "utf8" });
  if (error) throw error;
  return [...stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
}

const HOSTS = ["bastion", "bastion.example.com", "b", "203.0.113.9", "2001:db8::9"] as const;
const PATTERN = fc.constantFrom(
  ...HOSTS,
  ...["*", "b*", "bast?on", "*.example.com", "203.0.113.*", "?", "bastion*", "[bastion]:22", "[bastion]:2222"],
  ...["[b*]:2222", "[*]:2222", "[203.0.113.9]:2222", "!bastion", "!b*", "![bastion]:2222", "**", "*?*", "BASTION", ""],
);
const LINE = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(PATTERN, { minLength: 1, maxLength: 4 }).map((patterns) => ({ hosts: patterns.join(",") })),
  },
  { weight: 1, arbitrary: fc.constantFrom("", "# bastion", "   ", "bastion", "bastion ssh-ed25519") },
);

describe("the lines that count for a host", () => {
  it("are those that ssh-keygen finds", () => {
    fc.assert(
      fc.property(
        fc.array(LINE, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(...HOSTS),
        fc.constantFrom(22, 2222),
        (lines, host, port) => {
          const text = lines.map((line) => (typeof line === "string" ? line : `${line.hosts} ${known}`)).join("\n");
          writeFileSync(join(folder, "file"), `${text}\n`);

          const standing = lookUp(parseKnownHosts(text), host, port, offered);

          const found = standing.kind === "changed" ? standing.expected.map(({ line }) => line) : [];
          expect(found).toEqual(linesFoundByOpenSsh(port === 22 ? host : `[${host}]:${String(port)}`, "file"));
        },
      ),
    );
  });
});
