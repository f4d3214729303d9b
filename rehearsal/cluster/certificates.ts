import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

/** What a TLS server on this machine needs, each in PEM. */
export interface ServerCertificate {
  /** The certificate of the authority that signed: what a client has to trust. Its key is gone. */
  readonly authority: string;
  /** Valid for 127.0.0.1 and localhost. */
  readonly certificate: string;
  readonly key: string;
}

/** The authority has the name that a cluster's has. A file of our own: the machine's openssl.cnf may say anything. */
const CONFIGURATION = `
[req]
prompt = no
distinguished_name = authority_name
[authority_name]
CN = kubernetes
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = IP:127.0.0.1, DNS:localhost
`;
const DAYS = ["-days", "30"];
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/**
 * Makes an authority and a server certificate, with P-256 keys, by the program `openssl`: Node has nothing that makes
 * certificates. Nothing of them stays on the disk.
 *
 * @param folder where there may be a folder of this user's alone while they are made
 * @throws when `openssl` is not on PATH, or fails
 * @see https://docs.openssl.org/3.0/man1/openssl-req/
 */
export async function makeServerCertificate(folder: string): Promise<ServerCertificate> {
  const own = mkdtempSync(join(folder, "certificates-"));
  try {
    writeFileSync(join(own, "cnf"), CONFIGURATION);
    const authority = ["-x509", "-extensions", "authority", ...DAYS, "-keyout", "ca.key", "-out", "ca.crt"];
    await openssl(own, "req", "-config", "cnf", ...NEW_KEY, ...authority);
    const asked = ["-subj", "/CN=kube-apiserver", "-keyout", "server.key", "-out", "server.csr"];
    await openssl(own, "req", "-config", "cnf", "-new", ...NEW_KEY, ...asked);
    const signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"];
    const signed = ["-extfile", "cnf", "-extensions", "server", ...DAYS, "-in", "server.csr", "-out", "server.crt"];
    await openssl(own, "x509", "-req", ...signer, ...signed);
    const read = (name: string) => readFileSync(join(own, name), "utf8");
    return { authority: read("ca.crt"), certificate: read("server.crt"), key: read("server.key") };
  } finally {
    rmSync(own, { recursive: true });
  }
}

async function openssl(folder: string, ...args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)("openssl", args, { cwd: folder });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") {
      throw new Error("openssl is not on PATH; it makes the certificates of the stand-in Kubernetes API", { cause });
    }
    throw cause;
  }
}
