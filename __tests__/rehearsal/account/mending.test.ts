import { Mender, type MendedCall } from "../../../rehearsal/account/mending";

/** A call as AWS' clients send it. */
function asked(service: string, body: string, more: { url?: string; target?: string; region?: string } = {}) {
  const { url = "/", target, region = "ap-northeast-2" } = more;
  const authorization = `AWS4-HMAC-SHA256 Credential=testing/20261121/${region}/${service}/aws4_request, SignedHeaders=host`;
  return {
    method: "POST",
    url,
    headers: { authorization, ...(target !== undefined && { "x-amz-target": target }) },
    body,
  };
}

const query = (parameters: Readonly<Record<string, string>>) => new URLSearchParams(parameters).toString();

/** What becomes of an emulator's answer. */
function answered(mended: MendedCall | undefined, told: string): string {
  return mended?.answer === undefined ? told : mended.answer(told);
}

let mender: Mender;

beforeEach(() => {
  mender = new Mender();
});

const describeInstances = asked("ec2", query({ Action: "DescribeInstances" }));

it.each([
  ["another service", asked("s3", "")],
  ["a call that nobody has signed", { ...describeInstances, headers: {} }],
])("leaves %s alone", (_, call) => {
  expect(mender.mend(call)).toBeUndefined();
});

describe("private names of instances", () => {
  const answer = "<privateDnsName>ip-172-16-10-4.ec2.internal</privateDnsName>";

  it.each([
    ["ap-northeast-2", "<privateDnsName>ip-172-16-10-4.ap-northeast-2.compute.internal</privateDnsName>"],
    ["us-east-1", answer],
  ])("have the domain of %s", (region, expected) => {
    expect(answered(mender.mend(asked("ec2", describeInstances.body, { region })), answer)).toBe(expected);
  });
});

/** As moto 5.2.1 writes it, with a part of the fields. */
it("says nothing of the size of images, which is the same of every one", () => {
  const volume = (size: string) => `<ebs><snapshotId>snap-1</snapshotId>${size}<volumeType>standard</volumeType></ebs>`;
  const images = (size: string) =>
    `<DescribeImagesResponse><imagesSet>${volume(size)}</imagesSet></DescribeImagesResponse>`;
  const told = "<volumeSize>15</volumeSize>";

  expect(answered(mender.mend(asked("ec2", query({ Action: "DescribeImages" }))), images(told))).toBe(images(""));
  expect(answered(mender.mend(describeInstances), volume(told))).toBe(volume(told));
});

/** As moto 5.2.1 and 5.2.5 write it, with a part of the fields. */
describe("the security groups of instances", () => {
  const GROUPS = "<groupSet><item><groupId>sg-1</groupId><groupName>bastion</groupName></item></groupSet>";
  const card = (groups = GROUPS) =>
    `<item><attachment><deviceIndex>0</deviceIndex></attachment><description>Primary network interface</description>${groups}<ipv6AddressesSet/><networkInterfaceId>eni-1</networkInterfaceId></item>`;
  const instance = (id: string, cards: string, groups: string) =>
    `<item><reservationId>r-${id}</reservationId><groupSet/><instancesSet><item><ebsOptimized>false</ebsOptimized>${cards}<rootDeviceType>ebs</rootDeviceType>${groups}<sourceDestCheck>true</sourceDestCheck><instanceId>${id}</instanceId></item></instancesSet></item>`;
  const cards = (...all: string[]) => `<networkInterfaceSet>${all.join("")}</networkInterfaceSet>`;
  const DEFAULT = "<groupSet><item><groupId>sg-0</groupId><groupName>default</groupName></item></groupSet>";
  const other = "<groupSet><item><groupId>sg-2</groupId></item></groupSet>";

  it.each([
    ["are those of its network interface", cards(card()), "<groupSet/>", GROUPS],
    ["are those of its first one", cards(card(), card(other)), "<groupSet/>", GROUPS],
    ["are its own where it has some", cards(card(other)), GROUPS, GROUPS],
    // So moto launches an Auto Scaling group's instances, with the groups of their launch template forgotten.
    [
      "are none when its network interface has the VPC's default one",
      cards(card(DEFAULT)),
      "<groupSet/>",
      "<groupSet/>",
    ],
    ["are none when its network interface has none", cards(card("<groupSet/>")), "<groupSet/>", "<groupSet/>"],
    ["are none without a network interface", "<networkInterfaceSet/>", "<groupSet/>", "<groupSet/>"],
  ])("%s", (_, interfaces, groups, expected) => {
    const told = (mine: string) =>
      ["i-1", "i-2", "i-3"].map((id) => instance(id, interfaces, id === "i-2" ? mine : GROUPS)).join("");

    expect(answered(mender.mend(describeInstances), told(groups))).toBe(told(expected));
  });
});

