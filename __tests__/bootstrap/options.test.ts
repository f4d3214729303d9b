import { UserError } from "../../contract/user-error";
import { HELP, OPTIONS, readOptions, type Options } from "../../bootstrap/options";

/** What is asked for when nothing is said. */
const DEFAULTS: Options = {
  source: { kind: "stack-dir", folder: "cdktf.out/stacks/eks" },
  acceptNewHostKey: false,
  root: "",
  check: false,
  diff: false,
  json: false,
  timeoutSeconds: 600,
  concurrency: 10,
};

const FINGERPRINT = "SHA256:uNiVztksCsDhcc0u9e8BrYXNQVbxCKpxbsHLCPTHHZw";

const HOST_KEY = "--host-key must be a SHA-256 fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, got ";
const PORT = "--port must be a whole number from 1 to 65535, got ";
const TIMEOUT = "--timeout must be a whole number of seconds from 1 to 86400, got ";
const CONCURRENCY = "--concurrency must be a whole number from 1 to 100, got ";
const HOST = (got: string) =>
  `--host must be a name or an IP address and nothing else, got ${got}; --user says the user, --port the port`;
const ROOT = '--root must be the absolute path of a folder on the host, not / itself, without ".", ".." and ":", got ';
const CLOUD =
  "--terraform-cloud must be ORGANIZATION/WORKSPACE (letters, digits, _ and -), such as acme/eks-prod, got ";
const ONE_SOURCE = (got: string) => `the outputs can come from one place only, got ${got}; leave out all but one`;

