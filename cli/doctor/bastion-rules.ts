import { roleName } from "../../aws/identity";
import type { ConnectProblem } from "../../bootstrap/ssh/ssh-host";
import { shell } from "../../contract/shell";
import { authenticationMode, planeOf, type AfterFacts } from "./after-facts";
import { APPLY, associateAdmin, aws, BOOTSTRAP, createAccessEntry, enableMetadata } from "./cures";
import { orElse } from "./fact";
import { LOGIN_CODES, type ApiProblem } from "./inside-facts";
import { found, HALF_APPLIED, known, type Rule } from "./rule";
import { blocked, isAbout, partyIn, planeParty } from "./security-groups";

/** What the bastion's kubectl said, when the cluster does not answer it and that is of one of these kinds. */
function unanswered({ inside }: AfterFacts, ...problems: readonly ApiProblem[]): string[] {
  const state = orElse(inside.cluster);
  return state !== undefined && "unreachable" in state && problems.includes(state.problem) ? [state.unreachable] : [];
}

/** Whether what kubectl said is about another endpoint than the cluster's; it has that of the outputs, or they are stale. */
function isOfAnother({ handover }: AfterFacts, said: string): boolean {
  return !said.toLowerCase().includes(handover.cluster_endpoint.replace("https://", "").toLowerCase());
}

/** A rule about a login that failed for a reason of its own. */
function loginRule(code: string, cure: (facts: AfterFacts, problem: ConnectProblem) => string): Rule<AfterFacts> {
  return {
    code,
    follows: ["bastion"],
    judge: (facts) =>
      known(
        facts.inside.login,
        (it) =>
          !it.reached &&
          LOGIN_CODES[it.problem] === code &&
          found(
            it.problem === "booting" ? "note" : "error",
            facts.handover.bastion_instance_id,
            inOneLine(it.message),
            cure(facts, it.problem),
          ),
      ),
  };
}

/** What a failed login says, without its own advice: a finding has a cure. */
function inOneLine(message: string): string {
  const [said = ""] = message.split(/^ {2}what now /m, 1);
  return said.trim().replaceAll(/\n\s*/g, "; ").replaceAll(/ {2,}/g, " ");
}

/** Networks that the bastion's security groups let in by SSH; undefined when they cannot be seen. */
function sshNetworks({ cluster }: AfterFacts): readonly string[] | undefined {
  const ids = orElse(cluster.bastion)?.securityGroupIds ?? [];
  const groups = orElse(cluster.securityGroups, []).filter(({ id }) => ids.includes(id));
  if (groups.length === 0) return undefined;
  return groups
    .flatMap(({ inbound }) => inbound)
    .filter((rule) => isAbout(rule, "tcp", 22))
    .flatMap(({ cidrs, groupIds, prefixListIds }) => [...cidrs, ...groupIds, ...prefixListIds]);
}

/** ARN of the role in the bastion's instance profile; undefined when it cannot be seen. */
function bastionRole({ cluster }: AfterFacts): string | undefined {
  const profile = orElse(cluster.bastion)?.instanceProfile ?? "";
  return orElse(cluster.profiles, {})[profile];
}

/** Whom the bastion works as. */
function bastionIdentity(facts: AfterFacts): string {
  return orElse(facts.inside.identity, bastionRole(facts) ?? "the role of the bastion");
}

/** Whom an access entry has to admit: whoever the bastion works as; its own role with the path, which no session tells. */
function principal(facts: AfterFacts): string {
  const [own, who] = [bastionRole(facts), bastionIdentity(facts)];
  return own !== undefined && roleName(own) === roleName(who) ? own : mappedArn(who);
}

/** Whom a session works as, as aws-auth is to have it: a role's path is in no session, and must not be in aws-auth. */
function mappedArn(who: string): string {
  const name = roleName(who);
  return name === undefined ? who : who.replace(/:sts:/, ":iam:").replace(/:(assumed-)?role\/.*/, `:role/${name}`);
}

