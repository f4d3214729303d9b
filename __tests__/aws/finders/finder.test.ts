import type { Filter } from "@aws-sdk/client-ec2";

import { AwsClients } from "../../../aws/clients";
import { inBatches } from "../../../aws/answers";
import { anyOf, listed, taggedBy } from "../../../aws/finders/finder";
import { FINDERS } from "../../../aws/finders/table";

const NO_CLIENTS = new AwsClients({ region: "none" });

describe("batches", () => {
  it.each([
    [0, []],
    [20, [20]],
    [21, [20, 1]],
    [41, [20, 20, 1]],
  ])("of %i things are of 20 at most", (count, sizes) => {
    const things = Array.from({ length: count }, (_, i) => i);

    const batches = inBatches(things, 20);

    expect(batches.map(({ length }) => length)).toEqual(sizes);
    expect(batches.flat()).toEqual(things);
  });
});

describe("filters for any number of values", () => {
  it.each([
    [0, []],
    [200, [200]],
    [201, [200, 1]],
  ])("take %i of them in alternatives that AWS accepts", (count, sizes) => {
    const alternatives = anyOf(
      "volume-id",
      Array.from({ length: count }, (_, i) => `vol-${String(i)}`),
    );

    expect(alternatives.flat().map(({ Values = [] }) => Values.length)).toEqual(sizes);
  });
});

describe("what is found", () => {
  const subnets = (asked: Filter[][] = []) => {
    async function* pages(_: AwsClients, filters: Filter[]) {
      asked.push(filters);
      yield await Promise.resolve({ Subnets: [{ SubnetId: "subnet-1" }, { SubnetId: "subnet-2" }] });
    }
    return listed("subnet", "", pages, "Subnets", (it) => it.SubnetId);
  };

  it("is each thing once, whichever alternatives have it", async () => {
    const asked: Filter[][] = [];
    const [one, two] = [[{ Name: "vpc-id", Values: ["vpc-1"] }], [{ Name: "tag-key", Values: ["x"] }]];

    const found = await subnets(asked).find(NO_CLIENTS, [one, two]);

    expect(found.map(({ id }) => id)).toEqual(["subnet-1", "subnet-2"]);
    expect(asked).toEqual([one, two]);
  });

  it("is nothing, and nothing is asked, without an alternative", async () => {
    const asked: Filter[][] = [];

    expect(await subnets(asked).find(NO_CLIENTS, [])).toEqual([]);
    expect(asked).toEqual([]);
  });

  it.each([
    ["terminated", "ended"],
    ["shutting-down", "ending"],
    ["running", "there"],
  ] as const)("is, where EC2 says %s, %s", (Name, state) => {
    expect(FINDERS.aws_instance.read({ InstanceId: "i-1", State: { Name } })).toMatchObject({ id: "i-1", state });
  });

  it("has its tags, whatever AWS calls them", () => {
    const tags = [{ Key: "Name", Value: "x" }];

    expect(FINDERS.aws_subnet.read({ Tags: tags }).tags).toEqual({ Name: "x" });
    expect(FINDERS.aws_network_interface.read({ TagSet: tags }).tags).toEqual({ Name: "x" });
  });

  it("has the tags that are asked for by id, also when one of many went since it was listed", async () => {
    const gone = Object.assign(new Error("subnet-2 is gone"), { name: "LoadBalancerNotFoundException", $metadata: {} });
    const finder = taggedBy(subnets(), (_, ids) =>
      ids.includes("subnet-2")
        ? Promise.reject(gone)
        : Promise.resolve(ids.map((id) => [id, { Name: `of ${id}` }] as [string, Record<string, string>])),
    );

    const found = await finder.find(NO_CLIENTS, [[]]);

    expect(found.map(({ id, tags }) => [id, tags])).toEqual([
      ["subnet-1", { Name: "of subnet-1" }],
      ["subnet-2", {}],
    ]);
  });
});
