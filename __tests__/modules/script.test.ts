import { script } from "../../modules/terraform/script";

describe("script", () => {
  it("leaves the shell's own interpolations to the shell", () => {
    expect(script`echo \${HOME} %{http_code} $HOME`).toBe("echo $${HOME} %%{http_code} $HOME");
  });

  it("leaves interpolated values to Terraform", () => {
    expect(script`join ${"${aws_eks_cluster.x.name}"}!`).toBe("join ${aws_eks_cluster.x.name}!");
  });
});
