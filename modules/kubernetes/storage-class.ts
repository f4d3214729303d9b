import { StorageClassV1 } from "@cdktf/provider-kubernetes/lib/storage-class-v1";
import { Token } from "cdktf";
import { Construct } from "constructs";

import { hcl, type Expression } from "../hcl/expression";
import { countIf } from "../hcl/maybe";

/**
 * The default storage class: encrypted gp3 volumes, made by the EBS CSI driver in the zone of the pod that wants one.
 *
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
 */
export class StorageClass extends Construct {
  /** @param row `{ name, kms_key_id, reclaim_policy }`, or null for no storage class */
  constructor(scope: Construct, id: string, row: Expression) {
    super(scope, id);
    const ofKey = hcl`${row}.kms_key_id == null ? {} : { kmsKeyId = ${row}.kms_key_id }`;
    new StorageClassV1(this, "ebs", {
      count: countIf(hcl`${row} != null`),
      metadata: {
        name: hcl`${row}.name`.asString,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      storageProvisioner: "ebs.csi.aws.com",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: hcl`${row}.reclaim_policy`.asString,
      allowVolumeExpansion: true,
      parameters: Token.asStringMap(hcl`merge({ type = "gp3", encrypted = "true" }, ${ofKey})`.asString),
    });
  }
}
