import { randomBytes } from "node:crypto";
import { get, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { startMirror, type Mirror } from "../../../rehearsal/bastion/mirror";

const KUBECTL = "/release/v1.31.4/bin/linux/amd64/kubectl";
const CHECKSUM = `${KUBECTL}.sha256`;

/** What a client got, and whether the answer came to its end. */
interface Answer {
  readonly status: number | undefined;
  readonly declared: number;
  readonly body: Buffer;
  readonly isComplete: boolean;
}

function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      const body: Buffer[] = [];
      response.on("data", (chunk: Buffer) => body.push(chunk));
      response.on("error", () => undefined);
      response.once("close", () => {
        resolve({
          status: response.statusCode,
          declared: Number(response.headers["content-length"]),
          body: Buffer.concat(body),
          isComplete: response.complete,
        });
      });
    }).once("error", reject);
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5);
}

describe("a mirror", () => {
  const kubectl = randomBytes(200_000);
  const checksum = Buffer.from("0123456789abcdef");
  let mirror: Mirror;

  beforeEach(async () => {
    mirror = await startMirror({
      [KUBECTL]: kubectl,
      [CHECKSUM]: checksum,
    });
  });

  afterEach(() => mirror.stop());

  const from = (path: string) => ask(`${mirror.url}${path}`);

  it("listens on this machine alone", () => {
    expect(mirror.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it("serves what it has, and nothing else, and keeps the order of what it was asked for", async () => {
    // Compared at once: jest takes seconds for so many bytes, and the server closes a connection that idles.
    const { body, ...answer } = await from(KUBECTL);
    expect([answer, body.equals(kubectl)]).toEqual([{ status: 200, declared: 200_000, isComplete: true }, true]);
    expect(await from(`${CHECKSUM}?again`)).toEqual({ status: 200, declared: 16, body: checksum, isComplete: true });
    expect(await from("/release/v1.31.5/bin/linux/amd64/kubectl")).toMatchObject({ status: 404 });
    expect(mirror.requests).toEqual([KUBECTL, CHECKSUM, "/release/v1.31.5/bin/linux/amd64/kubectl"]);
  });

  it("answers HEAD with the length, and refuses what would change something", async () => {
    const head = await fetch(`${mirror.url}${KUBECTL}`, { method: "HEAD" });

    expect(head.headers.get("content-length")).toBe("200000");
    expect((await fetch(`${mirror.url}${KUBECTL}`, { method: "PUT", body: "" })).status).toBe(405);
  });

  it("truncates: the length of all, half of the bytes, and the end", async () => {
    mirror.misbehave(KUBECTL, "truncate");

    const answer = await from(KUBECTL);

    expect(answer).toMatchObject({ status: 200, declared: 200_000, isComplete: false });
    expect(answer.body.equals(kubectl.subarray(0, 100_000))).toBe(true);
  });

  it("corrupts: as long as ever, one bit another", async () => {
    mirror.misbehave(KUBECTL, "corrupt");

    const answer = await from(KUBECTL);

    expect(answer).toMatchObject({ status: 200, declared: 200_000, isComplete: true });
    expect([...answer.body].flatMap((byte, i) => (byte === kubectl[i] ? [] : [byte ^ (kubectl[i] ?? 0)]))).toEqual([1]);
    // The next is spoilt in the same way and not back again.
    expect((await from(KUBECTL)).body.equals(answer.body)).toBe(true);
  });

  it.each([404, 500, 503])("fails with status %i", async (status) => {
    mirror.misbehave(KUBECTL, { status });

    const answer = await from(KUBECTL);

    expect(answer).toMatchObject({ status, isComplete: true });
    expect(answer.body.includes(kubectl.subarray(0, 16))).toBe(false);
  });

  it("stalls: some bytes, and nothing until it is stopped", async () => {
    mirror.misbehave(KUBECTL, "stall");
    const response = await new Promise<IncomingMessage>((resolve) => get(`${mirror.url}${KUBECTL}`, resolve));
    let received = 0;
    let isOver = false;
    response.on("data", (chunk: Buffer) => (received += chunk.length));
    response.on("error", () => undefined);
    response.once("close", () => (isOver = true));

    await until(() => received >= 1024);
    await sleep(200);
    expect({ received, isOver }).toEqual({ received: 1024, isOver: false });

    await mirror.stop();
    await until(() => isOver);
    expect(received).toBe(1024);
  });

  it("is slow: all of it, in its time", async () => {
    mirror.misbehave(KUBECTL, { bytesPerSecond: 500_000 });
    const start = performance.now();

    const answer = await from(KUBECTL);

    expect(answer.body.equals(kubectl)).toBe(true);
    expect(performance.now() - start).toBeGreaterThan(350);
  });

  it("is right again after so many failures", async () => {
    mirror.misbehave(KUBECTL, { status: 500 }, 2);

    const statuses = [await from(KUBECTL), await from(CHECKSUM), await from(KUBECTL), await from(KUBECTL)].map(
      ({ status }) => status,
    );

    expect(statuses).toEqual([500, 200, 500, 200]);
  });

  it("misbehaves at one path, at all others, or no more", async () => {
    mirror.misbehave("*", { status: 500 });
    mirror.misbehave(KUBECTL, { status: 404 });
    expect([(await from(KUBECTL)).status, (await from(CHECKSUM)).status]).toEqual([404, 500]);

    mirror.misbehave(KUBECTL, undefined);
    expect([(await from(KUBECTL)).status, (await from(CHECKSUM)).status]).toEqual([500, 500]);

    mirror.misbehave("*", undefined);
    expect([(await from(KUBECTL)).status, (await from(CHECKSUM)).status]).toEqual([200, 200]);
  });

  it("takes no order for a path where it has nothing", () => {
    expect(() => {
      mirror.misbehave("/kubectl", "truncate");
    }).toThrow(`the mirror has nothing at /kubectl, it has ${KUBECTL}, ${CHECKSUM}`);
  });

  it("answers nobody once it has stopped, and may be stopped twice", async () => {
    await mirror.stop();
    await mirror.stop();

    await expect(from(KUBECTL)).rejects.toThrow("ECONNREFUSED");
  });
});
