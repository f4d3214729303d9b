import { FAMILIES, imageIdParameter, isFamily, NODE_IMAGES, nodeImage } from "../../facts/images";

/** Their writers are AWS (awslabs/amazon-eks-ami) and Bottlerocket's makers. */
describe("the name of an EKS image", () => {
  it.each([
    ["amazon-eks-node-1.14-v20190927", "al2", "1.14", "x86_64", "standard"],
    ["amazon-eks-node-1.32-v20251209", "al2", "1.32", "x86_64", "standard"],
    ["amazon-eks-arm64-node-1.31-v20251209", "al2", "1.31", "arm64", "standard"],
    ["amazon-eks-gpu-node-1.31-v20251209", "al2", "1.31", "x86_64", "gpu"],
    ["amazon-eks-node-al2023-x86_64-standard-1.34-v20260714", "al2023", "1.34", "x86_64", "standard"],
    ["amazon-eks-node-al2023-arm64-standard-1.36-v20260714", "al2023", "1.36", "arm64", "standard"],
    ["amazon-eks-node-al2023-x86_64-nvidia-1.36-v20260714", "al2023", "1.36", "x86_64", "nvidia"],
    ["amazon-eks-node-al2023-arm64-nvidia-560-1.35-v20260714", "al2023", "1.35", "arm64", "nvidia"],
    ["bottlerocket-aws-k8s-1.35-x86_64-v1.40.0-abcdef", "bottlerocket", "1.35", "x86_64", "standard"],
    ["bottlerocket-aws-k8s-1.36-aarch64-v1.50.0-0123abcd", "bottlerocket", "1.36", "arm64", "standard"],
    ["bottlerocket-aws-k8s-1.36-nvidia-x86_64-v1.50.0-0123abcd", "bottlerocket", "1.36", "x86_64", "nvidia"],
    ["bottlerocket-aws-k8s-1.33-nvidia-aarch64-v1.44.0-abcdef12", "bottlerocket", "1.33", "arm64", "nvidia"],
  ])("says what it is: %s", (name, family, version, architecture, variant) => {
    expect(nodeImage(name)).toEqual({ family, version, architecture, variant });
  });

  it.each([
    "amzn2-ami-hvm-2.0.20260101-x86_64-gp2",
    "bottlerocket-aws-ecs-2-x86_64-v1.50.0-abcdef12",
    "copy of amazon-eks-node-1.32-v20251209",
    "my-own-image",
    "ubuntu-eks/k8s_1.32/images",
  ])("is not: %s", (name) => {
    expect(nodeImage(name)).toBeUndefined();
  });

  it.each(FAMILIES)("begins as EKS begins it: %s", (family) => {
    for (const architecture of ["x86_64", "arm64"] as const) {
      const kind = { family, version: "1.31", architecture };

      expect(nodeImage(`${NODE_IMAGES[family].name(kind)}20251209`)).toEqual({ ...kind, variant: "standard" });
    }
  });

  it.each([
    ["amazon-eks-node-1.32-v20251209", "eks/optimized-ami/1.32/amazon-linux-2/recommended"],
    ["amazon-eks-arm64-node-1.32-v20251209", "eks/optimized-ami/1.32/amazon-linux-2-arm64/recommended"],
    ["amazon-eks-gpu-node-1.32-v20251209", "eks/optimized-ami/1.32/amazon-linux-2-gpu/recommended"],
    [
      "amazon-eks-node-al2023-x86_64-standard-1.32-v20260714",
      "eks/optimized-ami/1.32/amazon-linux-2023/x86_64/standard/recommended",
    ],
    [
      "amazon-eks-node-al2023-arm64-nvidia-560-1.32-v20260714",
      "eks/optimized-ami/1.32/amazon-linux-2023/arm64/nvidia/recommended",
    ],
    ["bottlerocket-aws-k8s-1.32-x86_64-v1.40.0-abcdef", "bottlerocket/aws-k8s-1.32/x86_64/latest"],
    ["bottlerocket-aws-k8s-1.32-nvidia-x86_64-v1.40.0-abcdef", "bottlerocket/aws-k8s-1.32-nvidia/x86_64/latest"],
  ])("leads to the parameter of its kind: %s", (name, parameter) => {
    const kind = nodeImage(name);

    expect(kind && imageIdParameter(kind)).toBe(`/aws/service/${parameter}/image_id`);
  });

  it.each([
    ["al2", "eks/optimized-ami/1.32/amazon-linux-2/recommended", "amazon-eks-node-1.32-v"],
    [
      "al2023",
      "eks/optimized-ami/1.32/amazon-linux-2023/x86_64/standard/recommended",
      "amazon-eks-node-al2023-x86_64-standard-1.32-v",
    ],
    ["bottlerocket", "bottlerocket/aws-k8s-1.32/x86_64/latest", "bottlerocket-aws-k8s-1.32-x86_64-v"],
  ] as const)("is the standard one's where nothing else is said: %s", (family, parameter, name) => {
    const kind = { family, version: "1.32", architecture: "x86_64" } as const;

    expect(imageIdParameter(kind)).toBe(`/aws/service/${parameter}/image_id`);
    expect(NODE_IMAGES[family].name(kind)).toBe(name);
  });

  it("calls the processor of Bottlerocket as the kernel does", () => {
    expect(NODE_IMAGES.bottlerocket.name({ family: "bottlerocket", version: "1.32", architecture: "arm64" })).toBe(
      "bottlerocket-aws-k8s-1.32-aarch64-v",
    );
  });
});

it.each([
  ["al2", true],
  ["al2023", true],
  ["al2022", false],
  [undefined, false],
])("%j is a family of images: %s", (word, is) => {
  expect(isFamily(word)).toBe(is);
});
