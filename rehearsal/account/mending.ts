import type { IncomingHttpHeaders } from "node:http";

import { nameIn } from "../../aws/answers";
import { isRecord, jsonIn } from "../../contract/json";
import { signatureIn } from "./emulator-call";

/** A call to an AWS API, as far as it is looked at here. */
export interface AskedCall {
  readonly method: string;
  /** With its query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A call as the emulator understands it. */
export interface MendedCall {
  readonly body: string;
  /** What AWS answers, by what the emulator does. */
  readonly answer: (told: string) => string;
}

/** What one service needs; undefined for a call that the emulator answers as AWS does. */
type ServiceMending = (asked: AskedCall, region: string) => MendedCall | undefined;

/**
 * Mends what an emulator (moto) understands and answers otherwise than AWS, for one account: what it refuses where AWS
 * does not, and what it forgets or says wrongly, so that Terraform would change it again and again. What it forgets is
 * remembered here, and so is gone when this is.
 */
export class Mender {
  /** Seconds, by region and name of an Auto Scaling group; those of a group without any are null or -1. */
  readonly #warmUps = new Map<string, string | null>();
  /** Days, by region and id of a KMS key. */
  readonly #rotations = new Map<string, number>();

  readonly #services: Readonly<Record<string, ServiceMending>> = {
    ec2: mendedEc2,
    autoscaling: (asked, region) => mendedAutoScaling(asked, region, this.#warmUps),
    kms: (asked, region) => mendedKms(asked, region, this.#rotations),
    route53: mendedRoute53,
  };

  /** How a call is passed on, by the service that it is signed for; undefined when it is passed on as it is. */
  mend(asked: AskedCall): MendedCall | undefined {
    const { region, service } = signatureIn(asked.headers.authorization);
    return this.#services[service]?.(asked, region);
  }
}

/**
 * What an emulator gives a volume for which it wants a size, in GiB. No AMI of a node fits on so little, so that nobody
 * has asked for it where it is read back.
 */
const SIZE_OF_NO_NODE = "1";

function mendedEc2({ body }: AskedCall, region: string): MendedCall {
  return {
    body: withVolumeSizes(body),
    answer: (told) => withoutSizesOfImages(mendedEc2Answer(told, region)),
  };
}

/**
 * The answer to DescribeImages without sizes: moto says the same one of every image, and the doctor would believe it.
 */
export function withoutSizesOfImages(answer: string): string {
  return answer.includes("<DescribeImagesResponse") ? answer.replaceAll(/<volumeSize>\d+<\/volumeSize>/g, "") : answer;
}

/**
 * Volumes of launch templates that have neither a size nor a snapshot get a size, where EC2 takes the AMI's own.
 *
 * @param body as EC2's query API takes it
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateEbsBlockDeviceRequest.html
 */
function withVolumeSizes(body: string): string {
  const asked = new URLSearchParams(body);
  if (!/^CreateLaunchTemplate(Version)?$/.test(asked.get("Action") ?? "")) return body;
  const volumes = new Set(
    [...asked.keys()].flatMap((name) => /^LaunchTemplateData\.BlockDeviceMapping\.\d+\.Ebs\./.exec(name)?.[0] ?? []),
  );
  for (const volume of volumes) {
    if (asked.has(`${volume}VolumeSize`) || asked.has(`${volume}SnapshotId`)) continue;
    asked.set(`${volume}VolumeSize`, SIZE_OF_NO_NODE);
  }
  return asked.toString();
}

/**
 * - Private names of instances are in their region: moto gives some of them the domain of us-east-1.
 * - An instance has the security groups of its first network interface, also when the interface was asked for with it.
 * - The IPv6 range of a subnet has a state: moto prints a Python dictionary, and Terraform waits for `associated`.
 * - A launch template says what was asked for: moto takes its own tags also for some of what it launches.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SubnetCidrBlockState.html
 */
function mendedEc2Answer(body: string, region: string): string {
  const named =
    region === "us-east-1" ? body : body.replaceAll(/(>ip-[\d-]+)\.ec2\.internal</g, `$1.${region}.compute.internal<`);
  const whole = named
    .replaceAll(/<networkInterfaceSet>(.*?)<\/networkInterfaceSet>(.*?)(?=<instanceId>)/gs, withInterfacesGroups)
    .replaceAll(/<state>\{'State': '(\w+)'\}<\/state>/g, "<state>$1</state>");
  if (!whole.includes("<DescribeLaunchTemplateVersionsResponse")) return whole;
  return whole
    .replaceAll(/<item><resourceType>launch-template<\/resourceType><tagSet>.*?<\/tagSet><\/item>/gs, "")
    .replaceAll(`<volumeSize>${SIZE_OF_NO_NODE}</volumeSize>`, "");
}

/**
 * A part of an instance that has its network interfaces, and then its own security groups.
 *
 * moto gives what an Auto Scaling group launches the VPC's default group, whatever its launch template says of the
 * interface. That is no group of a node, so that none is said: the launch template has those that AWS would give it.
 */
function withInterfacesGroups(part: string, interfaces: string, others: string): string {
  const [groups = ""] = /<groupSet>.*?<\/groupSet>|<groupSet\/>/s.exec(interfaces) ?? [];
  if (groups === "" || groups.includes("<groupName>default</groupName>")) return part;
  return part.slice(0, -others.length) + others.replace("<groupSet/>", groups);
}

/**
 * An Auto Scaling group's default warm-up, which moto forgets.
 *
 * @see https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
 */
function mendedAutoScaling(
  { body }: AskedCall,
  region: string,
  warmUps: Map<string, string | null>,
): MendedCall | undefined {
  const asked = new URLSearchParams(body);
  const action = asked.get("Action") ?? "";
  if (action === "DescribeAutoScalingGroups") {
    const answer = (told: string) =>
      told.replaceAll(/<AutoScalingGroupName>([^<]*)<\/AutoScalingGroupName>/g, (field, name: string) => {
        const warmUp = warmUps.get(`${region}/${name}`) ?? "-1";
        return warmUp === "-1" ? field : `${field}<DefaultInstanceWarmup>${warmUp}</DefaultInstanceWarmup>`;
      });
    return { body, answer };
  }
  const warmUp = asked.get("DefaultInstanceWarmup");
  const isChange = action === "CreateAutoScalingGroup" || (action === "UpdateAutoScalingGroup" && warmUp !== null);
  if (!isChange) return undefined;
  const answer = (told: string) => {
    if (told.includes(`<${action}Response`))
      warmUps.set(`${region}/${asked.get("AutoScalingGroupName") ?? ""}`, warmUp);
    return told;
  };
  return { body, answer };
}

/** @see https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html */
const ROTATION_DAYS = 365;

/**
 * How often a key is rotated: moto says only that it is.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
 */
function mendedKms(
  { headers, body }: AskedCall,
  region: string,
  rotations: Map<string, number>,
): MendedCall | undefined {
  const target = headers["x-amz-target"];
  const isNew = target === "TrentService.EnableKeyRotation";
  if (!isNew && target !== "TrentService.GetKeyRotationStatus") return undefined;
  const { KeyId = "", RotationPeriodInDays: days = ROTATION_DAYS } = JSON.parse(body) as {
    readonly KeyId?: string;
    readonly RotationPeriodInDays?: number;
  };
  const key = `${region}/${nameIn(KeyId)}`;
  const answer = (told: string) => {
    const status = jsonIn(told);
    // `null` is all that it says when it is done.
    if (isNew && status === null) rotations.set(key, days);
    if (isNew || !isRecord(status) || status["KeyRotationEnabled"] !== true) return told;
    return JSON.stringify({ ...status, KeyId, RotationPeriodInDays: rotations.get(key) ?? ROTATION_DAYS });
  };
  return { body, answer };
}

/**
 * A hosted zone with a VPC is private to AWS; moto wants to be told so, and else forgets the VPC.
 *
 * @see https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
 */
function mendedRoute53({ method, url, body }: AskedCall): MendedCall | undefined {
  if (method !== "POST" || !/\/hostedzone\/?$/.test(url) || !body.includes("<VPC>")) return undefined;
  const others = body.replace(/<PrivateZone>.*?<\/PrivateZone>/s, "");
  const isPrivate = "<PrivateZone>true</PrivateZone>";
  return {
    body: others.includes("</HostedZoneConfig>")
      ? others.replace("</HostedZoneConfig>", `${isPrivate}</HostedZoneConfig>`)
      : others.replace("</Name>", `</Name><HostedZoneConfig>${isPrivate}</HostedZoneConfig>`),
    answer: (told) => told,
  };
}
