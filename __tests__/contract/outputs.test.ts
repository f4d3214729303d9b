import { UserError } from "../../contract/user-error";
import { readHandover } from "../../contract/outputs";
import type { Handover } from "../../contract/handover";
import { HANDOVER, terraformOutput } from "../support/handover";

function without(...fields: readonly (keyof Handover)[]): object {
  return Object.fromEntries(Object.entries(HANDOVER).filter(([name]) => !(fields as readonly string[]).includes(name)));
}

describe("the handover", () => {
  it("is read from terraform output -json", () => {
    expect(readHandover(terraformOutput(HANDOVER), "outputs.json")).toEqual(HANDOVER);
  });

  it.each([
    ["", { vpc: "vpc-1" }],
    [", one of which is called as Terraform calls what it puts each in", { value: "vpc-1" }],
    [", in whatever form they are", "vpc-1"],
  ])("is read from cdktf's outputs file, beside another stack's outputs%s", (_, network) => {
    expect(readHandover(JSON.stringify({ network, eks: HANDOVER }), "outputs.json")).toEqual(HANDOVER);
  });

  it("has the keys that a stack has made", () => {
    const keys = {
      bastion_host_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==",
      ssh_private_key: "-----BEGIN OPENSSH PRIVATE KEY-----\nQUJD\n-----END OPENSSH PRIVATE KEY-----\n",
    };

    expect(readHandover(terraformOutput({ ...HANDOVER, ...keys }), "outputs.json")).toEqual({ ...HANDOVER, ...keys });
  });

  it("has the roles of groups that have their own", () => {
    const roles = { node_role_arns: [HANDOVER.node_role_arn, `${HANDOVER.node_role_arn}-gpu`] };

    expect(readHandover(terraformOutput({ ...HANDOVER, ...roles }), "outputs.json")).toEqual({ ...HANDOVER, ...roles });
    expect(() => readHandover(terraformOutput({ ...HANDOVER, node_role_arns: ["gpu"] }), "outputs.json")).toThrow(
      "outputs.json is no handover of the stack: node_role_arns.0: Invalid string",
    );
  });

  it.each(["arn:aws:iam::111122223333:root", "arn:aws-cn:sts::111122223333:federated-user/kim"])(
    "has whoever is called by %s among the users",
    (userarn) => {
      const users = { aws_auth_users: [{ userarn, username: "kim", groups: ["view"] }] };

      expect(readHandover(terraformOutput({ ...HANDOVER, ...users }), "outputs.json")).toEqual({
        ...HANDOVER,
        ...users,
      });
    },
  );

  it("shows nothing of a private key that is none", () => {
    const read = () => readHandover(terraformOutput({ ...HANDOVER, ssh_private_key: "hidden" }), "outputs.json");

    expect(read).toThrow(/outputs.json is no handover of the stack: ssh_private_key: Invalid/);
    expect(read).not.toThrow(/hidden/);
  });

  it("leaves out what a later version of the stack may add", () => {
    expect(readHandover(terraformOutput({ ...HANDOVER, more: "x" }), "outputs.json")).toEqual(HANDOVER);
  });

  it("says all that is wrong, and names no other outputs where there are none", () => {
    const twice = terraformOutput({ ...HANDOVER, cluster_endpoint: "http://plain", kubernetes_version: 1.3 });

    expect(() => readHandover(twice, "outputs.json")).toThrow(
      "cluster_endpoint: Invalid URL; kubernetes_version: Invalid input: expected string",
    );
    expect(() => readHandover("{}", "outputs.json")).toThrow(
      new Error("outputs.json has none of the stack's outputs: has the stack been applied, and is it this one?"),
    );
  });

  it("maps nobody but the nodes when the stack was applied before it could say whom else", () => {
    const older = without("aws_auth_roles", "aws_auth_users");

    expect(readHandover(terraformOutput(older), "outputs.json")).toEqual({
      ...HANDOVER,
      aws_auth_roles: [],
      aws_auth_users: [],
    });
  });

  it.each([
    ["nothing", "", "outputs.json is not JSON: it is empty"],
    ["half an object", "{", "outputs.json is not JSON: Expected property name or '}' in JSON"],
    ["a list", "[]", "outputs.json must hold an object with the stack's outputs"],
    [
      "no outputs",
      "{}",
      "outputs.json has none of the stack's outputs: has the stack been applied, and is it this one?",
    ],
    [
      "another stack's outputs alone",
      '{"network":{"vpc":"vpc-1"},"dns":{}}',
      "none of the stack's outputs: has the stack been applied, and is it this one? (it has network, dns)",
    ],
    [
      "a field missing",
      terraformOutput(without("region")),
      "outputs.json has not all outputs of the stack, region is missing: most often an apply has ended half-way, and " +
        "`eks up` goes on where it ended (it has cluster_name, cluster_endpoint,",
    ],
    [
      "two fields missing",
      terraformOutput(without("region", "bastion_address")),
      "has not all outputs of the stack, region, bastion_address are missing: most often",
    ],
    [
      "an instance profile for the nodes' role",
      terraformOutput({ ...HANDOVER, node_role_arn: "arn:aws:iam::123456789012:instance-profile/nodes" }),
      "outputs.json is no handover of the stack: node_role_arn: Invalid string: must match pattern",
    ],
    [
      "an endpoint without TLS",
      terraformOutput({ ...HANDOVER, cluster_endpoint: "http://plain" }),
      "cluster_endpoint: Invalid URL",
    ],
    [
      "a version that is a number",
      terraformOutput({ ...HANDOVER, kubernetes_version: 1.3 }),
      "kubernetes_version: Invalid input: expected string",
    ],
    [
      "half a node",
      terraformOutput({ ...HANDOVER, node_groups: { workers: { min: 2, max: 2, desired: 1.5 } } }),
      "node_groups.workers.desired: Invalid input: expected int",
    ],
    [
      "a role mapped by its session's ARN",
      terraformOutput({
        ...HANDOVER,
        aws_auth_roles: [{ rolearn: "arn:aws:sts::123456789012:assumed-role/a/b", username: "a", groups: [] }],
      }),
      "aws_auth_roles.0.rolearn: Invalid string: must match pattern",
    ],
    ...["kim", "arn:aws:iam::111122223333:group/kim"].map((userarn): [string, string, string] => [
      `a user called by ${userarn}`,
      terraformOutput({ ...HANDOVER, aws_auth_users: [{ userarn, username: "kim", groups: [] }] }),
      "aws_auth_users.0.userarn: Invalid string: must match pattern",
    ]),
    [
      "a user in a group without a name",
      terraformOutput({ ...HANDOVER, aws_auth_users: [{ ...HANDOVER.aws_auth_users[0], groups: [""] }] }),
      "aws_auth_users.0.groups.0: Too small",
    ],
    [
      "two clusters",
      JSON.stringify({ a: HANDOVER, b: HANDOVER }),
      "outputs.json holds the outputs of several clusters (a, b); give one file for each",
    ],
  ])("fails for %s", (_, json, message) => {
    const read = () => readHandover(json, "outputs.json");

    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
  });
});
