import {
  DescribeAddonCommand,
  DescribePodIdentityAssociationCommand,
  ListPodIdentityAssociationsCommand,
} from "@aws-sdk/client-eks";
import { paginateListRolePolicies } from "@aws-sdk/client-iam";

import { all, forEach, ifThere, nameIn } from "../../aws/answers";
import { AwsClients } from "../../aws/clients";
import { readAccessEntries, readCluster } from "../../aws/clusters";
import { readGroups, readLaunches, type Launch } from "../../aws/groups";
import { readImage, readInstances, readUserDataOf, type Instance } from "../../aws/instances";
import { readEndpoints, readNatGateways, readSecurityGroups, readSubnetsBeside, type Subnet } from "../../aws/network";
import { readAttachedPolicies, readProfile } from "../../aws/roles";
import type { ClientSettings } from "../account/emulator";
import type { ClusterFacts, InstanceFacts, JoinFacts, Role } from "./rules";

/** Reads an account again and again. What cannot change while an instance runs is read once. */
export class AccountReader {
  readonly #region: string;
  readonly #aws: AwsClients;
  readonly #userData = new Map<string, string>();
  readonly #launches = new Map<string, Launch | undefined>();
  readonly #images = new Map<string, InstanceFacts["image"]>();

  /** @param settings those of the front: what DescribeCluster answers there is what user data was made of */
  constructor(settings: ClientSettings) {
    this.#region = settings.region;
    // A caller that asks every second is its own second attempt.
    this.#aws = new AwsClients({ ...settings, maxAttempts: 1 });
  }

  /**
   * Reads once what decides which nodes a cluster has.
   *
   * @returns undefined when there is no such cluster
   * @throws when the account cannot be read
   */
  async read(name: string): Promise<JoinFacts | undefined> {
    const { autoScaling, ec2, eks } = this.#aws;
    const region = this.#region;
    const found = await readCluster(eks, name);
    if (found?.status !== "ACTIVE") return undefined;
    const cluster: ClusterFacts = { ...found, name, accessEntries: [], cidrs: [] };
    const launchIds = new Map(
      (await readGroups(autoScaling)).flatMap((group) =>
        group.instances.map(({ id, launchId = group.launchId }) => [id, launchId] as const),
      ),
    );
    if (launchIds.size === 0) return { region, cluster, instances: [], securityGroups: [] };

    const subnets = await readSubnetsBeside(ec2, found.subnetIds);
    const vpcId = subnets[0]?.vpcId ?? "";
    const [instances, securityGroups, entries, networkPluginRole] = await Promise.all([
      this.#instances(subnets, launchIds),
      readSecurityGroups(ec2, "vpc-id", [vpcId]),
      cluster.authenticationMode === "CONFIG_MAP" ? [] : readAccessEntries(eks, name),
      this.#networkPluginRole(name),
    ]);
    const accessEntries = entries.flatMap(({ type, principalArn }) => (type === "EC2_LINUX" ? principalArn : []));
    const cidrs = cidrsOf(subnets, found.subnetIds);
    return { region, cluster: { ...cluster, cidrs, accessEntries, networkPluginRole }, instances, securityGroups };
  }

  close(): void {
    this.#aws.close();
  }

