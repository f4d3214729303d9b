import type { ClusterAccount } from "../../../../rehearsal/account/eks/account";
import { ACCESS_POLICIES } from "../../../../rehearsal/account/eks/access-entries";
import { ADD_ONS } from "../../../../rehearsal/account/eks/add-on-table";
import { EksApi } from "../../../../rehearsal/account/eks/api";
import type { SchedulableNode, Workloads } from "../../../../rehearsal/cluster/scheduling";
import { CLUSTER_VERSIONS } from "../../../../rehearsal/account/eks/releases";

const ARN = "arn:aws:eks:ap-northeast-2:123456789012:cluster/demo";
const iam = (name: string) => `arn:aws:iam::123456789012:${name}`;
const [ADMIN, NODE, POD, PLAIN] = ["user/admin", "role/eks/node", "role/pod", "role/plain"].map(iam) as [
  string,
  string,
  string,
  string,
];
const trust = (...actions: string[]) =>
  JSON.stringify({
    Statement: { Effect: "Allow", Action: actions, Principal: { Service: ["pods.eks.amazonaws.com"] } },
  });
const PRINCIPALS: Readonly<Record<string, string>> = {
  [ADMIN]: "{}",
  [NODE]: "{}",
  [PLAIN]: trust("sts:AssumeRole"),
  [POD]: trust("sts:AssumeRole", "sts:TagSession"),
};
const VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
const at = (...parts: string[]) => `/clusters/demo/${parts.map(encodeURIComponent).join("/")}`;

/** The subnets of the account, with their zones. */
const ZONES: Readonly<Record<string, string>> = {
  "subnet-1": "ap-northeast-2a",
  "subnet-a": "ap-northeast-2a",
  "subnet-b": "ap-northeast-2b",
  "subnet-c": "ap-northeast-2c",
  "subnet-c2": "ap-northeast-2c",
};

/** A stand-in for the account: knows four principals, and keeps a list of its security groups. */
class FakeAccount implements ClusterAccount {
  readonly groups: string[] = [];
  callerArn = () => Promise.resolve(ADMIN);
  principal = (arn: string) => {
    const trustPolicy = PRINCIPALS[arn];
    return Promise.resolve(trustPolicy === undefined ? undefined : { arn, trustPolicy });
  };
  vpcOf = (subnetIds: readonly string[]) =>
    Promise.resolve(
      subnetIds.length > 0 && subnetIds.every((id) => id in ZONES)
        ? { id: "vpc-1", cidr: "172.16.0.0/16", zones: [...new Set(subnetIds.map((id) => ZONES[id] ?? ""))].sort() }
        : undefined,
    );
  addSecurityGroup = (vpcId: string, name: string) => {
    this.groups.push(`${vpcId} ${name}`);
    return Promise.resolve("sg-1");
  };
  removeSecurityGroup = (id: string) => {
    this.groups.push(`removed ${id}`);
    return Promise.resolve();
  };
  close = () => undefined;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body: Record<string, unknown>;
}

