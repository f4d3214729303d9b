import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";

/** Lets a server listen on 127.0.0.1, and answers the free port that it got. */
export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port of 127.0.0.1 that was free a moment ago, for a program that cannot look for one itself. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  server.close();
  await once(server, "close");
  return port;
}
