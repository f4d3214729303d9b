import { kubernetesSettings, SettingsError } from "../../modules/user-data/bottlerocket-settings";

const OWN = '[settings.kubernetes]\ncluster-name = "demo"\nmax-pods = 65\n';

/** What is said of a document that a node does not boot with, and at which line. */
function refusal(document: string): readonly [message: string, line: number | undefined] {
  try {
    kubernetesSettings(document);
  } catch (error) {
    if (error instanceof SettingsError) return [error.message, error.line];
    throw error;
  }
  throw new Error("a node boots with it");
}

describe("the settings of a node on Bottlerocket", () => {
  it("are those of Kubernetes, among all others", () => {
    const document = `${OWN}node-labels = { "example.com/a" = "b" }\nnode-taints.spot = ["true:NoSchedule"]\nlog-level = 4\n\n[settings.motd]\nmotd = """\n[not a header]\n"""\n`;

    expect(kubernetesSettings(document)).toEqual({
      "cluster-name": "demo",
      "max-pods": 65n,
      "node-labels": { "example.com/a": "b" },
      "node-taints": { spot: ["true:NoSchedule"] },
      "log-level": 4n,
    });
  });

  it("may say nothing of Kubernetes", () => {
    expect(kubernetesSettings("[settings.motd]\n")).toBeUndefined();
  });

  it.each<[string, string, string, number | undefined]>([
    ["a key twice", "max-pods = 65", "trying to redefine an already defined table or value", 4],
    [
      "a table of the same name",
      "\n[settings.kubernetes.max-pods]\n",
      "trying to redefine an already defined table or value",
      5,
    ],
    ["the header once more", "[settings.kubernetes]", "trying to redefine an already defined table or value", 4],
    ["no TOML", "\necho joined\n", "illegal character in key", 5],
    ["a text that does not end", 'a = "b', "unfinished string", 4],
  ])("are refused with %s, at its line", (_, more, message, line) => {
    expect(refusal(OWN + more)).toEqual([expect.stringContaining(message), line]);
  });

  it.each([
    ['settings.kubernetes.max-pods = "65"', "settings.kubernetes.max-pods must be a whole number without quotes"],
    ["settings.kubernetes.max-pods = 65.0", "settings.kubernetes.max-pods must be a whole number without quotes"],
    ["[settings.kubernetes.max-pods]\na = 1", "settings.kubernetes.max-pods must be a whole number without quotes"],
    [
      '[settings.kubernetes.node-labels]\nexample.com = "a"',
      "settings.kubernetes.node-labels.example must be a text in quotes",
    ],
    ["settings.kubernetes.node-labels.a = true", "settings.kubernetes.node-labels.a must be a text in quotes"],
    ["settings.kubernetes.node-taints.a = 1", "settings.kubernetes.node-taints.a must be a list of texts in quotes"],
    ["settings.kubernetes = 1", "settings.kubernetes must be a table"],
    ["[kubernetes]", "settings must be a table"],
  ])("are refused where a value is of another type: %s", (document, message) => {
    expect(refusal(document)).toEqual([message, undefined]);
  });
});
