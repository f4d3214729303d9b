import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { examineAccount, examineCluster, examineState } from "../../cli/doctor/doctor";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { AFTER_ROWS, BEFORE_ROWS, plane, STATE_ROWS, unreachable } from "../support/findings";
import { describeOnHost } from "../support/on-host";
import { run } from "../support/run";

/** Everything that the doctor advises to do about what the tables of findings show. */
function cures(): string[] {
  const modes = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
  const found = [
    ...BEFORE_ROWS.flatMap((row) => examineAccount(row[3])),
    ...AFTER_ROWS.flatMap((row) => examineCluster(row[3])),
    ...STATE_ROWS.flatMap((row) => examineState(row[3])),
    ...modes.flatMap((mode) =>
      (["unauthorized", "forbidden"] as const).flatMap((problem) =>
        examineCluster(unreachable(problem, "no", plane({ authenticationMode: mode }))),
      ),
    ),
  ];
  return [...new Set(found.map(({ cure }) => cure))];
}

/** Options after which one value comes, and then maybe words for people. */
const LAST = ["--region", "--region-name", "--policy-arn", "--role-name"];

/** The commands of the AWS CLI in a text, each as its words: nothing that a shell would read as something else. */
function awsCommands(text: string): string[][] {
  return [
    ...text.matchAll(/\baws ([a-z0-9-]+) (wait [a-z0-9-]+|[a-z0-9-]+)((?: (?:'[^']*'|"[^"]*"|[^\s;()&'"]+))*)/g),
  ].map(([, service = "", command = "", rest = ""]) => {
    const words = [...rest.matchAll(/'([^']*)'|"([^"]*)"|[^\s]+/g)].map(([all, one, two]) => one ?? two ?? all);
    const taken: string[] = [];
    for (const [i, word] of words.entries()) {
      const before = taken.at(-1) ?? "";
      const isValue = before !== "" && !(LAST.includes(taken.at(-2) ?? "") && !before.startsWith("--"));
      if (!word.startsWith("--") && !isValue) break;
      taken.push(word.replace(/[,:]$/, ""));
      if (/[,:]$/.test(words[i] ?? "")) break;
    }
    return [service, ...command.split(" "), ...taken];
  });
}

/** Commands of which another takes the output. */
function inner(text: string): string[] {
  return [...text.matchAll(/\$\(([^)]*)\)/g)].map(([, command = ""]) => command);
}

/** Nobody listens there: the AWS CLI gets so far with a command that it takes, and with no other. */
const NOWHERE = { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" };

/** Of the AWS CLI 2 alone. */
const ELSEWHERE = ["sso login"];

describeOnHost("what the doctor advises", () => {
  const commands = new Map<string, string[]>();
  for (const words of cures()
    .flatMap((text) => [text, ...inner(text)])
    .flatMap(awsCommands)) {
    const kind = words.filter((word, i) => i < 2 || (words[1] === "wait" && i < 3) || word.startsWith("--")).join(" ");
    if (!ELSEWHERE.includes(kind)) commands.set(kind, words);
  }
  const home = mkdtempSync(join(tmpdir(), "eks-test-cures-"));

  afterAll(() => {
    rmSync(home, { recursive: true });
  });

  it("has commands of the AWS CLI in it", () => {
    expect(commands.size).toBeGreaterThan(30);
  });

  it.each([...commands])("is a command that the AWS CLI takes: aws %s", async (_, words) => {
    const credentials = { AWS_ACCESS_KEY_ID: "testing", AWS_SECRET_ACCESS_KEY: "testing" };
    const env = {
      ...neutralEnvironment(),
      ...NOWHERE,
      ...credentials,
      AWS_DEFAULT_REGION: "ap-northeast-2",
      HOME: home,
    };
    // A key of one's own, which is not here.
    const given = words.map((word) => (word.startsWith("fileb://") ? "fileb:///dev/null" : word));

    const { output } = await run("aws", given, { env });

    expect(output).toContain("Could not connect to the endpoint URL");
  });
});
