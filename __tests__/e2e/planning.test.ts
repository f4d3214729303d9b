import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  addressesOfNode,
  addressesOfSubnet,
  groupFigures,
  instanceFacts,
  nodeFigures,
  podsHeld,
  podsPerNode,
  workload,
} from "../../modules/planning/figures";
import { Expression, hcl } from "../../modules/hcl/expression";
import { neutralEnvironment, type Emulator } from "../../rehearsal/account/emulator";
import { describeEndToEnd, emulate, Project, terraformProgram } from "../support/end-to-end";
import { run } from "../support/run";

/**
 * Instance types: network interfaces (of the default card), addresses of each, vCPUs, GiB, whether built on Nitro, and
 * the pods that Amazon's own table gives them.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/misc/eni-max-pods.txt
 */
const TYPES: readonly (readonly [
  name: string,
  interfaces: number,
  addresses: number,
  vcpus: number,
  memoryGiB: number,
  nitro: boolean,
  pods: number,
  podsWithPrefixes: number,
])[] = [
  ["t2.micro", 2, 2, 1, 1, false, 4, 4],
  ["t2.medium", 3, 6, 2, 4, false, 17, 17],
  ["t3.nano", 2, 2, 2, 0.5, true, 4, 34],
  ["t3.micro", 2, 2, 2, 1, true, 4, 34],
  ["t3.small", 3, 4, 2, 2, true, 11, 110],
  ["t3.medium", 3, 6, 2, 4, true, 17, 110],
  ["t3.large", 3, 12, 2, 8, true, 35, 110],
  ["t3.xlarge", 4, 15, 4, 16, true, 58, 110],
  ["t4g.medium", 3, 6, 2, 4, true, 17, 110],
  ["m4.large", 2, 10, 2, 8, false, 20, 20],
  ["m5.large", 3, 10, 2, 8, true, 29, 110],
  ["m5.xlarge", 4, 15, 4, 16, true, 58, 110],
  ["m5.4xlarge", 8, 30, 16, 64, true, 234, 110],
  ["m5.8xlarge", 8, 30, 32, 128, true, 234, 250],
  ["m5.24xlarge", 15, 50, 96, 384, true, 737, 250],
  ["m6g.medium", 2, 4, 1, 4, true, 8, 98],
  ["m6g.large", 3, 10, 2, 8, true, 29, 110],
  ["m7i.large", 3, 10, 2, 8, true, 29, 110],
  ["c5.large", 3, 10, 2, 4, true, 29, 110],
  ["c5.18xlarge", 15, 50, 72, 144, true, 737, 250],
  ["c6in.32xlarge", 8, 50, 128, 256, true, 394, 250],
  ["r5.large", 3, 10, 2, 16, true, 29, 110],
  ["p4d.24xlarge", 15, 50, 96, 1152, true, 737, 250],
];

const type = new Expression("type");
const on = hcl`true`;
const off = hcl`false`;

/** What Terraform makes of expressions, with no provider and no state. */
async function evaluated(
  locals: Readonly<Record<string, unknown>>,
  expressions: Readonly<Record<string, Expression>>,
): Promise<Record<string, unknown>> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-expressions-"));
  try {
    const output = Object.fromEntries(
      Object.entries(expressions).map(([name, { text }]) => [name, { value: `\${${text}}` }]),
    );
    writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ locals, output }));
    const options = { cwd: folder, env: neutralEnvironment() };
    for (const args of [["init"], ["apply", "-auto-approve"]]) {
      const { code, output: said } = await run(terraformProgram(), [...args, "-input=false", "-no-color"], options);
      if (code !== 0) throw new Error(said);
    }
    const { stdout } = await run(terraformProgram(), ["output", "-json"], options);
    const outputs = JSON.parse(stdout) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Facts of the table's types, as the data source's would be. */
const FACTS = Object.fromEntries(
  TYPES.map(([name, interfaces, addresses, vcpus, memory_gib, has_prefixes]) => [
    name,
    { interfaces, addresses, vcpus, memory_gib, has_prefixes, category: /^t/.test(name) ? "burstable" : "by ratio" },
  ]),
);
const types = new Expression("local.types");
const eachType = (expression: Expression) => hcl`{ for name, type in ${types} : name => ${expression} }`;

