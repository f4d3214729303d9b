import { parse, TomlError } from "smol-toml";
import { z } from "zod";

const TEXT = z.string({ error: "must be a text in quotes" });
const WHOLE = z.bigint({ error: "must be a whole number without quotes" });
const table = <T extends z.ZodType>(value: T) => z.record(z.string(), value, { error: "must be a table" });

/** As far as this project writes or reads them; there are many more. */
const DOCUMENT = z.looseObject({
  settings: z.looseObject(
    {
      kubernetes: z
        .looseObject(
          {
            "cluster-name": TEXT.optional(),
            "api-server": TEXT.optional(),
            "cluster-certificate": TEXT.optional(),
            "cluster-dns-ip": z
              .union([TEXT, z.array(TEXT)], { error: "must be a text in quotes, or a list of them" })
              .optional(),
            "max-pods": WHOLE.optional(),
            "node-labels": table(TEXT).optional(),
            "node-taints": table(
              z.union([TEXT, z.array(TEXT)], { error: "must be a list of texts in quotes" }),
            ).optional(),
          },
          { error: "must be a table" },
        )
        .optional(),
    },
    { error: "must be a table" },
  ),
});

/** What Bottlerocket reads of its settings for Kubernetes. */
export type KubernetesSettings = NonNullable<z.infer<typeof DOCUMENT>["settings"]["kubernetes"]>;

/** Why Bottlerocket does not boot with its user data. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";

  /** @param line where it is, from 1 on; undefined when it is nowhere in particular */
  constructor(
    message: string,
    readonly line: number | undefined,
  ) {
    super(message);
  }
}

/**
 * Reads the user data of a node on Bottlerocket, as strictly as the node does: TOML, and of the settings that are
 * known here values of their types.
 *
 * @returns undefined when it says nothing of Kubernetes
 * @throws SettingsError
 * @see https://toml.io/en/v1.0.0
 * @see https://bottlerocket.dev/en/os/latest/api/settings/kubernetes/
 */
export function kubernetesSettings(document: string): KubernetesSettings | undefined {
  const { success, data, error } = DOCUMENT.safeParse(tables(document));
  if (success) return data.settings.kubernetes;
  const [issue] = error.issues;
  throw new SettingsError(`${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`, undefined);
}

function tables(document: string): unknown {
  try {
    return parse(document, { integersAsBigInt: true });
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Behind the first line it shows the lines around.
    const [reason = ""] = cause.message.replace("Invalid TOML document: ", "").split("\n");
    throw new SettingsError(reason, cause.line);
  }
}
