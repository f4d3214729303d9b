import { shell } from "../../contract/shell";
import type { NodeGroupInput } from "../stack-inputs";
import { MACHINES, NODE_GROUP, type AccountRule, type BeforeFacts } from "./before";
import { orElse } from "./fact";
import { imageArchitecture, imageFamily, imageMissing, imageUnknown, imageVersion, type ImageUse } from "./image-rules";
import { found, known, type Judgement } from "./rule";

/**
 * Accounts from this day on cannot make launch configurations by any means.
 *
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html
 */
const NO_LAUNCH_CONFIGURATIONS_SINCE = "2024-10-01";

/** What a rule finds in the images of the node groups, as far as they could be looked for. */
const nodeImages =
  (judge: (use: ImageUse, group: NodeGroupInput) => Judgement) =>
  ({ inputs: { groups, region }, account }: BeforeFacts): Judgement =>
    known(account.nodeImages, (images) =>
      groups.map((group) => {
        const { image, instanceTypes, family, variables } = group;
        const use = {
          usedBy: variables.image,
          id: image.id,
          image: images[image.id],
          region,
          instanceTypes,
          types: orElse(account.instanceTypes, {}),
          isBastions: false,
          families: [family],
          familyVariable: variables.family,
        };
        return judge(use, group);
      }),
    );

/** The same for the bastion's image. */
const bastionImage =
  (judge: (use: ImageUse) => Judgement) =>
  ({ inputs: { bastion, region }, account }: BeforeFacts): Judgement =>
    known(account.bastionImage, (image) =>
      judge({
        usedBy: "kubectl_image_id",
        id: bastion.id,
        image,
        region,
        instanceTypes: [bastion.instanceType],
        types: orElse(account.instanceTypes, {}),
        isBastions: true,
        families: [],
      }),
    );

function imageVolume({ id, image }: ImageUse, variable: string, { volumeGiB }: NodeGroupInput["image"]): Judgement {
  const needed = image?.rootGiB ?? 0;
  return (
    volumeGiB < needed &&
    found(
      "error",
      id,
      `${variable}: the image's root volume has ${String(needed)} GiB, and ${String(volumeGiB)} is given: EC2 ` +
        "refuses the instance",
      `set ${variable} = ${String(needed)} or more`,
    )
  );
}

