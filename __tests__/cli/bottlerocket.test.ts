import { refuseWrongSettings } from "../../cli/bottlerocket";
import { inputValues } from "../../contract/inputs/inputs";
import { UserError } from "../../contract/user-error";

/** What `eks` says of these values of variables; undefined when nothing. */
function said(values: Readonly<Record<string, unknown>>): string | undefined {
  try {
    refuseWrongSettings(inputValues(values));
    return undefined;
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 1) return error.message;
    throw error;
  }
}

const row = (additional_userdata: unknown, ami_family = "bottlerocket") => ({
  node_groups: { fine: { ami_id: "ami-1" }, twice: { ami_id: "ami-2", ami_family, additional_userdata } },
});
const worker = (additional_userdata: string, family = "bottlerocket") => ({
  node_groups: {},
  eks_worker_node_ami_family: family,
  eks_worker_user_data_group: {
    kubelet_extra_args: "",
    enable_docker_bridge: false,
    pre_userdata: "",
    additional_userdata,
  },
});
const SETTINGS = 'log-level = 4\n\n[settings.motd]\n"motd" = "준비"\n';

describe("settings for Bottlerocket", () => {
  it("are refused with the line that a node would not boot with", () => {
    expect(said(row("log-level = 4\nmax-pods = 65\n"))).toBe(
      "node_groups.twice.additional_userdata must be settings in TOML that a node on Bottlerocket boots with, got line 2 " +
        "(max-pods = 65): trying to redefine an already defined table or value; before it the stack writes " +
        "[settings.kubernetes] with cluster-name, api-server, cluster-certificate, cluster-dns-ip, max-pods, node-labels, node-taints",
    );
    expect(said(row("[settings.motd]\nmotd = hello\n"))).toContain("got line 2 (motd = hello): ");
    expect(said(row('[settings.kubernetes.node-labels]\nteam = "a"\n'))).toContain("got line 1 ([settings.kubernetes");
  });

  it("of the workshop's single group may say how many pods a node has, as a number", () => {
    expect(said(worker("max-pods = 20\n"))).toBeUndefined();
    expect(said(worker('max-pods = "20"\n'))).toContain(
      "eks_worker_user_data_group.additional_userdata must be settings in TOML that a node on Bottlerocket boots with, " +
        "got settings.kubernetes.max-pods must be a whole number without quotes; before it",
    );
    expect(said(worker('api-server = "https://a"\n'))).toContain('got line 1 (api-server = "https://a"): ');
  });

  it.each<[string, Readonly<Record<string, unknown>>]>([
    ["that are right", row(SETTINGS)],
    ["that are right, on lines of Windows", row(SETTINGS.replaceAll("\n", "\r\n"))],
    ["of the workshop's single group that are right", worker(SETTINGS)],
    ["that are a script for another family", row("echo joined", "al2023")],
    ["that are a script of the workshop's", worker("echo joined", "al2")],
    ["that nobody has said", row(undefined)],
    ["of no group at all", {}],
  ])("pass %s", (_, values) => {
    expect(said(values)).toBeUndefined();
  });
});
