import { join } from "node:path";

import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type GrpcObject,
  type handleUnaryCall,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { decode, encode, ExtData } from "@msgpack/msgpack";

interface DynamicValue {
  readonly msgpack: Buffer;
}

/** A value that is known after the apply. */
const UNKNOWN = new ExtData(0, new Uint8Array([0]));

/** A provider that answers on a loopback port. */
export interface RunningProvider {
  /** For `TF_REATTACH_PROVIDERS`, with which Terraform talks to it instead of installing and starting one. */
  readonly reattach: string;
  stop(): void;
}

/**
 * A stand-in for the provider hashicorp/null, which the workshop's state needs for its `null_resource`: the real one
 * is a download. It knows that one resource, and keeps what it is told.
 *
 * @see https://developer.hashicorp.com/terraform/plugin/debugging#running-terraform-with-a-provider-in-debug-mode
 */
export async function startNullProvider(): Promise<RunningProvider> {
  const definition = loadSync(join(__dirname, "null-provider.proto"), { keepCase: true });
  const { Provider } = loadPackageDefinition(definition)["tfplugin5"] as GrpcObject;
  const type = (name: unknown) => Buffer.from(JSON.stringify(name));
  const attributes = [
    { name: "id", type: type("string"), computed: true },
    { name: "triggers", type: type(["map", "string"]), optional: true },
  ];
  const nothing = answer(() => ({}));

  const server = new Server();
  server.addService((Provider as ServiceClientConstructor).service, {
    GetSchema: answer(() => ({
      provider: { version: 0, block: { version: 0, attributes: [] } },
      resource_schemas: { null_resource: { version: 0, block: { version: 0, attributes } } },
    })),
    PrepareProviderConfig: answer(({ config }: { config: DynamicValue }) => ({ config })),
    ValidateResourceTypeConfig: nothing,
    Configure: nothing,
    Stop: nothing,
    UpgradeResourceState: answer(({ raw_state }: { raw_state: { json: Buffer } }) => ({
      upgraded_state: dynamic(JSON.parse(raw_state.json.toString())),
    })),
    ReadResource: answer(({ current_state }: { current_state: DynamicValue }) => ({ new_state: current_state })),
    PlanResourceChange: answer(({ wanted_state }: { wanted_state: DynamicValue }) => ({
      state: withId(wanted_state, UNKNOWN),
    })),
    ApplyResourceChange: answer(({ wanted_state }: { wanted_state: DynamicValue }) => ({
      state: withId(wanted_state, "5577006791947779410"),
    })),
  });
  return serve(server, "registry.terraform.io/hashicorp/null");
}

/** Serves a provider's calls on a port of this machine. @param name the provider's source address */
export async function serve(server: Server, name: string): Promise<RunningProvider> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  const Addr = { Network: "tcp", String: `127.0.0.1:${String(port)}` };
  return {
    reattach: JSON.stringify({ [name]: { Protocol: "grpc", ProtocolVersion: 5, Pid: process.pid, Test: true, Addr } }),
    stop: () => {
      server.forceShutdown();
    },
  };
}

function answer<Request>(reply: (request: Request) => object): handleUnaryCall<Request, object> {
  return (call, callback) => {
    callback(null, reply(call.request));
  };
}

function dynamic(value: unknown): DynamicValue {
  return { msgpack: Buffer.from(encode(value)) };
}

/** A resource with an id, unless it has one already, or is being destroyed. */
function withId(state: DynamicValue, id: string | ExtData): DynamicValue {
  const values = decode(state.msgpack) as { id: unknown; triggers: unknown } | null;
  return values === null ? dynamic(null) : dynamic({ ...values, id: typeof values.id === "string" ? values.id : id });
}
