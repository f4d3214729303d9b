import { NODE_SERVICES } from "../../facts/endpoint-services";
import { isStandard, type Identity } from "../../aws/account";
import type { InstanceType } from "../../aws/instances";
import { QUOTAS, type AccountFacts, type NetworkFact } from "./account-facts";
import { usableAddresses } from "../../facts/cidr";
import { addressesPerNode, CLUSTER_INTERFACES, podsLeft, podsPerNode } from "../../facts/pods";
import { known, orElse, type Fact } from "./fact";
import { imageArchitecture, imageFamily, imageMissing, imageUnknown, imageVersion, type ImageUse } from "./image-rules";
import { routeProblem } from "./network-rules";
import type { ResourceChange } from "../../terraform/plan-file";
import { found, when, type Found, type Rule } from "./rule";
import { subnetsOf, type NodeGroupInput, type StackInputs, type SubnetInput } from "../stack-inputs";

/** What is judged before anything exists. */
export interface BeforeFacts {
  readonly inputs: StackInputs;
  readonly account: AccountFacts;
}

/** Accounts from this day on cannot make launch configurations by any means. @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html */
const NO_LAUNCH_CONFIGURATIONS_SINCE = "2024-10-01";

/** Zones in which EKS makes no control plane, by the id that is the same in every account. @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html */
const NO_CONTROL_PLANE_IN = ["use1-az3", "usw1-az2", "cac1-az3"];

/** What is found while an apply is at work, or after one that ended half-way: mere consequences are left out beside it. */
export const HALF_APPLIED = ["state-locked", "apply-incomplete"];

/** Nobody can be asked anything: there are no credentials, AWS does not take them, or it cannot be reached. */
export function nobodyToAsk(
  code: "credentials" | "aws-unreachable",
  identity: Fact<Identity>,
  region: string,
): readonly Found[] {
  if ("ok" in identity || identity.follows?.includes(code) !== true) return [];
  return code === "credentials"
    ? [
        found(
          "error",
          "AWS credentials",
          identity.unknown,
          "set AWS_PROFILE, log in (aws sso login, of the AWS CLI 2), or use the jump EC2 with its role, until this answers: " +
            `aws sts get-caller-identity --region ${region}; a region that has to be enabled for the account takes nobody's ` +
            `before (aws account enable-region --region-name ${region})`,
        ),
      ]
    : [
        found(
          "error",
          region,
          identity.unknown,
          "check aws_region, and the way from here to AWS: eks asks AWS directly, without the proxy of HTTPS_PROXY",
        ),
      ];
}

/** Name of the role that a session or a role's ARN is of; undefined for a user or the account's root. */
export function roleName(arn: string): string | undefined {
  return /:assumed-role\/([^/]+)\//.exec(arn)?.[1] ?? /:role\/(?:\S+\/)?([^/]+)$/.exec(arn)?.[1];
}

/**
 * Whether an ARN in tfvars is that of who asks. A session's own ARN does not tell the path of its role; within an account
 * a role's name is enough.
 */
function isOf(principal: string, { account, arn }: Identity): boolean {
  const [, , , , inAccount, ...resource] = principal.split(":");
  if (inAccount !== account) return false;
  // Not every STS calls a user by IAM's own ARN.
  if (arn.split(":").slice(5).join(":") === resource.join(":")) return true;
  return arn.includes(":assumed-role/") && roleName(principal) === roleName(arn);
}

/** The image of a node group, as far as it could be looked for. */
type NodeImageUse = ImageUse & { readonly group: NodeGroupInput };

function nodeImages({ inputs, account }: BeforeFacts): readonly NodeImageUse[] {
  return known(account.nodeImages, (images) =>
    inputs.groups.map((group) => ({
      usedBy: group.variables.image,
      id: group.image.id,
      image: images[group.image.id],
      familyVariable: group.variables.family,
      group,
    })),
  );
}

function bastionImages({ inputs, account }: BeforeFacts): readonly ImageUse[] {
  return known(account.bastionImage, (image) => [{ usedBy: "kubectl_image_id", id: inputs.bastion.id, image }]);
}

/** Two groups may have the same image: what is wrong with it is said once, unless it is wrong for each. */
function once(findings: readonly Found[]): Found[] {
  return findings.filter((it, i) => findings.findIndex((other) => other.cause === it.cause) === i);
}

