import { controlPlane, type AfterFacts } from "./after-facts";
import { askingRules } from "./asking-rules";
import { APPLY, aws } from "./cures";
import { orElse } from "./fact";
import { found, HALF_APPLIED, known, type Rule } from "./rule";

/** @see https://docs.aws.amazon.com/vpc/latest/userguide/VPC_DHCP_Options.html */
function dhcpOptions(facts: Pick<AfterFacts, "handover">, vpcId: string): string {
  const { region } = facts.handover;
  const domain = region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
  const keys = ["Key=domain-name-servers,Values=AmazonProvidedDNS", `Key=domain-name,Values=${domain}`];
  const made = aws(facts)`ec2 create-dhcp-options --dhcp-configurations ${keys} --query DhcpOptions.DhcpOptionsId
    --output text`;
  return `${aws(facts)`ec2 associate-dhcp-options --vpc-id ${vpcId}`} --dhcp-options-id "$(${made})"`;
}

/** Rules about the cluster itself, and about who is asked. */
export const CONTROL_PLANE_RULES: readonly Rule<AfterFacts>[] = [
  ...askingRules(({ cluster, handover }: AfterFacts) => [cluster.identity, handover.region]),
  {
    code: "cluster-missing",
    follows: HALF_APPLIED,
    judge: ({ cluster, handover }) =>
      known(
        cluster.controlPlane,
        (plane) =>
          plane === undefined &&
          found(
            "error",
            handover.cluster_name,
            `there is no cluster ${handover.cluster_name} in ${handover.region} for ` +
              orElse(cluster.identity, { arn: "these credentials", account: "" }).arn,
            `check the account (${aws({ handover })`sts get-caller-identity`}), and set AWS_PROFILE if it is ` +
              `another; if the cluster was deleted by hand, ${APPLY}`,
          ),
      ),
  },
  {
    code: "cluster-creating",
    judge: (facts) =>
      controlPlane(
        facts,
        ({ status, arn }) =>
          ["CREATING", "PENDING", "UPDATING"].includes(status) &&
          found(
            "note",
            arn,
            status === "UPDATING"
              ? "the control plane is UPDATING: it answers meanwhile, and takes no other change before it is ACTIVE"
              : `the control plane is ${status}, which takes ten minutes; nodes may boot meanwhile, and join when it ` +
                  "is ACTIVE",
            aws(facts)`eks wait cluster-active --name ${facts.handover.cluster_name}`,
          ),
      ),
  },
  {
    code: "cluster-failed",
    judge: (facts) =>
      controlPlane(
        facts,
        ({ status, issues, arn }) =>
          (["FAILED", "DELETING"].includes(status) || issues.length > 0) &&
          found(
            "error",
            arn,
            `the control plane is ${status}${issues.length > 0 ? `: ${issues.join("; ")}` : ""}`,
            status === "DELETING"
              ? "wait until it is gone " +
                  `(${aws(facts)`eks wait cluster-deleted --name ${facts.handover.cluster_name}`}), then ${APPLY}`
              : status === "FAILED"
                ? `mend what EKS names, delete the cluster, and ${APPLY}: ` +
                  aws(facts)`eks delete-cluster --name ${facts.handover.cluster_name}`
                : "mend what EKS names: https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
          ),
      ),
  },
  {
    code: "outputs-stale",
    judge: (facts) =>
      controlPlane(facts, ({ endpoint, certificateAuthorityData, arn }) => {
        const { cluster_endpoint: told, certificate_authority_data: ca } = facts.handover;
        // A control plane that is being made has no endpoint yet.
        return (
          endpoint !== "" &&
          (endpoint !== told || certificateAuthorityData !== ca) &&
          found(
            "error",
            arn,
            `the outputs say ${told}, and the cluster is at ` +
              `${endpoint}${endpoint === told ? " with another certificate authority" : ""}: they are of an ` +
              "earlier cluster",
            `${APPLY}, which refreshes the outputs and sets the bastion up again`,
          )
        );
      }),
  },
  {
    code: "vpc-dns",
    judge: ({ cluster, handover }) =>
      known(cluster.vpc, ({ dnsSupport, dnsHostnames, nameServers }) => {
        const subject = orElse(cluster.controlPlane)?.vpcId ?? handover.cluster_name;
        const off = [!dnsSupport && "enableDnsSupport", !dnsHostnames && "enableDnsHostnames"].filter(
          (it) => it !== false,
        );
        return [
          off.length > 0 &&
            found(
              "error",
              subject,
              `the VPC has ${off.join(" and ")} off: the private endpoint's name does not resolve, and nodes do ` +
                "not register",
              `${APPLY}, the stack has both on`,
            ),
          nameServers !== undefined &&
            !nameServers.includes("AmazonProvidedDNS") &&
            found(
              // They may well pass questions on to the VPC's own.
              "warning",
              subject,
              `instances ask the name servers ${nameServers.join(", ")} instead of AmazonProvidedDNS: unless ` +
                "those ask it in turn, neither the private endpoint nor the nodes have a name",
              "give it AWS' own, which instances take up within hours or when they boot: " +
                dhcpOptions({ handover }, subject),
            ),
        ];
      }),
  },
  {
    code: "endpoint-closed",
    judge: (facts) =>
      controlPlane(
        facts,
        ({ privateAccess, publicAccess, publicCidrs, arn }) =>
          !privateAccess &&
          found(
            publicAccess && publicCidrs.includes("0.0.0.0/0") ? "warning" : "error",
            arn,
            publicAccess
              ? `the endpoint is not private: nodes and bastion go to the public one, open to ${publicCidrs.join(", ")}`
              : "the endpoint is not private and not public",
            aws(facts)`eks update-cluster-config --name ${facts.handover.cluster_name} --resources-vpc-config
              endpointPrivateAccess=true`,
          ),
      ),
  },
  {
    code: "endpoint-public",
    judge: (facts) =>
      controlPlane(
        facts,
        ({ publicAccess, publicCidrs, arn }) =>
          publicAccess &&
          found(
            publicCidrs.includes("0.0.0.0/0") ? "warning" : "note",
            arn,
            `the endpoint is public, for ${publicCidrs.join(", ") || "nobody"}; the stack makes it private only`,
            // In one call: EKS refuses to close the last way in.
            aws(facts)`eks update-cluster-config --name ${facts.handover.cluster_name} --resources-vpc-config
              endpointPublicAccess=false,endpointPrivateAccess=true`,
          ),
      ),
  },
];