/** Why a command line is refused; undefined when it is not. */
function complaint(args: readonly string[]): Error | undefined {
  try {
    readOptions(args);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

describe("the command line", () => {
  it.each<readonly [string[], Partial<Options>]>([
    [[], {}],
    [["--"], {}],
    [["--outputs", "outputs.json"], { source: { kind: "outputs", paths: ["outputs.json"] } }],
    [
      ["--outputs", "a.json", "--outputs=b.json", "--outputs", "-"],
      { source: { kind: "outputs", paths: ["a.json", "b.json", "-"] } },
    ],
    [["--outputs=-odd.json"], { source: { kind: "outputs", paths: ["-odd.json"] } }],
    [["--stack-dir", "out/stacks/eks"], { source: { kind: "stack-dir", folder: "out/stacks/eks" } }],
    [
      ["--terraform-cloud", "acme/eks_prod-1"],
      { source: { kind: "terraform-cloud", organization: "acme", workspace: "eks_prod-1" } },
    ],
    [["--host", "203.0.113.9", "--port", "1", "--user", "ubuntu"], { host: "203.0.113.9", port: 1, user: "ubuntu" }],
    [["--host=2001:db8::9", "--port=65535"], { host: "2001:db8::9", port: 65535 }],
    [["--host", "::1"], { host: "::1" }],
    [["--host", "bastion.example"], { host: "bastion.example" }],
    [
      ["--identity", "~/.ssh/id_rsa", "--jump", "kim@gate:2222,inner", "--known-hosts", "hosts"],
      { identity: "~/.ssh/id_rsa", jump: "kim@gate:2222,inner", knownHosts: "hosts" },
    ],
    [["--host-key", FINGERPRINT], { hostKey: FINGERPRINT }],
    [["--host-key", `${FINGERPRINT}=`], { hostKey: FINGERPRINT }],
    [
      ["--accept-new-host-key", "--check", "--diff", "--json"],
      { acceptNewHostKey: true, check: true, diff: true, json: true },
    ],
    [
      ["--mirror", "https://mirror.example:8443/eks/", "--releases", "own.json"],
      { mirror: "https://mirror.example:8443/eks/", releases: "own.json" },
    ],
    [["--mirror", "http://127.0.0.1:8080"], { mirror: "http://127.0.0.1:8080" }],
    [["--root", "/tmp/a b/한글"], { root: "/tmp/a b/한글" }],
    [["--root", "/tmp/x//"], { root: "/tmp/x" }],
    [["--root", "/tmp/..x/.y"], { root: "/tmp/..x/.y" }],
    [["--timeout", "1", "--concurrency", "100"], { timeoutSeconds: 1, concurrency: 100 }],
    [["--timeout", "86400", "--concurrency", "1"], { timeoutSeconds: 86_400, concurrency: 1 }],
    [["--port", "0022"], { port: 22 }],
  ])("%j is read", (args, expected) => {
    expect(readOptions(args)).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    ["-h"],
    ["--help"],
    ["--check", "--help"],
    ["--help", "--help"],
    ["--prot", "22", "--help"],
    ["what", "-h"],
  ])("asks for help, whatever else is in it: %s %s %s", (...args) => {
    expect(readOptions(args)).toBeUndefined();
  });

  it.each<readonly [string[], string]>([
    // What is no option
    [["--zzz"], "there is no option --zzz: --help lists them"],
    [["--zzz=secret"], "there is no option --zzz: --help lists them"],
    [["--prot", "22"], "there is no option --prot: did you mean --port?"],
    [["--prot=22"], "there is no option --prot: did you mean --port?"],
    [["--output", "x.json"], "there is no option --output: did you mean --outputs?"],
    [["--output-file", "x.json"], "there is no option --output-file: --help lists them"],
    [["--stack_dir", "x"], "there is no option --stack_dir: did you mean --stack-dir?"],
    [["--stackdir", "x"], "there is no option --stackdir: did you mean --stack-dir?"],
    [["--terraform-clout", "a/b"], "there is no option --terraform-clout: did you mean --terraform-cloud?"],
    [["--terraformcloud", "a/b"], "there is no option --terraformcloud: did you mean --terraform-cloud?"],
    [["--hostkey", FINGERPRINT], "there is no option --hostkey: did you mean --host-key?"],
    [["--know-host", "x"], "there is no option --know-host: did you mean --known-hosts?"],
    [["--accept-new-hostkey"], "there is no option --accept-new-hostkey: did you mean --accept-new-host-key?"],
    [["--dif"], "there is no option --dif: did you mean --diff?"],
    [["--PORT", "22"], "there is no option --PORT: did you mean --port?"],
    [["--no-check"], "there is no option --no-check: --help lists them"],
    [["--dry-run"], "there is no option --dry-run: --help lists them"],
    [["--constructor"], "there is no option --constructor: --help lists them"],
    [["--__proto__=1"], "there is no option --__proto__: --help lists them"],
    [["--=22"], "there is no option --: --help lists them"],
    [["--h"], "there is no option --h: --help lists them"],
    // One dash
    [["-port", "22"], "there is no option -port: did you mean --port?"],
    [["-port=22"], "there is no option -port: did you mean --port?"],
    [["-host", "203.0.113.9"], "there is no option -host: did you mean --host?"],
    [["-check"], "there is no option -check: did you mean --check?"],
    [["-help"], "there is no option -help: did you mean --help?"],
    [["-stack-dir", "x"], "there is no option -stack-dir: did you mean --stack-dir?"],
    [["-hx"], "there is no option -hx: --help lists them"],
    [["-p", "22"], "there is no option -p: --help lists them"],
    [["-i", "key"], "there is no option -i: --help lists them"],
    [["-?"], "there is no option -?: --help lists them"],
    [["---port", "22"], "there is no option ---port: did you mean --port?"],
    // A value too few
    [["--port"], "--port needs a value: write --port PORT"],
    [["--outputs"], "--outputs needs a value: write --outputs FILE"],
    [["--check", "--terraform-cloud"], "--terraform-cloud needs a value: write --terraform-cloud ORG/WORKSPACE"],
    [
      ["--port", "--check"],
      "--port needs a value, got --check: write --port PORT, or --port=--check if that is the value",
    ],
    [
      ["--identity", "-key"],
      "--identity needs a value, got -key: write --identity FILE, or --identity=-key if that is the value",
    ],
    [["--user", "--"], "--user needs a value, got --: write --user USER, or --user=-- if that is the value"],
    [["--port="], "--port is empty: write --port PORT, or leave it out"],
    [["--outputs", ""], "--outputs is empty: write --outputs FILE, or leave it out"],
    [["--outputs", "a.json", "--outputs="], "--outputs is empty: write --outputs FILE, or leave it out"],
    [["--stack-dir", ""], "--stack-dir is empty: write --stack-dir DIR, or leave it out"],
    [["--terraform-cloud="], "--terraform-cloud is empty: write --terraform-cloud ORG/WORKSPACE, or leave it out"],
    [["--host", ""], "--host is empty: write --host HOST, or leave it out"],
    [["--jump="], "--jump is empty: write --jump [USER@]HOST[:PORT], or leave it out"],
    [["--mirror", ""], "--mirror is empty: write --mirror URL, or leave it out"],
    [["--root="], "--root is empty: write --root DIR, or leave it out"],
    // A value too many
    [["--check=yes"], '--check takes no value, got "yes": write --check, or leave it out'],
    [["--json=false"], '--json takes no value, got "false": write --json, or leave it out'],
    [["--diff="], '--diff takes no value, got "": write --diff, or leave it out'],
    [["--help=all"], '--help takes no value, got "all": write --help, or leave it out'],
    [["--check", "yes"], 'an option has to say what "yes" is: --help lists the options'],
    [["outputs.json"], 'an option has to say what "outputs.json" is: did you mean --outputs outputs.json?'],
    [["-"], 'an option has to say what "-" is: did you mean --outputs -?'],
    [["--", "--check"], 'an option has to say what "--check" is: --help lists the options'],
    [[""], 'an option has to say what "" is: --help lists the options'],
    // Twice
    [["--port", "22", "--port", "2222"], "--port is given 2 times: give it once"],
    [["--host=a", "--host=a", "--host=a"], "--host is given 3 times: give it once"],
    [["--stack-dir", "a", "--stack-dir", "b"], "--stack-dir is given 2 times: give it once"],
    [["--check", "--check"], "--check is given 2 times: give it once"],
    // Sources
    [["--outputs", "a", "--stack-dir", "b"], ONE_SOURCE("--outputs and --stack-dir")],
    [["--terraform-cloud", "a/b", "--stack-dir", "b"], ONE_SOURCE("--stack-dir and --terraform-cloud")],
    [
      ["--outputs", "a", "--stack-dir", "b", "--terraform-cloud", "a/b"],
      ONE_SOURCE("--outputs and --stack-dir and --terraform-cloud"),
    ],
    [["--terraform-cloud", "acme"], `${CLOUD}"acme"`],
    [["--terraform-cloud", "acme/"], `${CLOUD}"acme/"`],
    [["--terraform-cloud", "/eks"], `${CLOUD}"/eks"`],
    [["--terraform-cloud", "acme/eks/prod"], `${CLOUD}"acme/eks/prod"`],
    [["--terraform-cloud", "acme/eks prod"], `${CLOUD}"acme/eks prod"`],
    [["--terraform-cloud", "https://app.terraform.io/app/acme/eks"], `${CLOUD}"https://app.terraform.io/app/acme/eks"`],
    // Numbers
    ...["0", "65536", "-1", "+22", "22.0", "1e3", "0x16", " 22", "22 ", "ssh", "٢٢", "9".repeat(400)].map(
      (value): [string[], string] => [[`--port=${value}`], `${PORT}${JSON.stringify(value)}`],
    ),
    [["--timeout", "0"], `${TIMEOUT}"0"`],
    [["--timeout", "10m"], `${TIMEOUT}"10m"`],
    [["--timeout", "0.5"], `${TIMEOUT}"0.5"`],
    [["--timeout", "86401"], `${TIMEOUT}"86401"`],
    [["--timeout", "Infinity"], `${TIMEOUT}"Infinity"`],
    [["--concurrency", "0"], `${CONCURRENCY}"0"`],
    [["--concurrency", "101"], `${CONCURRENCY}"101"`],
    [["--concurrency", "all"], `${CONCURRENCY}"all"`],
    // Hosts
    [["--host", "ubuntu@203.0.113.9"], HOST('"ubuntu@203.0.113.9"')],
    [["--host", "203.0.113.9:2222"], HOST('"203.0.113.9:2222"')],
    [["--host", "[2001:db8::9]"], HOST('"[2001:db8::9]"')],
    [["--host", "ssh://203.0.113.9"], HOST('"ssh://203.0.113.9"')],
    [["--host", "a b"], HOST('"a b"')],
    [["--host=-oProxyCommand=x"], HOST('"-oProxyCommand=x"')],
    // Host keys
    [["--host-key", FINGERPRINT.slice(0, -1)], `${HOST_KEY}"${FINGERPRINT.slice(0, -1)}"`],
    [["--host-key", FINGERPRINT.slice(7)], `${HOST_KEY}"${FINGERPRINT.slice(7)}"`],
    [["--host-key", FINGERPRINT.toLowerCase()], `${HOST_KEY}"${FINGERPRINT.toLowerCase()}"`],
    [
      ["--host-key", "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"],
      `${HOST_KEY}"MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"`,
    ],
    [["--host-key", "ssh-ed25519 AAAAC3Nza"], `${HOST_KEY}"ssh-ed25519 AAAAC3Nza"`],
    // Mirrors
    [
      ["--mirror", "mirror.example/eks"],
      '--mirror must be a URL such as https://mirror.example/eks, got "mirror.example/eks"',
    ],
    [["--mirror", "/srv/mirror"], '--mirror must be a URL such as https://mirror.example/eks, got "/srv/mirror"'],
    [["--mirror", "ftp://mirror.example"], '--mirror must be an http or https URL, got "ftp://mirror.example"'],
    [["--mirror", "file:///srv/mirror"], '--mirror must be an http or https URL, got "file:///srv/mirror"'],
    [["--mirror", "mirror.example:8080"], '--mirror must be an http or https URL, got "mirror.example:8080"'],
    [
      ["--mirror", "https://kim:hunter2@mirror.example"],
      "--mirror must not hold credentials, which everybody on the bastion would see in its list of processes, " +
        'got "…@mirror.example"',
    ],
    [
      ["--mirror", "https://mirror.example/?token=hunter2"],
      '--mirror must not have a query or a fragment, got "https://mirror.example/…"',
    ],
    [
      ["--mirror", "https://mirror.example/#eks"],
      '--mirror must not have a query or a fragment, got "https://mirror.example/…"',
    ],
    // Roots
    ...["/", "//", "tmp", "./tmp", "~/x", "/tmp/../x", "/..", "/.", "/tmp/./x", "/a:b", "C:\\x", "/tmp/x\n"].map(
      (value): [string[], string] => [["--root", value], ROOT + JSON.stringify(value)],
    ),
  ])("%j is refused", (args, message) => {
    const error = complaint(args);

    expect(error).toBeInstanceOf(UserError);
    expect(error?.message).toBe(message);
  });

  it("is a matter for the reader when it is wrong", () => {
    expect(() => readOptions(["--zzz"])).toThrow(UserError);
  });
});

describe("the help", () => {
  /** Every option in it with its value, as in `--port PORT`. */
  const listed = HELP.split("\n").flatMap((line) => {
    const [, option] = /^ {2}(?:-h, )?--(\S+(?: \S+)?)(?: {2}|$)/.exec(line) ?? [];
    return option === undefined ? [] : [option];
  });

  it.each(listed)("has %s, which there is", (option) => {
    const [name = "", value] = option.split(" ");

    // One that has a value complains without it.
    expect(complaint([`--${name}`])?.message).toBe(
      value === undefined ? undefined : `--${name} needs a value: write --${name} ${value}`,
    );
  });

  it("has every option that there is", () => {
    expect(listed.map((option) => option.split(" ")[0]).sort()).toEqual(Object.keys(OPTIONS).sort());
  });

  it("says the defaults that there are", () => {
    const { source, timeoutSeconds, concurrency } = DEFAULTS;

    expect(readOptions([])).toEqual(DEFAULTS);
    expect(HELP).toContain(`the default is --stack-dir ${"folder" in source ? source.folder : ""})`);
    expect(HELP).toContain(`(${String(timeoutSeconds)})\n`);
    expect(HELP).toContain(`(${String(concurrency)})\n`);
  });

  it("fits a terminal, and names the exit codes", () => {
    expect(Math.max(...HELP.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(HELP).toContain("0 done, 1 failed, 2 --check found changes, 64 wrong usage, 130 interrupted");
  });
});