function quota(name: keyof typeof QUOTAS, needed: number, what: string, { account, inputs }: BeforeFacts) {
  if (needed === 0) return [];
  return known(account.quotas[name], ({ used, limit }) => {
    const { service, code } = QUOTAS[name];
    return when(
      used + needed > limit,
      "error",
      QUOTAS[name].name,
      `the stack needs ${String(needed)} more ${what}; ${String(used)} of ${String(limit)} in ${inputs.region} are used`,
      "remove what is not needed any more, or ask for more, which takes a while: aws service-quotas " +
        `request-service-quota-increase --service-code ${service} --quota-code ${code} ` +
        `--desired-value ${String(used + needed)} --region ${inputs.region}`,
    );
  });
}

/** What is known of the network that exists already; nothing where the stack makes its own. */
function network({ account, inputs }: BeforeFacts, judge: (found: NetworkFact, vpcId: string) => readonly Found[]) {
  const { vpcId } = inputs;
  return known(account.network, (found) => (found === undefined || vpcId === undefined ? [] : judge(found, vpcId)));
}

/** Subnets by their ids, in the words of tfvars. */
function existing({ account }: BeforeFacts, ids: readonly string[]): readonly SubnetInput[] {
  const subnets = orElse(account.network, undefined)?.subnets ?? [];
  return ids.flatMap((id) => {
    const subnet = subnets.find((it) => it.id === id);
    return subnet === undefined ? [] : [{ az: subnet.zone, cidr: subnet.cidr, name: id }];
  });
}

/** The stack's subnets, also those that exist already. */
function allSubnets(facts: BeforeFacts, kind: "public" | "private"): readonly SubnetInput[] {
  const { publicSubnets, privateSubnets, publicSubnetIds, privateSubnetIds } = facts.inputs;
  return kind === "public"
    ? [...publicSubnets, ...existing(facts, publicSubnetIds)]
    : [...privateSubnets, ...existing(facts, privateSubnetIds)];
}

/** The subnets that a group stands in. */
function groupSubnets(facts: BeforeFacts, group: NodeGroupInput): readonly SubnetInput[] {
  return group.subnetIds.length > 0 ? existing(facts, group.subnetIds) : subnetsOf(group, allSubnets(facts, "private"));
}

/** A rule about what does not exist yet. */
interface AccountRule extends Rule<BeforeFacts> {
  /**
   * Which changes of a stack that exists, or is made half, the rule is about too. What it finds of the rest is as it was, or the
   * stack's own: a name that is taken by itself.
   * @default - none, it is about new stacks alone
   */
  readonly concerns?: (change: Pick<ResourceChange, "type" | "kind">) => boolean;
}

const makes =
  (...types: readonly string[]): AccountRule["concerns"] =>
  ({ type, kind }) =>
    (kind === "create" || kind === "replace") && types.includes(type);

const changes =
  (...types: readonly string[]): AccountRule["concerns"] =>
  ({ type, kind }) =>
    (kind === "create" || kind === "replace" || kind === "update") && types.includes(type);

/** What new nodes are launched from. */
const NODE_GROUP = ["aws_autoscaling_group", "aws_launch_template", "aws_launch_configuration"];
const BASTION = "aws_instance";

