import { hcl } from "../../../modules/hcl/expression";
import { script } from "../../../modules/hcl/script";

describe("script", () => {
  it("leaves the shell's own interpolations to the shell", () => {
    expect(script`echo \${HOME} %{http_code} $HOME`.text).toBe('"echo $${HOME} %%{http_code} $HOME"');
  });

  it("leaves interpolated expressions to Terraform", () => {
    expect(script`join ${hcl`aws_eks_cluster.x.name`} ${hcl`a ? b : c`}!`.text).toBe(
      '"join ${aws_eks_cluster.x.name} ${(a ? b : c)}!"',
    );
  });

  it("takes a string for more text", () => {
    expect(script`--${'"${x}"'}\n`.text).toBe('"--\\"$${x}\\"\\n"');
  });
});
