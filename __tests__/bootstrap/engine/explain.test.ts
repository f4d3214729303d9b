import { UserError } from "../../../contract/user-error";
import { stdoutOf } from "../../../bootstrap/engine/errors";
import { explain, EXPLANATIONS } from "../../../bootstrap/engine/explain";
import { said } from "../../support/recorded";

type Row = readonly [program: string, stderr: string, means: string];

/** What a program printed in a run that was recorded. */
const recordedRow = (program: string, run: string, means: string): Row => [
  `${program}: ${run}`,
  said(program, run).stderr,
  means,
];

/** What a command that failed printed, and which row of the table is the one that helps; typed where it was not recorded. */
const COMPLAINTS: readonly Row[] = [
  recordedRow("curl", "folder in the way", "the disk is full"),
  recordedRow("curl", "proxy that refuses", "the server of the downloads refused, or a proxy before it"),
  recordedRow("curl", "no proxy", "the server of the downloads cannot be reached"),
  recordedRow("curl", "answer 401", "the server of the downloads refused"),
  recordedRow("curl", "answer 403", "the server of the downloads refused"),
  recordedRow("curl", "certificate of another authority", "the host does not trust the certificate"),
  recordedRow("curl", "no authorities", "the host does not trust the certificate"),
  recordedRow("aws", "no answer in time", "AWS cannot be reached from the host"),
  recordedRow("kubectl", "program for tokens fails", "kubectl gets no token"),
  recordedRow("kubectl", "token of an older program", "kubectl gets no token"),
  recordedRow("apt-get", "source out of reach", "a download from the distribution's repositories failed"),
  [
    "aws with the profile of another machine",
    "\nThe config profile (none) could not be found",
    "AWS_PROFILE on the host names a profile that is not there",
  ],
  [
    "kubectl with the profile of another machine",
    "The config profile (none) could not be found\n" +
      "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
    "AWS_PROFILE on the host names a profile that is not there",
  ],
  [
    "aws-iam-authenticator with the profile of another machine",
    "could not get token: failed to get shared config profile, none",
    "AWS_PROFILE on the host names a profile that is not there",
  ],
  ["sudo 1.8", "sudo: no tty present and no askpass program specified", "sudo wants a password"],
  ["sudo 1.9 -n", "sudo: a password is required", "sudo wants a password"],
  [
    "sudo 1.9",
    "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper",
    "sudo wants a password",
  ],
  ["sudo with requiretty", "sudo: sorry, you must have a tty to run sudo", "sudo wants a password"],
  [
    "sudo of a stranger",
    "kim is not in the sudoers file.  This incident will be reported.",
    "this user may not become root",
  ],
  [
    "sudo of one command",
    "Sorry, user kim is not allowed to execute '/bin/sh -c id' as root on ip-10-0-1-5.",
    "this user may not become root",
  ],
  ["sudo on another host", "Sorry, user kim may not run sudo on ip-10-0-1-5.", "this user may not become root"],
  [
    "curl, as user",
    "Warning: Failed to open the file /usr/local/bin/x: Permission denied\ncurl: (23) Failure writing output to destination",
    "this user has no leave for it",
  ],
  [
    "apt-get, as user",
    "E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)\n" +
      "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?",
    "this user has no leave for it",
  ],
  [
    "mktemp",
    "mktemp: failed to create file via template '/usr/x': Read-only file system",
    "the file system is read-only",
  ],
  [
    "curl, read-only",
    "Warning: Failed to create the file /x: Read-only file system\ncurl: (23) Failed writing body (0 != 1371)",
    "the file system is read-only",
  ],
  recordedRow("coreutils", "mkdir where a file is", "there is a file where a folder has to be"),
  recordedRow("coreutils", "mktemp below a file", "there is a file where"),
  recordedRow("coreutils", "cat of a folder", "there is a file where a folder has to be, or a folder where"),
  ["curl 7.58", "curl: (23) Failed writing body (0 != 16384)", "the disk is full"],
  recordedRow("curl", "full disk", "the disk is full"),
  recordedRow("coreutils", "cp to a full disk", "the disk is full"),
  ["cat, quota", "cat: write error: Disk quota exceeded", "the disk is full"],
  recordedRow("unzip", "full disk", "the disk is full"),
  ["apt-get", "E: You don't have enough free space in /var/cache/apt/archives/.", "the disk is full"],
  [
    "dnf",
    "Error Summary\n-------------\nDisk Requirements:\n   At least 24MB more space needed on the / filesystem.",
    "the disk is full",
  ],
  [
    "a download of ours",
    `checksum mismatch: SHA-256 ${"b".repeat(64)} instead of ${"a".repeat(64)}: https://dl.k8s.io/x`,
    "what was downloaded is not what was released",
  ],
  ["curl 7.58 through a proxy", "curl: (56) Received HTTP code 407 from proxy after CONNECT", "the proxy of the host"],
  ["curl 8 through a proxy", "curl: (56) CONNECT tunnel failed, response 403", "the proxy of the host"],
  recordedRow("curl", "answer 407", "the proxy of the host"),
  ["curl without its proxy", "curl: (5) Could not resolve proxy: proxy.example", "the proxy of the host"],
  ["curl 7.58, 404", "curl: (22) The requested URL returned error: 404 Not Found", "the file to download is not there"],
  recordedRow("curl", "answer 404", "the file to download is not there"),
  [
    "curl 7.58, 403",
    "curl: (22) The requested URL returned error: 403 Forbidden",
    "the server of the downloads refused",
  ],
  [
    "curl 7.58, 401",
    "curl: (22) The requested URL returned error: 401 Unauthorized",
    "the server of the downloads refused",
  ],
  recordedRow("curl", "answer 503", "the server of the downloads refused"),
  recordedRow("curl", "end in the midst", "the download broke off"),
  [
    "curl, reset",
    "curl: (56) OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof while reading, errno 0",
    "the download broke off",
  ],
  [
    "curl, HTTP/2",
    "curl: (92) HTTP/2 stream 1 was not closed cleanly: INTERNAL_ERROR (err 2)",
    "the download broke off",
  ],
  recordedRow("curl", "no answer", "the download broke off"),
  ["curl, no DNS", "curl: (6) Could not resolve host: dl.k8s.io", "the server of the downloads cannot be reached"],
  [
    "curl 7.58, refused",
    "curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused",
    "the server of the downloads cannot be reached",
  ],
  recordedRow("curl", "refused connection", "the server of the downloads cannot be reached"),
  recordedRow("curl", "no TLS", "the server of the downloads cannot be reached"),
  [
    "curl 7.58, no answer",
    "curl: (28) Connection timed out after 15001 milliseconds",
    "the server of the downloads cannot be reached",
  ],
  [
    "curl 8.5, no answer",
    "curl: (28) Failed to connect to dl.k8s.io port 443 after 15002 ms: Timeout was reached",
    "the server of the downloads cannot be reached",
  ],
  [
    "curl, no DNS server",
    "curl: (28) Resolving timed out after 15000 milliseconds",
    "the server of the downloads cannot be",
  ],
  recordedRow("curl", "too slow", "the download stalled"),
  [
    "curl, clock behind",
    "curl: (60) SSL certificate problem: certificate is not yet valid\nMore details here: https://curl.se/docs/sslcerts.html",
    "a certificate is out of its time",
  ],
  recordedRow("curl", "certificate that has expired", "a certificate is out of its time"),
  recordedRow("kubectl", "certificate that has expired", "a certificate is out of its time"),
  [
    "curl behind an intercepting proxy",
    "curl: (60) SSL certificate problem: unable to get local issuer certificate\n" +
      "More details here: https://curl.haxx.se/docs/sslcerts.html",
    "the host does not trust the certificate",
  ],
  [
    "curl without ca-certificates",
    "curl: (77) error setting certificate verify locations:  CAfile: /etc/ssl/certs/ca-certificates.crt CApath: /etc/ssl/certs",
    "the host does not trust the certificate",
  ],
  [
    "kubectl 1.14, another cluster",
    "Unable to connect to the server: x509: certificate signed by unknown authority",
    "whoever answers at the cluster's endpoint",
  ],
  recordedRow("kubectl", "certificate of another authority", "whoever answers at the cluster's endpoint"),
  recordedRow("aws", "request too old", "AWS refuses the time of the request"),
  [
    "aws s3, clock",
    "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: The difference between the request time and the current time is too large.",
    "AWS refuses the time of the request",
  ],
  recordedRow("aws", "clock behind", "AWS refuses the time of the request"),
  recordedRow("aws", "clock ahead", "AWS refuses the time of the request"),
  recordedRow("aws", "no credentials", "the host has no AWS credentials"),
  recordedRow("kubectl", "program for tokens has no credentials", "the host has no AWS credentials"),
  [
    "aws-iam-authenticator 0.5",
    "could not get token: NoCredentialProviders: no valid providers in chain. Deprecated.",
    "the host has no AWS credentials",
  ],
  [
    "aws-iam-authenticator 0.7",
    "could not get token: failed to refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: GetMetadata",
    "the host has no AWS credentials",
  ],
  recordedRow("aws", "stale keys", "AWS does not take the credentials"),
  recordedRow("aws", "old session", "AWS does not take the credentials"),
  recordedRow("aws", "refused connection", "AWS cannot be reached from the host"),
  [
    "aws without a NAT",
    'Connect timeout on endpoint URL: "https://eks.ap-northeast-2.amazonaws.com/clusters/x"',
    "AWS cannot be reached from the host",
  ],
  recordedRow("aws", "no such cluster", "AWS has no such cluster in this region"),
  recordedRow("aws", "no right to a cluster", "the role of the host may not do this ("),
  recordedRow("aws", "no right to instances", "the role of the host may not do this ("),
  recordedRow("aws", "cluster that is being made", "the cluster is not ready for it"),
  [
    "kubectl of a stranger",
    "error: You must be logged in to the server (Unauthorized)",
    "the cluster does not know the role of the host",
  ],
  recordedRow("kubectl", "unauthorized", "the cluster does not know the role of the host"),
  recordedRow("kubectl", "forbidden", "the role of the host may not do this in the cluster"),
  recordedRow("kubectl", "no program for tokens", "kubectl gets no token"),
  [
    "kubectl 1.14 without aws",
    'Unable to connect to the server: getting credentials: exec: exec: "aws": executable file not found in $PATH',
    "kubectl gets no token",
  ],
  recordedRow("kubectl", "program for tokens of an older kubectl", "kubectl gets no token"),
  [
    "apt-get 1.6",
    "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)\n" +
      "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
    "another package manager is at work",
  ],
  recordedRow("apt-get", "lock that is held", "another package manager is at work"),
  recordedRow("apt-get", "lock that is held, says dpkg", "another package manager is at work"),
  ["dpkg 1.19", "dpkg: error: dpkg frontend lock is locked by another process", "another package manager is at work"],
  [
    "rpm",
    "RPM: error: can't create transaction lock on /var/lib/rpm/.rpm.lock (Resource temporarily unavailable)",
    "another package manager is at work",
  ],
  [
    "apt-get without DNS",
    "W: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/bionic/InRelease  Temporary failure resolving 'archive.ubuntu.com'\n" +
      "E: Unable to locate package unzip",
    "a download from the distribution's repositories failed",
  ],
  [
    "apt-get behind a proxy",
    "E: Failed to fetch http://archive.ubuntu.com/ubuntu/pool/main/u/unzip/unzip_6.0.deb  403  Forbidden [IP: 10.0.0.1 3128]",
    "a download from the distribution's repositories failed",
  ],
  recordedRow("apt-get", "dead source", "a download from the distribution's repositories failed"),
  [
    "dnf 4 with a dead source, and a package that only it would have",
    "Error: Failed to download metadata for repo 'dead': Cannot download repomd.xml: All mirrors were tried\n" +
      "Ignoring repositories: dead\nNo match for argument: unzip\nError: Unable to find a match: unzip",
    "a download from the distribution's repositories failed",
  ],
  [
    "dnf without a NAT",
    "Error: Failed to download metadata for repo 'amazonlinux': Cannot prepare internal mirrorlist: Curl error (28): Timeout was reached for https://cdn.amazonlinux.com/al2023/core/mirrors/latest/x86_64/mirror.list",
    "a download from the distribution's repositories failed",
  ],
  recordedRow("apt-get", "no such package", "the distribution's repositories lack a package"),
  [
    "apt-get, virtual",
    "E: Package 'less' has no installation candidate",
    "the distribution's repositories lack a package",
  ],
  [
    "dnf, no such package",
    "No match for argument: curl-minimal\nError: Unable to find a match: curl-minimal",
    "the distribution's repositories lack a package",
  ],
  recordedRow("kubectl", "no answer in time", "the cluster's endpoint cannot be reached"),
  [
    "kubectl, no DNS",
    "Unable to connect to the server: dial tcp: lookup A.gr7.ap-northeast-2.eks.amazonaws.com on 10.0.0.2:53: no such host",
    "the cluster's endpoint cannot be reached",
  ],
  recordedRow("kubectl", "refused connection", "the cluster's endpoint cannot be reached"),
  recordedRow("coreutils", "no such program, says sh", "a program is missing on the host"),
  recordedRow("coreutils", "no such program, says bash", "a program is missing on the host"),
];

