import { StorageClassV1 } from "@cdktf/provider-kubernetes/lib/storage-class-v1";
import { Token } from "cdktf";
import { Construct } from "constructs";

/** What a storage class is made of. */
export interface StorageClassProps {
  /**
   * `{ name, kms_key_id, reclaim_policy }`, or null for no storage class: an expression of Terraform's language,
   * without `${}`.
   */
  readonly row: string;
}

/**
 * The default storage class: encrypted gp3 volumes, made by the EBS CSI driver in the zone of the pod that wants one.
 *
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/parameters.md
 */
export class StorageClass extends Construct {
  constructor(scope: Construct, id: string, { row }: StorageClassProps) {
    super(scope, id);
    new StorageClassV1(this, "ebs", {
      count: Token.asNumber(`\${${row} == null ? 0 : 1}`),
      metadata: {
        name: `\${${row}.name}`,
        annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
      },
      storageProvisioner: "ebs.csi.aws.com",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: `\${${row}.reclaim_policy}`,
      allowVolumeExpansion: true,
      parameters: Token.asStringMap(
        `\${merge({ type = "gp3", encrypted = "true" }, ${row}.kms_key_id == null ? {} : { kmsKeyId = ${row}.kms_key_id })}`,
      ),
    });
  }
}
