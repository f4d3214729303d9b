import { createHash } from "node:crypto";

import { reasonOf, UserError } from "../../contract/user-error";

/** How a download goes. */
export interface DownloadOptions {
  /** Told, as more comes, how much there is: `12 of 27 MB`. */
  readonly told?: (soFar: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** After how long without a byte it is given up. @default 30 */
  readonly patienceSeconds?: number;
}

/** More than any program here has, packed or not. */
export const MOST_BYTES = 300_000_000;

/**
 * The bytes at a URL, checked: they are nowhere but in memory before they are known to be the right ones.
 *
 * @param sha256 in hexadecimal digits
 * @throws UserError when they do not come, or are others
 */
export async function download(
  url: string,
  sha256: string,
  { told, signal, patienceSeconds = 30 }: DownloadOptions = {},
): Promise<Buffer> {
  const bytes = await fetchAll(url, { told, signal, patienceSeconds }).catch((cause: unknown) => {
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
  { told, signal, patienceSeconds }: Required<Pick<DownloadOptions, "patienceSeconds">> & DownloadOptions,
): Promise<Buffer> {
  const silence = new AbortController();
  const giveUp = () => {
    silence.abort(new Error(`nothing came for ${String(patienceSeconds)} s`));
  };
  let timer = setTimeout(giveUp, patienceSeconds * 1000);
  try {
    const response = await fetch(url, {
      signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]),
    });
    if (!response.ok) throw new Error(`the answer was ${String(response.status)} ${response.statusText}`.trim());
    const size = Number(response.headers.get("content-length"));
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
      const chunk = part.value;
      clearTimeout(timer);
      timer = setTimeout(giveUp, patienceSeconds * 1000);
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_BYTES) throw new Error(`it is larger than ${inMegabytes(MOST_BYTES)} MB`);
      told?.(size > 0 ? `${inMegabytes(length)} of ${inMegabytes(size)} MB` : `${inMegabytes(length)} MB`);
    }
    return Buffer.concat(chunks);
  } finally {
    clearTimeout(timer);
  }
}

function inMegabytes(bytes: number): string {
  return String(Math.round(bytes / 1_000_000));
}
