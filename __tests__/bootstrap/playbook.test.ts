import { playbook } from "../../bootstrap/playbook";
import { ownReleases } from "../../bootstrap/releases";
import { HANDOVER } from "../support/handover";

const OPTIONS = { user: "ubuntu", root: "", timeoutSeconds: 1 };

const titles = (authentication_mode: string) =>
  playbook({ ...HANDOVER, authentication_mode }, ownReleases(), OPTIONS)
    .flat()
    .map(({ title }) => title);

describe("the playbook", () => {
  it("fills aws-auth where it says who may use the cluster", () => {
    expect(titles("CONFIG_MAP")).toContain("aws-auth");
  });

  it.each(["API_AND_CONFIG_MAP", "API"])("leaves aws-auth alone in the mode %s", (mode) => {
    expect(titles(mode)).not.toContain("aws-auth");
    expect(titles(mode)).toEqual(titles("CONFIG_MAP").filter((title) => title !== "aws-auth"));
  });
});
