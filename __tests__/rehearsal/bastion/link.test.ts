import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { startLink, type Link } from "../../../rehearsal/bastion/link";
import { listen } from "../../../rehearsal/machine/loopback";

/** A client's connection, and all that came over it. */
interface Client {
  readonly socket: Socket;
  /** Bytes, and the time when they came, in milliseconds. */
  readonly received: { readonly bytes: Buffer; readonly at: number }[];
  /** Resolves with what ended the connection: the code of an error, or `end`. */
  readonly ended: Promise<string>;
}

/** A stand-in for a server: sends back what it gets, or does what it is told for a connection. */
class EchoServer {
  readonly connections: Socket[] = [];
  received = Buffer.alloc(0);
  /** How each connection ended: the code of an error, or `end`. */
  readonly ends: string[] = [];
  private readonly server: Server;

  constructor(behave: (socket: Socket) => void = (socket) => socket.pipe(socket)) {
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.connections.push(socket);
      socket.on("data", (chunk: Buffer) => (this.received = Buffer.concat([this.received, chunk])));
      socket.once("end", () => this.ends.push("end"));
      socket.once("error", (error: NodeJS.ErrnoException) => this.ends.push(error.code ?? error.message));
      behave(socket);
    });
  }

  start(): Promise<number> {
    return listen(this.server);
  }

  async stop(): Promise<void> {
    for (const socket of this.connections) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe("a link", () => {
  const stops: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function startWith(server: EchoServer, delayMilliseconds?: number): Promise<Link> {
    const target = await server.start();
    stops.push(() => server.stop());
    const link = await startLink({ target, ...(delayMilliseconds !== undefined && { delayMilliseconds }) });
    stops.push(() => link.stop());
    return link;
  }

  async function client(link: Link): Promise<Client> {
    const socket = connect({ port: link.port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const received: { bytes: Buffer; at: number }[] = [];
    socket.on("data", (bytes: Buffer) => received.push({ bytes, at: performance.now() }));
    const ended = new Promise<string>((resolve) => {
      socket.once("end", () => {
        resolve("end");
      });
      socket.once("error", (error: NodeJS.ErrnoException) => {
        resolve(error.code ?? error.message);
      });
    });
    await once(socket, "connect");
    stops.push(() => {
      socket.destroy();
      return Promise.resolve();
    });
    return { socket, received, ended };
  }

  const bytesOf = ({ received }: Client) => Buffer.concat(received.map(({ bytes }) => bytes));
  const lengthOf = (it: Client) => bytesOf(it).length;

  /** Sends bytes, waits for as many, and answers how long that took, in milliseconds. */
  async function exchange(to: Client, bytes: Buffer): Promise<number> {
    const length = lengthOf(to) + bytes.length;
    const start = performance.now();
    to.socket.write(bytes);
    await until(() => lengthOf(to) >= length);
    return (to.received.at(-1)?.at ?? 0) - start;
  }

  describe("carries", () => {
    it.each([0, 5])("every byte in order, both ways, with a delay of %i ms", async (delay) => {
      const link = await startWith(new EchoServer(), delay);
      const it = await client(link);
      const sent = randomBytes(3_000_000);

      for (let from = 0; from < sent.length; from += 100_000) it.socket.write(sent.subarray(from, from + 100_000));
      it.socket.end();

      expect(await it.ended).toBe("end");
      expect(bytesOf(it).equals(sent)).toBe(true);
      expect(link.counts()).toMatchObject({ connections: 1, bytesToServer: 3_000_000, bytesToClient: 3_000_000 });
    });

    it("the end of one direction while the other goes on", async () => {
      const server = new EchoServer((socket) => socket.once("end", () => socket.end("after the end")));
      const it = await client(await startWith(server));

      it.socket.end("before");
      await it.ended;

      expect(bytesOf(it).toString()).toBe("after the end");
    });

    it("a reset from the server to the client", async () => {
      const server = new EchoServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
      const it = await client(await startWith(server));

      it.socket.write("x");

      expect(await it.ended).toBe("ECONNRESET");
    });

    it("a reset from the client to the server", async () => {
      const server = new EchoServer();
      const it = await client(await startWith(server));
      await exchange(it, Buffer.from("x"));

      it.socket.resetAndDestroy();
      await until(() => server.ends.length > 0);

      expect(server.ends).toEqual(["ECONNRESET"]);
    });

    it("a refusal as a reset", async () => {
      const server = new EchoServer();
      const target = await server.start();
      await server.stop();
      const link = await startLink({ target });
      stops.push(() => link.stop());

      expect(await (await client(link)).ended).toBe("ECONNRESET");
    });
  });

  describe("delays", () => {
    const DELAY = 60;
    // Timers are as late as a machine is busy, and up to a millisecond early on any.
    const expectAtLeast = (actual: number, delays: number) => {
      expect(actual).toBeGreaterThanOrEqual(delays * DELAY - 4);
    };

    it("a round trip twice, and the first one by the handshake's as well", async () => {
      const it = await client(await startWith(new EchoServer(), DELAY));

      expectAtLeast(await exchange(it, Buffer.from("first")), 4);
      expectAtLeast(await exchange(it, Buffer.from("second")), 2);
    });

    it("a server that speaks first by the handshake and the way back", async () => {
      const link = await startWith(new EchoServer((socket) => socket.write("hello")), DELAY);
      const start = performance.now();

      const it = await client(link);
      await until(() => lengthOf(it) > 0);

      expectAtLeast((it.received[0]?.at ?? 0) - start, 4);
    });

    it("all that is sent one after the other by the same time, not each by the one before", async () => {
      const link = await startWith(new EchoServer(), DELAY);
      const [it, next] = [await client(link), await client(link)];
      for (const each of [it, next]) await exchange(each, Buffer.from("connected"));

      let lastSent = 0;
      for (let i = 0; i < 10; i++) {
        lastSent = performance.now();
        it.socket.write("x");
        await sleep(2);
      }
      await sleep(20);
      await exchange(next, Buffer.from("x"));

      // What was sent over another connection after all of them is not before the last of them.
      expect(lengthOf(it)).toBe(19);
      expectAtLeast((it.received.at(-1)?.at ?? 0) - lastSent, 2);
    });

    it("the end as long as the bytes before it", async () => {
      const it = await client(await startWith(new EchoServer(), DELAY));
      await exchange(it, Buffer.from("connected"));
      const start = performance.now();

      it.socket.end("last");
      await it.ended;

      expectAtLeast(performance.now() - start, 2);
      expect(bytesOf(it).toString()).toBe("connectedlast");
    });
  });

  describe("is cut", () => {
    it.each([
      ["reset", "ECONNRESET"],
      ["end", "end"],
    ] as const)("at once, as %s, at both ends", async (how, seen) => {
      const server = new EchoServer();
      const link = await startWith(server);
      const clients = [await client(link), await client(link)];
      for (const it of clients) await exchange(it, Buffer.from("x"));

      link.cut(how);

      expect(await Promise.all(clients.map(({ ended }) => ended))).toEqual([seen, seen]);
      await until(() => server.ends.length === 2);
      expect(server.ends).toEqual([seen, seen]);
    });

    it("and loses what was on its way", async () => {
      const server = new EchoServer();
      const link = await startWith(server, 40);
      const it = await client(link);
      await exchange(it, Buffer.from("arrived"));

      it.socket.write("lost");
      await sleep(10);
      link.cut("end");
      await it.ended;
      await sleep(100);

      expect(server.received.toString()).toBe("arrived");
    });

    it("during its handshake", async () => {
      const server = new EchoServer();
      const link = await startWith(server, 40);
      const it = await client(link);

      link.cut("reset");

      expect(await it.ended).toBe("ECONNRESET");
      await sleep(150);
      expect(server.connections).toHaveLength(0);
    });

    it("and carries the connections that are made afterwards", async () => {
      const link = await startWith(new EchoServer());
      const it = await client(link);
      link.cut("reset");
      await it.ended;

      const next = await client(link);
      await exchange(next, Buffer.from("again"));

      expect(bytesOf(next).toString()).toBe("again");
    });

    it("when so many bytes have arrived at the server", async () => {
      const server = new EchoServer();
      const link = await startWith(server);
      const it = await client(link);
      await exchange(it, Buffer.from("not counted"));
      link.cutAfterBytes({ toServer: 5 }, "end");

      it.socket.write("abc");
      await until(() => server.received.toString().endsWith("abc"));
      it.socket.write("defghi");
      await it.ended;
      await until(() => server.ends.length > 0);

      expect(server.received.toString()).toBe("not countedabcde");
    });

    it.each(["reset", "end"] as const)("when so many bytes have arrived at the client, as %s", async (how) => {
      const link = await startWith(new EchoServer((socket) => socket.write(randomBytes(1_000_000))));
      link.cutAfterBytes({ toClient: 12_345 }, how);

      const it = await client(link);
      await it.ended;

      expect(lengthOf(it)).toBe(12_345);
      expect(link.counts().bytesToClient).toBe(12_345);
    });

    it("when so many bytes have arrived at both ends together, once", async () => {
      const link = await startWith(new EchoServer());
      link.cutAfterBytes({ total: 15 }, "end");
      const it = await client(link);

      it.socket.write("0123456789");
      await it.ended;
      const next = await client(link);
      await exchange(next, Buffer.from("0123456789"));

      expect(bytesOf(it).toString()).toBe("01234");
      expect(bytesOf(next).toString()).toBe("0123456789");
      expect(link.counts()).toMatchObject({ connections: 2, bytesToServer: 20, bytesToClient: 15 });
    });
  });

  describe("counts round trips", () => {
    it("one for each answer that was waited for", async () => {
      const link = await startWith(new EchoServer());
      const it = await client(link);

      for (const text of ["a", "b", "c"]) await exchange(it, Buffer.from(text));

      expect(link.counts().roundTrips).toBe(3);
    });

    it("one for all that was asked before the first answer could come", async () => {
      const link = await startWith(new EchoServer(), 40);
      const it = await client(link);

      for (const text of ["a", "b", "c"]) {
        it.socket.write(text);
        await nextTurn();
      }
      await until(() => lengthOf(it) === 3);

      expect(link.counts().roundTrips).toBe(1);
    });

    it("one for an answer of many parts", async () => {
      const parts = async (socket: Socket) => {
        for (let i = 0; i < 5; i++) {
          socket.write("part ");
          await sleep(5);
        }
      };
      const link = await startWith(new EchoServer((socket) => socket.once("data", () => void parts(socket))), 20);
      const it = await client(link);

      await exchange(it, Buffer.from("x".repeat(25)));

      expect(link.counts().roundTrips).toBe(1);
    });

    it("one for a server that speaks first, and those of all connections", async () => {
      const link = await startWith(new EchoServer((socket) => socket.pipe(socket).write("hello")));

      for (let i = 0; i < 2; i++) {
        const it = await client(link);
        await until(() => lengthOf(it) === 5);
        await exchange(it, Buffer.from("x"));
      }

      expect(link.counts()).toEqual({ connections: 2, bytesToServer: 2, bytesToClient: 12, roundTrips: 4 });
    });
  });

  it("breaks what is open when it stops, and may be stopped twice", async () => {
    const link = await startWith(new EchoServer());
    const it = await client(link);

    await link.stop();
    await link.stop();

    expect(await it.ended).toBe("ECONNRESET");
    await expect(client(link)).rejects.toThrow("ECONNREFUSED");
  });
});
