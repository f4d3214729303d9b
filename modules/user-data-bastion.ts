/** A host key for cloud-init to plant. Values may be known only to Terraform. */
export interface PlantedHostKey {
  /** The private half in OpenSSH's form, as a JSON text: in quotes, on one line. */
  readonly privateKeyJson: string;
  /** `ssh-ed25519 BASE64` */
  readonly publicKey: string;
}

/**
 * User data of a bastion that gets its host key from outside. cloud-init deletes the image's own keys and makes no
 * others where some are given, so that this is the only one; it does so before sshd starts.
 *
 * @see https://cloudinit.readthedocs.io/en/latest/reference/modules.html#ssh
 */
export function bastionUserData({ privateKeyJson, publicKey }: PlantedHostKey): string {
  return `#cloud-config
ssh_deletekeys: true
ssh_keys:
  ed25519_private: ${privateKeyJson}
  ed25519_public: ${publicKey}
`;
}
