import { printable } from "../../terminal/text";
import type { CommandResult } from "./host";

/** What a program complains about, what that means here, and what helps. */
interface Explanation {
  /** Looked for in each line of standard error; of several rows the first counts. */
  readonly complaint: RegExp;
  readonly means: string;
  readonly cure: string;
  /** It stays so, however long anybody waits. @default - it may come right */
  readonly isFinal?: true;
}

const CLOCK = "set it: sudo timedatectl set-ntp true";

/** The complaints that have a known cure, the more special ones first. */
export const EXPLANATIONS: readonly Explanation[] = [
  {
    complaint: /sudo: (a password is required|a terminal is required|no tty present|sorry, you must have a tty)/,
    means: "sudo wants a password",
    cure: "log in as a user who may become root without one (--user), or allow it in /etc/sudoers.d with NOPASSWD",
  },
  {
    complaint: /is not in the sudoers file|is not allowed to execute|may not run sudo on/,
    means: "this user may not become root",
    cure: "log in as a user who may (--user): ubuntu on Ubuntu, ec2-user on Amazon Linux",
  },
  {
    complaint: /Read-only file system/,
    means: "the file system is read-only",
    cure: "see dmesg on the host; a bastion with a broken disk is best replaced",
  },
  {
    complaint: /: (File exists|Not a directory|Is a directory)$|Failed to open the file .*: Is a directory/,
    means: "there is a file where a folder has to be, or a folder where a file has to be",
    cure: "look at the path named on the host, and move away what is there",
  },
  {
    // Before the disk that is full: curl ends with 23 for both.
    complaint: /Permission denied/,
    means: "this user has no leave for it",
    cure: "look at the owner of the path named, and log in as the right one (--user)",
  },
  {
    complaint:
      /No space left on device|Disk quota exceeded|curl: \(23\)|disk full\?|enough free space|more space needed on/,
    means: "the disk is full",
    cure: "make room (df -h, sudo apt-get clean), or give the bastion a larger kubectl_ec2_volume_size",
  },
  {
    complaint: /checksum mismatch/,
    means: "what was downloaded is not what was released",
    cure: "run again; if it happens again, look into the mirror (--mirror), or a proxy that changes downloads",
  },
  {
    complaint: /from proxy after CONNECT|CONNECT tunnel failed|curl: \((5|97)\)|curl: \(22\).* 407/,
    means: "the proxy of the host refuses, or is not there",
    cure: "mend https_proxy in /etc/environment on the host, or give a --mirror that needs no proxy",
  },
  {
    complaint: /curl: \(22\).* 404/,
    means: "the file to download is not there",
    cure: "fill the mirror (--mirror) with the paths of bootstrap/release-table.json",
  },
  {
    complaint: /curl: \(22\)/,
    // curl 7.88 says the same of a proxy that refuses to connect, with what it is asked for (-f).
    means: "the server of the downloads refused, or a proxy before it",
    cure: "try again later, or from another --mirror; https_proxy in /etc/environment on the host names a proxy",
  },
  {
    complaint: /curl: \((16|18|52|55|56|92)\)/,
    means: "the download broke off",
    cure: "run again",
  },
  {
    complaint: /curl: \((6|7|35)\)|curl: \(28\) (Connection|Resolving|Failed to connect|SSL connection)/,
    means: "the server of the downloads cannot be reached from the host",
    cure: "check its way to the internet (route, NAT, proxy), or give a --mirror that it reaches",
  },
  {
    complaint: /curl: \(28\)/,
    means: "the download stalled",
    cure: "run again, or from another --mirror",
  },
  {
    complaint: /certificate (is not yet valid|has expired)/,
    means: "a certificate is out of its time, or the clock of the host is wrong",
    cure: `compare date on the host with yours; if the clock is wrong, ${CLOCK}`,
  },
  {
    complaint: /curl: \((60|77)\)/,
    means: "the host does not trust the certificate of the server of the downloads",
    cure:
      "install ca-certificates, and what a proxy or mirror signs with into /usr/local/share/ca-certificates " +
      "(then sudo update-ca-certificates)",
  },
  {
    complaint: /x509: /,
    means: "whoever answers at the cluster's endpoint cannot prove to be that cluster",
    cure: "the outputs are of an earlier stack, or a proxy is between: apply, and give the new outputs",
  },
  {
    complaint: /RequestExpired|RequestTimeTooSkewed|Signature (not yet current|expired)/,
    means: "AWS refuses the time of the request: the clock of the host is wrong",
    cure: CLOCK,
  },
  {
    // The AWS CLI, and the SDK for Go in aws-iam-authenticator.
    complaint:
      /The config profile \(.*\) could not be found|SharedConfigProfileNotExist|failed to get shared config profile/,
    means: "AWS_PROFILE on the host names a profile that is not there",
    cure: "take it out of where it is set on the host (~/.profile, ~/.bashrc, ~/.ssh/environment, /etc/environment)",
    isFinal: true,
  },
  {
    complaint: /Unable to locate credentials|NoCredentialProviders|no EC2 IMDS role found/,
    means: "the host has no AWS credentials",
    cure: "check that the bastion has its instance profile (of aws_krug_admin_role, or its own with kubectl_own_role)",
  },
  {
    complaint: /InvalidClientTokenId|UnrecognizedClientException|ExpiredToken/,
    means: "AWS does not take the credentials of the host",
    cure: "leave them to the instance profile: remove ~/.aws/credentials and AWS_* variables on the host",
  },
  {
    complaint: /(Could not connect to the|Connect timeout on|Read timeout on) endpoint URL/,
    means: "AWS cannot be reached from the host",
    cure: "check the region, and the host's way to the internet (route, NAT, proxy)",
  },
  {
    complaint: /ResourceNotFoundException|No cluster found for name/,
    means: "AWS has no such cluster in this region",
    cure: "the outputs are of an earlier stack: apply, and give the new ones",
  },
  {
    complaint: /AccessDenied|UnauthorizedOperation|not authorized to perform/,
    means: "the role of the host may not do this",
    cure: "allow it in the policies of the bastion's role (aws_krug_admin_role, or its own with kubectl_own_role)",
  },
  {
    complaint: /Cluster status is [A-Z]/,
    means: "the cluster is not ready for it",
    cure: "wait until aws eks describe-cluster says ACTIVE, then run again",
  },
  {
    complaint: /You must be logged in to the server|\(Unauthorized\)/i,
    means: "the cluster does not know the role of the host",
    cure:
      "the cluster admits whoever created it, and whom aws-auth or access entries name: " +
      "create it with the bastion's role, or map that role from the creator's machine",
  },
  {
    complaint: /\(Forbidden\)|cannot (get|list|create|update|patch) resource/,
    means: "the role of the host may not do this in the cluster",
    cure: "map it to the group system:masters, in aws-auth or by an access entry",
  },
  {
    complaint: /getting (credentials|token): |exec plugin: /,
    means: "kubectl gets no token for the cluster",
    cure: "on the host, aws eks get-token --cluster-name NAME says why",
  },
  {
    complaint:
      /(Could not get|(obtain|create) (the )?transaction) lock|Unable to acquire the dpkg|locked by another process/,
    means: "another package manager is at work",
    cure: "run again when it has finished: sudo fuser -v /var/lib/dpkg/lock-frontend names it",
  },
  {
    // Before the package that is not found: apt goes on with what it knew.
    complaint: new RegExp(
      "^[EW]: (Failed to fetch|The repository '.*' (does not have|no longer has|is not signed))|" +
        "Failed to download metadata|Temporary failure resolving",
    ),
    means: "a download from the distribution's repositories failed",
    cure: "check the host's package sources, and its way to the internet (route, NAT, proxy)",
  },
  {
    complaint: /Unable to locate package|no installation candidate|No match for argument|Unable to find a match/,
    means: "the distribution's repositories lack a package",
    cure: "check the host's package sources, or install what is missing by hand",
  },
  {
    complaint: /Unable to connect to the server|connection to the server .* was refused|dial tcp .*: /i,
    means: "the cluster's endpoint cannot be reached from the host",
    cure: "it is private: the host has to be in the VPC, and the cluster's security group has to allow 443 from it",
  },
  {
    complaint: /: (command )?not found$/,
    means: "a program is missing on the host",
    cure: "install the package that has it",
  },
];

