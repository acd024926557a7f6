/** The connections that a build's NetworkPolicy allows, by the rules of Kubernetes (networking.k8s.io/v1, NetworkPolicySpec). */
import { BlockList, isIP } from "node:net";
import { describe, expect, it } from "vitest";
import { egressOf } from "../../../src/plan/egress.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { networkPolicyOf } from "../../../src/run/network-policy.ts";
import { PLAN } from "./sample.ts";

function policy(registries: string[], named: string[] = [], insecure: string[] = []) {
  const made = networkPolicyOf({ ...PLAN, egress: egressOf(registries, insecure, named) });
  if (made?.spec === undefined) throw new Error("no policy");
  return made.spec;
}

const within = (address: string, cidr: string): boolean => {
  const [network = "", bits] = cidr.split("/");
  if (isIP(address) !== isIP(network)) return false;
  const list = new BlockList();
  const family = isIP(network) === 4 ? "ipv4" : "ipv6";
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
};

function lets(spec: ReturnType<typeof policy>, address: string, port: number, protocol = "TCP"): boolean {
  return (spec.egress ?? []).some(
    ({ to = [], ports }) =>
      to.some(
        ({ ipBlock }) =>
          ipBlock !== undefined &&
          within(address, ipBlock.cidr) &&
          !(ipBlock.except ?? []).some((range) => within(address, range)),
      ) &&
      (ports === undefined || ports.some((entry) => entry.port === port && entry.protocol === protocol)),
  );
}

describe("a build's network policy", () => {
  it("selects only the build's pod and allows no ingress", () => {
    const spec = policy([]);
    expect(spec.podSelector).toEqual({ matchLabels: { "slipway.dev/build": PLAN.name } });
    expect(spec.policyTypes).toEqual(["Egress", "Ingress"]);
    expect(spec.ingress).toBeUndefined();
  });

  it("allows only DNS without a registry", () => {
    const spec = policy([]);
    expect(lets(spec, "10.96.0.10", 53, "UDP")).toBe(true);
    expect(lets(spec, "169.254.20.10", 53)).toBe(true);
    expect(lets(spec, "10.96.0.1", 443)).toBe(false);
    expect(lets(spec, "10.96.0.10", 80)).toBe(false);
  });

  it("allows a registry's address on its port, and a registry's name on its port at any address", () => {
    const address = policy(["10.0.0.1:5000", "[2001:db8::1]:5001"]);
    expect(lets(address, "10.0.0.1", 5000)).toBe(true);
    expect(lets(address, "2001:db8::1", 5001)).toBe(true);
    expect(lets(address, "10.0.0.1", 22)).toBe(false);
    expect(lets(address, "10.0.0.2", 5000)).toBe(false);
    const name = policy(["r.io", "plain.lan"], [], ["plain.lan"]);
    expect(lets(name, "203.0.113.7", 443)).toBe(true);
    expect(lets(name, "203.0.113.7", 80)).toBe(true);
    expect(lets(name, "203.0.113.7", 22)).toBe(false);
    expect(lets(policy(["r.io"]), "203.0.113.7", 80)).toBe(false);
  });

  it("allows the ranges of --egress", () => {
    const spec = policy([], ["10.0.0.0/8:8080", "192.168.1.1", "[2001:db8::]/32", "2001:db9::/32"]);
    expect(lets(spec, "10.200.0.1", 8080)).toBe(true);
    expect(lets(spec, "10.200.0.1", 8081)).toBe(false);
    expect(lets(spec, "192.168.1.1", 1234, "UDP")).toBe(true);
    expect(lets(spec, "2001:db8::5", 1)).toBe(true);
    expect(lets(spec, "2001:db9::5", 1)).toBe(true);
    expect(lets(policy([], ["any"]), "8.8.8.8", 9)).toBe(true);
  });

  it.each(["169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "fd00:ec2::254"])(
    "never lets %s be reached, whatever is named",
    (metadata) => {
      const spec = policy(["r.io", "10.0.0.1:80"], ["any", "169.254.0.0/16", "100.64.0.0/10", "fd00::/8"]);
      for (const port of [53, 80, 443]) {
        for (const protocol of ["TCP", "UDP"]) expect(lets(spec, metadata, port, protocol)).toBe(false);
      }
    },
  );

  it("lists an exception only inside its range, as the API server requires", () => {
    for (const { to = [] } of policy(["r.io"], ["169.254.0.0/16", "fd00:ec2::/64"]).egress ?? []) {
      for (const { ipBlock } of to) {
        for (const range of ipBlock?.except ?? []) {
          expect(within(range.split("/")[0] ?? "", ipBlock?.cidr ?? "")).toBe(true);
        }
      }
    }
  });

  it.each([
    ["169.254.169.254", /blocks$/],
    ["169.254.169.254/32:80", /blocks$/],
    ["[fd00:ec2::254]", /blocks$/],
    ["mirror.example.com", /does not support host names$/],
    ["10.0.0.0/33", /does not support host names$/],
    ["10.0.0.1:70000", /does not support host names$/],
    ["300.1.1.1", /does not support host names$/],
    ["", /does not support host names$/],
  ])("is refused for --egress %s", (text, message) => {
    expect(() => egressOf([], [], [text])).toThrow(InvalidInput);
    expect(() => egressOf([], [], [text])).toThrow(message);
  });
});
