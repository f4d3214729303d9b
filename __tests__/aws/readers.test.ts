import type { Activity } from "@aws-sdk/client-auto-scaling";
import type { Instance } from "@aws-sdk/client-ec2";
import type { ClusterVersionInformation } from "@aws-sdk/client-eks";

import { isOfAmazon, isOwn, usedVcpus } from "../../aws/quotas";
import { all, forEach, ifThere } from "../../aws/answers";
import { offered } from "../../aws/clusters";
import { failureOf } from "../../aws/groups";
import { imageOf, instanceTypeOf } from "../../aws/instances";

/** A call that AWS refuses, as the SDK throws it. */
function refused(name: string): Promise<string> {
  return Promise.reject(Object.assign(new Error("a message"), { name, $metadata: {} }));
}

describe("an answer of AWS", () => {
  it.each(["NoSuchEntity", "InvalidAMIID.NotFound", "ResourceNotFoundException", "ParameterNotFound"])(
    "is none when it says %s",
    async (name) => {
      expect(await ifThere(refused(name))).toBeUndefined();
    },
  );

  it("is none when it says what a question has a name of its own for", async () => {
    expect(await ifThere(refused("InvalidInstanceType"), "InvalidInstanceType")).toBeUndefined();
    await expect(ifThere(refused("InvalidInstanceType"))).rejects.toThrow("a message");
  });

  it("is a failure when nobody may ask", async () => {
    await expect(ifThere(refused("AccessDenied"))).rejects.toThrow("a message");
  });

  it("has the items of every page", async () => {
    async function* pages() {
      yield await Promise.resolve({ items: [1, 2] });
      yield {};
      yield { items: [3] };
    }

    expect(await all<{ items?: number[] }, "items">(pages(), "items")).toEqual([1, 2, 3]);
  });

  it("is asked for once about each thing, and left out where there is none", async () => {
    const asked: string[] = [];
    const answers = await forEach(["a", "b", "", "a"], (name) => {
      asked.push(name);
      return Promise.resolve(name === "b" ? undefined : name.toUpperCase());
    });

    expect([asked, answers]).toEqual([["a", "b"], { a: "A" }]);
  });
});

describe("an image", () => {
  it("says how large its root volume is", () => {
    const image = {
      ImageId: "ami-1",
      RootDeviceName: "/dev/xvda",
      BlockDeviceMappings: [
        { DeviceName: "/dev/sdb", Ebs: { VolumeSize: 100 } },
        { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 20 } },
      ],
    };

    expect(imageOf(image)).toMatchObject({ id: "ami-1", rootGiB: 20, largestGiB: 100 });
  });
});

describe("what counts against a quota", () => {
  const machine = (InstanceType: string, more: object = {}) =>
    ({ InstanceType, CpuOptions: { CoreCount: 1, ThreadsPerCore: 2 }, ...more }) as Instance;

  it("is a machine of the standard families, on demand", () => {
    expect(usedVcpus([machine("t3.medium"), machine("m7i-flex.large"), machine("im4gn.large")])).toBe(6);
  });

  it.each([
    ["a spot instance", machine("t3.medium", { InstanceLifecycle: "spot" })],
    ["one on a host of one's own", machine("m5.large", { Placement: { Tenancy: "host" } })],
    ["one with GPUs", machine("g5.xlarge")],
    ["one with much memory", machine("x2idn.16xlarge")],
    ["one for machine learning", machine("inf2.xlarge")],
  ])("is not %s", (_, it) => {
    expect(usedVcpus([it])).toBe(0);
  });

  it("is a VPC of the account's own, not one that others share with it", () => {
    expect(isOwn({ OwnerId: "123456789012" }, "123456789012")).toBe(true);
    expect(isOwn({ OwnerId: "210987654321" }, "123456789012")).toBe(false);
    expect(isOwn({ OwnerId: "210987654321" }, undefined)).toBe(true);
    expect(isOwn({}, "123456789012")).toBe(true);
  });

  it("is an address of Amazon's, not one that was brought along or that a service manages", () => {
    expect(isOfAmazon({ PublicIpv4Pool: "amazon" })).toBe(true);
    expect(isOfAmazon({})).toBe(true);
    expect(isOfAmazon({ PublicIpv4Pool: "ipv4pool-ec2-012" })).toBe(false);
    expect(isOfAmazon({ CarrierIp: "203.0.113.1" })).toBe(false);
    expect(isOfAmazon({ ServiceManaged: "alb" })).toBe(false);
  });
});

describe("versions of EKS", () => {
  it.each([
    [{ clusterVersion: "1.35", versionStatus: "STANDARD_SUPPORT" }, ["standard"]],
    [{ clusterVersion: "1.32", versionStatus: "EXTENDED_SUPPORT", clusterType: "eks" }, ["extended"]],
    [{ clusterVersion: "1.14", versionStatus: "UNSUPPORTED" }, []],
    [{ clusterVersion: "1.35", status: "standard-support" }, ["standard"]],
    [{ clusterVersion: "1.35" }, []],
    [{ clusterVersion: "1.35", versionStatus: "STANDARD_SUPPORT", clusterType: "eks-local-outposts" }, []],
  ])("%j: %j", (it, support) => {
    expect(offered(it as ClusterVersionInformation).map((each) => each.support)).toEqual(support);
  });
});

describe("a group's last launch", () => {
  const activity = (StatusCode: string, StatusMessage?: string) => ({ StatusCode, StatusMessage }) as Activity;

  it.each([
    ["failed", [activity("Failed", "no capacity"), activity("Successful")], "no capacity"],
    ["failed before the one that is under way", [activity("InProgress"), activity("Failed", "no AMI")], "no AMI"],
    ["was cancelled", [activity("Cancelled", "no addresses")], "no addresses"],
    ["went well after one that failed", [activity("Successful"), activity("Failed", "no AMI")], undefined],
    ["was never", [], undefined],
  ])("%s", (_, activities, failure) => {
    expect(failureOf(activities)).toBe(failure);
  });
});

describe("an instance type", () => {
  it("gives pods the addresses of its first network card alone", () => {
    const NetworkInfo = {
      MaximumNetworkInterfaces: 60,
      Ipv4AddressesPerInterface: 50,
      DefaultNetworkCardIndex: 0,
      NetworkCards: [
        { NetworkCardIndex: 0, MaximumNetworkInterfaces: 15 },
        { NetworkCardIndex: 1, MaximumNetworkInterfaces: 15 },
      ],
    };

    expect(instanceTypeOf({ NetworkInfo }).interfaces).toBe(15);
    expect(instanceTypeOf({ NetworkInfo: { MaximumNetworkInterfaces: 3 } }).interfaces).toBe(3);
  });
});
