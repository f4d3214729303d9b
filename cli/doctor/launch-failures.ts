import { QUOTAS } from "../../facts/quotas";

/** What AWS complains about when an Auto Scaling group cannot launch an instance, and what helps. */
interface LaunchFailure {
  /** Looked for in what the group's activity says. */
  readonly complaint: RegExp;
  readonly cure: string;
}

/** @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html */
const FAILURES: readonly LaunchFailure[] = [
  {
    complaint: /vCPU (capacity|limit)|VcpuLimitExceeded|InstanceLimitExceeded/,
    cure:
      `fewer or smaller nodes, or ask for more: Service Quotas, EC2, "${QUOTAS.quotaOfVcpus.name}" ` +
      `(${QUOTAS.quotaOfVcpus.code})`,
  },
  {
    complaint: /enough free addresses|InsufficientFreeAddresses/,
    cure: "remove pods and nodes, or add subnets: vpc_private_subnets takes one with a new name and a free range",
  },
  {
    complaint: /InsufficientInstanceCapacity|sufficient (\S+ )?capacity/,
    cure: "AWS has none left there: wait, or set another eks_worker_node_ec2_type, and run eks up again",
  },
  {
    complaint: /not supported in your requested Availability Zone/,
    cure: "choose another eks_worker_node_ec2_type, or private subnets in zones that have it, and run eks up again",
  },
  {
    complaint: /image id .* does not exist|InvalidAMIID|Not authorized for images/i,
    cure: "choose another eks_worker_node_ami_id (eks pin names one), and run eks up again",
  },
  {
    complaint: /architecture/,
    cure: "choose an image and an instance type of the same architecture, and run eks up again",
  },
  {
    complaint: /smaller than snapshot/,
    cure: "set eks_worker_node_volume_size to what is said there, and run eks up again",
  },
  {
    complaint: /key pair .* does not exist|InvalidKeyPair/i,
    cure: "set kubectl_ec2_keypair to one that exists, and run eks up again",
  },
  {
    complaint: /security group .* does not exist|InvalidGroup/i,
    cure: "run eks up again",
  },
  {
    complaint: /IAM Instance Profile|iamInstanceProfile/i,
    cure: "run eks up again; a profile that was made a moment ago is known everywhere within a minute",
  },
  {
    complaint: /OptInRequired|Marketplace|accept(ed)? terms|subscri/i,
    cure: "accept the image's terms in the AWS Marketplace, or choose an image of EKS' own (eks pin names one)",
  },
  {
    complaint: /InvalidKMSKey|Client\.InternalError/,
    cure:
      "the key that encrypts the nodes' volumes has to let the role AWSServiceRoleForAutoScaling use it: aws ec2 " +
      "get-ebs-default-kms-key-id names it",
  },
];

/** What helps against a failed launch; undefined when its like is not known. */
export function launchCure(failure: string): string | undefined {
  return FAILURES.find(({ complaint }) => complaint.test(failure))?.cure;
}
