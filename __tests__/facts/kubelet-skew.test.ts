import { isSkewAllowed, minorOf, minorsBehind } from "../../facts/kubelet-skew";

describe("a kubelet", () => {
  it.each([
    ["1.32", "1.32", true],
    ["1.29", "1.32", true],
    ["1.28", "1.32", false],
    ["1.33", "1.32", false],
    ["1.22", "1.24", true],
    ["1.21", "1.24", false],
    // The kubelet's own version counts, from 1.25.
    ["1.24", "1.27", false],
    ["1.25", "1.28", true],
    ["v1.32.9-eks-aeac579", "1.32", true],
  ])("%s goes with the control plane %s: %s", (kubelet, controlPlane, allowed) => {
    expect(isSkewAllowed(kubelet, controlPlane)).toBe(allowed);
  });
});

describe("a version of Kubernetes 1", () => {
  it.each([
    ["1.32", 32],
    ["v1.9.11", 9],
    ["2.32", NaN],
    ["of v1.32", NaN],
    ["", NaN],
  ])("%j has the minor %d", (version, minor) => {
    expect(minorOf(version)).toBe(minor);
  });

  it.each([
    ["1.29", "1.32", 3],
    ["1.33", "1.32", -1],
    ["1.32", "none", NaN],
  ])("%s is behind %s by %d", (kubelet, controlPlane, minors) => {
    expect(minorsBehind(kubelet, controlPlane)).toBe(minors);
  });
});