describe("the stand-in of the EKS API", () => {
  let api: EksApi;
  let nodes: SchedulableNode[];
  /** What add-ons run, by the namespace and the names. */
  let installed: Map<string, Workloads>;
  let account: FakeAccount;
  const told = { name: "demo", arn: ARN, createdAt: new Date(0), resourcesVpcConfig: { subnetIds: ["subnet-1"] } };

  beforeEach(() => {
    nodes = [];
    installed = new Map();
    const keyOf = ({ namespace, daemonSet = "", deployment }: Workloads) =>
      `${namespace}: ${[daemonSet, deployment?.name ?? ""].join(" ").trim()}`;
    api = new EksApi(() => ({
      nodes: () => nodes,
      install: (workloads) => installed.set(keyOf(workloads), workloads),
      uninstall: (workloads) => installed.delete(keyOf(workloads)),
    }));
    account = new FakeAccount();
  });

  async function create(asked: object = {}) {
    const resourcesVpcConfig = { subnetIds: ["subnet-1"] };
    return api.created({ name: "demo", version: "1.34", resourcesVpcConfig, ...asked }, told, account);
  }
  const withMode = (authenticationMode: string) => create({ accessConfig: { authenticationMode } });

  async function call(method: string, url: string, body?: object): Promise<Answer> {
    const route = api.route(method, url);
    if (route === undefined) throw new Error(`${method} ${url} is not answered here`);
    const text = body === undefined ? "" : JSON.stringify(body);
    const answer = await api.answer(route, text, account, told);
    const type = answer.headers["x-amzn-ErrorType"];
    return {
      status: answer.status,
      ...(type !== undefined && { type }),
      body: JSON.parse(answer.body) as Record<string, unknown>,
    };
  }

  /** `STATUS TYPE: MESSAGE` of a refusal; `200` when it is none. */
  async function outcome(method: string, url: string, body?: object): Promise<string> {
    const { status, type, body: answer } = await call(method, url, body);
    return type === undefined ? String(status) : `${String(status)} ${type}: ${String(answer["message"])}`;
  }
  const refused = (expected: string) => expect.stringContaining(expected) as string;

  it.each([
    ["GET", "/clusters/demo"],
    ["GET", "/clusters/demo/node-groups"],
    ["GET", "/tags/arn%3Aaws%3Aeks%3Aap-northeast-2%3A123456789012%3Acluster%2Fdemo"],
    ["PUT", "/cluster-versions"],
  ])("leaves %s %s to the emulator", (method, url) => {
    expect(api.route(method, url)).toBeUndefined();
  });

  describe("for a cluster", () => {
    it("says what EKS gives to one that asks for nothing", async () => {
      expect(await create()).toMatchObject({
        version: "1.34",
        accessConfig: { authenticationMode: "CONFIG_MAP" },
        upgradePolicy: { supportType: "EXTENDED" },
        kubernetesNetworkConfig: { ipFamily: "ipv4", serviceIpv4Cidr: "10.100.0.0/16" },
        logging: { clusterLogging: [{ enabled: false }] },
        resourcesVpcConfig: {
          vpcId: "vpc-1",
          clusterSecurityGroupId: "sg-1",
          endpointPublicAccess: true,
          endpointPrivateAccess: false,
          publicAccessCidrs: ["0.0.0.0/0"],
        },
      });
    });

    it("makes its security group, and removes it with the cluster", async () => {
      await create();
      await api.deleted(told);
      await api.deleted(told);

      expect(account.groups).toEqual(["vpc-1 demo", "removed sg-1"]);
    });

    it("gives none to a cluster whose subnets the account does not have", async () => {
      const cluster = await create({ resourcesVpcConfig: { subnetIds: ["subnet-2"] } });

      expect(cluster.resourcesVpcConfig).not.toHaveProperty("clusterSecurityGroupId");
      expect(account.groups).toEqual([]);
    });

    it("forgets one that was deleted behind its back, and another has its name", async () => {
      await withMode("API");
      const another = { ...told, createdAt: new Date(1), version: "1.31" };

      expect(api.described(told, account).accessConfig?.authenticationMode).toBe("API");
      expect(api.described(another, account)).toMatchObject({
        version: "1.31",
        accessConfig: { authenticationMode: "CONFIG_MAP" },
      });
    });

    it("has no addresses of version 4 for services when it is of version 6", async () => {
      const { kubernetesNetworkConfig: network } = await create({ kubernetesNetworkConfig: { ipFamily: "ipv6" } });

      expect(network).toEqual({ ipFamily: "ipv6", serviceIpv6Cidr: expect.stringMatching(/^fd.*\/108$/) as string });
    });

    const endpoints = (isPublic: boolean, isPrivate: boolean) => ({
      resourcesVpcConfig: { endpointPublicAccess: isPublic, endpointPrivateAccess: isPrivate },
    });
    const subnets = (...subnetIds: string[]) => ({ resourcesVpcConfig: { subnetIds } });
    const services = (serviceIpv4Cidr: string, more: object = {}) => ({
      kubernetesNetworkConfig: { serviceIpv4Cidr, ...more },
    });
    it.each<[string, object, string | undefined]>([
      ["nothing", {}, undefined],
      ["no endpoint", endpoints(false, false), "Private and public endpoint access cannot be false"],
      ["a private endpoint", endpoints(false, true), undefined],
      ["services in 10/8", services("10.200.0.0/20"), undefined],
      ["services in 172.16/12", services("172.31.0.0/12"), undefined],
      ["services in 192.168/16", services("192.168.0.0/24"), undefined],
      ["services that are too few", services("10.0.0.0/25"), "between /24 and /12"],
      ["services that are too many", services("10.0.0.0/11"), "between /24 and /12"],
      ["services on the internet", services("11.0.0.0/16"), "RFC 1918"],
      ["services of both families", services("10.0.0.0/16", { ipFamily: "ipv6" }), "cannot be specified when ipFamily"],
      [
        "no admin, and aws-auth alone",
        { accessConfig: { bootstrapClusterCreatorAdminPermissions: false } },
        "must be true if cluster authentication mode is set to CONFIG_MAP",
      ],
      [
        "no admin, and access entries",
        { accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false } },
        undefined,
      ],
      ["subnets of one zone", subnets("subnet-c", "subnet-c2"), "must be in at least two different AZs"],
      ["subnets of two zones", subnets("subnet-a", "subnet-c"), undefined],
    ])("that asks for %s", async (_, asked, why) => {
      const refusal = await api.refusalOfNew(asked, account);

      expect(refusal?.status).toBe(why === undefined ? undefined : 400);
      expect(refusal?.body ?? "").toContain(why ?? "");
    });
  });

  describe("for its updates", () => {
    it.each([
      ["1.34", "1.35", "200"],
      ["1.34", "1.36", "400 InvalidParameterException: Unsupported Kubernetes minor version update from 1.34 to 1.36"],
      ["1.34", "1.34", "400 InvalidParameterException: Unsupported Kubernetes minor version update from 1.34 to 1.34"],
      ["1.34", "1.33", "400 InvalidParameterException: Unsupported Kubernetes minor version update from 1.34 to 1.33"],
      ["1.36", "1.37", "400 InvalidParameterException: unsupported Kubernetes version"],
      ["1.29", "1.30", "400 InvalidParameterException: unsupported Kubernetes version"],
    ])("from %s to %s answers %s", async (version, wanted, expected) => {
      await create({ version });

      expect(await outcome("POST", at("updates"), { version: wanted })).toBe(expected);
      expect(api.described(told, account).version).toBe(expected === "200" ? wanted : version);
    });

    it("says that it goes on, and at the first look that it is done", async () => {
      await create();
      const { body } = await call("POST", at("updates"), { version: "1.35" });
      const { id, status } = body["update"] as { id: string; status: string };

      expect(status).toBe("InProgress");
      expect((await call("GET", at("updates", id))).body).toMatchObject({
        update: { id, status: "Successful", type: "VersionUpdate", params: [{ type: "Version", value: "1.35" }, {}] },
      });
      expect((await call("GET", at("updates"))).body).toEqual({ updateIds: [id] });
      expect(await outcome("GET", at("updates", "no"))).toBe(
        "404 ResourceNotFoundException: No update found for ID: no",
      );
    });

    it.each([
      ["other subnets of the same zones", ["subnet-a", "subnet-c2"], undefined],
      ["more subnets of the same zones", ["subnet-a", "subnet-c", "subnet-c2"], undefined],
      ["another zone besides", ["subnet-a", "subnet-b", "subnet-c"], "ap-northeast-2a,ap-northeast-2b,ap-northeast-2c"],
      ["another zone instead", ["subnet-a", "subnet-b"], "ap-northeast-2a,ap-northeast-2b"],
      ["a zone less", ["subnet-a"], "ap-northeast-2a"],
    ])("to %s", async (_, subnetIds, zones) => {
      await create({ resourcesVpcConfig: { subnetIds: ["subnet-a", "subnet-c"] } });

      const answer = await outcome("POST", at("update-config"), { resourcesVpcConfig: { subnetIds } });

      expect(answer).toBe(
        zones === undefined
          ? "200"
          : `400 InvalidParameterException: Provided subnets belong to the AZs '${zones}'. But they should belong to ` +
              "the exact set of AZs 'ap-northeast-2a,ap-northeast-2c' in which subnets were provided during cluster creation.",
      );
      const now = api.described(told, account).resourcesVpcConfig?.subnetIds;
      expect(now).toEqual(zones === undefined ? subnetIds : ["subnet-a", "subnet-c"]);
    });

    it.each([
      ["CONFIG_MAP", "API_AND_CONFIG_MAP", true],
      ["API_AND_CONFIG_MAP", "API", true],
      ["CONFIG_MAP", "API", false],
      ["CONFIG_MAP", "CONFIG_MAP", false],
      ["API_AND_CONFIG_MAP", "CONFIG_MAP", false],
      ["API_AND_CONFIG_MAP", "API_AND_CONFIG_MAP", false],
      ["API", "API_AND_CONFIG_MAP", false],
      ["API", "CONFIG_MAP", false],
      ["API", "API", false],
    ])("of the mode from %s to %s: %s", async (from, to, isTaken) => {
      await withMode(from);

      const result = await outcome("POST", at("update-config"), { accessConfig: { authenticationMode: to } });

      expect(result).toBe(
        isTaken ? "200" : `400 InvalidParameterException: Unsupported authentication mode update from ${from} to ${to}`,
      );
      expect(api.described(told, account).accessConfig?.authenticationMode).toBe(isTaken ? to : from);
    });

    const logs = (types: string[], enabled: boolean) => ({ logging: { clusterLogging: [{ types, enabled }] } });
    const vpc = (resourcesVpcConfig: object) => ({ resourcesVpcConfig });
    it.each<[string, object, string, object]>([
      ["logs", logs(["audit", "api"], true), "200", { logging: { clusterLogging: [{ types: ["api", "audit"] }, {}] } }],
      ["the same logs", logs(["audit"], false), "No changes needed for the logging config provided", {}],
      [
        "support",
        { upgradePolicy: { supportType: "STANDARD" } },
        "200",
        { upgradePolicy: { supportType: "STANDARD" } },
      ],
      [
        "the endpoint",
        vpc({ endpointPrivateAccess: true, endpointPublicAccess: false }),
        "200",
        vpc({ endpointPrivateAccess: true, endpointPublicAccess: false, clusterSecurityGroupId: "sg-1" }),
      ],
      [
        "who reaches it",
        vpc({ publicAccessCidrs: ["203.0.113.0/24"] }),
        "200",
        vpc({ publicAccessCidrs: ["203.0.113.0/24"] }),
      ],
      ["the same endpoint", vpc({ endpointPublicAccess: true }), "already at the desired configuration", {}],
      ["no endpoint", vpc({ endpointPublicAccess: false }), "Private and public endpoint access cannot be false", {}],
      ["security groups", vpc({ securityGroupIds: ["sg-2"] }), "200", vpc({ securityGroupIds: ["sg-2"] })],
      [
        "two things",
        { ...logs(["api"], true), ...vpc({ endpointPrivateAccess: true }) },
        "Only one type of update",
        {},
      ],
      ["nothing", {}, "No update parameters were provided", {}],
    ])("of %s", async (_, asked, expected, described) => {
      await create();

      expect(await outcome("POST", at("update-config"), asked)).toContain(expected);
      expect(api.described(told, account)).toMatchObject(described);
    });

    it("associates an encryption, once", async () => {
      await create();
      const wanted = [
        { resources: ["secrets"], provider: { keyArn: "arn:aws:kms:ap-northeast-2:123456789012:key/1" } },
      ];
      const associate = (encryptionConfig: object[]) =>
        outcome("POST", at("encryption-config", "associate"), { encryptionConfig });

      expect(await associate([{ provider: { keyArn: "alias/a" } }])).toMatch(/^400 InvalidParameterException/);
      expect(await associate(wanted)).toBe("200");
      expect(await associate(wanted)).toMatch(/^400 InvalidRequestException/);
      expect(api.described(told, account).encryptionConfig).toEqual(wanted);
    });
  });

  describe("for access entries", () => {
    const entry = (principalArn: string, more: object = {}) => ({ principalArn, ...more });

    it.each([
      ["POST", at("access-entries"), entry(NODE)],
      ["GET", at("access-entries"), undefined],
      ["GET", at("access-entries", NODE), undefined],
      ["POST", at("access-entries", NODE), {}],
      ["DELETE", at("access-entries", NODE), undefined],
      ["POST", at("access-entries", NODE, "access-policies"), { policyArn: VIEW, accessScope: { type: "cluster" } }],
      ["GET", at("access-entries", NODE, "access-policies"), undefined],
      ["DELETE", at("access-entries", NODE, "access-policies", VIEW), undefined],
    ])("refuses %s %s in the mode CONFIG_MAP", async (method, url, body) => {
      await create();

      expect(await outcome(method, url, body)).toBe(
        "400 InvalidRequestException: The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
      );
    });

    it.each([
      [{}, [ADMIN]],
      [{ bootstrapClusterCreatorAdminPermissions: true }, [ADMIN]],
      [{ bootstrapClusterCreatorAdminPermissions: false }, []],
    ])("has its creator's with %j: %j", async (more, expected) => {
      await create({ accessConfig: { authenticationMode: "API", ...more } });

      expect((await call("GET", at("access-entries"))).body).toEqual({ accessEntries: expected });
    });

    it("shows its creator's when the mode moves on", async () => {
      await create();
      await call("POST", at("update-config"), { accessConfig: { authenticationMode: "API_AND_CONFIG_MAP" } });

      expect((await call("GET", at("access-entries", ADMIN, "access-policies"))).body).toMatchObject({
        associatedAccessPolicies: [
          { policyArn: VIEW.replace("View", "ClusterAdmin"), accessScope: { type: "cluster" } },
        ],
      });
    });

    it.each([
      ["STANDARD", "arn:aws:sts::123456789012:assumed-role/node/{{SessionName}}", []],
      ["EC2_LINUX", "system:node:{{EC2PrivateDNSName}}", ["system:nodes"]],
      ["EC2", "system:node:{{EC2PrivateDNSName}}", ["system:nodes"]],
      ["EC2_WINDOWS", "system:node:{{EC2PrivateDNSName}}", ["system:nodes", "eks:kube-proxy-windows"]],
      ["FARGATE_LINUX", "system:node:{{SessionName}}", ["system:bootstrappers", "system:nodes", "system:node-proxier"]],
      ["HYBRID_LINUX", "system:node:{{SessionName}}", ["system:nodes"]],
    ])("of the type %s have the user %s and the groups %j", async (type, username, kubernetesGroups) => {
      await withMode("API");

      const { body } = await call("POST", at("access-entries"), entry(NODE, { type }));

      expect(body["accessEntry"]).toMatchObject({
        clusterName: "demo",
        principalArn: NODE,
        type,
        username,
        kubernetesGroups,
        accessEntryArn: refused("arn:aws:eks:ap-northeast-2:123456789012:access-entry/demo/role/123456789012/node/"),
        createdAt: expect.any(Number) as number,
      });
    });

    it.each<[object, string]>([
      [
        entry(ADMIN),
        "409 ResourceInUseException: The specified access entry resource is already in use on this cluster.",
      ],
      [entry("node"), "400 InvalidParameterException: The principalArn parameter format is not valid"],
      [
        entry(iam("instance-profile/node")),
        "400 InvalidParameterException: The principalArn parameter format is not valid",
      ],
      [
        entry(iam("role/nobody")),
        "400 InvalidParameterException: The specified principalArn is invalid: invalid principal.",
      ],
      [
        entry(iam("role/node")),
        "400 InvalidParameterException: The specified principalArn is invalid: invalid principal.",
      ],
      [entry("arn:aws:iam::210987654321:role/elsewhere"), "200"],
      [entry(iam("role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS")), "of a Service Linked Role"],
      [entry(NODE, { type: "EC2_MAC" }), "The type EC2_MAC is not one of"],
      [entry(ADMIN, { type: "EC2_LINUX" }), "must be a role"],
      [entry(NODE, { type: "EC2_LINUX", kubernetesGroups: ["a"] }), "takes neither a username nor kubernetesGroups"],
      [entry(NODE, { type: "EC2_LINUX", username: "a" }), "takes neither a username nor kubernetesGroups"],
      [entry(NODE, { username: "system:node:a" }), "The username must not begin with system:"],
      [
        entry(NODE, { kubernetesGroups: ["readers", "system:masters"] }),
        "The kubernetes group name system:masters is invalid, it cannot start with system:",
      ],
      [entry(NODE, { kubernetesGroups: ["readers"], username: "node" }), "200"],
    ])("made with %j answer %s", async (asked, expected) => {
      await withMode("API");

      expect(await outcome("POST", at("access-entries"), asked)).toContain(expected);
    });

    it("are changed, tagged and deleted", async () => {
      await withMode("API");
      const { body: made } = await call("POST", at("access-entries"), entry(POD, { tags: { a: "1" } }));
      const { accessEntryArn } = made["accessEntry"] as { accessEntryArn: string };
      const tags = `/tags/${encodeURIComponent(accessEntryArn)}`;
      await call("POST", at("access-entries", POD), { kubernetesGroups: ["readers"] });
      await call("POST", tags, { tags: { b: "2" } });
      await call("DELETE", `${tags}?tagKeys=a`);

      expect((await call("GET", tags)).body).toEqual({ tags: { b: "2" } });
      expect((await call("GET", at("access-entries", POD))).body).toMatchObject({
        accessEntry: { kubernetesGroups: ["readers"], tags: { b: "2" } },
      });
      expect(await outcome("DELETE", at("access-entries", POD))).toBe("200");
      expect(await outcome("DELETE", at("access-entries", POD))).toMatch(
        /^404 ResourceNotFoundException: The specified principalArn could not be found/,
      );
    });

    it.each(ACCESS_POLICIES)("take the policy %s", async (name) => {
      await withMode("API");
      const policyArn = VIEW.replace("AmazonEKSViewPolicy", name);

      expect(await outcome("POST", at("access-entries", ADMIN, "access-policies"), { policyArn })).toBe("200");
      const { body } = await call("GET", "/access-policies");
      expect(body["accessPolicies"]).toContainEqual({ name, arn: policyArn });
    });

    const scope = (type: string, namespaces?: string[]) => ({ policyArn: VIEW, accessScope: { type, namespaces } });
    it.each<[string, object, string]>([
      [ADMIN, scope("cluster"), "200"],
      [ADMIN, scope("namespace", ["shop"]), "200"],
      [ADMIN, scope("namespace"), "400 InvalidParameterException: The accessScope namespace needs namespaces"],
      [ADMIN, scope("cluster", ["shop"]), "400 InvalidParameterException: The accessScope cluster takes no namespaces"],
      [ADMIN, { policyArn: `${VIEW}s` }, "404 ResourceNotFoundException: The specified policyArn could not be found."],
      [ADMIN, { policyArn: VIEW.replace("eks::aws", "eks:aws") }, "404 ResourceNotFoundException"],
      [NODE, scope("cluster"), "400 InvalidRequestException"],
      [POD, scope("cluster"), "404 ResourceNotFoundException: The specified principalArn could not be found"],
    ])("of %s with %j answer %s", async (principal, asked, expected) => {
      await withMode("API");
      await call("POST", at("access-entries"), entry(NODE, { type: "EC2_LINUX" }));

      expect(await outcome("POST", at("access-entries", principal, "access-policies"), asked)).toContain(expected);
    });

    it("lose a policy, and are found by one", async () => {
      await withMode("API");
      await call("POST", at("access-entries"), entry(POD));
      const policies = at("access-entries", POD, "access-policies");
      await call("POST", policies, scope("cluster"));
      const found = await call("GET", `${at("access-entries")}?associatedPolicyArn=${VIEW}`);

      expect(found.body).toEqual({ accessEntries: [POD] });
      expect(await outcome("DELETE", `${policies}/${encodeURIComponent(VIEW)}`)).toBe("200");
      expect(await outcome("DELETE", `${policies}/${encodeURIComponent(VIEW)}`)).toMatch(/^404 /);
    });

    it("come in pages", async () => {
      await withMode("API");
      for (const one of [NODE, POD]) await call("POST", at("access-entries"), entry(one));
      const first = await call("GET", `${at("access-entries")}?maxResults=2`);
      const rest = await call(
        "GET",
        `${at("access-entries")}?maxResults=2&nextToken=${String(first.body["nextToken"])}`,
      );

      expect([first.body["accessEntries"], rest.body]).toEqual([[NODE, POD], { accessEntries: [ADMIN] }]);
    });
  });

  describe("for add-ons", () => {
    const versions = CLUSTER_VERSIONS.map(({ clusterVersion = "" }) => clusterVersion);
    const offered = async (addonName: string, kubernetesVersion: string) => {
      const query = new URLSearchParams({ addonName, kubernetesVersion });
      const { body } = await call("GET", `/addons/supported-versions?${query.toString()}`);
      const [addOn] = body["addons"] as {
        addonVersions: {
          addonVersion: string;
          compatibilities: { clusterVersion: string; defaultVersion: boolean }[];
        }[];
      }[];
      return addOn?.addonVersions ?? [];
    };

    it.each(ADD_ONS.flatMap(({ name }) => versions.map((version) => [name, version] as const)))(
      "offers two versions of %s for %s, one of them by default",
      async (name, version) => {
        const found = await offered(name, version);

        expect(found).toHaveLength(2);
        expect(found.every(({ addonVersion }) => /^v\d+\.\d+\.\d+-eksbuild\.\d+$/.test(addonVersion))).toBe(true);
        const defaults = found.filter(({ compatibilities: [one] }) => one?.defaultVersion === true);
        expect(defaults).toHaveLength(1);
        await create({ version });
        const { body } = await call("POST", at("addons"), { addonName: name });
        expect(body["addon"]).toMatchObject({ addonVersion: defaults[0]?.addonVersion, status: "CREATING" });
      },
    );

    it.each(ADD_ONS.map(({ name, settings }) => [name, settings] as const))(
      "takes of %s what its schema has: %j",
      async (addonName, settings) => {
        await create();
        const addonVersion = (await offered(addonName, "1.34"))[0]?.addonVersion ?? "";
        const query = new URLSearchParams({ addonName, addonVersion });
        const { body } = await call("GET", `/addons/configuration-schemas?${query.toString()}`);
        const { properties } = JSON.parse(String(body["configurationSchema"])) as { properties: object };

        expect(Object.keys(properties)).toEqual(settings);
        const configurationValues = JSON.stringify(Object.fromEntries(settings.map((name) => [name, {}])));
        expect(await outcome("POST", at("addons"), { addonName, configurationValues })).toBe("200");
      },
    );

    const invalid = "400 InvalidParameterException";
    it.each<[object, string]>([
      [{ addonName: "kubecost" }, `${invalid}: Addon kubecost specified is not supported in 1.34 kubernetes version`],
      [
        { addonName: "vpc-cni", addonVersion: "v1.0.0-eksbuild.1" },
        `${invalid}: Addon version specified is not supported`,
      ],
      [
        { addonName: "vpc-cni", serviceAccountRoleArn: "node" },
        "serviceAccountRoleArn node is not the ARN of an IAM role",
      ],
      [{ addonName: "vpc-cni", configurationValues: "env:" }, "it is not JSON"],
      [{ addonName: "vpc-cni", configurationValues: "null" }, "failed with error: [$: null found, object expected]"],
      [{ addonName: "vpc-cni", configurationValues: "[]" }, "failed with error: [$: array found, object expected]"],
      [
        { addonName: "vpc-cni", configurationValues: '{"environment":{}}' },
        "[$.environment: is not defined in the schema",
      ],
      [{ addonName: "vpc-cni", configurationValues: "" }, "200"],
      [{ addonName: "coredns" }, "409 ResourceInUseException: Addon already exists."],
    ])("made with %j answers %s", async (asked, expected) => {
      await create();
      await call("POST", at("addons"), { addonName: "coredns" });

      expect(await outcome("POST", at("addons"), asked)).toContain(expected);
    });

    const READY: SchedulableNode = {};
    const NOT_READY: SchedulableNode = { notReady: { reason: "KubeletNotReady" } };
    const tainted = (key: string, effect = "NoSchedule", value = "true"): SchedulableNode => ({
      taints: [{ key, value, effect }],
    });
    const BATCH = '{"key":"batch","operator":"Equal","value":"true","effect":"NoSchedule"}';
    it.each<[string, SchedulableNode[], string, string, string?]>([
      ["coredns", [], "no node", "CREATING"],
      ["metrics-server", [], "no node", "CREATING"],
      ["aws-ebs-csi-driver", [], "no node", "CREATING"],
      ["vpc-cni", [], "no node", "ACTIVE"],
      ["kube-proxy", [], "no node", "ACTIVE"],
      ["eks-pod-identity-agent", [], "no node", "ACTIVE"],
      ["coredns", [READY], "a node", "ACTIVE"],
      ["metrics-server", [READY], "a node", "ACTIVE"],
      ["aws-ebs-csi-driver", [READY], "a node", "ACTIVE"],
      ["coredns", [NOT_READY], "a node that is not ready", "CREATING"],
      ["coredns", [tainted("batch")], "a tainted node", "CREATING"],
      ["coredns", [tainted("batch"), READY], "a tainted node and another one", "ACTIVE"],
      ["coredns", [tainted("batch", "NoExecute")], "a node that throws pods out", "CREATING"],
      ["coredns", [tainted("batch", "PreferNoSchedule")], "a node that had rather not", "ACTIVE"],
      ["coredns", [tainted("CriticalAddonsOnly")], "a node for such pods", "ACTIVE"],
      ["metrics-server", [tainted("CriticalAddonsOnly")], "a node for other pods", "CREATING"],
      ["coredns", [tainted("batch")], "a taint that it puts up with", "ACTIVE", `{"tolerations":[${BATCH}]}`],
      ["coredns", [tainted("batch", "NoSchedule", "no")], "another value", "CREATING", `{"tolerations":[${BATCH}]}`],
      ["coredns", [tainted("batch")], "any taint", "ACTIVE", '{"tolerations":[{"operator":"Exists"}]}'],
      [
        "aws-ebs-csi-driver",
        [tainted("batch")],
        "any",
        "ACTIVE",
        '{"controller":{"tolerations":[{"operator":"Exists"}]}}',
      ],
      [
        "aws-ebs-csi-driver",
        [tainted("batch")],
        "any on nodes",
        "CREATING",
        '{"node":{"tolerations":[{"operator":"Exists"}]}}',
      ],
    ])("%s on %j (%s) is %s", async (addonName, found, _, status, ...[configurationValues]) => {
      await create();
      nodes = found;
      const { body } = await call("POST", at("addons"), { addonName, configurationValues });

      expect(body["addon"]).toMatchObject({ status: "CREATING" });
      expect((await call("GET", at("addons", addonName))).body["addon"]).toMatchObject({
        status,
        health: { issues: [] },
      });
    });

    it.each([
      ["aws-ebs-csi-driver", "kube-system: ebs-csi-node ebs-csi-controller"],
      ["coredns", "kube-system: coredns"],
      ["eks-pod-identity-agent", "kube-system: eks-pod-identity-agent"],
      ["kube-proxy", "kube-system: kube-proxy"],
      ["metrics-server", "kube-system: metrics-server"],
      ["vpc-cni", "kube-system: aws-node"],
    ])("%s runs %s, until it is deleted without preserve", async (addonName, runs) => {
      await create();
      const seen: string[][] = [];
      const look = () => seen.push([...installed.keys()]);

      await call("POST", at("addons"), { addonName });
      look();
      await call("DELETE", `${at("addons", addonName)}?preserve=true`);
      look();
      await call("POST", at("addons"), { addonName });
      await call("DELETE", at("addons", addonName));
      look();

      expect(seen).toEqual([[runs], [runs], []]);
    });

    it("runs nothing when it is refused", async () => {
      await create();
      await call("POST", at("addons"), { addonName: "metrics-server", configurationValues: '{"replica":3}' });

      expect([...installed.keys()]).toEqual([]);
    });

    it("runs with the tolerations of its configuration, also when that changes", async () => {
      await create();
      const seen: unknown[] = [];
      const look = () => seen.push(installed.get("kube-system: coredns")?.deployment);
      const critical = { key: "CriticalAddonsOnly", operator: "Exists" };
      const configurationValues = `{"tolerations":[${BATCH}]}`;

      await call("POST", at("addons"), { addonName: "coredns" });
      look();
      await call("POST", at("addons", "coredns", "update"), { configurationValues });
      look();

      expect(seen).toEqual([
        { name: "coredns", replicas: 2, tolerations: [critical] },
        { name: "coredns", replicas: 2, tolerations: [critical, JSON.parse(BATCH)] },
      ]);
    });

    it("becomes active when a node comes, and is degraded when the last one goes", async () => {
      await create();
      await call("POST", at("addons"), { addonName: "coredns" });
      const seen: unknown[] = [];
      const look = async () => {
        const { status, health } = (await call("GET", at("addons", "coredns"))).body["addon"] as {
          status: string;
          health: { issues: { code: string }[] };
        };
        seen.push([status, ...health.issues.map(({ code }) => code)].join(" "));
      };

      for (const found of [[], [READY], [], [READY]]) {
        nodes = found;
        await look();
      }

      expect(seen).toEqual(["CREATING", "ACTIVE", "DEGRADED InsufficientNumberOfReplicas", "ACTIVE"]);
    });

    it("is degraded when no node has come for a long time", async () => {
      await create();
      await call("POST", at("addons"), { addonName: "coredns" });
      const later = jest.spyOn(Date, "now").mockReturnValue(Date.now() + 19 * 60_000);
      const { body } = await call("GET", at("addons", "coredns"));
      later.mockRestore();

      expect(body["addon"]).toMatchObject({
        status: "DEGRADED",
        health: { issues: [{ code: "InsufficientNumberOfReplicas" }] },
      });
    });

    it("is active at the first look, changes its version and goes", async () => {
      await create();
      const [newest] = await offered("vpc-cni", "1.34");
      const env = '{"env":{"ENABLE_PREFIX_DELEGATION":"true"}}';
      await call("POST", at("addons"), { addonName: "vpc-cni" });
      const { body: before } = await call("GET", at("addons", "vpc-cni"));
      const change = { addonVersion: newest?.addonVersion, configurationValues: env };
      const { body: updated } = await call("POST", at("addons", "vpc-cni", "update"), change);

      expect(before["addon"]).toMatchObject({ addonName: "vpc-cni", clusterName: "demo" });
      expect(updated["update"]).toMatchObject({ type: "AddonUpdate", status: "InProgress" });
      expect((await call("GET", at("addons", "vpc-cni"))).body["addon"]).toMatchObject(change);
      expect((await call("GET", at("addons"))).body).toEqual({ addons: ["vpc-cni"] });
      expect((await call("DELETE", at("addons", "vpc-cni"))).body["addon"]).toMatchObject({ status: "DELETING" });
      expect(await outcome("GET", at("addons", "vpc-cni"))).toBe(
        "404 ResourceNotFoundException: No addon: vpc-cni found in cluster: demo",
      );
    });

    it("has associations of its own, which go with it", async () => {
      await create();
      const podIdentityAssociations = [{ serviceAccount: "ebs-csi-controller-sa", roleArn: POD }];
      const { body } = await call("POST", at("addons"), { addonName: "aws-ebs-csi-driver", podIdentityAssociations });
      const { addonArn } = body["addon"] as { addonArn: string };
      const { body: there } = await call("GET", at("pod-identity-associations"));
      await call("DELETE", at("addons", "aws-ebs-csi-driver"));

      expect(there["associations"]).toMatchObject([{ serviceAccount: "ebs-csi-controller-sa", ownerArn: addonArn }]);
      expect((await call("GET", at("pod-identity-associations"))).body).toEqual({ associations: [] });
    });
  });

  describe("for pod identity associations", () => {
    const web = (more: object = {}) => ({ namespace: "shop", serviceAccount: "web", roleArn: POD, ...more });

    it.each<[object, string]>([
      [web({ serviceAccount: "api" }), "200"],
      [web({ namespace: "default" }), "200"],
      [web(), "409 ResourceInUseException: Association already exists: a-"],
      [web({ roleArn: "pod" }), "400 InvalidParameterException: roleArn pod is not the ARN of an IAM role"],
      [
        web({ roleArn: iam("role/nobody") }),
        "400 InvalidParameterException: Role provided in the request does not exist.",
      ],
      [web({ roleArn: NODE }), "does not let pods.eks.amazonaws.com sts:AssumeRole, sts:TagSession"],
      [web({ roleArn: PLAIN }), "does not let pods.eks.amazonaws.com sts:TagSession"],
    ])("made with %j answers %s", async (asked, expected) => {
      await create();
      await call("POST", at("pod-identity-associations"), web());

      expect(await outcome("POST", at("pod-identity-associations"), asked)).toContain(expected);
    });

    it("is described, found, changed and deleted", async () => {
      await create();
      const { body } = await call("POST", at("pod-identity-associations"), web({ tags: { a: "1" } }));
      const { associationId, associationArn } = body["association"] as {
        associationId: string;
        associationArn: string;
      };
      const own = at("pod-identity-associations", associationId);
      const changed = await call("POST", own, { roleArn: POD, disableSessionTags: true });
      const find = (query: string) => call("GET", `${at("pod-identity-associations")}?${query}`);

      expect(associationId).toMatch(/^a-[a-z0-9]{17}$/);
      expect(associationArn).toBe(`${ARN.replace("cluster/", "podidentityassociation/")}/${associationId}`);
      expect(changed.body["association"]).toMatchObject({ ...web(), tags: { a: "1" }, disableSessionTags: true });
      expect((await find("namespace=shop")).body["associations"]).toHaveLength(1);
      expect((await find("namespace=shop&serviceAccount=api")).body["associations"]).toEqual([]);
      expect(await outcome("DELETE", own)).toBe("200");
      expect(await outcome("GET", own)).toMatch(/^404 ResourceNotFoundException/);
    });
  });

  describe("for versions", () => {
    it.each([
      ["", ["1.36", "1.35", "1.34", "1.33", "1.32", "1.31"]],
      ["includeAll=true", ["1.36", "1.35", "1.34", "1.33", "1.32", "1.31", "1.30"]],
      ["defaultOnly=true", ["1.36"]],
      ["versionStatus=STANDARD_SUPPORT", ["1.36", "1.35", "1.34"]],
      ["versionStatus=EXTENDED_SUPPORT", ["1.33", "1.32", "1.31"]],
      ["status=unsupported", ["1.30"]],
      ["clusterVersions=1.34&clusterVersions=1.30", ["1.34", "1.30"]],
      ["maxResults=1", ["1.36"]],
    ])("asked with %j names %j", async (query, expected) => {
      const { body } = await call("GET", `/cluster-versions?${query}`);

      const found = body["clusterVersions"] as { clusterVersion: string; releaseDate: number }[];
      expect(found.map(({ clusterVersion }) => clusterVersion)).toEqual(expected);
      // In seconds: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
      const released = { "1.36": Date.UTC(2026, 5, 2), "1.34": Date.UTC(2025, 9, 2) }[found[0]?.clusterVersion ?? ""];
      if (released !== undefined) expect(found[0]?.releaseDate).toBe(released / 1000);
    });
  });
});
