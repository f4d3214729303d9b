import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { CreateKeyPairCommand, EC2Client } from "@aws-sdk/client-ec2";
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  IAMClient,
} from "@aws-sdk/client-iam";

import { trustPolicy } from "../modules/policies";
import { freePort } from "./loopback";
import { findProgram } from "./programs";

/** What the emulated account holds before anything is planned; on a real account it is the user's to have. */
export interface AccountSeed {
  readonly region: string;
  /** Name of an IAM role, and of an instance profile with it. */
  readonly adminRole: string;
  /** Name of an EC2 key pair. */
  readonly keyPair: string;
  /** The AMIs on offer: their ids, the device name of their root volume, and for one that has a family its name. */
  readonly images: readonly { readonly id: string; readonly rootDevice: string; readonly name?: string }[];
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

/** An AWS emulator that runs on this machine. */
export interface Emulator {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** What a program needs in its environment to talk to the emulator; `neutralEnvironment` has the rest. */
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Resolves when the emulator has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  /** Ends the emulator; what it held is gone. */
  stop(): Promise<void>;
}

const START_TIMEOUT_SECONDS = 60;

// The AWS SDK warns on every start that versions of 2027 will want a newer Node; the lock file keeps this one.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

/**
 * Starts `moto_server` on a free port of 127.0.0.1 with an account that holds what `seed` says.
 *
 * @param folder where to write its log and its list of images; made when it does not exist
 * @throws when `moto_server` is not on PATH, or does not answer within a minute
 * @see https://docs.getmoto.org/en/latest/docs/server_mode.html
 */
export async function startEmulator(folder: string, seed: AccountSeed): Promise<Emulator> {
  const program = findProgram("moto_server");
  if (program === undefined) {
    throw new Error("moto_server is not on PATH; `pip install 'moto[server]>=5.2'` installs it");
  }
  mkdirSync(folder, { recursive: true });
  const imagesFile = join(folder, "images.json");
  writeFileSync(imagesFile, JSON.stringify(seed.images.map(image)));
  const logFile = join(folder, "emulator.log");
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${String(port)}`;
  const environment = emulatorEnvironment(endpoint, seed.region);

  const log = openSync(logFile, "w");
  const server = spawn(program, ["--host", "127.0.0.1", "--port", String(port)], {
    stdio: ["ignore", log, log],
    env: {
      ...neutralEnvironment(),
      ...environment,
      MOTO_AMIS_PATH: imagesFile,
      // Off by default in moto; AWS refuses what does not exist.
      MOTO_IAM_LOAD_MANAGED_POLICIES: "true",
      MOTO_ENABLE_KEYPAIR_VALIDATION: "true",
      MOTO_ENABLE_AMI_VALIDATION: "true",
    },
  });
  closeSync(log);
  // A program that cannot be started has no exit code, only this event; waiting for the answer tells.
  server.once("error", () => undefined);
  const stop = () => end(server);
  try {
    await untilItAnswers(server, endpoint, logFile);
    await fill(environment, endpoint, seed);
  } catch (error) {
    await stop();
    throw error;
  }
  const ended = new Promise<void>((resolve) => {
    server.once("exit", () => {
      resolve();
    });
  });
  return { endpoint, environment, logFile, ended, stop };
}

/** What says with which account, state and settings AWS' tools, Terraform and cdktf work. */
const DECIDING = /^(AWS|TF|CDKTF|EKS_STATE)_/;

/**
 * This process' environment without what would lead a program to an account, a state or an endpoint of the user's: with
 * `emulator.environment` added, it talks to the emulator and to nothing else.
 */
export function neutralEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !DECIDING.test(name) || name === "TF_PLUGIN_CACHE_DIR");
  return Object.fromEntries(kept);
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
function image({ id, rootDevice, name = `emulated ${id}` }: AccountSeed["images"][number]) {
  return {
    ami_id: id,
    name,
    description: "an image of the emulated account",
    owner_id: "099720109477",
    public: true,
    virtualization_type: "hvm",
    architecture: "x86_64",
    state: "available",
    platform: null,
    image_type: "machine",
    hypervisor: "xen",
    root_device_name: rootDevice,
    root_device_type: "ebs",
    sriov: "simple",
  };
}

async function fill(environment: Record<string, string>, endpoint: string, seed: AccountSeed): Promise<void> {
  const settings = {
    endpoint,
    region: seed.region,
    credentials: {
      accessKeyId: environment["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  };
  const iam = new IAMClient(settings);
  const ec2 = new EC2Client(settings);
  try {
    const names = { RoleName: seed.adminRole, InstanceProfileName: seed.adminRole };
    await iam.send(new CreateRoleCommand({ ...names, AssumeRolePolicyDocument: trustPolicy("ec2.amazonaws.com") }));
    await iam.send(new CreateInstanceProfileCommand(names));
    await iam.send(new AddRoleToInstanceProfileCommand(names));
    await ec2.send(new CreateKeyPairCommand({ KeyName: seed.keyPair }));
  } finally {
    iam.destroy();
    ec2.destroy();
  }
}

async function untilItAnswers(server: ChildProcess, endpoint: string, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_SECONDS * 1000;
  while (Date.now() < deadline) {
    let answers = false;
    try {
      answers = (await fetch(`${endpoint}/moto-api/`)).ok;
    } catch {
      // Refuses connections until it has loaded.
    }
    // Looked at last: when it has ended, whoever answers there is somebody else.
    if (hasEnded(server)) throw new Error(`the emulator ended as it started; its log is ${logFile}`);
    if (answers) return;
    await sleep(200);
  }
  throw new Error(`the emulator did not answer within ${String(START_TIMEOUT_SECONDS)} s; its log is ${logFile}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  if (hasEnded(child) || child.pid === undefined) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([exit, sleep(5000, undefined, { ref: false }).then(() => child.kill("SIGKILL"))]);
}
