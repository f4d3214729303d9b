import { crc32 } from "node:zlib";

/** A zip archive of files, not compressed, for what reads one. */
export function zipOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const [bodies, headers]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    // What both kinds of header have: version, flags, method, time, date, CRC, sizes, length of the name, and no extra field.
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(content), 10);
    common.writeUInt32LE(content.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(name.length, 22);
    const body = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), content]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(offset, 10);
    headers.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, more, Buffer.from(name)]));
    bodies.push(body);
    offset += body.length;
  }
  const directory = Buffer.concat(headers);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(headers.length, 4);
  end.writeUInt16LE(headers.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...bodies, directory, Buffer.from("PK\x05\x06"), end]);
}