/** Rules about an account and the inputs of what does not exist yet, in the order in which an apply would fail. */
export const ACCOUNT_RULES: readonly AccountRule[] = [
  {
    code: "credentials",
    judge: ({ account, inputs }) => nobodyToAsk("credentials", account.identity, inputs.region),
  },
  {
    code: "aws-unreachable",
    judge: ({ account, inputs }) => nobodyToAsk("aws-unreachable", account.identity, inputs.region),
  },
  {
    code: "identity",
    judge: ({ account, inputs }) =>
      known(account.identity, ({ arn, account: number }) => [
        found(
          "note",
          arn,
          `the cluster ${inputs.clusterName} will be made by ${arn} in account ${number}, and will at first admit nobody else`,
          "nothing, if that is who you mean to be; else set AWS_PROFILE",
        ),
      ]),
  },
  {
    code: "creator",
    judge: ({ account, inputs }) =>
      known(account.identity, ({ arn }) => {
        // With a role of its own the bastion has an access entry of its own.
        if (inputs.adminRole === undefined) return [];
        // An instance profile is called as its role only when the console made both.
        const [role = inputs.adminRole] = orElse(account.adminProfile, undefined) ?? [];
        const looksIntoEntries = inputs.authenticationMode !== "CONFIG_MAP";
        const isAdmitted = looksIntoEntries && Object.values(inputs.admitted).some((it) => roleName(it) === role);
        return when(
          roleName(arn) !== role && !isAdmitted,
          "warning",
          arn,
          `the bastion works as the role ${role}; a cluster that somebody else makes answers it with Unauthorized, until that role is admitted`,
          `apply as the role ${role} (from the jump EC2); or ` +
            (looksIntoEntries
              ? "name the role in access_entries with the policy AmazonEKSClusterAdminPolicy, or set kubectl_own_role = true"
              : "afterwards, as who made the cluster: kubectl -n kube-system edit configmap aws-auth, and map the role to system:masters"),
        );
      }),
  },
  {
    code: "access-entry-creator",
    concerns: makes("aws_eks_cluster"),
    judge: ({ account, inputs: { admitted, creatorAdmin, authenticationMode } }) =>
      known(account.identity, (identity) =>
        Object.entries(admitted).flatMap(([key, principal]) =>
          when(
            creatorAdmin && authenticationMode !== "CONFIG_MAP" && isOf(principal, identity),
            "error",
            principal,
            `access_entries.${key} names whoever makes the cluster, which is you (${identity.arn}): EKS gives that principal an access entry of its own, and refuses the second one at the end of the apply`,
            `leave the row ${key} out of access_entries, since cluster_creator_admin makes you an admin; or set cluster_creator_admin = false, with an admin in access_entries`,
          ),
        ),
      ),
  },
  {
    code: "admin-role",
    concerns: changes(BASTION),
    judge: ({ account, inputs: { adminRole } }) =>
      known(account.adminProfile, (roles) => {
        if (adminRole === undefined) return [];
        if (roles === undefined) {
          const hasRole = orElse(account.hasAdminRole, false);
          return [
            found(
              "error",
              adminRole,
              hasRole
                ? `aws_krug_admin_role: there is a role ${adminRole}, but no instance profile of that name for the bastion`
                : `aws_krug_admin_role: there is no instance profile ${adminRole} for the bastion`,
              hasRole
                ? `aws iam create-instance-profile --instance-profile-name ${adminRole} && aws iam add-role-to-instance-profile --instance-profile-name ${adminRole} --role-name ${adminRole}`
                : "give the name of one that exists (aws iam list-instance-profiles), or make a role for EC2 in the IAM console, which makes its instance profile too; or set kubectl_own_role = true",
            ),
          ];
        }
        return when(
          roles.length === 0,
          "error",
          adminRole,
          "aws_krug_admin_role: the instance profile has no role in it: the bastion would have no credentials",
          `aws iam add-role-to-instance-profile --instance-profile-name ${adminRole} --role-name ROLE`,
        );
      }),
  },
  {
    code: "key-pair",
    concerns: changes(BASTION, ...NODE_GROUP),
    judge: ({ account, inputs: { keyPair, makesKeyPair, region } }) =>
      known(account.hasKeyPair, (exists) =>
        when(
          !exists && !makesKeyPair,
          "error",
          keyPair,
          `kubectl_ec2_keypair: there is no key pair ${keyPair} in ${region}; key pairs belong to one region`,
          `give the name of one that exists (aws ec2 describe-key-pairs --region ${region}), or import your own: aws ec2 import-key-pair --key-name ${keyPair} --public-key-material fileb://~/.ssh/id_ed25519.pub --region ${region}`,
        ),
      ),
  },
  {
    code: "name-taken",
    // What is there of a stack that was made half is its own.
    follows: HALF_APPLIED,
    judge: ({ account, inputs }) => {
      const { clusterName, clusterRoleName, nodeRoleName } = inputs;
      const taken = (fact: Fact<boolean>, name: string, what: string) =>
        known(fact, (exists) =>
          when(
            exists,
            "error",
            name,
            `there is ${what} ${name} already, of somebody who shares the account or of an earlier stack`,
            "give another project_name in your tfvars; or destroy the earlier stack first, or take it over (docs/adopting.md)",
          ),
        );
      return [
        ...taken(account.hasCluster, clusterName, "a cluster"),
        ...taken(account.hasClusterRole, clusterRoleName, "a role"),
        ...taken(account.hasNodeRole, nodeRoleName, "a role"),
        // It goes with its role; one alone is what deleting a role by hand leaves.
        ...(orElse(account.hasNodeRole, false)
          ? []
          : taken(account.hasNodeProfile, nodeRoleName, "an instance profile")),
        ...known(account.hasOtherRole, (roles) =>
          Object.entries(roles).flatMap(([name, exists]) => taken({ ok: exists }, name, "a role")),
        ),
        ...known(account.takenGroups, (names) =>
          names.flatMap((name) => taken({ ok: true }, name, "an Auto Scaling group")),
        ),
      ];
    },
  },
  {
    code: "version",
    concerns: makes("aws_eks_cluster"),
    judge: ({ account, inputs: { eksVersion } }) =>
      known(account.versions, (versions) => {
        const offered = versions.map(({ version }) => version);
        return when(
          // An answer without any version is none.
          offered.length > 0 && !offered.includes(eksVersion),
          "error",
          eksVersion,
          `eks_version: EKS makes no cluster of ${eksVersion} any more or yet; it offers ${offered.join(", ")}`,
          "eks pin writes one that it offers, with images for it, to pins.auto.tfvars; leave eks_version and the images out of your own tfvars then",
        );
      }),
  },
  {
    code: "version-support",
    judge: ({ account, inputs: { eksVersion } }) =>
      known(account.versions, (versions) => {
        const is = versions.find(({ version }) => version === eksVersion);
        return when(
          is?.support === "extended",
          "warning",
          eksVersion,
          `eks_version: ${eksVersion} is in extended support, which costs more for every hour of the cluster`,
          `choose one in standard support, with images for it: ${versions
            .filter(({ support }) => support === "standard")
            .map(({ version, standardUntil: until }) => (until === "" ? version : `${version} (until ${until})`))
            .join(", ")} (eks pin --version MAJOR.MINOR)`,
        );
      }),
  },
  {
    code: "image-missing",
    concerns: changes(BASTION, ...NODE_GROUP),
    judge: (facts) =>
      once([...nodeImages(facts), ...bastionImages(facts)].flatMap((use) => imageMissing(use, facts.inputs.region))),
  },
  {
    code: "image-architecture",
    concerns: changes(BASTION, ...NODE_GROUP),
    judge: (facts) => {
      const { bastion } = facts.inputs;
      const types = orElse(facts.account.instanceTypes, {});
      return [
        ...nodeImages(facts).flatMap((use) =>
          use.group.instanceTypes.flatMap((type) => imageArchitecture(use, type, types[type])),
        ),
        ...nodeImages(facts).flatMap(({ usedBy, id, image, group: { architecture, variables } }) =>
          when(
            architecture !== undefined && image !== undefined && !["", architecture].includes(image.architecture),
            "error",
            id,
            `${usedBy}: the image is for ${image?.architecture ?? ""}, and ${variables.architecture} is ${architecture ?? ""}`,
            `set ${variables.architecture} = "${image?.architecture ?? ""}", with instance types of it, or choose another image (eks pin names one)`,
          ),
        ),
        ...bastionImages(facts).flatMap((use) =>
          imageArchitecture(use, bastion.instanceType, types[bastion.instanceType]),
        ),
      ];
    },
  },
  {
    code: "image-volume",
    concerns: changes(BASTION, ...NODE_GROUP),
    judge: (facts) => {
      const tooSmall = (use: ImageUse, variable: string, given: number) => {
        const needed = use.image?.rootGiB ?? 0;
        return when(
          given < needed,
          "error",
          use.id,
          `${variable}: the image's root volume has ${String(needed)} GiB, and ${String(given)} is given: EC2 refuses the instance`,
          `set ${variable} = ${String(needed)} or more`,
        );
      };
      return [
        ...nodeImages(facts).flatMap((use) => tooSmall(use, use.group.variables.volume, use.group.image.volumeGiB)),
        ...bastionImages(facts).flatMap((use) =>
          tooSmall(use, "kubectl_ec2_volume_size", facts.inputs.bastion.volumeGiB),
        ),
      ];
    },
  },
  {
    code: "image-family",
    concerns: changes(...NODE_GROUP),
    judge: (facts) => nodeImages(facts).flatMap((use) => imageFamily(use, [use.group.family])),
  },
  {
    code: "image-version",
    concerns: changes(...NODE_GROUP),
    judge: (facts) => nodeImages(facts).flatMap((use) => imageVersion(use, facts.inputs.eksVersion)),
  },
  {
    code: "image-unknown",
    // Who says the version in the tfvars has looked.
    judge: (facts) =>
      once(nodeImages(facts).flatMap((use) => (use.group.kubernetesVersion === undefined ? imageUnknown(use) : []))),
  },
  {
    code: "image-recommended",
    judge: ({ account, inputs: { groups, eksVersion } }) =>
      known(account.recommendedImages, (images) =>
        groups.flatMap(({ key, image: { id }, variables }) => {
          const recommended = images[key];
          const name = `${variables.image} ${id}`;
          return when(
            recommended !== id,
            "note",
            id,
            recommended === undefined
              ? `${name}: AWS names no image of this family for ${eksVersion}`
              : `${name}: AWS recommends ${recommended} for ${eksVersion}; yours is pinned, which is well as long as it has no known holes`,
            recommended === undefined
              ? "nothing while the image above is right; a family that is not named any more gets no patches"
              : `try it, then set ${variables.image} = "${recommended}"`,
          );
        }),
      ),
  },
  {
    code: "launch-configuration",
    judge: ({ account, inputs: { groups, region } }) => {
      const configured = groups.filter(({ launchedFrom }) => launchedFrom === "launch configuration");
      if (configured.length === 0) return [];
      const cure = configured.map(({ variables }) => `${variables.launch} = "template"`).join(" and ");
      return known(account.launchConfigurations, (existing) =>
        known(account.oldestRole, (oldest) =>
          when(
            // One that exists proves that the account may; so does a role of before the day.
            existing.length === 0 && (oldest === undefined || oldest >= NO_LAUNCH_CONFIGURATIONS_SINCE),
            "note",
            region,
            "it cannot be seen whether this account may make launch configurations: those opened since " +
              `${NO_LAUNCH_CONFIGURATIONS_SINCE} may not, and here is neither one that exists nor a role older than that` +
              (oldest === undefined ? "" : ` (the oldest is of ${oldest.slice(0, 10)})`),
            `set ${cure}; or nothing, and do it when AWS refuses the launch configuration as not available in the account`,
          ),
        ),
      );
    },
  },
  {
    code: "add-on",
    concerns: changes("aws_eks_addon"),
    judge: ({ account, inputs: { addOns, eksVersion, region } }) =>
      known(account.addOns, (offered) =>
        addOns.flatMap(({ name, version }) => {
          const versions = offered[name];
          const list = `aws eks describe-addon-versions --kubernetes-version ${eksVersion} --region ${region}`;
          if (versions === undefined) {
            return [
              found(
                "error",
                name,
                `add_ons.${name}: EKS has no such add-on for Kubernetes ${eksVersion}`,
                `leave it out, or give the name of one that there is: ${list} --query 'addons[].addonName'`,
              ),
            ];
          }
          return when(
            version !== undefined && !versions.includes(version),
            "error",
            name,
            `add_ons.${name}.version: EKS does not offer ${version ?? ""} for Kubernetes ${eksVersion}; it offers ${versions.slice(0, 3).join(", ")}${versions.length > 3 ? " and others" : ""}`,
            `leave the version out, which takes EKS' default, or give one of: ${list} --addon-name ${name} --query 'addons[].addonVersions[].addonVersion'`,
          );
        }),
      ),
  },
  {
    code: "network-missing",
    concerns: changes("aws_eks_cluster", BASTION, ...NODE_GROUP),
    judge: (facts) =>
      network(facts, ({ hasVpc, subnets }, vpcId) => {
        const { publicSubnetIds, privateSubnetIds, groups, region } = facts.inputs;
        const lists = [
          ["public_subnet_ids", publicSubnetIds],
          ["private_subnet_ids", privateSubnetIds],
          ...groups.map(({ key, subnetIds }) => [`node_groups.${key}.subnet_ids`, subnetIds] as const),
        ] as const;
        const shown = `aws ec2 describe-subnets --filters Name=vpc-id,Values=${vpcId} --region ${region} --query 'Subnets[].[SubnetId,AvailabilityZone]'`;
        return [
          ...when(
            !hasVpc,
            "error",
            vpcId,
            `vpc_id: there is no VPC ${vpcId} in ${region} that this account may see`,
            `give the id of one that exists (aws ec2 describe-vpcs --region ${region}), or leave vpc_id out: the stack makes a VPC then`,
          ),
          ...lists.flatMap(([variable, ids]) =>
            ids
              .filter((id) => !subnets.some((subnet) => subnet.id === id))
              .map((id) =>
                found(
                  "error",
                  id,
                  `${variable}: there is no subnet ${id} in ${region}`,
                  `give subnets of ${vpcId}: ${shown}`,
                ),
              ),
          ),
        ];
      }),
  },
  {
    code: "node-egress",
    concerns: changes(...NODE_GROUP),
    judge: (facts) =>
      network(facts, ({ endpoints, ...ways }, vpcId) => {
        const { inputs } = facts;
        const lacks = NODE_SERVICES.filter((name) => ![...endpoints, ...inputs.vpcEndpoints].includes(name));
        const used = [...inputs.privateSubnetIds, ...inputs.groups.flatMap(({ subnetIds }) => subnetIds)];
        const problems = ways.subnets
          // Of subnets that lead nowhere, or to the internet by themselves, the plan speaks.
          .filter(({ id, defaultRoute }) => used.includes(id) && defaultRoute !== undefined)
          .flatMap((subnet) => {
            const problem = routeProblem(ways, subnet, false);
            return problem === undefined ? [] : [{ id: subnet.id, problem }];
          });
        return [...new Set(problems.map(({ problem }) => problem))].flatMap((problem) =>
          when(
            lacks.length > 0,
            "error",
            problems.flatMap((it) => (it.problem === problem ? it.id : [])).join(", "),
            `nodes here would have no way out (0.0.0.0/0 ${problem}): they would fetch no images and join nothing`,
            `send 0.0.0.0/0 of their route table to a NAT gateway that works (aws ec2 replace-route --destination-cidr-block 0.0.0.0/0 --region ${inputs.region} --route-table-id TABLE --nat-gateway-id NAT; ` +
              `aws ec2 describe-nat-gateways --filter Name=vpc-id,Values=${vpcId} --region ${inputs.region} shows those that there are); or do without, by vpc_endpoints with ${lacks.join(", ")}`,
          ),
        );
      }),
  },
  {
    code: "zone",
    concerns: makes("aws_eks_cluster", "aws_subnet"),
    judge: (facts) =>
      known(facts.account.zones, (zones) => {
        const { region, vpcId } = facts.inputs;
        const [publicSubnets, privateSubnets] = [allSubnets(facts, "public"), allSubnets(facts, "private")];
        const variable = vpcId === undefined ? "vpc_private_subnets" : "private_subnet_ids";
        const names = zones.map(({ name }) => name);
        const inZones = (subnets: typeof publicSubnets) => [...new Set(subnets.map(({ az }) => az))];
        const missing = inZones([...publicSubnets, ...privateSubnets]).filter((az) => !names.includes(az));
        // The control plane has its network interfaces in the private subnets.
        const without = zones.filter(
          ({ name, id }) => NO_CONTROL_PLANE_IN.includes(id) && inZones(privateSubnets).includes(name),
        );
        return [
          ...missing.map((az) =>
            found(
              "error",
              az,
              `subnets stand in ${az}, which ${region} does not offer to this account; it offers ${names.join(", ")}`,
              "write vpc_public_subnets and vpc_private_subnets with zones that are offered",
            ),
          ),
          ...without.map(({ name, id }) =>
            found(
              "error",
              name,
              `${variable} has ${name}, which is ${id} to AWS, where EKS makes no control plane`,
              `write ${variable} with other zones: ${names.filter((other) => other !== name).join(", ")}`,
            ),
          ),
        ];
      }),
  },
  {
    code: "instance-type",
    concerns: changes(BASTION, ...NODE_GROUP),
    judge: (facts) =>
      known(facts.account.offerings, (offerings) => {
        const { groups, bastion, region } = facts.inputs;
        const offeredIn = (types: readonly string[]) => [...new Set(types.flatMap((type) => offerings[type] ?? []))];
        const lacking = (types: readonly string[], zones: readonly string[]) =>
          [...new Set(zones)].filter((az) => !offeredIn(types).includes(az));
        const cause = (types: readonly string[], zones: readonly string[]) =>
          `EC2 does not offer ${types.join(" or ")} in ${zones.join(", ") || region}; it does in ${offeredIn(types).join(", ") || `no zone of ${region}`}`;
        // The bastion stands in the first public subnet.
        const withoutBastion = lacking(
          [bastion.instanceType],
          allSubnets(facts, "public")
            .slice(0, 1)
            .map(({ az }) => az),
        );
        return [
          ...groups.flatMap((group) => {
            const { instanceTypes: types, variables } = group;
            const exist = orElse(facts.account.instanceTypes, undefined);
            const unknown = types.filter((type) => exist !== undefined && !(type in exist));
            if (unknown.length > 0 && unknown.length < types.length) {
              return [
                found(
                  "error",
                  unknown.join(", "),
                  `${variables.instanceType}: ${region} has no instance type ${unknown.join(" and ")}`,
                  `leave it out; it has ${types.filter((type) => !unknown.includes(type)).join(", ")}`,
                ),
              ];
            }
            const zones = groupSubnets(facts, group).map(({ az }) => az);
            const without = lacking(group.instanceTypes, zones);
            // Where its subnets cannot be seen, so cannot their zones.
            if (zones.length === 0 && offeredIn(group.instanceTypes).length > 0) return [];
            return when(
              without.length > 0 || zones.length === 0,
              // The group launches its nodes in the other zones then, if it is not one for each zone.
              without.length < new Set(zones).size && group.names.length === 1 ? "warning" : "error",
              group.instanceTypes.join(", "),
              cause(group.instanceTypes, without),
              `choose another ${group.variables.instanceType}, or private subnets in zones that have it`,
            );
          }),
          ...when(
            withoutBastion.length > 0,
            "error",
            bastion.instanceType,
            `the bastion is a ${bastion.instanceType}: ${cause([bastion.instanceType], withoutBastion)}`,
            "let vpc_public_subnets begin with a subnet in a zone that has it",
          ),
        ];
      }),
  },
  {
    code: "quota-vpcs",
    follows: HALF_APPLIED,
    judge: (facts) => quota("vpcs", facts.inputs.vpcId === undefined ? 1 : 0, "VPC", facts),
  },
  {
    code: "quota-addresses",
    follows: HALF_APPLIED,
    judge: (facts) => quota("addresses", facts.inputs.natGateways, "Elastic IP address", facts),
  },
  {
    code: "quota-vcpus",
    follows: HALF_APPLIED,
    judge: (facts) =>
      known(facts.account.instanceTypes, (types) => {
        const { groups, bastion } = facts.inputs;
        const one = types[bastion.instanceType];
        // Of several types the first is preferred. Other families have quotas of their own, and so have spot instances.
        const ofNodes = groups.map(({ instanceTypes: [type], onDemand }) =>
          isStandard(type) ? (types[type]?.vcpus ?? NaN) * onDemand : 0,
        );
        const needed = ofNodes.reduce((sum, vcpus) => sum + vcpus, one?.vcpus ?? NaN);
        return Number.isNaN(needed) ? [] : quota("vcpus", needed, "vCPUs", facts);
      }),
  },
  {
    code: "subnet-small",
    concerns: makes("aws_subnet"),
    judge: ({ account, inputs: { privateSubnets, groups, prefixDelegation } }) =>
      known(account.instanceTypes, (types) => {
        // With prefixes a node takes sixteen addresses at a time, as many as its pods need.
        if (prefixDelegation) return [];
        return privateSubnets.flatMap((subnet) => {
          const here = groups.flatMap((group) => {
            const type = types[group.instanceTypes[0]];
            const own = subnetsOf(group, privateSubnets);
            if (type === undefined || !own.includes(subnet)) return [];
            // One group for each zone fills its own zone's subnets.
            const shared = group.names.length > 1 ? own.filter(({ az }) => az === subnet.az).length : own.length;
            const each = (nodes: number) => Math.ceil(nodes / shared);
            return [
              { name: group.instanceTypes[0], type, max: each(group.size.max), desired: each(group.size.desired) },
            ];
          });
          if (here.length === 0) return [];
          const sum = (numbers: readonly number[]) => numbers.reduce((total, it) => total + it, 0);
          const full = here.map(({ max, type }) => max * addressesPerNode(type).full);
          const needed = CLUSTER_INTERFACES.least + sum(full);
          const has = usableAddresses(subnet.cidr);
          const nodes = here.map(({ max, name }) => `${String(max)} nodes of ${name}`).join(" and ");
          return when(
            has < needed,
            // Not even the nodes of the first day, before there are any pods.
            has < CLUSTER_INTERFACES.least + sum(here.map(({ desired }) => desired)) ? "error" : "warning",
            subnet.name,
            `vpc_private_subnets: ${subnet.cidr} has ${String(has)} addresses; ${nodes}, with an address for each pod, and the control plane take up to ${String(needed)}`,
            "give it a larger range: a subnet keeps the one it was made with",
          );
        });
      }),
  },
  {
    code: "pods-few",
    judge: ({ account, inputs: { groups, prefixDelegation } }) =>
      known(account.instanceTypes, (types) =>
        prefixDelegation
          ? []
          : groups.flatMap(({ instanceTypes: [type], names, size, variables }) =>
              podsFew(type, types[type], names.length * size.desired, variables.instanceType),
            ),
      ),
  },
  {
    code: "capacity",
    follows: ["pods-few"],
    judge: ({ account, inputs: { groups, privateSubnets, region, prefixDelegation } }) =>
      known(account.instanceTypes, (types) =>
        prefixDelegation
          ? []
          : groups.flatMap((group) =>
              capacity(
                group.instanceTypes[0],
                types[group.instanceTypes[0]],
                group.names.length * group.size.desired,
                subnetsOf(group, privateSubnets).map(({ cidr }) => usableAddresses(cidr)),
                region,
              ),
            ),
      ),
  },
  {
    code: "ssh-nobody",
    judge: ({ inputs: { sshCidrs } }) =>
      when(
        !sshCidrs.some((cidr) => !cidr.includes(":")),
        "warning",
        "kubectl_ssh_cidrs",
        "kubectl_ssh_cidrs names no IPv4 network: nobody could reach the bastion by SSH, the bootstrap neither",
        'set kubectl_ssh_cidrs = ["YOUR-ADDRESS/32"] (curl -s https://checkip.amazonaws.com says it)',
      ),
  },
];