describeEndToEnd("planning", () => {
  it("counts the pods of a node as Amazon's table does, and with prefixes no more than AWS recommends", async () => {
    const figures = await evaluated(
      { types: FACTS },
      {
        held: eachType(podsHeld(type, off)),
        pods: eachType(podsPerNode(type, off)),
        prefixes: eachType(podsPerNode(type, on)),
      },
    );

    expect(figures).toEqual({
      held: Object.fromEntries(TYPES.map(([name, , , , , , pods]) => [name, pods])),
      pods: Object.fromEntries(TYPES.map(([name, , , , , , pods]) => [name, pods])),
      prefixes: Object.fromEntries(TYPES.map(([name, , , , , , , pods]) => [name, pods])),
    });
  });

  it("counts the addresses that a node takes", async () => {
    const rows = [
      // A t3.small holds three interfaces of four addresses: nine pods and the two on the node's own address.
      ["t3.small", 2, off, 4],
      ["t3.small", 3, off, 8],
      ["t3.small", 5, off, 8],
      ["t3.small", 6, off, 12],
      ["t3.small", 11, off, 12],
      ["m5.large", 29, off, 30],
      ["m5.large", 10, off, 20],
      // The rows of the CNI's own page about prefixes: 0, 5, 16, 17 and 58 pods.
      ["t3.small", 2, on, 17],
      ["t3.small", 7, on, 33],
      ["t3.small", 18, on, 33],
      ["t3.small", 19, on, 49],
      ["t3.small", 60, on, 82],
      ["t3.micro", 34, on, 34],
      // Not built on Nitro.
      ["m4.large", 20, on, 20],
    ] as const;
    const locals = { types: FACTS };
    const outputs = rows.map(([name, pods, prefixes], i) => [
      `row_${String(i)}`,
      addressesOfNode(hcl`${types}[${name}]`, hcl`${pods}`, prefixes),
    ]);

    const figures = await evaluated(locals, Object.fromEntries(outputs) as Record<string, Expression>);

    expect(rows.map(([name, pods], i) => [name, pods, figures[`row_${String(i)}`]])).toEqual(
      rows.map(([name, pods, , addresses]) => [name, pods, addresses]),
    );
  });

  it("counts the addresses of subnets, and has a word for each ratio of processors and memory", async () => {
    const figures = await evaluated(
      {},
      {
        subnets: hcl`[for cidr in ["10.0.0.0/16", "10.0.0.0/20", "172.16.10.0/23", "10.0.0.0/24", "10.0.0.0/28"] : ${addressesOfSubnet(new Expression("cidr"))}]`,
        // C5, M5, R5, X1, X1e, and two of the kinds that stand beside the table.
        words: hcl`[for ratio in [2, 4, 8, 15, 30] : ${workload(hcl`"by ratio"`, new Expression("ratio"))}]`,
        kinds: hcl`[for kind in ["burstable", "gpu"] : ${workload(new Expression("kind"), hcl`4`)}]`,
      },
    );

    expect(figures).toEqual({
      subnets: [65531, 4091, 507, 251, 11],
      words: ["compute", "general", "memory", "memory", "memory"],
      kinds: ["burstable", "gpu"],
    });
  });

  const group = (fields: object) => ({
    instance_types: ["m5.large"],
    max_size: 3,
    max_pods: null,
    zones: [],
    subnet_ids: [],
    spread: "one_group",
    ...fields,
  });
  const SUBNETS = [
    { zone: "a", cidr: "172.16.10.0/23" },
    { zone: "b", cidr: "172.16.12.0/24" },
  ];
  const figuresOf = (
    groups: Readonly<Record<string, object>>,
    prefixDelegation: Expression,
    subnets: object[] = SUBNETS,
  ) => {
    const props = {
      groups: new Expression("local.groups"),
      subnets: new Expression("local.subnets"),
      types,
      prefixDelegation,
    };
    const nodes = nodeFigures(props);
    return evaluated({ types: FACTS, groups, subnets }, { nodes, groups: groupFigures({ ...props, nodes }) });
  };

  it("adds up a group, by the smallest of its types", async () => {
    const { groups } = await figuresOf(
      {
        one: group({}),
        mixed: group({ instance_types: ["m5.large", "c5.large", "t3.medium"] }),
        "per-zone": group({ spread: "group_per_zone" }),
        zoned: group({ spread: "group_per_zone", zones: ["b"] }),
        limited: group({ max_pods: 10 }),
        elsewhere: group({ subnet_ids: ["subnet-1"] }),
      },
      off,
    );

    expect(groups).toEqual({
      one: {
        instance_types: ["m5.large"],
        vcpus: 2,
        memory_gib: 8,
        cpu_to_memory: "1:4",
        workload: "general",
        pods_per_node: 29,
        pods_max: 87,
        addresses_needed: 90,
        addresses_available: 507 + 251,
      },
      mixed: expect.objectContaining({
        memory_gib: 4,
        cpu_to_memory: "1:2",
        pods_per_node: 17,
        addresses_needed: 90,
      }) as unknown,
      "per-zone": expect.objectContaining({ pods_max: 174, addresses_needed: 180 }) as unknown,
      zoned: expect.objectContaining({ pods_max: 87, addresses_available: 251 }) as unknown,
      limited: expect.objectContaining({ pods_per_node: 10, pods_max: 30, addresses_needed: 60 }) as unknown,
      elsewhere: expect.objectContaining({ addresses_needed: 90, addresses_available: null }) as unknown,
    });
  });

  it("finds the subnets of a group by their ids, and what is free in them", async () => {
    const { groups } = await figuresOf({ there: group({ subnet_ids: ["subnet-2"] }), all: group({}) }, off, [
      { zone: "a", cidr: "10.0.0.0/24", id: "subnet-1", free: 200 },
      { zone: "b", cidr: "10.0.1.0/24", id: "subnet-2", free: 17 },
    ]);

    expect(groups).toMatchObject({ there: { addresses_available: 17 }, all: { addresses_available: 217 } });
  });

  it.each([
    ["leaves the pods to the AMI without prefixes", off, { plain: null, limited: 10 }],
    ["tells the kubelet the pods with prefixes", on, { plain: 110, limited: 10 }],
  ])("%s", async (_, prefixDelegation, expected) => {
    const { nodes } = await figuresOf({ plain: group({}), limited: group({ max_pods: 10 }) }, prefixDelegation);

    const maxPods = Object.entries(nodes as Record<string, { max_pods: unknown }>).map(([key, node]) => [
      key,
      node.max_pods,
    ]);
    expect(Object.fromEntries(maxPods)).toEqual(expected);
  });
});

