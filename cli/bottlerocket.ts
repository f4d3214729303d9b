import type { InputValues } from "../contract/inputs/inputs";
import { UserError } from "../contract/user-error";
import { WRITTEN_SETTINGS } from "../facts/written-settings";
import { kubernetesSettings, SettingsError } from "../modules/user-data/bottlerocket-settings";

/** The settings of a node group on Bottlerocket. */
interface Settings {
  /** Name of the variable, or attribute, that they stand in. */
  readonly variable: string;
  readonly toml: string;
  /** What stands before them. */
  readonly written: readonly string[];
}

/**
 * Refuses settings with which a node would not boot. Terraform reads no TOML: what it can say of it by patterns are the
 * keys that stand there already.
 *
 * @throws UserError that names the line
 */
export function refuseWrongSettings(inputs: InputValues): void {
  for (const { variable, toml, written } of settingsIn(inputs)) {
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
        `${variable} must be settings in TOML that a node on Bottlerocket boots with, got ${where}${cause.message}; ` +
          `before it the stack writes [settings.kubernetes] with ${written.join(", ")}`,
        { cause },
      );
    }
  }
}

function settingsIn(inputs: InputValues): readonly Settings[] {
  const { always, ofRows } = WRITTEN_SETTINGS;
  const rows = Object.entries(inputs.node_groups);
  if (rows.length > 0) {
    return rows
      .filter(([, row]) => row.ami_family === "bottlerocket")
      .map(([key, { additional_userdata: toml }]) => {
        return { variable: `node_groups.${key}.additional_userdata`, toml, written: [...always, ...ofRows] };
      });
  }
  const { additional_userdata: toml } = inputs.eks_worker_user_data_group;
  return inputs.eks_worker_node_ami_family === "bottlerocket"
    ? [{ variable: "eks_worker_user_data_group.additional_userdata", toml, written: always }]
    : [];
}
