import { addresses, synthesized } from "../support/synthesized";

const given = synthesized();
const generated = synthesized(undefined, { sshIdentity: "generated" });

/** The provider cannot be installed everywhere: what is said here is checked by synth and by the bindings' types. */
describe("a generated SSH identity, by synth alone", () => {
  it("is two ED25519 keys and a key pair, and nothing else changes its address", () => {
    const more = addresses(generated).filter((address) => !addresses(given).includes(address));

    expect(more).toEqual([
      "aws_key_pair.ssh_identity_key_pair",
      "tls_private_key.ssh_identity_host",
      "tls_private_key.ssh_identity_user",
    ]);
    expect(addresses(generated)).toEqual([...addresses(given), ...more].sort());
    for (const key of Object.values(generated.resource["tls_private_key"] ?? {}))
      expect(key).toMatchObject({ algorithm: "ED25519" });
  });

  it("is what bastion and nodes are made with", () => {
    const keyName = "${aws_key_pair.ssh_identity_key_pair.key_name}";

    expect(generated.resource["aws_key_pair"]?.["ssh_identity_key_pair"]).toMatchObject({
      key_name: "${var.project_name}-ssh",
      public_key: "${trimspace(tls_private_key.ssh_identity_user.public_key_openssh)}",
    });
    expect(generated.resource["aws_instance"]?.["bastion_instance"]).toMatchObject({ key_name: keyName });
    expect(generated.resource["aws_launch_configuration"]?.["node_group_launch_configuration"]).toMatchObject({
      key_name: keyName,
    });
  });

  it("is planted by user data that replaces the bastion when it changes", () => {
    const { user_data, user_data_replace_on_change } = generated.resource["aws_instance"]?.["bastion_instance"] ?? {};

    expect(user_data).toBe(
      "#cloud-config\nssh_deletekeys: true\nssh_keys:\n" +
        "  ed25519_private: ${jsonencode(tls_private_key.ssh_identity_host.private_key_openssh)}\n" +
        "  ed25519_public: ${trimspace(tls_private_key.ssh_identity_host.public_key_openssh)}\n",
    );
    expect(user_data_replace_on_change).toBe(true);
  });

  it("is handed over, the private key as a sensitive output and nowhere else", () => {
    expect(generated.output["bastion_host_key"]).toMatchObject({
      value: "${trimspace(tls_private_key.ssh_identity_host.public_key_openssh)}",
    });
    expect(generated.output["ssh_private_key"]).toMatchObject({
      value: "${tls_private_key.ssh_identity_user.private_key_openssh}",
      sensitive: true,
    });
    const users = JSON.stringify(generated).match(/tls_private_key\.ssh_identity_user\.private_key/g);
    expect(users).toHaveLength(1);
    expect(JSON.stringify(generated.resource["terraform_data"])).not.toContain("tls_private_key");
  });

  it("is nothing that the default stack knows of", () => {
    expect(JSON.stringify(given)).not.toMatch(/tls|bastion_host_key|ssh_private_key|user_data_replace/);
    expect(generated.terraform).toMatchObject({
      required_providers: { tls: { source: "hashicorp/tls", version: ">= 4.0.0, < 4.3.0" } },
    });
  });
});
