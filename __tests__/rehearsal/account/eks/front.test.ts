import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { startEksFront } from "../../../../rehearsal/account/eks/front";
import { findResource } from "../../../../rehearsal/cluster/kubernetes-documents";
import { KubernetesState } from "../../../../rehearsal/cluster/kubernetes-state";
import type { Proxy } from "../../../../rehearsal/machine/proxy";

const INVENTED = { endpoint: "https://nowhere.eks.amazonaws.com/", certificateAuthority: { data: "nothing" } };
const ACCESS = {
  endpoint: "https://127.0.0.1:6443",
  certificateAuthorityData: "LS0t",
  state: new KubernetesState(),
};
const REAL = { endpoint: ACCESS.endpoint, certificateAuthority: { data: ACCESS.certificateAuthorityData } };

const CREATE = '{"name":"demo","version":"1.31"}';
const WITHOUT_ENDPOINTS = { resourcesVpcConfig: { endpointPublicAccess: false, endpointPrivateAccess: false } };

describe("the front of an emulated EKS", () => {
  let emulator: Server;
  let front: Proxy;
  let answer: { status: number; body: string };
  let received: string[];

  beforeEach(async () => {
    received = [];
    emulator = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        received.push(`${request.method ?? ""} ${request.url ?? ""} ${body}`);
        response.writeHead(answer.status, { "x-amzn-requestid": "42" }).end(answer.body);
      });
    });
    await new Promise<void>((resolve) => emulator.listen(0, "127.0.0.1", resolve));
    const { port } = emulator.address() as AddressInfo;
    front = await startEksFront(`http://127.0.0.1:${String(port)}`, (name) => (name === "demo" ? ACCESS : undefined));
  });

  afterEach(() => {
    front.stop();
    emulator.close();
    emulator.closeAllConnections();
  });

  function call(method: string, path: string, body?: string): Promise<Response> {
    return fetch(front.endpoint + path, { method, ...(body !== undefined && { body }) });
  }

  it("gives the private names of instances the domain of their region", async () => {
    const names = (domain: string) => `<dns>ip-10-0-0-1.${domain}</dns><note>ip-10-0-0-1.ec2.internal, as text</note>`;
    answer = { status: 200, body: names("ec2.internal") };
    const authorization =
      "AWS4-HMAC-SHA256 Credential=testing/20261121/ap-northeast-2/ec2/aws4_request, SignedHeaders=host";

    const told = await fetch(front.endpoint, { method: "POST", headers: { authorization }, body: "Action=X" });

    expect(await told.text()).toBe(names("ap-northeast-2.compute.internal"));
  });

  it.each([
    ["POST", "/clusters"],
    ["GET", "/clusters/demo"],
  ])("describes the cluster with the API that answers: %s %s", async (method, path) => {
    const cluster = { name: "demo", ...INVENTED, version: "1.31" };
    answer = { status: 200, body: JSON.stringify({ cluster }) };

    const response = await call(method, path, method === "POST" ? CREATE : undefined);

    expect(await response.json()).toMatchObject({ cluster: { ...cluster, ...REAL } });
    expect(response.headers.get("x-amzn-requestid")).toBe("42");
    expect(received).toEqual([method === "POST" ? `POST /clusters ${CREATE}` : "GET /clusters/demo "]);
  });

  it.each([
    ["another call about the cluster", "DELETE", "/clusters/demo", 200, { cluster: { name: "demo", ...INVENTED } }],
    ["the list of clusters", "GET", "/clusters", 200, { clusters: ["demo"] }],
    ["its node groups", "GET", "/clusters/demo/node-groups", 200, { nodegroups: [] }],
    ["a failure", "GET", "/clusters/demo", 404, { message: "No cluster found for name: demo." }],
  ])("passes on %s as it is", async (_, method, path, status, body) => {
    answer = { status, body: JSON.stringify(body) };

    const response = await call(method, path);

    expect(response.status).toBe(status);
    expect(await response.text()).toBe(answer.body);
  });

  it("leaves the API of a cluster that it was not told of", async () => {
    answer = { status: 200, body: JSON.stringify({ cluster: { name: "other", ...INVENTED } }) };

    expect(await (await call("GET", "/clusters/other")).json()).toMatchObject({ cluster: INVENTED });
  });

  it("does not ask the emulator for a cluster that EKS refuses", async () => {
    const response = await call("POST", "/clusters", JSON.stringify({ name: "demo", ...WITHOUT_ENDPOINTS }));

    expect(response.status).toBe(400);
    expect(response.headers.get("x-amzn-errortype")).toBe("InvalidParameterException");
    expect(await response.json()).toMatchObject({ message: "Private and public endpoint access cannot be false" });
    expect(received).toEqual([]);
  });

  it("says what the emulator says when there is no cluster to be asked about", async () => {
    const message = "No cluster found for name: demo.";
    answer = { status: 404, body: JSON.stringify({ message }) };

    const response = await call("GET", "/clusters/demo/addons");

    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message });
    expect(received).toEqual(["GET /clusters/demo "]);
  });

  it("runs an add-on in the cluster that it is installed in", async () => {
    const cluster = { name: "demo", ...INVENTED, version: "1.31" };
    answer = { status: 200, body: JSON.stringify({ cluster }) };
    const deployments = () => ACCESS.state.list(findResource("deployments")).map(({ metadata }) => metadata.name);
    await call("POST", "/clusters", CREATE);

    await call("POST", "/clusters/demo/addons", JSON.stringify({ addonName: "metrics-server" }));
    expect(deployments()).toEqual(["coredns", "metrics-server"]);

    await call("DELETE", "/clusters/demo/addons/metrics-server");
    expect(deployments()).toEqual(["coredns"]);
  });

  it("passes on an answer that is no JSON as it is", async () => {
    answer = { status: 200, body: "<html>" };

    expect(await (await call("GET", "/clusters/demo")).text()).toBe("<html>");
  });

  it("breaks off when the emulator is gone", async () => {
    emulator.close();
    emulator.closeAllConnections();

    await expect(call("GET", "/clusters/demo")).rejects.toThrow("fetch failed");
  });
});