describeEndToEnd("planning with what EC2 says of instance types", () => {
  let emulator: Emulator;
  let project: Project;

  beforeAll(async () => {
    emulator = await emulate();
    project = new Project(emulator);
  });

  afterAll(async () => {
    await emulator.stop();
    project.remove();
  });

  it("counts the pods of every type in the table", async () => {
    const file = join(project.stack, "cdk.tf.json");
    const { terraform, provider } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    const facts = instanceFacts(type);
    writeFileSync(
      file,
      JSON.stringify({
        terraform,
        provider: JSON.parse(JSON.stringify(provider).replace("${var.aws_region}", "ap-northeast-2")) as unknown,
        variable: { project_name: { default: "a" } },
        data: {
          aws_ec2_instance_type: {
            type: {
              for_each: `\${toset(${JSON.stringify(TYPES.map(([name]) => name))})}`,
              instance_type: "${each.key}",
            },
          },
        },
        locals: { types: `\${${hcl`{ for name, type in data.aws_ec2_instance_type.type : name => ${facts} }`.text}}` },
        output: {
          types: { value: "${local.types}" },
          pods: { value: `\${${eachType(podsPerNode(type, off)).text}}` },
          prefixes: { value: `\${${eachType(podsPerNode(type, on)).text}}` },
        },
      }),
    );

    const planned = await project.terraform("plan", "-input=false", "-no-color", "-out=types.tfplan");
    const { stdout } = await project.terraform("show", "-json", "types.tfplan");

    expect(planned.output).not.toContain("Error");
    const { planned_values } = JSON.parse(stdout) as {
      planned_values: { outputs: Record<"types" | "pods" | "prefixes", { value: unknown }> };
    };
    const { outputs } = planned_values;
    // The category is the data source's to say: the table's is made of the names.
    const figures = Object.entries(FACTS).map(([name, facts]) => [
      name,
      { ...facts, category: expect.any(String) as unknown },
    ]);
    expect(outputs.types.value).toEqual(Object.fromEntries(figures));
    expect(outputs.pods.value).toEqual(Object.fromEntries(TYPES.map(([name, , , , , , pods]) => [name, pods])));
    expect(outputs.prefixes.value).toEqual(Object.fromEntries(TYPES.map(([name, , , , , , , pods]) => [name, pods])));
  });
});
