import type { TerraformStack } from "cdktf";

import { AccessVariables } from "./variables/access";
import { AddOnVariables } from "./variables/add-ons";
import { BastionVariables } from "./variables/bastion";
import { ClusterVariables } from "./variables/cluster";
import { declareOn } from "./variables/declare";
import { NetworkVariables } from "./variables/network";
import { NodeVariables } from "./variables/node-groups";
import { PodVariables } from "./variables/pods";
import { ProjectVariables } from "./variables/project";

/**
 * Every input the stack takes from tfvars, with the workshop's names, types and defaults where the workshop had it.
 *
 * Every rule about a value stands with its variable: Terraform checks them all before it asks AWS anything.
 */
export class Variables {
  readonly project: ProjectVariables;
  readonly network: NetworkVariables;
  readonly cluster: ClusterVariables;
  readonly bastion: BastionVariables;
  readonly nodes: NodeVariables;
  readonly access: AccessVariables;
  readonly addOns: AddOnVariables;
  readonly pods: PodVariables;

  constructor(stack: TerraformStack) {
    const declare = declareOn(stack);
    this.project = new ProjectVariables(declare);
    this.network = new NetworkVariables(declare);
    this.cluster = new ClusterVariables(declare);
    this.bastion = new BastionVariables(declare);
    this.nodes = new NodeVariables(declare);
    this.access = new AccessVariables(declare);
    this.addOns = new AddOnVariables(declare);
    this.pods = new PodVariables(declare);
  }
}