  /** The role that the network plugin has by a pod identity association, or else by its add-on. */
  async #networkPluginRole(clusterName: string): Promise<ClusterFacts["networkPluginRole"]> {
    const { eks } = this.#aws;
    const addOn = async (addonName: string) =>
      (await ifThere(eks.send(new DescribeAddonCommand({ clusterName, addonName }))))?.addon;
    const who = { clusterName, namespace: "kube-system", serviceAccount: "aws-node" };
    const { associations: [found] = [] } = await eks.send(new ListPodIdentityAssociationsCommand(who));
    if (found === undefined) {
      const arn = (await addOn("vpc-cni"))?.serviceAccountRoleArn;
      return arn === undefined ? undefined : this.#role(arn);
    }
    const { associationId } = found;
    const asked = new DescribePodIdentityAssociationCommand({ clusterName, associationId });
    const { association } = await eks.send(asked);
    const agent = await addOn("eks-pod-identity-agent");
    const outOfReach = agent === undefined ? "the add-on eks-pod-identity-agent is not there" : undefined;
    return { ...(await this.#role(association?.roleArn ?? "")), outOfReach };
  }

  /** Those that run in the cluster's VPC. @param launchIds what each instance of a group is launched from */
  async #instances(
    subnets: readonly Subnet[],
    launchIds: ReadonlyMap<string, string | undefined>,
  ): Promise<InstanceFacts[]> {
    const { ec2, iam } = this.#aws;
    const vpcId = subnets[0]?.vpcId;
    const running = (await readInstances(ec2, [...launchIds.keys()]))
      .filter((it) => it.state === "running" && it.vpcId === vpcId)
      .sort((one, other) => (one.id < other.id ? -1 : 1));
    if (vpcId === undefined || running.length === 0) return [];
    const waysOut = await this.#waysOut(vpcId, subnets);
    // The emulator forgets what an instance was launched with, so it is taken from what its group launches at first.
    const launched = await Promise.all(
      running.map(async (instance) => ({ ...instance, ...(await this.#launch(instance, launchIds.get(instance.id))) })),
    );
    const profiles = launched.map(({ instanceProfile }) => instanceProfile);
    const roles = await forEach(profiles, async (profile) => {
      const [arn] = (await readProfile(iam, profile)) ?? [];
      return arn === undefined ? undefined : this.#role(arn);
    });
    return Promise.all(
      launched.map(async (instance) => {
        const role = roles[instance.instanceProfile];
        const userData = await once(this.#userData, instance.id, () => readUserDataOf(ec2, instance.id));
        const image = await once(this.#images, instance.imageId, async () => {
          return (await readImage(ec2, instance.imageId)) ?? { name: "", description: "" };
        });
        return { ...instance, role, ...waysOut(instance), userData, image };
      }),
    );
  }

  async #launch(
    { id, instanceProfile, securityGroupIds }: Instance,
    launchId = "",
  ): Promise<Pick<Instance, "instanceProfile" | "securityGroupIds">> {
    const launch = await once(this.#launches, id, async () => (await readLaunches(this.#aws, [launchId]))[launchId]);
    const isForgotten = launch?.kind === "launch template" && launch.securityGroupIds.length > 0;
    return {
      instanceProfile: instanceProfile === "" ? (launch?.instanceProfile ?? "") : instanceProfile,
      securityGroupIds: isForgotten ? launch.securityGroupIds : securityGroupIds,
    };
  }

  /** Which ways an instance has to AWS: through the internet, and by VPC endpoints. */
  async #waysOut(
    vpcId: string,
    subnets: readonly Subnet[],
  ): Promise<(instance: Instance) => Pick<InstanceFacts, "hasEgress" | "endpoints">> {
    const { ec2 } = this.#aws;
    const [gateways, endpoints] = await Promise.all([readNatGateways(ec2, vpcId), readEndpoints(ec2, vpcId)]);
    const nats = gateways.flatMap(({ id, state }) => (state === "available" ? id : []));
    return ({ subnetId, publicAddress }) => {
      const { routeTableId = "", defaultRoute = "" } = subnets.find(({ id }) => id === subnetId) ?? {};
      return {
        hasEgress: nats.includes(defaultRoute) || (defaultRoute.startsWith("igw-") && publicAddress !== ""),
        endpoints: endpoints
          .filter(({ isAvailable }) => isAvailable)
          .filter((it) => (it.hasInterfaces ? it.hasPrivateDns : it.routeTableIds.includes(routeTableId)))
          .map(({ service, hasInterfaces, securityGroupIds, subnetIds }) => ({
            service,
            interfaces: hasInterfaces ? { groupIds: securityGroupIds, cidrs: cidrsOf(subnets, subnetIds) } : undefined,
          })),
      };
    };
  }

  /** A role with its policies; none when there is no such role. */
  async #role(arn: string): Promise<Role> {
    const { iam } = this.#aws;
    const RoleName = nameIn(arn);
    const attached = await ifThere(readAttachedPolicies(iam, RoleName));
    const own = await ifThere(all(paginateListRolePolicies({ client: iam }, { RoleName }), "PolicyNames"));
    return { arn, policies: [...(attached ?? []), ...(own ?? [])].sort() };
  }
}

function cidrsOf(subnets: readonly Subnet[], ids: readonly string[]): string[] {
  return subnets.filter(({ id }) => ids.includes(id)).map(({ cidr }) => cidr);
}

/** What is known already, or else is read. */
async function once<T>(known: Map<string, T>, key: string, read: () => Promise<T>): Promise<T> {
  if (!known.has(key)) known.set(key, await read());
  return known.get(key) as T;
}
