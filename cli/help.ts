import type { Command } from "commander";

/** What each command is called with, the most usual first. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  init: ["eks init", "eks init --role aws-krug-admin --key-pair aws-krug-gudi --nodes 3"],
  plan: ["eks plan", "eks plan --full", "eks plan -var-file class.tfvars -var eks_version=1.33"],
  up: [
    "eks up",
    "eks up -- --identity ~/.ssh/aws-krug-gudi.pem",
    "eks up -auto-approve --allow-replace aws_instance.bastion_instance",
  ],
  status: ["eks status", "eks status --json", "eks status -- --outputs outputs.json"],
  doctor: ["eks doctor", "eks doctor --json", "eks doctor -- --identity ~/.ssh/aws-krug-gudi.pem"],
  pin: ["eks pin", "eks pin --version 1.33 --family al2023"],
  destroy: ["eks destroy --dry-run", "eks destroy", "eks destroy --delete-volume vol-0123456789abcdef0"],
  bootstrap: ["eks bootstrap", "eks bootstrap --check --diff", "eks bootstrap --outputs class/"],
  ssh: ["eks ssh", "eks ssh -- kubectl get pods -A", "eks ssh -- --identity ~/.ssh/aws-krug-gudi.pem"],
  rehearse: ["eks rehearse", "eks rehearse --keep", "eks rehearse --var-file local.tfvars --inject wrong-ami-family"],
  completion: ["source <(eks completion bash)", "eks completion fish > ~/.config/fish/completions/eks.fish"],
};

/** What an exit code says, where a command can end with it; see `eks` in cli/eks.ts. */
const EXIT_CODES: readonly (readonly [code: number, says: string, of?: readonly string[]])[] = [
  [0, "done"],
  [1, "failed: the last lines say what to do"],
  [2, "there are changes", ["plan"]],
  [2, "there is something to delete (--dry-run)", ["destroy"]],
  [2, "there are changes (--check)", ["bootstrap"]],
  [3, "refused: something would be lost, or this is another account or region", ["plan", "up", "destroy"]],
  [3, "refused: this is another account or region", ["status", "doctor"]],
  [64, "wrong usage"],
  [130, "interrupted"],
];

/** What people type who mean a command, in the words of other tools. */
const MEANT: Readonly<Record<string, readonly string[]>> = {
  init: ["config", "configure", "new", "wizard"],
  plan: ["diff", "preview"],
  up: ["apply", "create", "deploy", "install", "make", "start"],
  status: ["describe", "get", "info", "list", "ls", "output", "outputs", "ps", "show", "state"],
  doctor: ["check", "debug", "diagnose", "health", "lint", "test", "validate", "verify"],
  pin: ["lock", "upgrade", "update", "versions"],
  destroy: ["clean", "cleanup", "delete", "down", "remove", "rm", "stop", "teardown", "uninstall"],
  bootstrap: ["provision", "setup"],
  ssh: ["bastion", "connect", "exec", "kubectl", "login", "shell"],
  rehearse: ["demo", "emulate", "try"],
  completion: ["completions"],
};

/** The command that somebody means who types another word; undefined for a word that means nothing here. */
export function meant(word: string): string | undefined {
  return Object.entries(MEANT).find(([, words]) => words.includes(word.toLowerCase()))?.[0];
}

/** Adds examples and exit codes to the help of a command. */
export function withExamples(command: Command): void {
  const name = command.name();
  const codes = EXIT_CODES.filter(([, , of = [name]]) => of.includes(name)).map(
    ([code, says]) => `  ${String(code).padEnd(4)} ${says}`,
  );
  const examples = (EXAMPLES[name] ?? []).map((example) => `  ${example}`);
  command.addHelpText("after", ["", "Examples:", ...examples, "", "Exit codes:", ...codes].join("\n"));
}
