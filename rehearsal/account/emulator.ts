import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CreateKeyPairCommand, DescribeImagesCommand } from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GetPolicyCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";

import { ifThere } from "../../aws/answers";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readIdentity } from "../../aws/identity";
import { readProfile } from "../../aws/roles";
import { reasonOf, UserError } from "../../contract/user-error";
import { trustPolicy } from "../../facts/policy";
import { freePort } from "../machine/loopback";
import { neutralEnvironment } from "../machine/neutral-environment";
import { startServer, type Server } from "../machine/server";
import { findMoto } from "../machine/tools";

export { neutralEnvironment };

/** What the emulated account holds before anything is planned; on a real account it is the user's to have. */
export interface AccountSeed {
  readonly region: string;
  /** Name of an IAM role, and of an instance profile with it. */
  readonly adminRole: string;
  /** Name of an EC2 key pair. */
  readonly keyPair: string;
  /** ARNs of other IAM roles and users; those of another account are not made. @default - none */
  readonly principals?: readonly string[];
  /** The AMIs on offer. */
  readonly images: readonly ImageSeed[];
}

/** An AMI of the emulated account. */
export interface ImageSeed {
  readonly id: string;
  /** Device name of its root volume. */
  readonly rootDevice: string;
  /** Tells its family and its kubelet's version. @default - one that tells nothing */
  readonly name?: string;
  /** As EC2 writes it. @default "x86_64" */
  readonly architecture?: "x86_64" | "arm64";
}

/** What the workshop takes for granted. */
export const WORKSHOP_ACCOUNT: AccountSeed = {
  region: "ap-northeast-2",
  adminRole: "aws-krug-admin",
  keyPair: "aws-krug-gudi",
  images: [
    { id: "ami-0fd02cb7da42ee5e0", rootDevice: "/dev/sda1" },
    { id: "ami-023bb403131889300", rootDevice: "/dev/xvda" },
  ],
};

/**
 * The workshop's, with images of today: for nodes of each family, and for the bastion.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html
 */
export const CURRENT_ACCOUNT: AccountSeed = {
  ...WORKSHOP_ACCOUNT,
  images: [
    ...WORKSHOP_ACCOUNT.images,
    {
      id: "ami-0c0ffee0000000a01",
      rootDevice: "/dev/xvda",
      name: "amazon-eks-node-al2023-x86_64-standard-1.35-v20251120",
    },
    {
      id: "ami-0c0ffee0000000a02",
      rootDevice: "/dev/xvda",
      name: "amazon-eks-node-al2023-arm64-standard-1.35-v20251120",
      architecture: "arm64",
    },
    { id: "ami-0c0ffee0000000b01", rootDevice: "/dev/xvda", name: "bottlerocket-aws-k8s-1.35-x86_64-v1.50.0-8a9ad4e5" },
    { id: "ami-0c0ffee0000000201", rootDevice: "/dev/xvda", name: "amazon-eks-node-1.32-v20251120" },
    {
      id: "ami-0c0ffee0000000f01",
      rootDevice: "/dev/sda1",
      name: "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251022",
    },
  ],
};

/** An AWS account that is emulated on this machine, whoever started the emulator. */
export interface EmulatedAccount {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Its number. */
  readonly accountId: string;
  /** What a program needs in its environment to talk to the emulator; `neutralEnvironment` has the rest. */
  readonly environment: Readonly<Record<string, string>>;
}

/** An AWS emulator that this process has started; when it ends, what it held is gone. */
export type Emulator = EmulatedAccount & Server;

/** How an emulator is started. */
export interface EmulatorOptions {
  /** The program, and the arguments that come first. @default `moto_server` on PATH, or else the clone's own */
  readonly command?: readonly [string, ...string[]];
  /** Where it is to listen. @default a free port */
  readonly port?: () => Promise<number>;
}

/** Between the choice of a free port and its use, somebody else may take it. */
const PORTS = 5;

/**
 * Starts `moto_server` on a free port of 127.0.0.1 with an account that holds what `seed` says.
 *
 * @param folder where to write its log and its list of images; made when it does not exist
 * @throws UserError when there is no `moto_server`, or it does not answer within a minute
 * @see https://docs.getmoto.org/en/latest/docs/server_mode.html
 */
