import { clusterTag } from "../../facts/cluster-tags";
import { CLUSTER_INTERFACES } from "../../facts/pods";
import { familiesOf } from "../../modules/user-data/read";
import { controlPlane, launchesInQuestion, missing, usedSubnets, type AfterFacts } from "./after-facts";
import { APPLY, aws, launchAnew } from "./cures";
import { orElse } from "./fact";
import { imageArchitecture, imageFamily, imageMissing, imageUnknown, imageVersion, type ImageUse } from "./image-rules";
import { launchCure } from "./launch-failures";
import { found, HALF_APPLIED, known, type Judgement, type Rule } from "./rule";

/** What a rule finds in the images that nodes are launched from. */
const images =
  (judge: (use: ImageUse) => Judgement) =>
  (facts: AfterFacts): Judgement =>
    known(facts.cluster.images, (all) =>
      launchesInQuestion(facts)
        // A template may name a parameter that names the image.
        .filter(({ imageId }) => imageId.startsWith("ami-"))
        .map(({ kind, id, imageId, instanceType, userData }) =>
          judge({
            usedBy: `${kind} ${id}`,
            id: imageId,
            image: all.find((it) => it.id === imageId),
            region: facts.handover.region,
            instanceTypes: [instanceType],
            types: orElse(facts.cluster.instanceTypes, {}),
            isBastions: false,
            families: familiesOf(userData),
          }),
        ),
    );

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
      return all.map((subnet) => {
        const { id, free, cidr } = subnet;
        const isOfNodes = ofNodes.includes(subnet);
        return (
          free < CLUSTER_INTERFACES.least + (isOfNodes ? perNode : 0) &&
          found(
            isOfNodes && free < perNode ? "error" : "warning",
            id,
            `${cidr} has ${String(free)} free addresses; ` +
              (isOfNodes
                ? `a new node takes ${String(perNode)} for its first interface, each pod one more, and `
                : "") +
              `EKS wants ${String(CLUSTER_INTERFACES.least)} for itself`,
            "remove pods and nodes; or add a subnet with a new name and a free range to vpc_private_subnets, and " +
              APPLY,
          )
        );
      });
    },
  },
  {
    code: "launch-missing",
    follows: HALF_APPLIED,
    judge: ({ cluster }) =>
      known(cluster.launches, (launches) =>
        orElse(cluster.groups, []).map(
          ({ name, launchId }) =>
            launches[launchId ?? ""] === undefined &&
            found(
              "error",
              name,
              `what the group launches nodes from is gone: ${launchId ?? "it has none"}`,
              `${APPLY}, it makes a new one`,
            ),
        ),
      ),
  },
  { code: "image-missing", judge: images(imageMissing) },
  { code: "image-architecture", judge: images(imageArchitecture) },
  {
    code: "group-short",
    follows: [...HALF_APPLIED, "launch-missing", "image-missing", "image-architecture"],
    judge: (facts) =>
      known(facts.cluster.groups, (groups) =>
        groups.map(({ name, desired, instances, suspended, failure }) => {
          const isHeldUp = suspended.includes("Launch");
          const seen = aws(facts)`autoscaling describe-scaling-activities --auto-scaling-group-name ${name}
            --max-items 5`;
          const why = isHeldUp
            ? "; somebody has suspended its process Launch"
            : failure === undefined
              ? ""
              : `; the last launch failed: ${failure}`;
          return (
            instances.length < desired &&
            found(
              // One that has not failed may be on its way.
              isHeldUp || failure !== undefined ? "error" : "warning",
              name,
              `the group has ${String(instances.length)} of ${String(desired)} instances${why}`,
              isHeldUp
                ? aws(facts)`autoscaling resume-processes --auto-scaling-group-name ${name}
                    --scaling-processes Launch`
                : (launchCure(failure ?? "") ?? `see what it tries: ${seen}`),
            )
          );
        }),
      ),
  },
  {
    code: "instance-stopped",
    judge: (facts) =>
      missing(facts).map(
        ({ instance: { id, state }, group }) =>
          // One that is shutting down is being replaced.
          !["running", "pending", "shutting-down"].includes(state) &&
          found(
            "error",
            id,
            `the instance is ${state}, and counts in ${group.name}`,
            "a new one comes when this one goes: " +
              aws(facts)`autoscaling terminate-instance-in-auto-scaling-group --instance-id ${id}
                --no-should-decrement-desired-capacity`,
          ),
      ),
  },
  {
    code: "node-tag",
    judge: (facts) => {
      const key = clusterTag(facts.handover.cluster_name);
      return [
        orElse(facts.cluster.groups, []).map(({ name, tags }) => {
          const { value, propagates = false } = tags[key] ?? {};
          const has = value === undefined ? "" : ` (it has ${value}${propagates ? "" : ", not propagated"})`;
          return (
            (value !== "owned" || !propagates) &&
            found(
              "error",
              name,
              `the group does not give its instances the tag ${key}=owned${has}: they do not join`,
              aws(facts)`autoscaling create-or-update-tags --tags
                ${`ResourceId=${name},ResourceType=auto-scaling-group,Key=${key},Value=owned,PropagateAtLaunch=true`}`,
            )
          );
        }),
        missing(facts).map(
          ({ instance: { id, tags } }) =>
            tags[key] !== "owned" &&
            found(
              "error",
              id,
              "the instance lacks the tag " +
                `${key}=owned${tags[key] === undefined ? "" : ` (it has ${tags[key]})`}: it does not join`,
              aws(facts)`ec2 create-tags --resources ${id} --tags ${`Key=${key},Value=owned`}`,
            ),
        ),
      ];
    },
  },
  {
    code: "user-data-none",
    judge: (facts) =>
      launchesInQuestion(facts).map(
        ({ id, kind, userData }) =>
          familiesOf(userData).length === 0 &&
          found(
            "error",
            id,
            `the user data of the ${kind} does not make a node join: it calls no bootstrap.sh, and holds neither ` +
              "a NodeConfig nor settings of Bottlerocket",
            launchAnew(facts, id),
          ),
      ),
  },
  { code: "image-family", judge: images(imageFamily) },
  {
    code: "image-version",
    judge: (facts) => controlPlane(facts, ({ version }) => images((use) => imageVersion(use, version))(facts)),
  },
  { code: "image-unknown", judge: images(imageUnknown) },
];
