import { once } from "node:events";
import { createServer, Socket } from "node:net";

import { listen } from "../machine/loopback";

/** What a link has carried so far. */
export interface LinkCounts {
  readonly connections: number;
  /** Bytes that arrived at the server. */
  readonly bytesToServer: number;
  /** Bytes that arrived at the client. */
  readonly bytesToClient: number;
  /**
   * How many times, one after the other, the client may have had to wait for an answer: per connection, the longest
   * chain of bytes that left after others had arrived, from one end to the other and back; of all connections together.
   *
   * It is a bound from above, for a program that sends something after an answer need not have waited for it. With a
   * delay it is close, as whatever is sent without waiting then leaves before the answer comes; without one, chance
   * decides. The handshake of TCP is not in it: that is one more round trip per connection.
   */
  readonly roundTrips: number;
}

/** After how many bytes more, at one end or at both together, a link breaks. */
export interface CutLimits {
  readonly toServer?: number;
  readonly toClient?: number;
  readonly total?: number;
}

/** How a link breaks: `reset` as when a machine is gone, `end` as when the other side closes the connection. */
export type Cut = "reset" | "end";

/** A way to a server that is longer than the one on this machine. */
export interface Link {
  /** Of 127.0.0.1, to connect to instead of the server's. */
  readonly port: number;
  /** What it has carried since it was started. */
  counts(): LinkCounts;
  /** Breaks every connection now, and loses what is on its way. Connections made afterwards live. */
  cut(how: Cut): void;
  /** Breaks every connection, once, as soon as so many more bytes have arrived; exactly so many arrive. */
  cutAfterBytes(limits: CutLimits, how: Cut): void;
  /** Breaks every connection and takes no more. */
  stop(): Promise<void>;
}

/** An end of a link, where bytes leave and arrive. */
type End = "client" | "server";

/** How a link is made. */
export interface LinkOptions {
  /** The server's port, of 127.0.0.1. */
  readonly target: number;
  /**
   * How long each byte is on its way, in each direction; a round trip takes twice as long.
   *
   * @default 0
   */
  readonly delayMilliseconds?: number;
}

/**
 * Starts a TCP proxy on a free port of 127.0.0.1 that delays, counts and breaks what passes.
 *
 * The delay is a distance, not a narrow pipe: bytes that leave together arrive together, however many they are. TCP's
 * handshake takes its round trip too: the server sees a connection three delays after the client asked for it, as it
 * would from afar, though the client is told at once that it is connected.
 */
export async function startLink({ target, delayMilliseconds = 0 }: LinkOptions): Promise<Link> {
  const traffic = new Traffic();
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (client) => {
    traffic.connections += 1;
    traffic.open.add(new Connection(client, target, delayMilliseconds, traffic));
  });
  return {
    port: await listen(server),
    counts: () => traffic.counts(),
    cut: (how) => {
      traffic.cut(how);
    },
    cutAfterBytes: (limits, how) => {
      traffic.limit = limitOf(limits, how);
    },
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      traffic.cut("reset");
      await closed;
    },
  };
}

/** How many bytes may still arrive before every connection breaks, and how it breaks then. */
function limitOf({ toServer = Infinity, toClient = Infinity, total = Infinity }: CutLimits, how: Cut) {
  return { left: { server: toServer, client: toClient, total }, how };
}

/** What a link has carried, and may carry. */
class Traffic {
  connections = 0;
  roundTrips = 0;
  /** Those that are not closed at both ends. */
  readonly open = new Set<Connection>();
  limit = limitOf({}, "reset");
  readonly #bytes: Record<End, number> = { client: 0, server: 0 };

  counts(): LinkCounts {
    const { client: bytesToClient, server: bytesToServer } = this.#bytes;
    return { connections: this.connections, bytesToServer, bytesToClient, roundTrips: this.roundTrips };
  }

  /** Takes from the limit what it still allows to arrive, and says how much that is. */
  allow(end: End, wanted: number): number {
    const { left } = this.limit;
    const allowed = Math.min(wanted, left[end], left.total);
    this.#bytes[end] += allowed;
    left[end] -= allowed;
    left.total -= allowed;
    return allowed;
  }

  /** Breaks every connection, once, when the limit is reached. */
  cutAtLimit(): void {
    const { left, how } = this.limit;
    if (Math.min(...Object.values(left)) > 0) return;
    this.limit = limitOf({}, "reset");
    this.cut(how);
  }

  cut(how: Cut): void {
    for (const connection of this.open) connection.cut(how);
  }
}

/** A client's connection, and the one to the server that goes with it. */
class Connection {
  private readonly ends: Readonly<Record<End, Socket>>;
  /** What is on its way to each end, in the order in which it left. */
  private readonly underWay: Record<End, (() => void)[]> = { client: [], server: [] };
  /** How many round trips are over, as far as each end can know. */
  private readonly known: Record<End, number> = { client: 0, server: 0 };
  private isCut = false;

  constructor(
    client: Socket,
    target: number,
    private readonly delayMilliseconds: number,
    private readonly traffic: Traffic,
  ) {
    const server = new Socket({ allowHalfOpen: true }).setNoDelay();
    this.ends = { client, server };
    for (const socket of [client, server]) {
      socket.once("close", () => {
        if (client.closed && server.closed) traffic.open.delete(this);
      });
      socket.on("error", () => {
        this.arriveLater(socket === client ? "server" : "client", () => {
          this.cut("reset");
        });
      });
    }
    this.carry("server", "client");
    // The handshake: there, back, and there again.
    this.after(2 * delayMilliseconds, () => {
      this.carry("client", "server");
      this.arriveLater("server", () => server.connect(target, "127.0.0.1"));
    });
  }

  cut(how: Cut): void {
    this.isCut = true;
    for (const socket of Object.values(this.ends)) {
      if (socket.pending) socket.destroy();
      else if (how === "reset") socket.resetAndDestroy();
      // What still comes is read, and lost, to see the other side's end.
      else socket.resume().end();
    }
  }

  /** Sends whatever leaves one end on its way to the other. */
  private carry(from: End, to: End): void {
    const socket = this.ends[from];
    socket.on("data", (chunk: Buffer) => {
      const known = this.known[from];
      this.arriveLater(to, () => {
        this.deliver(to, chunk, known);
      });
    });
    socket.once("end", () => {
      this.arriveLater(to, () => this.ends[to].end());
    });
    socket.resume();
  }

  private deliver(to: End, chunk: Buffer, known: number): void {
    if (to === "server") {
      this.known.server = Math.max(this.known.server, known);
    } else if (known === this.known.client) {
      this.known.client += 1;
      this.traffic.roundTrips += 1;
    }
    const allowed = this.traffic.allow(to, chunk.length);
    this.ends[to].write(chunk.subarray(0, allowed), () => {
      this.traffic.cutAtLimit();
    });
  }

  private arriveLater(to: End, arrive: () => void): void {
    this.underWay[to].push(arrive);
    // Whichever timer is the first, what left first arrives first.
    this.after(this.delayMilliseconds, () => this.underWay[to].shift()?.());
  }

  private after(milliseconds: number, act: () => void): void {
    const unlessCut = () => {
      if (!this.isCut) act();
    };
    if (milliseconds === 0) unlessCut();
    else setTimeout(unlessCut, milliseconds);
  }
}
