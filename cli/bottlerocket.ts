import { z } from "zod";

import { kubernetesSettings, SettingsError } from "../modules/user-data/bottlerocket-settings";
import { WRITTEN_SETTINGS } from "../facts/written-settings";
import { UserError } from "../contract/user-error";
import type { TfvarsValues } from "../terraform/tfvars";

/** What is looked at; for what is of another shape Terraform has rules. */
const ROWS = z.record(z.string(), z.unknown());
const SETTINGS = z.object({ additional_userdata: z.string() });
const ROW = SETTINGS.extend({ ami_family: z.literal("bottlerocket") });

/** The settings of a node group on Bottlerocket. */
interface Settings {
  /** Name of the variable, or attribute, that they stand in. */
  readonly variable: string;
  readonly toml: string;
  /** What stands before them. */
  readonly written: readonly string[];
}

/**
 * Refuses settings with which a node would not boot. Terraform reads no TOML: what it can say of it by patterns are the keys
 * that stand there already.
 *
 * @throws UserError that names the line
 */
export function refuseWrongSettings({ values }: Pick<TfvarsValues, "values">): void {
  for (const { variable, toml, written } of settingsIn((name) => values.get(name)?.value)) {
    // What the stack writes has other values; a key and its type say all that follows can break.
    const keys = written.map((key) => `${key} = ${key === "max-pods" ? "1" : key.startsWith("node-") ? "{}" : '""'}`);
    const before = ["[settings.kubernetes]", ...keys];
    try {
      kubernetesSettings([...before, toml].join("\n"));
    } catch (cause) {
      if (!(cause instanceof SettingsError)) throw cause;
      const line = cause.line === undefined ? undefined : cause.line - before.length;
      const where = line === undefined ? "" : `line ${String(line)} (${toml.split("\n")[line - 1]?.trim() ?? ""}): `;
      throw new UserError(
        `${variable} must be settings in TOML that a node on Bottlerocket boots with, got ${where}${cause.message}; before ` +
          `it the stack writes [settings.kubernetes] with ${written.join(", ")}`,
        { cause },
      );
    }
  }
}

function settingsIn(value: (name: string) => unknown): readonly Settings[] {
  const { always, ofRows } = WRITTEN_SETTINGS;
  const { data: rows = {} } = ROWS.safeParse(value("node_groups"));
  if (Object.keys(rows).length > 0) {
    return Object.entries(rows).flatMap(([key, row]) => {
      const { success, data } = ROW.safeParse(row);
      return success
        ? [
            {
              variable: `node_groups.${key}.additional_userdata`,
              toml: data.additional_userdata,
              written: [...always, ...ofRows],
            },
          ]
        : [];
    });
  }
  const { success, data } = SETTINGS.safeParse(value("eks_worker_user_data_group"));
  return success && value("eks_worker_node_ami_family") === "bottlerocket"
    ? [{ variable: "eks_worker_user_data_group.additional_userdata", toml: data.additional_userdata, written: always }]
    : [];
}
