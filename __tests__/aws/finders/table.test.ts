import { FINDERS, NOT_LOOKED_FOR } from "../../../aws/finders/table";
import { synthesized, synthesizedKubernetes } from "../../support/synthesized";

/** Those that Kubernetes or EKS makes, and no stack. */
const MADE_BESIDE = [
  "aws_ebs_snapshot",
  "aws_ebs_volume",
  "aws_elb",
  "aws_lb",
  "aws_lb_target_group",
  "aws_network_interface",
];

describe("the table of what destroy looks for", () => {
  const stacks = [synthesized(), synthesized(() => undefined, { sshIdentity: "generated" }), synthesizedKubernetes()];
  const types = [...new Set(stacks.flatMap(({ resource }) => Object.keys(resource)))];

  it("has a finder or a reason for every type that the stacks have", () => {
    const unheardOf = types.filter((type) => !Object.hasOwn(FINDERS, type) && !Object.hasOwn(NOT_LOOKED_FOR, type));

    expect(unheardOf).toEqual([]);
  });

  it("has nothing else but what Kubernetes and EKS make, and nothing twice", () => {
    const known = [...Object.keys(FINDERS), ...Object.keys(NOT_LOOKED_FOR)];

    expect(known.filter((type) => !types.includes(type))).toEqual(MADE_BESIDE);
    expect(known.filter((type, at) => known.indexOf(type) !== at)).toEqual([]);
  });
});
