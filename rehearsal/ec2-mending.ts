/**
 * What an emulator gives a volume for which it wants a size, in GiB. No AMI of a node fits on so little, so that nobody
 * has asked for it where it is read back.
 */
const SIZE_OF_NO_NODE = "1";

/** The region that a call to EC2 is signed for; undefined for any other call. */
export function ec2Region(authorization = ""): string | undefined {
  return /Credential=[^/]+\/\d+\/([\w-]+)\/ec2\/aws4_request/.exec(authorization)?.[1];
}

/**
 * A call to EC2 as the emulator understands it: volumes of launch templates that have neither a size nor a snapshot get
 * a size, where EC2 takes the AMI's own.
 *
 * @param body as EC2's query API takes it
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_LaunchTemplateEbsBlockDeviceRequest.html
 */
export function mendedCall(body: string): string {
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
 * An answer of the emulator's EC2 as EC2 itself gives it: instances' private names in their region, and launch templates
 * that say what was asked for. The emulator gives all of them the domain of us-east-1, and takes a template's own tags
 * also for some of what it launches.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
 */
export function mendedAnswer(body: string, region: string): string {
  const named = region === "us-east-1" ? body : withDomain(body, `${region}.compute.internal`);
  if (!named.includes("<DescribeLaunchTemplateVersionsResponse")) return named;
  return named
    .replaceAll(/<item><resourceType>launch-template<\/resourceType><tagSet>.*?<\/tagSet><\/item>/gs, "")
    .replaceAll(`<volumeSize>${SIZE_OF_NO_NODE}</volumeSize>`, "");
}

function withDomain(answer: string, domain: string): string {
  return answer.replaceAll(/(>ip-[\d-]+)\.ec2\.internal</g, `$1.${domain}<`);
}
