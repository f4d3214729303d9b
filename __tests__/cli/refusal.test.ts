import { allowOption, becomes, refusalText, type Refusal } from "../../cli/plan/refusal";

describe("a refusal", () => {
  it.each([
    ["destroy", "destroyed"],
    ["update", "changed"],
    ["replace", "replaced"],
  ] as const)("says what becomes of something by %s: %s", (kind, what) => {
    expect(becomes({ kind })).toBe(what);
  });

  it("can be allowed by an option that a shell takes as it is", () => {
    expect(allowOption("aws_eip.a")).toBe("--allow-replace aws_eip.a");
    expect(allowOption('aws_eip.a["b"]')).toBe(`--allow-replace 'aws_eip.a["b"]'`);
  });

  const cluster: Refusal = { address: "aws_eks_cluster.c", noun: "the cluster", what: "replaced", because: "its name" };

  it.each<[string, Partial<Refusal>, string]>([
    ["alone", {}, "; if you mean it, add --allow-replace aws_eks_cluster.c"],
    ["with what is lost", { lost: "it" }, "; lost by it: it; if you mean it, add --allow-replace aws_eks_cluster.c"],
    ["with what to do instead", { instead: "do" }, "; do; if you mean it, add --allow-replace aws_eks_cluster.c"],
    ["that nobody can allow", { isFinal: true }, ""],
  ])("is one paragraph: %s", (_, more, text) => {
    expect(refusalText({ ...cluster, ...more })).toBe(
      `aws_eks_cluster.c: the cluster would be replaced: its name${text}`,
    );
  });
});
