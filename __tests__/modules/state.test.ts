import { UserError } from "../../contract/user-error";
import { keepState, type StateEnvironment } from "../../modules/state";
import { synthesized } from "../support/synthesized";

function backend(environment: StateEnvironment): Record<string, unknown> {
  return synthesized((stack) => {
    keepState(stack, environment);
  }).terraform;
}

describe("the state", () => {
  it("is a file in the project's folder, by a path that is the same on every machine", () => {
    expect(backend({})).toMatchObject({
      backend: { local: { path: "../../../terraform.eks.tfstate", workspace_dir: "../../../terraform.tfstate.d" } },
    });
  });

  it("is a file as well when the variables are set to nothing", () => {
    expect(backend({ TF_CLOUD_ORGANIZATION: "", EKS_STATE_BUCKET: "" })).toHaveProperty("backend.local");
  });

  it("is in Terraform Cloud when an organization and a workspace are given", () => {
    const terraform = backend({ TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: "eks" });

    expect(terraform).toMatchObject({
      cloud: { hostname: "app.terraform.io", organization: "acme", workspaces: { name: "eks" } },
    });
    expect(terraform).not.toHaveProperty("backend");
  });

  it("is in Terraform Enterprise when its host is given", () => {
    const terraform = backend({
      TF_CLOUD_ORGANIZATION: "acme",
      TF_WORKSPACE: "eks",
      TF_CLOUD_HOSTNAME: "tfe.example.org",
    });

    expect(terraform).toMatchObject({ cloud: { hostname: "tfe.example.org" } });
  });

  it("is in S3 with a lock file when a bucket is given", () => {
    expect(backend({ EKS_STATE_BUCKET: "states" })).toMatchObject({
      backend: { s3: { bucket: "states", key: "terraform.eks.tfstate", encrypt: true, use_lockfile: true } },
      required_version: ">= 1.10.0",
    });
  });

  it("has a key of its own in a bucket that several share", () => {
    expect(backend({ EKS_STATE_BUCKET: "states", EKS_STATE_KEY: "kim/eks.tfstate" })).toMatchObject({
      backend: { s3: { key: "kim/eks.tfstate" } },
    });
  });

  it.each([
    [
      { TF_CLOUD_ORGANIZATION: "acme" },
      "TF_CLOUD_ORGANIZATION=acme needs TF_WORKSPACE, the name of the workspace in that organization",
    ],
    [
      { TF_CLOUD_ORGANIZATION: "acme", TF_WORKSPACE: "eks", EKS_STATE_BUCKET: "states" },
      "the state can be kept in one place only, got TF_CLOUD_ORGANIZATION=acme and EKS_STATE_BUCKET=states; unset one of them",
    ],
    [
      { EKS_STATE_KEY: "kim/eks.tfstate" },
      "EKS_STATE_KEY=kim/eks.tfstate needs EKS_STATE_BUCKET, the name of the bucket with that key",
    ],
  ])("fails for %j", (environment, message) => {
    expect(() => backend(environment)).toThrow(new UserError(message, { exitCode: 64 }));
  });
});
