import { createPrivateKey, randomBytes, type KeyObject } from "node:crypto";

/**
 * A private key in a form that ssh2 and every OpenSSH read. Only keys in PKCS#8 are written anew, which is what
 * `openssl genpkey` and Terraform's `private_key_pem` write: ssh2 reads none of them, OpenSSH before 9.6 no Ed25519.
 * Any other text, also one that is no key or an encrypted one, is given back.
 *
 * @see https://www.openssh.com/txt/release-9.6
 */
export function inSshForm(text: string): string {
  if (!text.includes("-----BEGIN PRIVATE KEY-----")) return text;
  let key: KeyObject;
  try {
    key = createPrivateKey(text);
  } catch {
    return text;
  }
  const { asymmetricKeyType: type } = key;
  if (type === "rsa") return key.export({ type: "pkcs1", format: "pem" }).toString();
  if (type === "ec") return key.export({ type: "sec1", format: "pem" }).toString();
  return type === "ed25519" ? ed25519(key) : text;
}

/** @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key */
function ed25519(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const [seed, point] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  const type = Buffer.from("ssh-ed25519");
  // Twice the same number, by which a reader tells that it has decrypted well; a comment; then 1, 2, 3 to whole blocks.
  const check = randomBytes(4);
  const secret = [check, check, field(type), field(point), field(Buffer.concat([seed, point])), field(Buffer.alloc(0))];
  const size = Buffer.concat(secret).length;
  const padding = Buffer.from(Array.from({ length: (8 - (size % 8)) % 8 }, (_, at) => at + 1));
  const none = field(Buffer.from("none"));
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[none, none, field(Buffer.alloc(0)), number(1)],
    field(Buffer.concat([field(type), field(point)])),
    field(Buffer.concat([...secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}

function number(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function field(bytes: Buffer): Buffer {
  return Buffer.concat([number(bytes.length), bytes]);
}
