import { describeEndToEnd, Project } from "../support/end-to-end";
import { synthesizeInto } from "../support/synthesize";

/** Real Terraform; no backend is asked anything. */
describeEndToEnd("a stack that keeps its state", () => {
  it.each([
    ["in Terraform Cloud", { TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: "eks" }],
    [
      "in Terraform Enterprise",
      { TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: "eks", TF_CLOUD_HOSTNAME: "tfe.acme.test" },
    ],
    ["in S3", { EKS_STATE_BUCKET: "states" }],
  ])("%s is valid to Terraform", async (_, keep) => {
    const project = new Project({ environment: {} });

    const synthesized = await synthesizeInto(project.folder, { ...project.environment, ...keep });
    const initialized = await project.terraform("init", "-backend=false", "-input=false", "-no-color");
    const validated = await project.terraform("validate", "-no-color");

    expect(synthesized).toMatchObject({ code: 0, output: "" });
    expect(initialized.code).toBe(0);
    expect(validated.output).toContain("Success! The configuration is valid.");
    project.remove();
  });
});
