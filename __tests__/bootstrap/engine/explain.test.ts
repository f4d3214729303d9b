import { UserError } from "../../../contract/user-error";
import { stdoutOf } from "../../../bootstrap/engine/errors";
import { explain, EXPLANATIONS } from "../../../bootstrap/engine/explain";

/** What a command that failed printed, and which row of the table is the one that helps. */
const COMPLAINTS: readonly (readonly [program: string, stderr: string, means: string])[] = [
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
  ["mkdir", "mkdir: cannot create directory '/usr/local': File exists", "there is a file where a folder has to be"],
  ["mktemp", "mktemp: failed to create file via template '/x/.y.XXXXXX': Not a directory", "there is a file where"],
  ["cat", "cat: /root/.kube/config: Is a directory", "there is a file where a folder has to be, or a folder where"],
  ["curl 7.58", "curl: (23) Failed writing body (0 != 16384)", "the disk is full"],
  ["curl 7.88", "curl: (23) Failure writing output to destination", "the disk is full"],
  ["cp", "cp: error writing '/usr/local/bin/x': No space left on device", "the disk is full"],
  ["cat, quota", "cat: write error: Disk quota exceeded", "the disk is full"],
  ["unzip", "aws/dist/libcrypto.so.3:  write error (disk full?).  Continue? (y/n/^C)", "the disk is full"],
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
  ["curl, http, through a proxy", "curl: (22) The requested URL returned error: 407", "the proxy of the host"],
  ["curl without its proxy", "curl: (5) Could not resolve proxy: proxy.example", "the proxy of the host"],
  ["curl 7.58, 404", "curl: (22) The requested URL returned error: 404 Not Found", "the file to download is not there"],
  ["curl 8, 404", "curl: (22) The requested URL returned error: 404", "the file to download is not there"],
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
  ["curl 8, 503", "curl: (22) The requested URL returned error: 503", "the server of the downloads refused"],
  ["curl, cut off", "curl: (18) transfer closed with 990 bytes remaining to read", "the download broke off"],
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
  ["curl, nothing", "curl: (52) Empty reply from server", "the download broke off"],
  ["curl, no DNS", "curl: (6) Could not resolve host: dl.k8s.io", "the server of the downloads cannot be reached"],
  [
    "curl 7.58, refused",
    "curl: (7) Failed to connect to 127.0.0.1 port 1: Connection refused",
    "the server of the downloads cannot be reached",
  ],
  [
    "curl 7.88, refused",
    "curl: (7) Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server",
    "the server of the downloads cannot be reached",
  ],
  [
    "curl, no TLS",
    "curl: (35) OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number",
    "the server of the downloads cannot be reached",
  ],
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
  [
    "curl, slow",
    "curl: (28) Operation too slow. Less than 1024 bytes/sec transferred the last 15 seconds",
    "the download stalled",
  ],
  [
    "curl, clock behind",
    "curl: (60) SSL certificate problem: certificate is not yet valid\nMore details here: https://curl.se/docs/sslcerts.html",
    "a certificate is out of its time",
  ],
  [
    "curl, clock ahead",
    "curl: (60) SSL certificate problem: certificate has expired",
    "a certificate is out of its time",
  ],
  [
    "kubectl, clock behind",
    "Unable to connect to the server: x509: certificate has expired or is not yet valid: current time 2020-11-25T15:58:10+08:00 is before 2020-11-27T04:25:04Z",
    "a certificate is out of its time",
  ],
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
  [
    "kubectl 1.32, another cluster",
    "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
    "whoever answers at the cluster's endpoint",
  ],
  [
    "aws ec2, clock",
    "An error occurred (RequestExpired) when calling the DescribeInstances operation: Request has expired.",
    "AWS refuses the time of the request",
  ],
  [
    "aws s3, clock",
    "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: The difference between the request time and the current time is too large.",
    "AWS refuses the time of the request",
  ],
  [
    "aws eks, clock behind",
    "An error occurred (InvalidSignatureException) when calling the DescribeCluster operation: Signature expired: 20210502T144040Z is now earlier than 20210502T173143Z (20210502T174643Z - 15 min.)",
    "AWS refuses the time of the request",
  ],
  [
    "aws sts, clock ahead",
    "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation: Signature not yet current: 20210502T183640Z is still later than 20210502T175140Z (20210502T173640Z + 15 min.)",
    "AWS refuses the time of the request",
  ],
  [
    "aws without an instance profile",
    'Unable to locate credentials. You can configure credentials by running "aws configure".',
    "the host has no AWS credentials",
  ],
  [
    "kubectl without an instance profile",
    'Unable to locate credentials. You can configure credentials by running "aws configure".\n' +
      'E1121 15:10:16.827623    4279 memcache.go:265] "Unhandled Error" err="couldn\'t get current server API group list: Get \\"https://A.eks.amazonaws.com/api?timeout=32s\\": getting credentials: exec: executable aws failed with exit code 255"\n' +
      "Unable to connect to the server: getting credentials: exec: executable aws failed with exit code 255",
    "the host has no AWS credentials",
  ],
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
  [
    "aws eks with stale keys",
    "An error occurred (UnrecognizedClientException) when calling the DescribeCluster operation: The security token included in the request is invalid.",
    "AWS does not take the credentials",
  ],
  [
    "aws sts with an old session",
    "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: The security token included in the request is expired",
    "AWS does not take the credentials",
  ],
  [
    "aws of another region",
    'Could not connect to the endpoint URL: "https://eks.ap-northeast-9.amazonaws.com/clusters/x"',
    "AWS cannot be reached from the host",
  ],
  [
    "aws without a NAT",
    'Connect timeout on endpoint URL: "https://eks.ap-northeast-2.amazonaws.com/clusters/x"',
    "AWS cannot be reached from the host",
  ],
  [
    "aws eks of another stack",
    "An error occurred (ResourceNotFoundException) when calling the DescribeCluster operation: No cluster found for name: x.",
    "AWS has no such cluster in this region",
  ],
  [
    "aws eks without a policy",
    "An error occurred (AccessDeniedException) when calling the DescribeCluster operation: User: arn:aws:sts::123456789012:assumed-role/r/i-1 is not authorized to perform: eks:DescribeCluster on resource: arn:aws:eks:ap-northeast-2:123456789012:cluster/x",
    "the role of the host may not do this (",
  ],
  [
    "aws ec2 without a policy",
    "An error occurred (UnauthorizedOperation) when calling the DescribeInstances operation: You are not authorized to perform this operation.",
    "the role of the host may not do this (",
  ],
  ["aws eks update-kubeconfig", "Cluster status is CREATING", "the cluster is not ready for it"],
  [
    "kubectl of a stranger",
    "error: You must be logged in to the server (Unauthorized)",
    "the cluster does not know the role of the host",
  ],
  [
    "kubectl of a stranger, asked for credentials",
    "error: You must be logged in to the server (the server has asked for the client to provide credentials)",
    "the cluster does not know the role of the host",
  ],
  [
    "kubectl without a right",
    'Error from server (Forbidden): nodes is forbidden: User "system:node:x" cannot list resource "nodes" in API group "" at the cluster scope',
    "the role of the host may not do this in the cluster",
  ],
  [
    "kubectl 1.32 without aws",
    "Unable to connect to the server: getting credentials: exec: executable aws not found\n\n" +
      "It looks like you are trying to use a client-go credential plugin that is not installed.",
    "kubectl gets no token",
  ],
  [
    "kubectl 1.14 without aws",
    'Unable to connect to the server: getting credentials: exec: exec: "aws": executable file not found in $PATH',
    "kubectl gets no token",
  ],
  [
    "kubectl of another time than its plugin",
    'error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v1alpha1"',
    "kubectl gets no token",
  ],
  [
    "apt-get 1.6",
    "E: Could not get lock /var/lib/dpkg/lock-frontend - open (11: Resource temporarily unavailable)\n" +
      "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
    "another package manager is at work",
  ],
  [
    "apt-get 2",
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 4995 (unattended-upgr)\n" +
      "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?",
    "another package manager is at work",
  ],
  [
    "dpkg 1.21",
    "dpkg: error: dpkg frontend lock was locked by another process with pid 4995\n" +
      "Note: removing the lock file is always wrong, can damage the locked area\n" +
      "and the entire system. See <https://wiki.debian.org/Teams/Dpkg/FAQ#db-lock>.",
    "another package manager is at work",
  ],
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
  [
    "apt-get 2.6.1 with a dead source",
    "E: The repository 'http://repo.invalid/gone stable Release' does not have a Release file.\n" +
      "E: Unable to locate package unzip",
    "a download from the distribution's repositories failed",
  ],
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
  ["apt-get, universe off", "E: Unable to locate package groff-base", "the distribution's repositories lack a package"],
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
  [
    "kubectl, no way",
    "Unable to connect to the server: dial tcp 10.0.1.5:443: i/o timeout",
    "the cluster's endpoint cannot be reached",
  ],
  [
    "kubectl, no DNS",
    "Unable to connect to the server: dial tcp: lookup A.gr7.ap-northeast-2.eks.amazonaws.com on 10.0.0.2:53: no such host",
    "the cluster's endpoint cannot be reached",
  ],
  [
    "kubectl, refused",
    "The connection to the server 10.0.1.5:443 was refused - did you specify the right host or port?",
    "the cluster's endpoint cannot be reached",
  ],
  ["dash", "sh: 1: flock: not found", "a program is missing on the host"],
  ["bash", "bash: line 3: flock: command not found", "a program is missing on the host"],
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
      'Error from server (NotFound): pods "x" not found',
      'Error from server (NotFound): pods "x" not found',
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
