import { accountFor } from "../../cli/rehearse/account";
import { inputValues } from "../../contract/inputs/inputs";

describe("the account of a rehearsal", () => {
  it("has whom access entries name, since EKS refuses others", () => {
    const access_entries = {
      platform: { principal_arn: "arn:aws:iam::123456789012:role/platform", policies: [] },
      kim: { principal_arn: "arn:aws:iam::123456789012:user/kim" },
    };

    expect(accountFor(inputValues({ access_entries })).principals).toEqual([
      "arn:aws:iam::123456789012:role/platform",
      "arn:aws:iam::123456789012:user/kim",
    ]);
  });

  it("has every image that is named once, with the name of its family and its version", () => {
    const node_groups = {
      web: { ami_id: "ami-2", ami_family: "bottlerocket", architecture: "arm64", kubernetes_version: "1.33" },
      batch: { ami_id: "ami-2" },
    };

    const { images } = accountFor(
      inputValues({ kubectl_image_id: "ami-0", eks_worker_node_ami_id: "ami-1", eks_version: "1.34", node_groups }),
    );

    expect(images.slice(1).map(({ id, name }) => [id, name])).toEqual([
      ["ami-0", undefined],
      ["ami-1", "amazon-eks-node-1.34-v20250807"],
      ["ami-2", "bottlerocket-aws-k8s-1.33-aarch64-v1.44.0-6dd2d5ad"],
    ]);
  });
});