export async function startEmulator(
  folder: string,
  seed: AccountSeed,
  { command = findMoto()?.command, port = freePort }: EmulatorOptions = {},
): Promise<Emulator> {
  if (command === undefined) {
    throw new UserError("moto_server is not on PATH; `pip install 'moto[server]>=5.2'` installs it");
  }
  const logFile = join(folder, "emulator.log");
  const settings = { ...neutralEnvironment(), ...motoSettings(folder, seed) };
  const start = async () => {
    const chosen = String(await port());
    const endpoint = `http://127.0.0.1:${chosen}`;
    const environment = emulatorEnvironment(endpoint, seed.region);
    const server = await startServer([...command, "--host", "127.0.0.1", "--port", chosen], {
      name: "the emulator",
      logFile,
      timeoutSeconds: 60,
      env: { ...settings, ...environment },
      // It says so when the port is its own. Before that, whoever answers there is somebody else.
      isReady: async (log) => log.includes(`Running on ${endpoint}`) && (await isMoto(endpoint)),
    });
    try {
      const accountId = await withAws(settingsOf({ endpoint, environment }), (aws) => fill(aws, seed));
      return { endpoint, accountId, environment, ...server };
    } catch (error) {
      await server.stop();
      throw error;
    }
  };
  for (let left = PORTS; ; left--) {
    try {
      return await start();
    } catch (error) {
      const isTaken = /address already in use|is in use by another/i.test(readFileSync(logFile, "utf8"));
      if (left === 1 || !isTaken) throw error;
    }
  }
}

/** An account in an emulator that was there before. */
export interface JoinedAccount extends EmulatedAccount {
  /** What `seed` has and only who starts an emulator can put there, in words; without it an apply of that fails. */
  readonly lacks: readonly string[];
  /** How it is started so that it lacks nothing: a shell command. @default - it is another emulator than moto */
  readonly startedSo?: string;
}

/**
 * Uses an emulator that runs already, and puts into its account what `seed` has and the account lacks. The emulator is
 * neither started nor ended here, and what was in it stays.
 *
 * @param endpoint where `refusalOf` finds nothing wrong
 * @param folder where to write a list of images; made when it does not exist
 * @throws UserError when nothing answers there, or what answers refuses the seed
 */
export async function joinEmulator(endpoint: string, folder: string, seed: AccountSeed): Promise<JoinedAccount> {
  const { origin, port } = new URL(endpoint);
  const environment = emulatorEnvironment(origin, seed.region);
  try {
    // Whatever the answer is: emulators differ in what is at their root.
    await fetch(origin, { redirect: "manual", signal: AbortSignal.timeout(10_000) });
    return await withAws(settingsOf({ endpoint: origin, environment }), async (aws) => {
      const account = { endpoint: origin, environment, accountId: await fill(aws, seed) };
      const lacks = await missingFrom(aws, seed);
      if (!(await isMoto(origin))) return { ...account, lacks };
      const startedWith = Object.entries(motoSettings(folder, seed)).map(([name, value]) => `${name}=${value}`);
      return { ...account, lacks, startedSo: [...startedWith, "moto_server", "--port", port].join(" ") };
    });
  } catch (cause) {
    throw new UserError(
      `--endpoint-url must name an AWS emulator that runs, such as moto_server, ` +
        `and ${origin} is none that can be used: ${reasonOf(cause)}`,
      { cause },
    );
  }
}

/** Hosts that are this machine, whatever a name service says. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
/** @see https://docs.aws.amazon.com/general/latest/gr/rande.html */
const AWS_ITSELF = /(^|\.)(amazonaws\.(com(\.cn)?|eu)|api\.aws|aws)$/;

/** Why an endpoint is not taken for an emulator's; undefined when it is. A rehearsal never touches a real account. */
export function refusalOf(endpoint: string): string | undefined {
  const such = "such as http://127.0.0.1:5000";
  const wanted = "--endpoint-url must name an emulator on this machine";
  if (!URL.canParse(endpoint)) return `--endpoint-url must be a URL ${such}, got ${endpoint}`;
  const url = new URL(endpoint);
  const { protocol, hostname, origin, href } = url;
  const host = hostname.replace(/\.$/, "");
  if (AWS_ITSELF.test(host)) {
    const why = "that is AWS itself, and a rehearsal never touches a real account";
    return `${wanted}, ${such}, got ${endpoint}: ${why}`;
  }
  if (!LOOPBACK.test(hostname)) {
    return `${wanted} (localhost, 127.0.0.1 or [::1]), ${such}, got ${endpoint}`;
  }
  if (protocol !== "http:" || href !== `${origin}/`) {
    // Nobody's password is printed.
    url.password = "";
    return `--endpoint-url must have the form http://HOST:PORT, ${such}, got ${url.href}`;
  }
  return undefined;
}

/** Where AWS' tools and Terraform's provider find the emulator. */
function emulatorEnvironment(endpoint: string, region: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
}