/** Commands after which a cluster looks into access entries as well, and admits somebody; there is no way back. */
function admitByEntry(facts: AfterFacts, arn: string): string {
  const name = facts.handover.cluster_name;
  return [
    aws(facts)`eks update-cluster-config --name ${name} --access-config authenticationMode=API_AND_CONFIG_MAP`,
    aws(facts)`eks wait cluster-active --name ${name}`,
    createAccessEntry(facts, arn),
  ].join(" && ");
}

/** Whether somebody has no access entry; not where nobody could see them. */
function lacksEntry({ cluster }: AfterFacts, arn: string): boolean {
  return orElse(cluster.accessEntries)?.every(({ principalArn }) => principalArn !== arn) === true;
}

const EDIT_AWS_AUTH =
  "on the bastion, with the credentials of who made the cluster: kubectl -n kube-system edit configmap aws-auth";

/** By how much the bastion's clock may be off: AWS refuses what is signed more than five minutes off. */
const CLOCK_TOLERANCE_SECONDS = 300;

/** What the cluster does not answer for, when something of the way to it is broken. */
const WAY_TO_THE_CLUSTER = [
  "cluster-missing",
  "cluster-creating",
  "cluster-failed",
  "outputs-stale",
  "clock",
  "bastion-credentials",
];

