import { clusterTag } from "../../facts/cluster-tags";
import { CLUSTER_INTERFACES } from "../../facts/pods";
import { HALF_APPLIED } from "./account-rules";
import {
  type AfterFacts,
  missing,
  launchesInQuestion,
  controlPlane,
  APPLY,
  aws,
  usedSubnets,
  launchAnew,
} from "./after-facts";
import type { Launch } from "./cluster-facts";
import { known, orElse } from "./fact";
import { familiesOf } from "../../modules/user-data/read";
import { imageArchitecture, imageFamily, imageMissing, imageUnknown, imageVersion, type ImageUse } from "./image-rules";
import { launchCure } from "./launch-failures";
import { found, when, type Rule } from "./rule";

function imageUses(facts: AfterFacts): (ImageUse & { readonly launch: Launch })[] {
  return [
    ...known(facts.cluster.images, (images) =>
      // A template may name a parameter that names the image.
      launchesInQuestion(facts)
        .filter(({ imageId }) => imageId.startsWith("ami-"))
        .map((launch) => ({
          usedBy: `${launch.kind} ${launch.id}`,
          id: launch.imageId,
          image: images.find(({ id }) => id === launch.imageId),
          launch,
        })),
    ),
  ];
}

/** Rules about what the nodes are launched from, and whether they are. */
export const LAUNCH_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "group-missing",
    follows: HALF_APPLIED,
    judge: ({ cluster, handover }) =>
      known(cluster.groups, (groups) =>
        Object.keys(handover.node_groups)
          .filter((name) => !groups.some((group) => group.name === name))
          .map((name) => found("error", name, `there is no Auto Scaling group ${name}: there will be no nodes`, APPLY)),
      ),
  },
  {
    code: "subnet-full",
    judge: (facts) => {
      const types = orElse(facts.cluster.instanceTypes, {});
      const launched = launchesInQuestion(facts).map(
        ({ instanceType }) => types[instanceType]?.addressesPerInterface ?? 1,
      );
      const perNode = Math.max(1, ...launched);
      const { ofNodes, all } = usedSubnets(facts);
      return all.flatMap((subnet) => {
        const { id, free, cidr } = subnet;
        const isOfNodes = ofNodes.includes(subnet);
        return when(
          free < CLUSTER_INTERFACES.least + (isOfNodes ? perNode : 0),
          isOfNodes && free < perNode ? "error" : "warning",
          id,
          `${cidr} has ${String(free)} free addresses; ${isOfNodes ? `a new node takes ${String(perNode)} for its first interface, each pod one more, and ` : ""}EKS wants ${String(CLUSTER_INTERFACES.least)} for itself`,
          `remove pods and nodes; or add a subnet with a new name and a free range to vpc_private_subnets, and ${APPLY}`,
        );
      });
    },
  },
  {
    code: "launch-missing",
    follows: HALF_APPLIED,
    judge: ({ cluster }) =>
      known(cluster.launches, (launches) =>
        orElse(cluster.groups, []).flatMap(({ name, launchId }) =>
          when(
            launches[launchId ?? ""] === undefined,
            "error",
            name,
            `what the group launches nodes from is gone: ${launchId ?? "it has none"}`,
            `${APPLY}, it makes a new one`,
          ),
        ),
      ),
  },
  {
    code: "image-missing",
    judge: (facts) => imageUses(facts).flatMap((use) => imageMissing(use, facts.handover.region)),
  },
  {
    code: "image-architecture",
    judge: (facts) => {
      const types = orElse(facts.cluster.instanceTypes, {});
      return imageUses(facts).flatMap((use) =>
        imageArchitecture(use, use.launch.instanceType, types[use.launch.instanceType]),
      );
    },
  },
  {
    code: "group-short",
    follows: [...HALF_APPLIED, "launch-missing", "image-missing", "image-architecture"],
    judge: (facts) =>
      known(facts.cluster.groups, (groups) =>
        groups.flatMap(({ name, desired, instances, suspended, failure }) => {
          const isHeldUp = suspended.includes("Launch");
          const why = isHeldUp
            ? "; somebody has suspended its process Launch"
            : failure === undefined
              ? ""
              : `; the last launch failed: ${failure}`;
          return when(
            instances.length < desired,
            // One that has not failed may be on its way.
            isHeldUp || failure !== undefined ? "error" : "warning",
            name,
            `the group has ${String(instances.length)} of ${String(desired)} instances${why}`,
            isHeldUp
              ? aws(facts, `autoscaling resume-processes --auto-scaling-group-name ${name} --scaling-processes Launch`)
              : (launchCure(failure ?? "") ??
                  `see what it tries: ${aws(facts, `autoscaling describe-scaling-activities --auto-scaling-group-name ${name} --max-items 5`)}`),
          );
        }),
      ),
  },
  {
    code: "instance-stopped",
    judge: (facts) =>
      missing(facts).flatMap(({ instance: { id, state }, group }) =>
        when(
          // One that is shutting down is being replaced.
          !["running", "pending", "shutting-down"].includes(state),
          "error",
          id,
          `the instance is ${state}, and counts in ${group.name}`,
          `a new one comes when this one goes: ${aws(facts, `autoscaling terminate-instance-in-auto-scaling-group --instance-id ${id} --no-should-decrement-desired-capacity`)}`,
        ),
      ),
  },
  {
    code: "node-tag",
    judge: (facts) => {
      const key = clusterTag(facts.handover.cluster_name);
      const groups = orElse(facts.cluster.groups, []);
      return [
        ...groups.flatMap(({ name, tags }) =>
          when(
            tags[key]?.value !== "owned" || !tags[key].propagates,
            "error",
            name,
            `the group does not give its instances the tag ${key}=owned${tags[key] === undefined ? "" : ` (it has ${tags[key].value}${tags[key].propagates ? "" : ", not propagated"})`}: they do not join`,
            aws(
              facts,
              `autoscaling create-or-update-tags --tags ResourceId=${name},ResourceType=auto-scaling-group,Key=${key},Value=owned,PropagateAtLaunch=true`,
            ),
          ),
        ),
        ...missing(facts).flatMap(({ instance: { id, tags } }) =>
          when(
            tags[key] !== "owned",
            "error",
            id,
            `the instance has not the tag ${key}=owned${tags[key] === undefined ? "" : ` but ${tags[key]}`}: it does not join`,
            aws(facts, `ec2 create-tags --resources ${id} --tags Key=${key},Value=owned`),
          ),
        ),
      ];
    },
  },
  {
    code: "user-data-none",
    judge: (facts) =>
      launchesInQuestion(facts).flatMap(({ id, kind, userData }) =>
        when(
          familiesOf(userData).length === 0,
          "error",
          id,
          `the user data of the ${kind} does not make a node join: it calls no bootstrap.sh, and holds neither a NodeConfig nor settings of Bottlerocket`,
          launchAnew(facts, id),
        ),
      ),
  },
  {
    code: "image-family",
    judge: (facts) => imageUses(facts).flatMap((use) => imageFamily(use, familiesOf(use.launch.userData))),
  },
  {
    code: "image-version",
    judge: (facts) =>
      controlPlane(facts, ({ version }) => imageUses(facts).flatMap((use) => imageVersion(use, version))),
  },
  { code: "image-unknown", judge: (facts) => imageUses(facts).flatMap(imageUnknown) },
];
