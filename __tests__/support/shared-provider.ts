import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { Client, credentials, Server, type handleUnaryCall, type ServiceDefinition } from "@grpc/grpc-js";

import { startServer } from "../../rehearsal/machine/server";
import { serve, type RunningProvider } from "./null-provider";

/** The calls of Terraform's plugin protocol, version 5. @see https://developer.hashicorp.com/terraform/plugin/terraform-plugin-protocol */
const CALLS = [
  ...["GetMetadata", "GetSchema", "GetResourceIdentitySchemas", "GetFunctions", "CallFunction"],
  ...["PrepareProviderConfig", "Configure", "ValidateResourceTypeConfig", "ValidateDataSourceConfig"],
  ...["UpgradeResourceState", "UpgradeResourceIdentity", "MoveResourceState", "ImportResourceState"],
  ...["ReadResource", "PlanResourceChange", "ApplyResourceChange", "ReadDataSource"],
  ...["ValidateEphemeralResourceConfig", "OpenEphemeralResource", "RenewEphemeralResource", "CloseEphemeralResource"],
];

/** Fields of the schemas' message whose entries are named for a type: resources, data sources, ephemeral resources. */
const OF_TYPES = [2, 3, 8];

/** What the provider otherwise logs of every call, megabytes of it. @see https://developer.hashicorp.com/terraform/plugin/log/managing */
const QUIET = Object.fromEntries(
  ["SDK", "SDK_PROTO", "SDK_MUX", "SDK_FRAMEWORK", "SDK_HELPER_SCHEMA", "PROVIDER"].map((name) => [
    `TF_LOG_${name}`,
    "OFF",
  ]),
);

const bytes = { serialize: (value: Buffer) => value, deserialize: (value: Buffer) => value };
const path = (call: string) => `/tfplugin5.Provider/${call}`;

/**
 * The real AWS provider, started once for many runs of Terraform. Between them stands a gate that passes every call on,
 * and leaves away the schemas of the types that nobody names: to start the provider, and to read its 1,500 types, is
 * most of what a plan costs. Of one provider only one Terraform at a time may be told to use another region.
 *
 * @param stack folder of a stack that is initialized
 * @param types of resources and data sources that the runs know
 * @param logFile where the provider writes
 * @see https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
 */
export async function shareProvider(
  stack: string,
  types: ReadonlySet<string>,
  { env, logFile }: { readonly env: NodeJS.ProcessEnv; readonly logFile: string },
): Promise<RunningProvider> {
  const [name, program] = providerIn(stack);
  let address = "";
  const provider = await startServer([program, "-debug"], {
    name: "the AWS provider",
    logFile,
    timeoutSeconds: 60,
    env: { ...env, ...QUIET },
    isReady: (log) => {
      address = /"Network":"unix","String":"([^"]+)"/.exec(log)?.[1] ?? "";
      return address !== "";
    },
  });
  const client = new Client(`unix:${address}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const asked = (call: string, request: Buffer) =>
    new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(path(call), bytes.serialize, bytes.deserialize, request, (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(error ?? new Error(`${call}: no answer`));
      });
    });

  const schemas = asked("GetSchema", Buffer.alloc(0)).then((all) => ofTypes(all, types));
  const answer = (call: string): handleUnaryCall<Buffer, Buffer> => {
    return ({ request }, callback) => {
      const found = call === "GetSchema" ? schemas : asked(call, request);
      found.then(
        (value) => {
          callback(null, value);
        },
        (error: unknown) => {
          callback(error as Error);
        },
      );
    };
  };
  const service: ServiceDefinition = Object.fromEntries(
    CALLS.map((call) => [
      call,
      {
        path: path(call),
        requestStream: false,
        responseStream: false,
        requestSerialize: bytes.serialize,
        requestDeserialize: bytes.deserialize,
        responseSerialize: bytes.serialize,
        responseDeserialize: bytes.deserialize,
      },
    ]),
  );
  const server = new Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(service, Object.fromEntries(CALLS.map((call) => [call, answer(call)])));
  const gate = await serve(server, name);
  return {
    reattach: gate.reattach,
    stop: () => {
      gate.stop();
      client.close();
      void provider.stop();
    },
  };
}

/** Source address and program of the AWS provider that a stack is initialized with. */
function providerIn(stack: string): [string, string] {
  const installed = join(stack, ".terraform", "providers");
  const program = readdirSync(installed, { recursive: true, encoding: "utf8" }).find((file) =>
    /hashicorp\/aws\/.*\/terraform-provider-aws_v[^/]*$/.test(file),
  );
  if (program === undefined) throw new Error(`${installed} has no AWS provider`);
  return [program.split("/").slice(0, 3).join("/"), join(installed, program)];
}

/** The message with all schemas, without those of other types. */
function ofTypes(message: Buffer, types: ReadonlySet<string>): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < message.length;) {
    const start = at;
    const [tag, afterTag] = varint(message, at);
    const [length, afterLength] = varint(message, afterTag);
    // Every field of this message is a message itself.
    at = afterLength + length;
    if (!OF_TYPES.includes(tag >> 3) || types.has(keyOf(message.subarray(afterLength, at)))) {
      kept.push(message.subarray(start, at));
    }
  }
  return Buffer.concat(kept);
}

/** The key of an entry of a map: its first field. */
function keyOf(entry: Buffer): string {
  const [length, start] = varint(entry, 1);
  return entry.subarray(start, start + length).toString();
}

/** A number in protobuf's form, and where it ends. @see https://protobuf.dev/programming-guides/encoding/#varints */
function varint(message: Buffer, at: number): [number, number] {
  let value = 0;
  for (let shift = 0; ; shift += 7, at++) {
    const byte = message.readUInt8(at);
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at + 1];
  }
}

/** The types of resources and data sources that a stack's configuration, in either syntax, and local states name. */
export function typesIn(...folders: readonly string[]): Set<string> {
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const types = files.flatMap((file) => {
    const named = (pattern: RegExp) => [...readFileSync(file, "utf8").matchAll(pattern)].map(([, type = ""]) => type);
    if (file.endsWith(".tfstate")) return named(/"type": ?"(\w+)"/g);
    if (file.endsWith(".tf")) return named(/^(?:resource|data) "(\w+)"/gm);
    if (!file.endsWith(".tf.json")) return [];
    const { resource = {}, data = {} } = JSON.parse(readFileSync(file, "utf8")) as Partial<
      Record<"resource" | "data", object>
    >;
    return [...Object.keys(resource), ...Object.keys(data)];
  });
  return new Set(types.sort());
}