/** As moto 5.2.1 and 5.2.5 write it. */
describe("the IPv6 range of a subnet", () => {
  const told = (state: string) =>
    `<ipv6CidrBlockAssociationSet><item><ipv6CidrBlock>2400:6500:f25f:dc00::/64</ipv6CidrBlock><ipv6CidrBlockState><state>${state}</state></ipv6CidrBlockState></item></ipv6CidrBlockAssociationSet>`;

  it("has a state, and no dictionary", () => {
    const describeSubnets = mender.mend(asked("ec2", query({ Action: "DescribeSubnets" })));

    expect(answered(describeSubnets, told("{'State': 'associated'}"))).toBe(told("associated"));
    expect(answered(describeSubnets, told("associated"))).toBe(told("associated"));
  });
});

describe("a launch template", () => {
  const volume = (number: number, field: string) =>
    `LaunchTemplateData.BlockDeviceMapping.${String(number)}.Ebs.${field}`;
  const described = asked("ec2", query({ Action: "DescribeLaunchTemplateVersions" }));

  it.each(["CreateLaunchTemplate", "CreateLaunchTemplateVersion"])(
    "gets a size for a volume that has none and is of no snapshot: %s",
    (Action) => {
      const wanted = {
        Action,
        [volume(1, "Encrypted")]: "true",
        [volume(2, "VolumeSize")]: "100",
        [volume(3, "SnapshotId")]: "snap-1",
      };

      const mended = mender.mend(asked("ec2", query(wanted)));

      expect(Object.fromEntries(new URLSearchParams(mended?.body))).toEqual({
        ...wanted,
        [volume(1, "VolumeSize")]: "1",
      });
    },
  );

  it("is the only thing that gets one", () => {
    const body = "Action=RunInstances&LaunchTemplateData.BlockDeviceMapping.1.Ebs.Encrypted=true";

    expect(mender.mend(asked("ec2", body))?.body).toBe(body);
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

    expect(answered(mender.mend(described), told)).toBe(
      answer("<volumeSize>100</volumeSize>", `${item("instance")}${item("volume")}`),
    );
  });

  it("is left alone in other answers", () => {
    const volumes = "<DescribeVolumesResponse><volumeSize>1</volumeSize></DescribeVolumesResponse>";

    expect(answered(mender.mend(described), volumes)).toBe(volumes);
  });
});

/** As moto 5.2.1 and 5.2.5 write it. */
describe("the warm-up of an Auto Scaling group", () => {
  const told = (name: string, warmUp = "") =>
    `<DescribeAutoScalingGroupsResponse><AutoScalingGroups><member><AutoScalingGroupName>${name}</AutoScalingGroupName>${warmUp}<MinSize>0</MinSize></member></AutoScalingGroups></DescribeAutoScalingGroupsResponse>`;
  const change = (Action: string, answer: string, more: Readonly<Record<string, string>> = {}, region?: string) => {
    const call = asked("autoscaling", query({ Action, AutoScalingGroupName: "general", ...more }), {
      ...(region !== undefined && { region }),
    });
    expect(answered(mender.mend(call), answer)).toBe(answer);
  };
  const create = (DefaultInstanceWarmup: string, answer = "<CreateAutoScalingGroupResponse/>") => {
    change("CreateAutoScalingGroup", answer, { DefaultInstanceWarmup });
  };
  const update = (more: Readonly<Record<string, string>>) => {
    change("UpdateAutoScalingGroup", "<UpdateAutoScalingGroupResponse/>", more);
  };
  const described = (name = "general") =>
    /<DefaultInstanceWarmup>(.*)<\/DefaultInstanceWarmup>/.exec(
      answered(mender.mend(asked("autoscaling", query({ Action: "DescribeAutoScalingGroups" }))), told(name)),
    )?.[1];

  it("is what the group was made with", () => {
    create("120");

    expect([described(), described("spot")]).toEqual(["120", undefined]);
  });

  it.each([
    ["changed", { DefaultInstanceWarmup: "60" }, "60"],
    ["taken away", { DefaultInstanceWarmup: "-1" }, undefined],
    ["left as it was", { MaxSize: "5" }, "120"],
  ])("is %s by an update", (_, more, expected) => {
    create("120");
    update(more);

    expect(described()).toBe(expected);
  });

  it("is that of the group that there is, in its region", () => {
    create("120");
    create("60", "<ErrorResponse><Code>AlreadyExists</Code></ErrorResponse>");
    change("CreateAutoScalingGroup", "<CreateAutoScalingGroupResponse/>", { DefaultInstanceWarmup: "1" }, "us-east-1");
    expect(described()).toBe("120");

    change("CreateAutoScalingGroup", "<CreateAutoScalingGroupResponse/>");
    expect(described()).toBeUndefined();
  });
});

