/** What the test uses of it: Jest itself loads it, which knows no TypeScript. */
interface Reporter {
  onRunComplete(contexts: undefined, results: object): void;
  getLastError(): Error | undefined;
}
const SummaryReporter = jest.requireActual<new () => Reporter>("./support/summary-reporter.cjs");

/** A test as Jest tells reporters of it. */
const told = (status: string, ...titles: readonly string[]) => ({
  status,
  ancestorTitles: titles.slice(0, -1),
  title: titles.at(-1) ?? "",
  fullName: titles.join(" "),
});
const PASSED = told("passed", "a plan of", "the workshop");
const NO_TMUX = told("pending", "what a person sees (needs tmux)", "of a plan");
const NO_TLS = told("pending", "a stack by choice", "is planned", "eks with a key (needs the provider tls)");
const FORGOTTEN = told("pending", "a plan of", "a cluster");
const TODO = told("todo", "a plan of", "a network");

describe("the end of a run", () => {
  const before = { ...process.env };
  beforeEach(() => {
    jest.spyOn(console, "log").mockReturnValue();
    jest.spyOn(console, "error").mockReturnValue();
  });
  afterEach(() => {
    process.env = { ...before };
    jest.restoreAllMocks();
  });

  it.each([
    ["nothing is skipped", "true", {}, [PASSED], undefined],
    ["what needs a missing program is skipped", "true", { tmux: "tmux" }, [PASSED, NO_TMUX], undefined],
    ["what needs another program is skipped as well", "true", { tmux: "tmux" }, [NO_TMUX, NO_TLS], [NO_TLS]],
    ["what needs nothing is skipped as well", "true", { tmux: "tmux" }, [NO_TMUX, FORGOTTEN, TODO], [FORGOTTEN, TODO]],
    ["a test says that it needs what is there", "true", {}, [NO_TMUX], [NO_TMUX]],
    ["somebody runs a part by hand", undefined, {}, [FORGOTTEN], undefined],
  ])("where %s", (_, CI, missing, tests, refused) => {
    delete process.env["CI"];
    Object.assign(process.env, { EKS_TESTS_MISSING: JSON.stringify(missing), ...(CI !== undefined && { CI }) });
    const reporter = new SummaryReporter();

    reporter.onRunComplete(undefined, {
      numPassedTests: 1,
      numFailedTests: 0,
      numRuntimeErrorTestSuites: 0,
      testResults: [{ testResults: tests }],
    });

    const names = refused?.map(({ fullName }) => `\n  ${fullName}`).join("");
    expect(reporter.getLastError()?.message).toBe(
      names === undefined ? undefined : `skipped although nothing that they need is missing:${names}`,
    );
    const skipped = tests.filter(({ status }) => status !== "passed").length;
    expect(console.log).toHaveBeenLastCalledWith(
      skipped === 0 ? "1 passed, 0 failed" : `1 passed, 0 failed, ${String(skipped)} skipped`,
    );
  });
});