/** An AMI in moto's words. @see https://docs.getmoto.org/en/latest/docs/services/ec2.html */
function image({ id, rootDevice, name = `emulated ${id}`, architecture = "x86_64" }: ImageSeed) {
  return {
    ami_id: id,
    name,
    description: "an image of the emulated account",
    owner_id: "099720109477",
    public: true,
    virtualization_type: "hvm",
    architecture,
    state: "available",
    platform: null,
    image_type: "machine",
    hypervisor: "xen",
    root_device_name: rootDevice,
    root_device_type: "ebs",
    sriov: "simple",
  };
}

/** How moto is told which images there are, and to refuse what does not exist, as AWS does; off by default in moto. */
function motoSettings(folder: string, seed: AccountSeed): Record<string, string> {
  mkdirSync(folder, { recursive: true });
  const imagesFile = join(folder, "images.json");
  writeFileSync(imagesFile, JSON.stringify(seed.images.map(image)));
  return {
    MOTO_AMIS_PATH: imagesFile,
    MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
    MOTO_ENABLE_KEYPAIR_VALIDATION: "true",
    MOTO_ENABLE_AMI_VALIDATION: "true",
  };
}

/** How AWS' clients reach an emulated account. */
export type ClientSettings = Required<Omit<AwsSettings, "maxAttempts" | "requestHandler">>;

/** How AWS' clients reach an emulated account itself, past what may stand before it. */
export function settingsOf({
  endpoint,
  environment,
}: Pick<EmulatedAccount, "endpoint" | "environment">): ClientSettings {
  const credentials = {
    accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  return { endpoint, region: environment["AWS_REGION"] ?? "", credentials };
}

/** Puts the seed into an account; what is there already stays as it is. @returns the number of the account */
async function fill({ iam, ec2, sts }: AwsClients, seed: AccountSeed): Promise<string> {
  const { account } = await readIdentity(sts);
  const names = { RoleName: seed.adminRole, InstanceProfileName: seed.adminRole };
  await unlessThere(iam.send(new CreateRoleCommand({ ...names, ...TRUST })));
  await unlessThere(iam.send(new CreateInstanceProfileCommand(names)));
  const roles = (await readProfile(iam, seed.adminRole)) ?? [];
  if (roles.length === 0) await iam.send(new AddRoleToInstanceProfileCommand(names));
  for (const arn of seed.principals ?? []) await addPrincipal(iam, arn, account);
  await unlessThere(ec2.send(new CreateKeyPairCommand({ KeyName: seed.keyPair })));
  return account;
}

const TRUST = { AssumeRolePolicyDocument: trustPolicy("ec2.amazonaws.com") };
/** `arn:PARTITION:iam::ACCOUNT:(role|user)/[PATH/]NAME` */
const PRINCIPAL = /^arn:[\w-]+:iam::(\d{12}):(role|user)(\/(?:\S+\/)?)([^\s/]+)$/;

/** Makes a role or a user of the emulated account; whatever else an ARN names is somebody else's. */
async function addPrincipal(iam: IAMClient, arn: string, accountId: string): Promise<void> {
  const [, account, kind, Path, name] = PRINCIPAL.exec(arn) ?? [];
  if (account !== accountId) return;
  await unlessThere(
    kind === "user"
      ? iam.send(new CreateUserCommand({ UserName: name, Path }))
      : iam.send(new CreateRoleCommand({ RoleName: name, Path, ...TRUST })),
  );
}

async function unlessThere(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!["EntityAlreadyExistsException", "InvalidKeyPair.Duplicate"].includes((error as Error).name)) throw error;
  }
}

/** What of a seed cannot be put into an account by a call, and is not there. */
async function missingFrom({ iam, ec2 }: AwsClients, seed: AccountSeed): Promise<string[]> {
  // All of them: one that is asked for by its id fails where another one is missing, or not, by the emulator.
  const { Images: images = [] } = await ec2.send(new DescribeImagesCommand({}));
  const missing = seed.images.filter(({ id }) => !images.some(({ ImageId }) => ImageId === id));
  // Which an emulator has all of, or none.
  const policy = new GetPolicyCommand({ PolicyArn: "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy" });
  const hasPolicies = (await ifThere(iam.send(policy))) !== undefined;
  return [...missing.map(({ id }) => `the image ${id}`), ...(hasPolicies ? [] : ["AWS' managed policies"])];
}

/** Whether moto answers there. */
async function isMoto(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/`)).ok;
  } catch {
    // Refuses connections until it has loaded.
    return false;
  }
}
