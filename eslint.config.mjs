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
  message: "only bootstrap/ssh/ssh-host.ts and rehearsal/bastion/ssh-stand-in.ts know SSH",
};
/** Folders that a folder may not import from: arrows point downwards only. */
const above = (...folders) => ({
  regex: `^(\\.\\./)+(${folders.join("|")})(/|$)`,
  message: "the floor above: modules < bootstrap, rehearsal, main.ts < cli",
});
/** What the stack is made of: the parts of `modules/` that do not know each other. */
const CONSTRUCTS = [
  "access",
  "add-ons",
  "bastion",
  "bastion-record",
  "cluster",
  "existing-network",
  "flow-logs",
  "network",
  "node-groups",
  "planning",
  "pod-roles",
  "vpc-endpoints",
];
const restrict = (files, ...patterns) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [PROVIDER_INDEX, ...patterns] }] },
});

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
      "no-console": "off",
    },
  },
  restrict(["**/*.ts"]),
  restrict(["modules/**/*.ts"], NODE_SSH, above("bootstrap", "cli", "rehearsal", "bench", "__tests__")),
  // The stack wires the modules; they do not know each other. The pure ones are everybody's.
  restrict(
    [`modules/{${CONSTRUCTS.join(",")}}.ts`],
    NODE_SSH,
    above("bootstrap", "cli", "rehearsal", "bench", "__tests__"),
    {
      regex: `^\\./(${[...CONSTRUCTS, "stack", "variables(/.*)?", "outputs"].join("|")})$`,
      message: "the stack wires the modules",
    },
  ),
  restrict(["bootstrap/**/*.ts"], CDKTF, above("cli", "rehearsal", "bench", "__tests__"), {
    regex: "^(\\.\\./)+modules/(?!contract$|aws-auth$)",
    message: "bootstrap/ knows modules/contract and the pure renderers only",
  }),
  restrict(["rehearsal/**/*.ts"], CDKTF, NODE_SSH, above("cli", "bench", "__tests__")),
  restrict(["rehearsal/bastion/ssh-stand-in.ts"], CDKTF, above("cli", "bench", "__tests__")),
  restrict(["cli/**/*.ts"], CDKTF, NODE_SSH, above("bench", "__tests__")),
  { files: ["**/*.mjs", "**/*.cjs"], ...tseslint.configs.disableTypeChecked },
  {
    files: ["**/*.cjs"],
    languageOptions: { globals: { module: "writable", require: "readonly", process: "readonly", console: "readonly" } },
    rules: { "@typescript-eslint/no-require-imports": "off" },
  },
);
