import { billedByTheHour } from "../../cli/billed";
import { stackInputs } from "../../cli/stack-inputs";

const group = (row: Record<string, unknown>) => ({ node_groups: { web: { ami_id: "ami-1", ...row } } });

it.each<[string, Record<string, unknown>, string]>([
  ["the workshop", {}, "1 EKS control plane, 1 NAT gateway, 3 instances with their volumes, 2 public addresses"],
  [
    "a NAT gateway in each zone, and endpoints",
    { nat_gateway: "per_zone", vpc_endpoints: ["s3", "ecr.api", "sts"] },
    "1 EKS control plane, 3 NAT gateways, 2 VPC endpoints in each zone, 3 instances with their volumes, 4 public addresses",
  ],
  [
    "no way out and no node",
    { nat_gateway: "none", vpc_endpoints: ["s3"], eks_worker_nodes_asg_group: { min: 0, max: 2, desire: 0 } },
    "1 EKS control plane, 1 instance with its volume, 1 public address",
  ],
  [
    "a group in each zone, in a network that exists",
    { ...group({ desired_size: 2, max_size: 2, zones: ["a", "b"], spread: "group_per_zone" }), vpc_id: "vpc-1" },
    "1 EKS control plane, 5 instances with their volumes, 1 public address",
  ],
])("what is billed by the hour of %s", (_, tfvars, text) => {
  expect(billedByTheHour(stackInputs(tfvars))).toBe(text);
});
