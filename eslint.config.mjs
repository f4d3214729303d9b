import eslint from "@eslint/js";
import tseslint from "typescript-eslint";

/** The index of a provider costs seconds and half a gigabyte in every process; its `lib/<resource>` next to nothing. */
const PROVIDER_INDEX = {
  regex: "^@cdktf/provider-[a-z]+$",
  message: "import from @cdktf/provider-…/lib/<resource>: the index costs 3 s and 500 MB",
};
/** Its reader of HCL is none of it: the command reads tfvars with it. */
const CDKTF = { regex: "^(cdktf|constructs|@cdktf/(?!hcl2json$).*)$", message: "only modules/ and main.ts know cdktf" };
const NODE_SSH = {
  regex: "^(node-ssh|ssh2)$",
  message: "only the files in KNOW_SSH know SSH",
};
/**
 * The rooms, from the ground up, and which each may import from. No room imports from one above it.
 * `modules` and `main.ts` alone know cdktf; nothing but `bin` and tests imports `cli`.
 */
const ROOMS = {
  facts: [],
  contract: ["facts"],
  terminal: ["contract", "facts"],
  web: ["contract"],
  terraform: ["contract", "facts", "terminal", "web"],
  aws: ["contract", "facts", "terminal", "web"],
  modules: ["contract", "facts"],
  bootstrap: ["aws", "contract", "facts", "terminal", "terraform"],
  rehearsal: ["aws", "contract", "facts", "modules", "terminal", "terraform", "web"],
  cli: ["aws", "bootstrap", "contract", "facts", "modules", "rehearsal", "terminal", "terraform", "web"],
};
/** What a room may not know besides. */
const UNKNOWN = {
  facts: [CDKTF, NODE_SSH],
  contract: [CDKTF, NODE_SSH],
  terminal: [CDKTF, NODE_SSH],
  web: [CDKTF, NODE_SSH],
  terraform: [CDKTF, NODE_SSH],
  aws: [CDKTF, NODE_SSH],
  modules: [NODE_SSH],
  bootstrap: [CDKTF, NODE_SSH],
  rehearsal: [CDKTF, NODE_SSH],
  cli: [CDKTF, NODE_SSH],
};
/** What has SSH in it: the room of the real connection, and a stand-in server with its keys. */
const KNOW_SSH = ["bootstrap/ssh/**/*.ts", "rehearsal/bastion/{login,ssh-stand-in}.ts"];
/** What the stack is made of: the parts of `modules/` that do not know each other. */
const CONSTRUCTS = [
  "access",
  "add-ons",
  "bastion",
  "bastion-record",
  "cluster",
  "flow-logs",
  "network",
  "node-groups",
  "planning",
  "pod-roles",
  "vpc-endpoints",
];
const above = (room) => {
  const others = [...Object.keys(ROOMS), "bench", "__tests__"].filter((it) => it !== room && !ROOMS[room].includes(it));
  return {
    regex: `^(\\.\\./)+(${others.join("|")})(/|$)`,
    message: `${room}/ may import from ${ROOMS[room].join(", ") || "nothing"} only (see ROOMS in eslint.config.mjs)`,
  };
};
/** What reaches a person goes through one room, where nothing that somebody else has written can touch the screen. */
const HANDED_ON = {
  selector: "Property[key.name='stdio'] Literal[value='inherit']",
  message: "what that program prints reaches the screen as it is: say why it may",
};
/** The start of a template, up to a value in it. */
const before = (text) =>
  `:not(TaggedTemplateExpression) > TemplateLiteral > TemplateElement[tail=false][value.raw=/${text}/]`;
const COMMANDS =
  "aws [a-z0-9-]+|kubectl (?!for )[a-z-]+|eks (ssh|pin|up|plan|destroy|doctor|status|bootstrap)|ssh-[a-z]+|chmod|openssl";
const PASTED = "a value in a command to be pasted has to be quoted: write it as shell`…` of contract/shell";
const UNQUOTED = { selector: before(`(^|[\\s'"\x60(])(${COMMANDS})( [^\x60;,:()]*)? $`), message: PASTED };
const UNQUOTED_OPTION = { selector: before("--[a-z-]+[ =]$"), message: PASTED };
const PRINTING = {
  files: ["main.ts", ...Object.keys(ROOMS).flatMap((room) => (room === "terminal" ? [] : [`${room}/**/*.ts`]))],
  rules: {
    "no-console": "error",
    "no-restricted-properties": [
      "error",
      ...["stdout", "stderr"].map((property) => ({
        object: "process",
        property,
        message: "print by terminal/output or a Screen: what a host, AWS or a tag says must not touch the terminal",
      })),
    ],
    "no-restricted-syntax": ["error", HANDED_ON, UNQUOTED],
  },
};
/** Where an option followed by a value is one of a command to be pasted, and no echo of the user's own. */
const CURES = {
  files: ["cli/doctor/**/*.ts", "aws/finders/**/*.ts"],
  rules: { "no-restricted-syntax": ["error", HANDED_ON, UNQUOTED, UNQUOTED_OPTION] },
};
const restrict = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [PROVIDER_INDEX, ...patterns] }] },
});
const rooms = Object.keys(ROOMS).map((room) => restrict([`${room}/**/*.ts`], ...UNKNOWN[room], above(room)));
const sshRooms = KNOW_SSH.map((file) => restrict([file], CDKTF, above(file.split("/")[0])));

export default tseslint.config(
  { ignores: ["cdktf.out/", "coverage/", ".cache/", "bin/"] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // A Terraform boolean is an object, always true in an `if`; tsc says nothing about it.
      "@typescript-eslint/strict-boolean-expressions": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  PRINTING,
  CURES,
  restrict(["**/*.ts"]),
  ...rooms,
  ...sshRooms,
  // The stack wires the modules; they do not know each other. The pure ones are everybody's.
  restrict([`modules/{${CONSTRUCTS.join(",")}}.ts`], NODE_SSH, above("modules"), {
    regex: `^\\./(${[...CONSTRUCTS, "stack", "variables(/.*)?", "outputs"].join("|")})$`,
    message: "the stack wires the modules",
  }),
  { files: ["**/*.mjs", "**/*.cjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.cjs"],
    languageOptions: { globals: { module: "writable", require: "readonly", process: "readonly", console: "readonly" } },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
