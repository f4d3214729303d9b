import { unique } from "../../aws/answers";
import { asking } from "../../aws/call";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readVersions } from "../../aws/clusters";
import { readImage, readNewestImage, type Image } from "../../aws/instances";
import { readParameters } from "../../aws/parameters";
import { isRecord, jsonIn } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import { BASTION_PARAMETER, NODE_IMAGES, type ImageKind } from "../../facts/images";
import { printable } from "../../terminal/text";
import {
  ARCHITECTURE,
  chooseFamily,
  chooseVersion,
  pinProblems,
  type Offer,
  type PinnedImage,
  type Pins,
  type PinWish,
} from "./pins";

/**
 * Asks AWS what it offers, and chooses. Changes nothing, and writes nothing.
 *
 * @throws UserError when AWS refuses, when it does not offer what is wished, and when what it offers does not fit
 *   together
 */
export function askForPins(settings: AwsSettings, wish: PinWish): Promise<Pins> {
  return withAws(settings, async (aws) => {
    const { region } = settings;
    const family = chooseFamily(wish);
    const offer = await offeredVersions(aws);
    const version = chooseVersion(offer, family, wish.version);
    const kind = { version, family, architecture: ARCHITECTURE };
    const parameters = await parametersOfImages(aws, [parameterOf(kind), BASTION_PARAMETER]);
    const bastionId = parameters.get(BASTION_PARAMETER);
    if (bastionId === undefined) {
      throw new UserError(`SSM has no ${BASTION_PARAMETER} in ${region}; pin kubectl_image_id by hand in your tfvars`);
    }
    const node = await recommendedImage(aws, parameters, kind);
    if ("none" in node) throw new UserError(`${node.none} in ${region}; pin another version`);
    const offered = "unknown" in offer ? undefined : offer.find((it) => it.version === version);
    const bastion = await imageById(aws, bastionId, `SSM ${BASTION_PARAMETER}`);
    const pins = { region, version, family, offered, node, bastion };
    const problems = pinProblems(pins);
    if (problems.length > 0) throw new UserError(`nothing is pinned: ${problems.join("; ")}`);
    return pins;
  });
}

/** The image of a kind, or why there is none. */
type Recommended = PinnedImage | { readonly none: string };

/**
 * The images for nodes that AWS offers, in the order of what is asked for; or why there is none.
 *
 * @throws UserError when AWS refuses
 */
export function askForImages(settings: AwsSettings, kinds: readonly ImageKind[]): Promise<Recommended[]> {
  return withAws(settings, async (aws) => {
    const parameters = await parametersOfImages(aws, unique(kinds.map(parameterOf)));
    const found: Recommended[] = [];
    for (const kind of kinds) found.push(await recommendedImage(aws, parameters, kind));
    return found;
  });
}

function parameterOf(kind: ImageKind): string {
  return NODE_IMAGES[kind.family].parameter(kind);
}

function parametersOfImages({ ssm }: AwsClients, names: readonly string[]): Promise<Map<string, string>> {
  return asking("read the parameters of AMIs", readParameters(ssm, names));
}

/** What a parameter names; else the newest of Amazon's: AWS withdraws the parameters of old ones first. */
async function recommendedImage(
  aws: AwsClients,
  parameters: ReadonlyMap<string, string>,
  kind: ImageKind,
): Promise<Recommended> {
  const { title, name } = NODE_IMAGES[kind.family];
  const [parameter, names] = [`SSM ${parameterOf(kind)}`, `${name(kind)}*`];
  const id = imageIdOf(parameters.get(parameterOf(kind)));
  if (id !== undefined) return imageById(aws, id, parameter);
  const newest = await asking(`list the AMIs called ${names}`, readNewestImage(aws.ec2, names, kind.architecture));
  if (newest !== undefined) return pinnedImage(newest, `EC2 DescribeImages, the newest ${names} of Amazon's`);
  const none =
    `AWS has no AMI of ${title} for ${kind.version} (${kind.architecture}): neither ${parameter} nor an ` +
    `image of Amazon's called ${names}`;
  return { none };
}

/**
 * What EKS takes for new clusters. Not to know it is an answer: the call is younger than EKS itself, and a role may
 * lack `eks:DescribeClusterVersions`.
 */
async function offeredVersions({ eks }: AwsClients): Promise<Offer> {
  try {
    const offered = await asking("ask EKS for its versions", readVersions(eks));
    return offered.length > 0 ? offered : { unknown: "EKS named none" };
  } catch (error) {
    return { unknown: printable((error as Error).message) };
  }
}

/** The id in the JSON that EKS' parameters hold; Bottlerocket's hold the id alone. */
function imageIdOf(recommended = ""): string | undefined {
  if (recommended.startsWith("ami-")) return recommended;
  const document = jsonIn(recommended);
  const id = isRecord(document) ? document["image_id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

async function imageById({ ec2 }: AwsClients, id: string, source: string): Promise<PinnedImage> {
  const image = await asking(`look at the AMI ${id}`, readImage(ec2, id));
  if (image === undefined) {
    throw new UserError(`EC2 does not know the AMI ${id}, which ${source} names; try again later`);
  }
  return pinnedImage(image, source);
}

function pinnedImage({ id, name, architecture, largestGiB, deprecatedFrom }: Image, source: string): PinnedImage {
  return { id, name, architecture, rootGiB: largestGiB, deprecatedFrom, source };
}