/** Rules about what the tfvars choose: the version of Kubernetes, the images, and what nodes are launched from. */
export const CHOICE_RULES: readonly AccountRule[] = [
  {
    code: "version",
    made: ["aws_eks_cluster"],
    judge: ({ account, inputs: { eksVersion } }) =>
      known(account.versions, (versions) => {
        const offered = versions.map(({ version }) => version);
        return (
          // An answer without any version is none.
          offered.length > 0 &&
          !offered.includes(eksVersion) &&
          found(
            "error",
            eksVersion,
            `eks_version: EKS makes no cluster of ${eksVersion} any more or yet; it offers ${offered.join(", ")}`,
            "eks pin writes one that it offers, with images for it, to pins.auto.tfvars; leave eks_version and " +
              "the images out of your own tfvars then",
          )
        );
      }),
  },
  {
    code: "version-support",
    judge: ({ account, inputs: { eksVersion } }) =>
      known(
        account.versions,
        (versions) =>
          versions.some(({ version, support }) => version === eksVersion && support === "extended") &&
          found(
            "warning",
            eksVersion,
            `eks_version: ${eksVersion} is in extended support, which costs more for every hour of the cluster`,
            `choose one in standard support, with images for it: ${versions
              .filter(({ support }) => support === "standard")
              .map(({ version, standardUntil: until }) => (until === "" ? version : `${version} (until ${until})`))
              .join(", ")} (eks pin --version MAJOR.MINOR)`,
          ),
      ),
  },
  {
    code: "image-missing",
    changed: MACHINES,
    judge: (facts) => [nodeImages(imageMissing)(facts), bastionImage(imageMissing)(facts)],
  },
  {
    code: "image-architecture",
    changed: MACHINES,
    judge: (facts) => [
      nodeImages(imageArchitecture)(facts),
      nodeImages(({ usedBy, id, image }, { architecture, variables }) => {
        const is = image?.architecture ?? "";
        return (
          architecture !== undefined &&
          !["", architecture].includes(is) &&
          found(
            "error",
            id,
            `${usedBy}: the image is for ${is}, and ${variables.architecture} is ${architecture}`,
            `set ${variables.architecture} = "${is}", with instance types of it, or choose another image (eks ` +
              "pin names one)",
          )
        );
      })(facts),
      bastionImage(imageArchitecture)(facts),
    ],
  },
  {
    code: "image-volume",
    changed: MACHINES,
    judge: (facts) => [
      nodeImages((use, { variables, image }) => imageVolume(use, variables.volume, image))(facts),
      bastionImage((use) => imageVolume(use, "kubectl_ec2_volume_size", facts.inputs.bastion))(facts),
    ],
  },
  { code: "image-family", changed: NODE_GROUP, judge: nodeImages(imageFamily) },
  {
    code: "image-version",
    changed: NODE_GROUP,
    judge: (facts) => nodeImages((use) => imageVersion(use, facts.inputs.eksVersion))(facts),
  },
  {
    code: "image-unknown",
    // Who says the version in the tfvars has looked.
    judge: nodeImages((use, { kubernetesVersion }) => kubernetesVersion === undefined && imageUnknown(use)),
  },
  {
    code: "image-recommended",
    judge: ({ account, inputs: { groups, eksVersion } }) =>
      known(account.recommendedImages, (images) =>
        groups.map(({ key, image: { id }, variables }) => {
          const recommended = images[key];
          const name = `${variables.image} ${id}`;
          if (recommended === undefined) {
            return found(
              "note",
              id,
              `${name}: AWS names no image of this family for ${eksVersion}`,
              "nothing while the image above is right; a family that is not named any more gets no patches",
            );
          }
          return (
            recommended !== id &&
            found(
              "note",
              id,
              `${name}: AWS recommends ${recommended} for ${eksVersion}; yours is pinned, which is well as long ` +
                "as it has no known holes",
              `try it, then set ${variables.image} = "${recommended}"`,
            )
          );
        }),
      ),
  },
  {
    code: "launch-configuration",
    judge: ({ account, inputs: { groups, region } }) => {
      const configured = groups.filter(({ launchedFrom }) => launchedFrom === "launch configuration");
      const cure = configured.map(({ variables }) => `${variables.launch} = "template"`).join(" and ");
      return known(account.launchConfigurations, (existing) =>
        known(
          account.oldestRole,
          (oldest) =>
            configured.length > 0 &&
            // One that exists proves that the account may; so does a role of before the day.
            existing.length === 0 &&
            (oldest === undefined || oldest >= NO_LAUNCH_CONFIGURATIONS_SINCE) &&
            found(
              "note",
              region,
              "it cannot be seen whether this account may make launch configurations: those opened since " +
                `${NO_LAUNCH_CONFIGURATIONS_SINCE} may not, and here is neither one that exists nor a role older ` +
                "than that" +
                (oldest === undefined ? "" : ` (the oldest is of ${oldest.slice(0, 10)})`),
              `set ${cure}; or nothing, and do it when AWS refuses the launch configuration as not available in ` +
                "the account",
            ),
        ),
      );
    },
  },
  {
    code: "add-on",
    changed: ["aws_eks_addon"],
    judge: ({ account, inputs: { addOns, eksVersion, region } }) =>
      known(account.addOns, (offered) =>
        addOns.map(({ name, version }) => {
          const versions = offered[name];
          const list = shell`aws eks describe-addon-versions --kubernetes-version ${eksVersion} --region ${region}`;
          if (versions === undefined) {
            return found(
              "error",
              name,
              `add_ons.${name}: EKS has no such add-on for Kubernetes ${eksVersion}`,
              `leave it out, or give the name of one that there is: ${list} --query 'addons[].addonName'`,
            );
          }
          return (
            version !== undefined &&
            !versions.includes(version) &&
            found(
              "error",
              name,
              `add_ons.${name}.version: EKS does not offer ${version} for Kubernetes ${eksVersion}; it offers ` +
                `${versions.slice(0, 3).join(", ")}${versions.length > 3 ? " and others" : ""}`,
              `leave the version out, which takes EKS' default, or give one of: ${list} ${shell`--addon-name ${name}`} ` +
                "--query 'addons[].addonVersions[].addonVersion'",
            )
          );
        }),
      ),
  },
];
