import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { stringify } from "yaml";

import { quoted } from "../../contract/shell";
import { mirrored, readReleases, type Artifact, type Release } from "../../bootstrap/releases";
import { PROFILE } from "../../bootstrap/tasks/shell";
import { mergeAwsAuth } from "../../facts/aws-auth";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import type { StandInBastion, Surroundings } from "../../rehearsal/bastion/surroundings";
import { measure, type Run } from "../measure";

const CLONE = resolve(__dirname, "..", "..");

export const WAYS = ["bootstrap", "Ansible", "by hand"] as const;
export type Way = (typeof WAYS)[number];

/** How to do the work in each of the ways. */
export type Commands = Readonly<Record<Way, () => Promise<Run>>>;

/** Runs what `npm run bootstrap` runs. */
export function bootstrap(options: readonly string[], home: string): Promise<Run> {
  const node = [process.execPath, "--require", join(CLONE, "bin", "typescript.cjs")];
  const env = { ...neutralEnvironment(), HOME: home, SSH_AUTH_SOCK: "", AWS_EC2_METADATA_DISABLED: "true" };
  return measure([...node, join(CLONE, "bootstrap", "main.ts"), ...options], CLONE, env);
}

/**
 * The ways to set up a bastion.
 *
 * @param folder for what they need; made here
 * @param port by which the bastion is reached
 */
export function waysTo(bastion: StandInBastion, surroundings: Surroundings, folder: string, port: number): Commands {
  mkdirSync(folder, { recursive: true });
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };
  const { sshd, handover, root } = bastion;
  const { cluster_name: cluster, region, node_role_arn: nodeRoleArn, node_groups: groups } = handover;
  const knownHosts = file("known_hosts", `[127.0.0.1]:${String(port)} ${sshd.hostPublicKey}\n`);
  const ssh = `-o UserKnownHostsFile=${knownHosts} -o StrictHostKeyChecking=yes -o IdentitiesOnly=yes`;
  const count = Object.values(groups).reduce((sum, { desired }) => sum + desired, 0);
  const common = { root, cluster, region, count: String(count) };
  const downloads = artifacts(surroundings);
  const awsAuth = mergeAwsAuth(undefined, { node_role_arn: nodeRoleArn });
  const env = {
    ...neutralEnvironment(),
    HOME: folder,
    SSH_AUTH_SOCK: "",
    ANSIBLE_CONFIG: join(__dirname, "ansible.cfg"),
  };

  const variables = file(
    "variables.json",
    JSON.stringify({
      ...common,
      ...downloads,
      // In a file, for Ansible fills in what has braces around it.
      map_roles: file("map-roles.yaml", awsAuth["mapRoles"] ?? ""),
      profile: file("profile", PROFILE),
      ansible_host: "127.0.0.1",
      ansible_port: port,
      ansible_user: sshd.user,
      ansible_ssh_private_key_file: sshd.identityFile,
      ansible_ssh_common_args: ssh,
      ansible_python_interpreter: "/usr/bin/python3",
    }),
  );
  const ansible = ["ansible-playbook", "-i", "bastion,", "-e", `@${variables}`, join(__dirname, "playbook.yml")];

  const metadata = { name: "aws-auth", namespace: "kube-system" };
  const settings = {
    ...common,
    profile: PROFILE,
    aws_auth: stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data: awsAuth }),
    ...Object.fromEntries(
      Object.entries(downloads).flatMap(([name, { url, sha256 }]) => [
        [`${name}_url`, url],
        [`${name}_sha256`, sha256],
      ]),
    ),
  };
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}\n`);
  const script = file("by-hand.sh", assignments.join("") + readFileSync(join(__dirname, "by-hand.sh"), "utf8"));
  const login = `ssh ${ssh} -i ${sshd.identityFile} -p ${String(port)} ${sshd.user}@127.0.0.1 sh -s <${script}`;

  const options = replaced(replaced(bastion.options, "--port", String(port)), "--known-hosts", knownHosts);
  return {
    bootstrap: () => bootstrap(options, folder),
    Ansible: () => measure(ansible, folder, env),
    "by hand": () => measure(["sh", "-c", login], folder, env),
  };
}

/** What the mirror has, for those who do not read the table of releases. */
function artifacts({ releasesFile, mirror }: Surroundings): Record<"aws" | "kubectl" | "authenticator", Artifact> {
  const { kubectl, awsIamAuthenticator, awsCli } = readReleases(readFileSync(releasesFile, "utf8"), releasesFile);
  const here = ({ artifacts: both }: Release): Artifact => {
    const { url, sha256 } = process.arch === "arm64" ? both.arm64 : both.amd64;
    return { url: mirrored(url, mirror.url), sha256 };
  };
  const [newest] = Object.values(kubectl);
  if (newest === undefined) throw new Error(`${releasesFile} has no kubectl`);
  return { aws: here(awsCli), kubectl: here(newest), authenticator: here(awsIamAuthenticator) };
}

function replaced(options: readonly string[], name: string, value: string): string[] {
  return options.map((option, at) => (options[at - 1] === name ? value : option));
}