/** As moto 5.2.1 and 5.2.5 write it. */
describe("the rotation of a key", () => {
  const call = (action: string, body: object) =>
    mender.mend(asked("kms", JSON.stringify(body), { target: `TrentService.${action}` }));
  const status = (KeyId: string, told = '{"KeyRotationEnabled": true}') =>
    JSON.parse(answered(call("GetKeyRotationStatus", { KeyId }), told)) as object;

  it("says how often, by the key's id and its ARN", () => {
    answered(call("EnableKeyRotation", { KeyId: "key-1", RotationPeriodInDays: 180 }), "null");

    const arn = "arn:aws:kms:ap-northeast-2:123456789012:key/key-1";
    expect(status("key-1")).toEqual({ KeyRotationEnabled: true, KeyId: "key-1", RotationPeriodInDays: 180 });
    expect(status(arn)).toEqual({ KeyRotationEnabled: true, KeyId: arn, RotationPeriodInDays: 180 });
  });

  it.each([
    ["a year when nobody has said it", { KeyId: "key-1" }, "null"],
    ["a year when it was refused", { KeyId: "key-1", RotationPeriodInDays: 90 }, '{"__type": "NotFoundException"}'],
  ])("is %s", (_, enable, told) => {
    answered(call("EnableKeyRotation", enable), told);

    expect(status("key-1")).toMatchObject({ RotationPeriodInDays: 365 });
  });

  it.each(['{"KeyRotationEnabled": false}', '{"__type": "NotFoundException", "message": "Invalid keyId no"}'])(
    "has no period in %s",
    (told) => {
      expect(status("key-1", told)).toEqual(JSON.parse(told));
    },
  );
});

/** As the AWS provider 5.100.0 sends it. */
describe("a hosted zone", () => {
  const request = (vpc: string, config = "<HostedZoneConfig><Comment>c</Comment></HostedZoneConfig>") =>
    `<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><CallerReference>r</CallerReference>${config}<Name>shop.internal</Name>${vpc}</CreateHostedZoneRequest>`;
  const VPC = "<VPC><VPCId>vpc-1</VPCId><VPCRegion>ap-northeast-2</VPCRegion></VPC>";
  const mended = (body: string, url = "/2013-04-01/hostedzone") => mender.mend(asked("route53", body, { url }))?.body;

  it("with a VPC is private", () => {
    const isPrivate = (comment: string) =>
      `<HostedZoneConfig>${comment}<PrivateZone>true</PrivateZone></HostedZoneConfig>`;

    expect(mended(request(VPC))).toBe(request(VPC, isPrivate("<Comment>c</Comment>")));
    expect(mended(request(VPC, ""))).toContain(`<Name>shop.internal</Name>${isPrivate("")}`);
  });

  it("without one is left as it is, and so is any other call", () => {
    expect(mended(request(""))).toBeUndefined();
    expect(mended(request(VPC), "/2013-04-01/hostedzone/Z1/rrset")).toBeUndefined();
  });
});
