import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";

const END_OF_CENTRAL_DIRECTORY = 0x06054b50;
const CENTRAL_HEADER = 0x02014b50;
const STORED = 0;
const DEFLATED = 8;

/**
 * One file of a zip archive. It reads what releases are packed with: stored or deflated, one disk, below 4 GiB.
 *
 * @throws when the archive is none, lacks the file, or holds it in another way
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export async function fileInZip(archive: Buffer, name: string): Promise<Buffer> {
  const end = archive.lastIndexOf(Buffer.from("PK\x05\x06"));
  if (end === -1 || archive.readUInt32LE(end) !== END_OF_CENTRAL_DIRECTORY) throw new Error("it is no zip archive");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== CENTRAL_HEADER) throw new Error("its table of contents is broken");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const next = at + 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
    if (archive.toString("utf8", at + 46, at + 46 + (nameLength ?? 0)) === name) return contentAt(archive, at);
    at = next;
  }
  throw new Error(`there is no ${name} in it`);
}

/** Content of the file whose header in the central directory is at `at`. */
async function contentAt(archive: Buffer, at: number): Promise<Buffer> {
  const [method, packedSize, size] = [
    archive.readUInt16LE(at + 10),
    archive.readUInt32LE(at + 20),
    archive.readUInt32LE(at + 24),
  ];
  const local = archive.readUInt32LE(at + 42);
  // The name and the extra field are there once more, and the latter may differ from the central directory's.
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedSize);
  if (method !== STORED && method !== DEFLATED) throw new Error(`it is packed by method ${String(method)}`);
  const content = method === STORED ? packed : await promisify(inflateRaw)(packed, { maxOutputLength: size + 1 });
  if (content.length !== size) throw new Error(`it has ${String(content.length)} of its ${String(size)} bytes`);
  return content;
}
