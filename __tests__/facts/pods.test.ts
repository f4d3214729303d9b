import { addressesPerNode, podsLeft, podsPerNode } from "../../facts/pods";

// https://github.com/awslabs/amazon-eks-ami has a list of them, eni-max-pods.txt; the addresses of the two large ones are
// in https://awslabs.github.io/ai-on-eks/docs/bestpractices/networking.
describe("nodes of a type", () => {
  it.each([
    ["one with a single interface", 1, 2, 3, { idle: 2, full: 2 }],
    ["t3.micro", 2, 2, 4, { idle: 4, full: 4 }],
    ["t3.small", 3, 4, 11, { idle: 8, full: 12 }],
    ["t3.medium", 3, 6, 17, { idle: 12, full: 18 }],
    ["m5.large", 3, 10, 29, { idle: 20, full: 30 }],
    ["m5.8xlarge", 8, 30, 234, { idle: 60, full: 240 }],
    ["m5.16xlarge", 15, 50, 737, { idle: 100, full: 750 }],
  ])(
    "hold as many pods as AWS' own list says, and take whole interfaces with one to spare: %s",
    (_, interfaces, addressesPerInterface, pods, addresses) => {
      expect(podsPerNode({ interfaces, addressesPerInterface })).toBe(pods);
      expect(addressesPerNode({ interfaces, addressesPerInterface })).toEqual(addresses);
    },
  );

  it.each([
    ["two of four pods", 2, 4, 2],
    ["two of eleven", 2, 11, 16],
    ["one, on which not even the system's fit", 1, 3, -1],
    ["none", 0, 17, -2],
  ])("leave room beside the system's own pods: %s", (_, nodes, perNode, left) => {
    expect(podsLeft(nodes, perNode)).toBe(left);
  });
});