/** Rules about the way to the cluster: the bastion, and who it is there. */
export const BASTION_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "bastion",
    follows: HALF_APPLIED,
    judge: ({ cluster, handover }) =>
      known(cluster.bastion, (bastion) => {
        const { bastion_instance_id: id, bastion_address: address } = handover;
        const error = (cause: string, cure: string) => found("error", id, cause, cure);
        if (bastion === undefined || ["terminated", "shutting-down"].includes(bastion.state)) {
          return error("the bastion does not exist any more", `${APPLY}, it makes a new one`);
        }
        if (bastion.state === "pending") {
          const wait = aws({ handover })`ec2 wait instance-running --instance-ids ${id}`;
          return error(
            "the bastion is pending: it is being started",
            `${wait} && eks up: its address may have changed`,
          );
        }
        if (bastion.state !== "running") {
          const start = aws({ handover })`ec2 start-instances --instance-ids ${id}`;
          const stopped = aws({ handover })`ec2 wait instance-stopped --instance-ids ${id}`;
          return error(
            `the bastion is ${bastion.state}`,
            `${bastion.state === "stopping" ? `${stopped} && ` : ""}${start} && eks up: its address changes`,
          );
        }
        return (
          bastion.publicAddress !== "" &&
          bastion.publicAddress !== address &&
          error(
            `the bastion's address is ${bastion.publicAddress}, and the outputs say ${address}: it was stopped ` +
              "and started",
            `${APPLY}, which refreshes the outputs`,
          )
        );
      }),
  },
  loginRule("ssh-unreachable", (facts, problem) => {
    if (problem === "booting") return "wait: a bastion takes a minute or two; then ask again";
    if (problem === "name") return "check --host, and HostName in the ssh configuration";
    if (problem === "protocol") {
      return "check --host, --port and --jump: what answers is no sshd, or a host that does not forward connections";
    }
    const networks = sshNetworks(facts);
    return (
      `compare with your own address (curl -s https://checkip.amazonaws.com), set kubectl_ssh_cidrs, and ${APPLY}` +
      (networks === undefined ? "" : `; port 22 is open to ${networks.join(", ") || "nobody"}`)
    );
  }),
  loginRule("host-key", (facts) => {
    const { bastion_instance_id: id, bastion_address: address } = facts.handover;
    const output = aws(facts)`ec2 get-console-output --latest --output text --instance-id ${id}`;
    const forget = shell`ssh-keygen -R ${address}`;
    return `compare with ${output}; only if it is a new bastion, forget the old key: ${forget}`;
  }),
  loginRule(
    "ssh-login",
    ({ handover: { bastion_user: user } }) =>
      `log in as ${user} with the private half of kubectl_ec2_keypair: ssh-add FILE, or eks doctor -- --identity FILE`,
  ),
  {
    code: "clock",
    judge: (facts) => {
      const { inside, handover } = facts;
      const ahead = orElse(inside.machine)?.clockAheadSeconds ?? 0;
      const [said] = unanswered(facts, "clock");
      const much = `${String(Math.abs(ahead))} s ${ahead < 0 ? "behind" : "ahead of"} this machine's`;
      return (
        (said !== undefined || Math.abs(ahead) > CLOCK_TOLERANCE_SECONDS) &&
        found(
          "error",
          handover.bastion_instance_id,
          said === undefined
            ? `the bastion's clock is ${much}, and AWS refuses what is signed more than 5 minutes off`
            : `a signature or a certificate is out of its time on the bastion (its clock is ${much}): ${said}`,
          "set the one that is wrong; on the bastion: eks ssh --command 'sudo timedatectl set-ntp true'",
        )
      );
    },
  },
  {
    code: "downloads",
    judge: ({ inside, handover }) =>
      known(inside.downloads, (problem) => {
        // What has been downloaded is not needed again before the next version.
        const isSetUp = orElse(inside.machine)?.missing.length === 0;
        return (
          problem !== undefined &&
          found(
            isSetUp ? "warning" : "error",
            handover.bastion_instance_id,
            `the bastion cannot download what the bootstrap needs: ${problem.why}`,
            problem.cure ?? "mend the mirror (--mirror), or the bastion's way to the internet: route table, proxy",
          )
        );
      }),
  },
  {
    code: "bastion-bare",
    judge: ({ inside, handover }) =>
      known(
        inside.machine,
        ({ missing: lacks }) =>
          lacks.length > 0 &&
          found(
            "error",
            handover.bastion_instance_id,
            `the bastion has not been set up, or not to its end: it has no ${lacks.join(", no ")}`,
            "set it up: eks bootstrap; eks up does it too, at its end",
          ),
      ),
  },
  {
    code: "bastion-credentials",
    follows: ["clock"],
    judge: (facts) => {
      const { identity } = facts.inside;
      const id = facts.handover.bastion_instance_id;
      const isRefused = "unknown" in identity && identity.follows?.includes("bastion-credentials") === true;
      const [said] = isRefused ? [identity.unknown] : unanswered(facts, "token");
      const bastion = orElse(facts.cluster.bastion);
      const cure = /cannot be reached/.test(said ?? "")
        ? "mend its way out: its subnet's route to the internet gateway, its security group, proxies (env | grep " +
          "-i proxy, there)"
        : bastion?.instanceProfile === ""
          ? `${APPLY}: it has no instance profile any more`
          : bastion?.hasMetadata === false
            ? enableMetadata(facts, id, 1)
            : "eks ssh --command 'aws sts get-caller-identity' has to answer: its instance " +
              `profile${bastion === undefined ? "" : ` ${bastion.instanceProfile}`} has to have a role that trusts ` +
              "ec2.amazonaws.com, and no ~/.aws/credentials or AWS_* variables may stand before it";
      return (
        said !== undefined &&
        found("error", id, `the bastion cannot work with AWS, and so gets no token for the cluster: ${said}`, cure)
      );
    },
  },
  {
    code: "sg-bastion",
    judge: (facts) => {
      const [bastion, plane] = [orElse(facts.cluster.bastion), planeParty(facts)];
      if (bastion === undefined || plane === undefined) return [];
      const from = partyIn(facts, bastion.securityGroupIds, [bastion.subnetId]);
      const what = "the bastion cannot call the control plane";
      const call = { from, to: plane, protocols: ["tcp"], port: 443, what } as const;
      return blocked(facts, facts.handover.bastion_instance_id, call);
    },
  },
  {
    code: "unauthorized",
    follows: WAY_TO_THE_CLUSTER,
    judge: (facts) =>
      unanswered(facts, "unauthorized").map((why) => {
        const { cluster_name: name } = facts.handover;
        const own = bastionRole(facts);
        const who = bastionIdentity(facts);
        if (own !== undefined && roleName(own) !== roleName(who)) {
          return found(
            "error",
            who,
            `the cluster ${name} does not admit ${who} (Unauthorized), which is not the bastion's own role ` +
              `${own}: ${why}`,
            "be the bastion's role again: unset AWS_PROFILE, AWS_DEFAULT_PROFILE and other AWS_* variables " +
              "there, and move ~/.aws/credentials away; aws sts get-caller-identity says who one is",
          );
        }
        const mode = authenticationMode(facts);
        const entries = orElse(facts.cluster.accessEntries)?.map(({ principalArn }) => principalArn);
        const named = entries === undefined ? "whom access entries name" : entries.join(", ");
        const admitted =
          mode === "CONFIG_MAP"
            ? "it admits whoever made it, and whom aws-auth maps"
            : `it admits ${named || "nobody by an access entry"}${mode === "API" ? "" : ", and whom aws-auth maps"}`;
        return found(
          "error",
          who,
          `the cluster ${name} does not admit ${who} (Unauthorized; ${admitted}): ${why}`,
          mode === "CONFIG_MAP"
            ? `${EDIT_AWS_AUTH}, and map ${mappedArn(who)} to system:masters; or from anywhere, for good: ` +
                admitByEntry(facts, principal(facts))
            : createAccessEntry(facts, principal(facts)),
        );
      }),
  },
  {
    code: "access-entry-bastion",
    follows: [...WAY_TO_THE_CLUSTER, "unauthorized"],
    judge: (facts) =>
      known(facts.cluster.accessEntries, (entries) => {
        const role = bastionRole(facts);
        const isAdmitted = entries.some(({ principalArn }) => principalArn === role);
        return (
          planeOf(facts)?.authenticationMode === "API" &&
          role !== undefined &&
          !isAdmitted &&
          found(
            "error",
            role,
            `no access entry admits the bastion's role to ${facts.handover.cluster_name}, and it does not look ` +
              "into aws-auth: kubectl there is answered with Unauthorized",
            `set kubectl_own_role = true, or name the role in access_entries, and ${APPLY}; or ` +
              createAccessEntry(facts, role),
          )
        );
      }),
  },
  {
    code: "forbidden",
    follows: WAY_TO_THE_CLUSTER,
    judge: (facts) =>
      unanswered(facts, "forbidden").map((why) => {
        const who = bastionIdentity(facts);
        return found(
          "error",
          who,
          `the cluster ${facts.handover.cluster_name} admits ${who}, but not to what is asked: ${why}`,
          authenticationMode(facts) === "CONFIG_MAP"
            ? `${EDIT_AWS_AUTH}, and give ${mappedArn(who)} the group system:masters`
            : // A policy is given to an entry; whom aws-auth maps may have none.
              lacksEntry(facts, principal(facts))
              ? createAccessEntry(facts, principal(facts))
              : associateAdmin(facts, principal(facts)),
        );
      }),
  },
  {
    code: "kubeconfig",
    follows: WAY_TO_THE_CLUSTER,
    judge: (facts) =>
      [...unanswered(facts, "kubeconfig"), ...unanswered(facts, "name").filter((said) => isOfAnother(facts, said))].map(
        (why) =>
          found(
            "error",
            facts.handover.bastion_instance_id,
            `the bastion's kubeconfig does not lead to the cluster: ${why}`,
            `${BOOTSTRAP}; or on the bastion: ` +
              aws(facts)`eks update-kubeconfig --name ${facts.handover.cluster_name}`,
          ),
      ),
  },
  {
    code: "api-unreachable",
    follows: [...WAY_TO_THE_CLUSTER, "vpc-dns", "endpoint-closed", "sg-bastion"],
    judge: (facts) => [
      ...unanswered(facts, "name")
        .filter((said) => !isOfAnother(facts, said))
        .map((why) =>
          found(
            "error",
            facts.handover.cluster_endpoint,
            `the name of the endpoint does not resolve on the bastion: ${why}`,
            "the endpoint has to be private, and the bastion has to ask the VPC's own name server: cat " +
              "/etc/resolv.conf, there",
          ),
        ),
      ...unanswered(facts, "unreachable").map((why) =>
        found(
          "error",
          facts.handover.cluster_endpoint,
          `the cluster does not answer the bastion: ${why}`,
          "nothing seen from outside is between them: look at the network ACLs of their subnets, at proxies on " +
            "the bastion " +
            "(env | grep -i proxy), and at " +
            aws(facts)`eks describe-cluster --name ${facts.handover.cluster_name} --query cluster.health`,
        ),
      ),
    ],
  },
];
