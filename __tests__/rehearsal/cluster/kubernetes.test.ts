import { findTarget } from "../../../rehearsal/cluster/kubernetes";
import { RESOURCES } from "../../../rehearsal/cluster/kubernetes-documents";

describe("findTarget", () => {
  it.each([
    ["/api/v1/nodes", { name: undefined, namespace: undefined, resource: "nodes" }],
    ["/api/v1/nodes/one", { name: "one", namespace: undefined, resource: "nodes" }],
    ["/api/v1/configmaps", { name: undefined, namespace: undefined, resource: "configmaps" }],
    ["/api/v1/namespaces", { name: undefined, namespace: undefined, resource: "namespaces" }],
    ["/api/v1/namespaces/default", { name: "default", namespace: undefined, resource: "namespaces" }],
    ["/api/v1/namespaces/default/configmaps", { name: undefined, namespace: "default", resource: "configmaps" }],
    ["/api/v1/namespaces/default/configmaps/a", { name: "a", namespace: "default", resource: "configmaps" }],
    ["/apis/apps/v1/daemonsets", { name: undefined, namespace: undefined, resource: "daemonsets" }],
    ["/apis/networking.k8s.io/v1/namespaces/a/ingresses/b", { name: "b", namespace: "a", resource: "ingresses" }],
  ])("finds what %s names", (path, { name, namespace, resource }) => {
    const found = findTarget(path, RESOURCES);

    expect([found?.resource.name, found?.namespace, found?.name]).toEqual([resource, namespace, name]);
  });

  it.each([
    "/",
    "/api/v1",
    "/api/v1/secrets",
    "/api/v1/configmaps/a",
    "/api/v1/namespaces/default/nodes",
    "/api/v1/nodes/one/status",
    "/api/v2/nodes",
    "/api/v1/daemonsets",
    "/apis/apps/v1/services",
    "/apis/apps/v1",
  ])("finds nothing that %s names", (path) => {
    expect(findTarget(path, RESOURCES)).toBeUndefined();
  });
});
