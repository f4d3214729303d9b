import { createHash } from "node:crypto";

import { reasonOf, UserError } from "../../contract/user-error";
import { fetchPage } from "../../web/fetch";

/** More than any program here has, packed or not. */
export const MOST_BYTES = 300_000_000;

/** After how long without a byte a download is given up. */
const PATIENCE_SECONDS = 30;

/**
 * The bytes at a URL, checked: they are nowhere but in memory before they are known to be the right ones.
 *
 * @param sha256 in hexadecimal digits
 * @param told is told, as more comes, how much there is: `12 of 27 MB`
 * @param signal ends it
 * @throws UserError when they do not come, or are others
 */
export async function download(
  url: string,
  sha256: string,
  told: (soFar: string) => void,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const bytes = await fetchAll(url, told, signal).catch((cause: unknown) => {
    if (signal?.aborted === true) throw new UserError(`the download of ${url} was interrupted`, { cause });
    throw new UserError(`${url} cannot be downloaded: ${reasonOf(cause)}`, { cause });
  });
  const got = createHash("sha256").update(bytes).digest("hex");
  if (got !== sha256) {
    throw new UserError(
      `${url} has the SHA-256 ${got}, which must be ${sha256}: it is not what was released, and was thrown away`,
    );
  }
  return bytes;
}

async function fetchAll(
  url: string,
  told: (soFar: string) => void,
  interrupted: AbortSignal | undefined,
): Promise<Buffer> {
  const silence = new AbortController();
  const timer = setTimeout(() => {
    silence.abort(new Error(`nothing came for ${String(PATIENCE_SECONDS)} s`));
  }, PATIENCE_SECONDS * 1000);
  try {
    const signal = AbortSignal.any([silence.signal, ...(interrupted === undefined ? [] : [interrupted])]);
    const response = await fetchPage(url, { signal });
    if (!response.ok) throw new Error(`the answer was ${String(response.status)} ${response.statusText}`.trim());
    const size = Number(response.headers.get("content-length"));
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of (response.body as AsyncIterable<Uint8Array> | null) ?? []) {
      timer.refresh();
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_BYTES) throw new Error(`it is larger than ${inMegabytes(MOST_BYTES)} MB`);
      told(size > 0 ? `${inMegabytes(length)} of ${inMegabytes(size)} MB` : `${inMegabytes(length)} MB`);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

function inMegabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
