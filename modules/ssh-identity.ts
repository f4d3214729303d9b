import { KeyPair } from "@cdktf/provider-aws/lib/key-pair";
import { PrivateKey } from "@cdktf/provider-tls/lib/private-key";
import { TlsProvider } from "@cdktf/provider-tls/lib/provider";
import { Fn } from "cdktf";
import { Construct } from "constructs";

/**
 * Keys that Terraform makes: one to log in with, as an EC2 key pair, and one by which the bastion is known before the
 * first connection. The private halves stand in the state, where Terraform marks them as sensitive and no more: who
 * reads the state gets in.
 */
export class SshIdentity extends Construct {
  /** Of the EC2 key pair. */
  readonly keyName: string;
  /** Private half of the key to log in with, in OpenSSH's form. */
  readonly userPrivateKey: string;
  /** Private half of the bastion's host key, in OpenSSH's form. */
  readonly hostPrivateKey: string;
  /** `ssh-ed25519 BASE64` */
  readonly hostPublicKey: string;

  constructor(scope: Construct, id: string, keyPairName: string) {
    super(scope, id);
    new TlsProvider(this, "tls");
    // Short, and known to every sshd and ssh2 there is.
    const key = (name: string) => new PrivateKey(this, name, { algorithm: "ED25519" });
    const [user, host] = [key("user"), key("host")];
    const keyPair = new KeyPair(this, "key-pair", {
      keyName: keyPairName,
      publicKey: Fn.trimspace(user.publicKeyOpenssh),
    });
    this.keyName = keyPair.keyName;
    this.userPrivateKey = user.privateKeyOpenssh;
    this.hostPrivateKey = host.privateKeyOpenssh;
    this.hostPublicKey = Fn.trimspace(host.publicKeyOpenssh);
  }
}