/** How kubectl begins the lines that are for its developers. */
const KLOG = /^[IWEF]\d{4} /;

/** Why a command failed, and what helps; undefined when nobody knows. */
export interface Explained {
  /** One line: what the complaint means, with the complaint itself. */
  readonly why: string;
  readonly cure: string | undefined;
  /** It stays so, however long anybody waits. @default - it may come right */
  readonly isFinal?: true;
}

/**
 * Why a command failed, in one line: what its complaint means and what helps, with the complaint itself; only the
 * complaint when its like is not known.
 */
export function explain(result: CommandResult): string {
  const { why, cure } = explained(result);
  return cure === undefined ? why : `${why}: ${cure}`;
}

/** The same in two parts, for who knows a better cure. */
export function explained({ exitCode, stderr }: CommandResult): Explained {
  const lines = stderr.split(/\r?\n/).map((line) => line.trimEnd());
  const ordered = [...lines.filter((line) => !KLOG.test(line)), ...lines.filter((line) => KLOG.test(line))];
  for (const { complaint, means, cure, isFinal } of EXPLANATIONS) {
    const line = ordered.find((it) => complaint.test(it));
    if (line === undefined) continue;
    // Our own scripts say what they were doing.
    const during = lines.find((it) => it.startsWith("while "));
    const said = [line, during].filter((it) => it !== undefined).map(printable);
    return { why: `${means} (${said.join(", ")})`, cure, ...(isFinal && { isFinal }) };
  }
  const last = lines.findLast((line) => line !== "");
  const why = last === undefined ? `a command ended with exit code ${String(exitCode)}` : printable(last);
  return { why, cure: undefined };
}
