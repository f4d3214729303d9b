import { ADD_ON_WORKLOADS } from "../../facts/add-on-workloads";
import { ADD_ONS } from "../../rehearsal/account/eks/add-on-table";
import { meant, synthesized } from "../support/synthesized";

const stack = synthesized();
const addOn = (when: "before" | "after") => stack.resource["aws_eks_addon"]?.[`add_ons_${when}_nodes`] ?? {};
const rows = (when: "before" | "after") => String(meant(stack, addOn(when)["for_each"]));
const group = "aws_autoscaling_group.node_group_autoscaling_group";

describe("AddOns", () => {
  it("has those that nodes need before the nodes, and the others after them", () => {
    expect(stack.resource["aws_autoscaling_group"]?.["node_group_autoscaling_group"]?.["depends_on"]).toContain(
      "aws_eks_addon.add_ons_before_nodes",
    );
    expect(addOn("before")["depends_on"]).not.toContain(group);
    expect(addOn("after")["depends_on"]).toContain(group);
  });

  it("splits the rows by the same question", () => {
    const early = 'coalesce(row.before_nodes, contains(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"], name))';

    expect(rows("before").replace(/[()]/g, "")).toBe(
      `\${{ for name, row in var.add_ons : name => row if ${early} }}`.replace(/[()]/g, ""),
    );
    expect(rows("after").replace(/[()]/g, "")).toBe(
      `\${{ for name, row in var.add_ons : name => row if !${early} }}`.replace(/[()]/g, ""),
    );
  });

  it.each(["before", "after"] as const)("takes over what EKS made by itself, %s the nodes", (when) => {
    expect(addOn(when)).toMatchObject({
      resolve_conflicts_on_create: "OVERWRITE",
      resolve_conflicts_on_update: "${each.value.resolve_conflicts}",
    });
  });

  it.each(["before", "after"] as const)("leaves what no cluster works without, %s the nodes", (when) => {
    const { preserve } = addOn(when);

    expect(String(preserve).replace(/[()\s]/g, "")).toBe('${contains["vpc-cni","kube-proxy","coredns"],each.key}');
  });

  it("asks EKS for a version only where none is pinned, and for no newer one than the default", () => {
    const version = stack.data["aws_eks_addon_version"]?.["add_ons_default_version"];

    expect(meant(stack, version?.["for_each"])).toBe(
      "${{ for name, row in var.add_ons : name => row if (row.version == null) }}",
    );
    expect(version).toMatchObject({
      addon_name: "${each.key}",
      kubernetes_version: "${var.eks_version}",
      most_recent: false,
    });
  });

  it("warns of a volume driver without a role", () => {
    expect(stack.check["volumes_have_a_role"]?.assert[0]?.error_message).toContain("pod_role");
  });
});

describe("what add-ons run", () => {
  it("is known of every add-on that the stand-in of EKS has", () => {
    expect(Object.keys(ADD_ON_WORKLOADS)).toEqual(expect.arrayContaining(ADD_ONS.map(({ name }) => name)));
  });

  it("is no Deployment where the nodes wait for it", () => {
    const [, early = ""] = /contains\(\(?(\[[^\]]*\])/.exec(rows("before")) ?? [];

    expect((JSON.parse(early) as string[]).map((name) => ADD_ON_WORKLOADS[name]?.runs)).toEqual(
      Array<string>(3).fill("daemon-sets"),
    );
  });
});
