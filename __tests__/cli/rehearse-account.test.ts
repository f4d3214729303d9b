import { accountFor } from "../../cli/rehearse/account";
import { UserError } from "../../contract/user-error";

/** What nobody has to say, as the variables' defaults. */
const DEFAULTS = {
  aws_region: "ap-northeast-2",
  aws_krug_admin_role: "aws-krug-admin",
  kubectl_ec2_keypair: "aws-krug-gudi",
  kubectl_image_id: "ami-1",
  eks_version: "1.34",
  eks_worker_node_ami_id: "ami-2",
  eks_worker_node_ami_family: "al2",
  access_entries: {},
  node_groups: {},
};

const given = (values: object) =>
  new Map(Object.entries({ ...DEFAULTS, ...values }).map(([name, value]) => [name, { value, from: "my.tfvars" }]));

describe("the account of a rehearsal", () => {
  it("has whom access entries name, since EKS refuses others", () => {
    const access_entries = {
      platform: { principal_arn: "arn:aws:iam::123456789012:role/platform", policies: [] },
      kim: { principal_arn: "arn:aws:iam::123456789012:user/kim" },
    };

    expect(accountFor(given({ access_entries })).seed.principals).toEqual([
      "arn:aws:iam::123456789012:role/platform",
      "arn:aws:iam::123456789012:user/kim",
    ]);
  });

  it("is not made of an entry that names nobody", () => {
    const make = () => accountFor(given({ access_entries: { platform: {} } }));

    expect(make).toThrow(UserError);
    expect(make).toThrow(/^my\.tfvars: access_entries\.platform\.principal_arn cannot be rehearsed: /);
  });
});