/**
 * Few pods fit beside the system's own.
 *
 * @param variable says the instance type
 */
export function podsFew(
  name: string,
  type: InstanceType | undefined,
  nodes: number,
  variable = "eks_worker_node_ec2_type",
): Found[] {
  if (type === undefined || !isKnown(type) || nodes === 0) return [];
  const left = podsLeft(nodes, podsPerNode(type));
  return when(
    left < nodes * 2,
    left <= 0 ? "warning" : "note",
    name,
    `${String(nodes)} nodes of ${name} hold ${String(podsPerNode(type))} pods each; beside the system's own there is room for ${String(Math.max(0, left))}`,
    `choose a larger ${variable}, such as t3.medium (17 pods), or more nodes`,
  );
}

/**
 * How many pods fit, and how many addresses there are for them.
 *
 * @param addresses of each of the nodes' subnets
 */
export function capacity(
  name: string,
  type: InstanceType | undefined,
  nodes: number,
  addresses: readonly number[],
  region: string,
): Found[] {
  if (type === undefined || !isKnown(type) || nodes === 0) return [];
  const each = [...new Set(addresses)].sort((a, b) => a - b).map(String);
  return [
    found(
      "note",
      name,
      `${String(nodes)} nodes of ${name} hold ${String(podsPerNode(type))} pods each, ${String(podsLeft(nodes, podsPerNode(type)))} beside the system's own; ` +
        `each pod takes an address of its node's subnet${each.length === 0 ? "" : `, which has ${each.join(" or ")}`}`,
      "nothing; to compare types, interfaces x (addresses - 1) + 2 is what one holds: aws ec2 describe-instance-types " +
        `--instance-types ${name} --region ${region} --query 'InstanceTypes[].NetworkInfo'`,
    ),
  ];
}

/** Whether EC2 has said how many addresses an instance type can have. */
function isKnown({ interfaces, addressesPerInterface }: InstanceType): boolean {
  return interfaces > 0 && addressesPerInterface > 0;
}