function failure(stderr: string, exitCode = 1) {
  return { exitCode, stdout: "", stderr };
}

describe("an explanation", () => {
  it.each(COMPLAINTS)("knows %s", (_, stderr, means) => {
    const explained = explain(failure(`${stderr}\n`));

    expect(explained.startsWith(means)).toBe(true);
    expect(explained).not.toContain("\n");
  });

  it("has a complaint for every row", () => {
    const unused = EXPLANATIONS.filter(({ means }) => {
      return !COMPLAINTS.some(([, stderr]) => explain(failure(stderr)).startsWith(`${means} (`));
    });

    expect(unused).toEqual([]);
  });

  it("names what it means, the line of the complaint and the cure", () => {
    expect(
      explain(
        failure("E: Could not get lock /x. It is held by process 7 (apt)\nE: Unable to acquire the dpkg lock\n", 100),
      ),
    ).toBe(
      "another package manager is at work (E: Could not get lock /x. It is held by process 7 (apt)): " +
        "run again when it has finished: sudo fuser -v /var/lib/dpkg/lock-frontend names it",
    );
  });

  it("says what our own script was doing", () => {
    expect(explain(failure("curl: (52) Empty reply from server\nwhile downloading https://dl.k8s.io/kubectl\n"))).toBe(
      "the download broke off (curl: (52) Empty reply from server, while downloading https://dl.k8s.io/kubectl): run again",
    );
  });

  it("shows kubectl's own line, not those for its developers", () => {
    const stderr =
      'E1121 15:10:15.900453    4227 memcache.go:265] "Unhandled Error" err="dial tcp 10.0.1.5:443: i/o timeout"\n' +
      "Unable to connect to the server: dial tcp 10.0.1.5:443: i/o timeout\n";

    expect(explain(failure(stderr))).toMatch(
      /^the cluster's endpoint .* \(Unable to connect to the server: dial tcp 10\.0\.1\.5:443: i\/o timeout\): /,
    );
  });

  it.each([
    ["the last line", "reading\r\nchmod: invalid mode: 'x'\r\n\r\n", "chmod: invalid mode: 'x'"],
    ["Korean", "chmod: 잘못된 모드: 'x'\n", "chmod: 잘못된 모드: 'x'"],
    ["no end of a line", "strange", "strange"],
    [
      "a resource that is not there",
      said("kubectl", "no such object").stderr,
      'Error from server (NotFound): configmaps "aws-auth" not found',
    ],
    ["nothing", "", "a command ended with exit code 3"],
    ["white space", " \n\r\n\t\n", "a command ended with exit code 3"],
  ])("lets an unknown complaint through: %s", (_, stderr, expected) => {
    expect(explain(failure(stderr, 3))).toBe(expected);
  });

  it.each([
    ["an unknown", "\u001b[2J\u001b]0;title\u0007gone\u009b31m", "\\x1b[2J\\x1b]0;title\\x07gone\\x9b31m"],
    ["a progress", "10 %\r100 %", "10 %\\x0d100 %"],
  ])("keeps control characters of %s complaint off the terminal", (_, stderr, expected) => {
    expect(explain(failure(stderr))).toBe(expected);
  });

  it("keeps control characters of a known complaint off the terminal", () => {
    expect(explain(failure("cp: \u001b[31m: No space left on device"))).toMatch(
      /^the disk is full \(cp: \\x1b\[31m: No space left on device\): /,
    );
  });

  it("cuts a long line", () => {
    expect(explain(failure("x".repeat(400)))).toBe(`${"x".repeat(300)} …`);
    expect(explain(failure("x".repeat(300)))).toBe("x".repeat(300));
  });

  it("is the message of a command that failed", () => {
    const result = failure("sudo: a password is required\n");

    expect(() => stdoutOf(result)).toThrow(new UserError(explain(result)));
  });
});
