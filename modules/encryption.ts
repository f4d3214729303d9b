import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { Construct } from "constructs";

import { hcl, type Expression } from "./hcl/expression";
import { countIf } from "./hcl/maybe";

/** What a key is made of. */
export interface EncryptionKeyProps {
  /** `{ kms_key_arn, rotation_days, deletion_window_days }`; null: no encryption with a key of the account's own. */
  readonly settings: Expression;
  /** What is encrypted with it, for those who find it in the account. */
  readonly description: string;
  /** Name of the key, with `alias/`. */
  readonly alias: string;
  readonly policy: string;
}

/** A KMS key: one that is made, one that was there and is given by its ARN, or none. */
export class EncryptionKey extends Construct {
  /** ARN of the key; null when there is none. */
  readonly arn: Expression;

  constructor(scope: Construct, id: string, { settings, description, alias, policy }: EncryptionKeyProps) {
    super(scope, id);
    const given = hcl`try(${settings}.kms_key_arn, null)`;
    const count = countIf(hcl`${settings} != null && ${given} == null`);

    const key = new KmsKey(this, "key", {
      count,
      description,
      policy,
      enableKeyRotation: true,
      rotationPeriodInDays: hcl`${settings}.rotation_days`.asNumber,
      deletionWindowInDays: hcl`${settings}.deletion_window_days`.asNumber,
    });
    new KmsAlias(this, "alias", {
      count,
      name: alias,
      targetKeyId: hcl`one(${key}[*].key_id)`.asString,
    });

    this.arn = hcl`${given} != null ? ${given} : one(${key}[*].arn)`;
  }
}
