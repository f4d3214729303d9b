import { ec2Region, mendedAnswer, mendedCall } from "../../rehearsal/ec2-mending";

describe("the region of a call to EC2", () => {
  const signed = (scope: string) =>
    `AWS4-HMAC-SHA256 Credential=testing/20261121/${scope}/aws4_request, SignedHeaders=host`;

  it.each([
    ["EC2 in Seoul", signed("ap-northeast-2/ec2"), "ap-northeast-2"],
    ["another service", signed("ap-northeast-2/eks"), undefined],
    ["a call that nobody has signed", undefined, undefined],
  ])("is told by its signature: %s", (_, authorization, region) => {
    expect(ec2Region(authorization)).toBe(region);
  });
});

describe("private names of instances", () => {
  const answer = "<privateDnsName>ip-172-16-10-4.ec2.internal</privateDnsName>";

  it.each([
    ["ap-northeast-2", "<privateDnsName>ip-172-16-10-4.ap-northeast-2.compute.internal</privateDnsName>"],
    ["us-east-1", answer],
  ])("have the domain of %s", (region, expected) => {
    expect(mendedAnswer(answer, region)).toBe(expected);
  });
});

describe("a launch template", () => {
  const volume = (number: number, field: string) =>
    `LaunchTemplateData.BlockDeviceMapping.${String(number)}.Ebs.${field}`;

  it.each(["CreateLaunchTemplate", "CreateLaunchTemplateVersion"])(
    "gets a size for a volume that has none and is of no snapshot: %s",
    (Action) => {
      const asked = {
        Action,
        [volume(1, "Encrypted")]: "true",
        [volume(2, "VolumeSize")]: "100",
        [volume(3, "SnapshotId")]: "snap-1",
      };

      const mended = mendedCall(new URLSearchParams(asked).toString());

      expect(Object.fromEntries(new URLSearchParams(mended))).toEqual({ ...asked, [volume(1, "VolumeSize")]: "1" });
    },
  );

  it("is the only thing that gets one", () => {
    const body = "Action=RunInstances&LaunchTemplateData.BlockDeviceMapping.1.Ebs.Encrypted=true";

    expect(mendedCall(body)).toBe(body);
  });

  it("does not tell of that size, nor of its own tags among those of what it launches", () => {
    const item = (type: string) =>
      `<item><resourceType>${type}</resourceType><tagSet><item><key>Name</key><value>a</value></item></tagSet></item>`;
    const answer = (volumes: string, tags: string) =>
      `<DescribeLaunchTemplateVersionsResponse>${volumes}<tagSpecificationSet>${tags}</tagSpecificationSet></DescribeLaunchTemplateVersionsResponse>`;
    const told = answer(
      "<volumeSize>1</volumeSize><volumeSize>100</volumeSize>",
      `${item("instance")}${item("volume")}${item("launch-template")}`,
    );

    expect(mendedAnswer(told, "ap-northeast-2")).toBe(
      answer("<volumeSize>100</volumeSize>", `${item("instance")}${item("volume")}`),
    );
  });

  it("is left alone in other answers", () => {
    const volumes = "<DescribeVolumesResponse><volumeSize>1</volumeSize></DescribeVolumesResponse>";

    expect(mendedAnswer(volumes, "ap-northeast-2")).toBe(volumes);
  });
});
