import { BootstrapError } from "../../bootstrap/errors";
import { readHandover } from "../../bootstrap/inventory";
import type { Handover } from "../../modules/contract";

const HANDOVER: Handover = {
  region: "ap-northeast-2",
  cluster_name: "awskrug_gudi_eks",
  cluster_endpoint: "https://ABCDEF.gr7.ap-northeast-2.eks.amazonaws.com",
  certificate_authority_data: "Q0VSVElGSUNBVEU=",
  kubernetes_version: "1.14",
  authentication_mode: "CONFIG_MAP",
  bastion_instance_id: "i-0123456789abcdef0",
  bastion_address: "203.0.113.9",
  bastion_user: "ubuntu",
  node_role_arn: "arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role",
  node_groups: { "awskrug_gudi_eks-worker": { min: 2, max: 2, desired: 2 } },
};

/** As `terraform output -json` prints it. */
function terraformOutput(values: object): string {
  const outputs = Object.entries(values).map(([name, value]) => [
    name,
    { sensitive: false, type: "string", value: value as unknown },
  ]);
  return JSON.stringify(Object.fromEntries(outputs));
}

const withoutRegion = Object.fromEntries(Object.entries(HANDOVER).filter(([name]) => name !== "region"));

describe("the handover", () => {
  it("is read from terraform output -json", () => {
    expect(readHandover(terraformOutput(HANDOVER), "outputs.json")).toEqual(HANDOVER);
  });

  it("is read from cdktf's outputs file, beside another stack's outputs", () => {
    expect(readHandover(JSON.stringify({ network: { vpc: "vpc-1" }, eks: HANDOVER }), "outputs.json")).toEqual(
      HANDOVER,
    );
  });

  it("leaves out what a later version of the stack may add", () => {
    expect(readHandover(terraformOutput({ ...HANDOVER, more: "x" }), "outputs.json")).toEqual(HANDOVER);
  });

  it.each([
    ["nothing", "", "outputs.json is not JSON: it is empty"],
    ["half an object", "{", "outputs.json is not JSON: Expected property name or '}' in JSON"],
    ["a list", "[]", "outputs.json must hold an object with the stack's outputs"],
    ["no outputs", "{}", "outputs.json is no handover of the stack: region is missing; cluster_name is missing"],
    [
      "a field missing",
      terraformOutput(withoutRegion),
      "outputs.json is no handover of the stack: region is missing; it has cluster_name, cluster_endpoint,",
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
      "two clusters",
      JSON.stringify({ a: HANDOVER, b: HANDOVER }),
      "outputs.json holds the outputs of several clusters (a, b); give one file for each",
    ],
  ])("fails for %s", (_, json, message) => {
    const read = () => readHandover(json, "outputs.json");

    expect(read).toThrow(BootstrapError);
    expect(read).toThrow(message);
  });
});
