import { startProxy, type Call, type Proxy } from "../../rehearsal/machine/proxy";

/** What the stand-in says; what is left out it does not know. */
export interface Answers {
  /** Bodies of the pages of DescribeClusterVersions. */
  readonly versions?: readonly object[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly images?: readonly {
    readonly id: string;
    readonly name: string;
    readonly architecture?: string;
    readonly created?: string;
    /** EC2 tells of such a one only to who asks for deprecated ones too. */
    readonly isDeprecated?: boolean;
  }[];
}

/** A stand-in, in this process, of the few calls of EKS, SSM and EC2 that pinning makes; it refuses every other. */
export function startStandIn(answers: Answers): Promise<Proxy> {
  return startProxy((call) => {
    const { status, body } = answer(call, answers);
    call.response.writeHead(status, { "content-type": body.startsWith("<") ? "text/xml" : "application/json" });
    call.response.end(body);
  });
}

function answer({ incoming, body }: Call, answers: Answers): { readonly status: number; readonly body: string } {
  const url = new URL(incoming.url ?? "/", "http://stand-in");
  const refused = { status: 404, body: "{}" };
  if (incoming.method === "GET" && url.pathname === "/cluster-versions") {
    const page = answers.versions?.[Number(url.searchParams.get("nextToken") ?? 0)];
    return page === undefined ? refused : { status: 200, body: JSON.stringify(page) };
  }
  if (incoming.headers["x-amz-target"] === "AmazonSSM.GetParameters") {
    const { Names } = JSON.parse(body.toString()) as { Names: string[] };
    // As SSM does.
    if (Names.length > 10) return { status: 400, body: '{"__type":"ValidationException"}' };
    const known = answers.parameters ?? {};
    const Parameters = Names.flatMap((Name) => (known[Name] === undefined ? [] : [{ Name, Value: known[Name] }]));
    const InvalidParameters = Names.filter((name) => known[name] === undefined);
    return { status: 200, body: JSON.stringify({ Parameters, InvalidParameters }) };
  }
  const asked = new URLSearchParams(body.toString());
  if (asked.get("Action") !== "DescribeImages") return refused;
  const pattern = asked.get("Filter.1.Value.1")?.replace(/\*$/, "");
  const wanted = asked.get("Filter.2.Value.1");
  const found = (answers.images ?? [])
    .filter(({ isDeprecated = false }) => !isDeprecated || asked.get("IncludeDeprecated") === "true")
    .filter(({ id, name, architecture = "x86_64" }) =>
      pattern === undefined ? id === asked.get("ImageId.1") : name.startsWith(pattern) && architecture === wanted,
    );
  const items = found.map(
    ({ id, name, architecture = "x86_64", created = "2026-01-01T00:00:00.000Z" }) =>
      `<item><imageId>${id}</imageId><name>${name}</name><architecture>${architecture}</architecture>` +
      `<creationDate>${created}</creationDate><rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item>` +
      "<deviceName>/dev/xvda</deviceName><ebs><volumeSize>20</volumeSize></ebs></item></blockDeviceMapping></item>",
  );
  return {
    status: 200,
    body:
      '<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId>' +
      `<imagesSet>${items.join("")}</imagesSet></DescribeImagesResponse>`,
  };
}
