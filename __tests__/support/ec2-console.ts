import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** What EC2 answers: the console's text, or an error. */
export type ConsoleAnswer = string | { readonly code: string; readonly message?: string };

/** A server that knows GetConsoleOutput. */
export interface Ec2Console {
  /** For AWS_ENDPOINT_URL_EC2. */
  readonly endpoint: string;
  /** The parameters of each request, in order. */
  readonly requests: readonly URLSearchParams[];
  stop(): void;
}

/** A stand-in for EC2's API on a loopback port, which answers GetConsoleOutput as it is told and nothing else. */
export async function startEc2Console(answer: (request: URLSearchParams) => ConsoleAnswer): Promise<Ec2Console> {
  const requests: URLSearchParams[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk as Buffer);
      const parameters = new URLSearchParams(Buffer.concat(body).toString());
      if (parameters.get("Action") !== "GetConsoleOutput")
        throw new Error(`this server was not told about ${String(parameters)}`);
      requests.push(parameters);
      const answered = answer(parameters);
      response.writeHead(typeof answered === "string" ? 200 : 400, { "content-type": "text/xml" });
      response.end(typeof answered === "string" ? output(answered) : failure(answered.code, answered.message ?? "no"));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    requests,
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
function output(text: string): string {
  const base64 = text === "" ? "" : `<output>${Buffer.from(text).toString("base64")}</output>`;
  return (
    '<GetConsoleOutputResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>' +
    `<instanceId>i-1</instanceId><timestamp>2026-11-21T00:00:00.000Z</timestamp>${base64}</GetConsoleOutputResponse>`
  );
}

/** @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html#api-error-response */
function failure(code: string, message: string): string {
  return (
    `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors>` +
    "<RequestID>1</RequestID></Response>"
  );
}

/** What makes the AWS SDK ask a stand-in, with made-up credentials, and nobody else. */
export function consoleEnvironment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_EC2: endpoint,
    AWS_ACCESS_KEY_ID: "testing",
    AWS_SECRET_ACCESS_KEY: "testing",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
}
