/** The connections that a build's pod may make, for `--network-policy`. */
import { BlockList, isIP } from "node:net";
import { InvalidInput } from "../errors.ts";

export interface EgressRule {
  /** Address ranges, as `ADDRESS/BITS`. */
  readonly to: readonly AddressRange[];
  /** An empty list means every port. */
  readonly ports: readonly { readonly protocol: "TCP" | "UDP"; readonly port: number }[];
}

export interface AddressRange {
  readonly cidr: string;
  /** Ranges inside `cidr` that are excluded. */
  readonly except?: readonly string[];
}

/**
 * Metadata endpoints, at which clouds give the node's identity to any pod: AWS, Google, Azure, OpenStack and others; AWS over IPv6;
 * AWS for tasks and pods (two); Alibaba. Every rule excludes them.
 */
const METADATA_ENDPOINTS = [
  "169.254.169.254/32",
  "fd00:ec2::254/128",
  "169.254.170.2/32",
  "169.254.170.23/32",
  "fd00:ec2::23/128",
  "100.100.100.200/32",
];

const ANYWHERE = ["0.0.0.0/0", "::/0"];

/**
 * Allows DNS, each registry on its port, and the ranges of `--egress`. A registry with a host name is allowed at any address: a
 * NetworkPolicy does not support host names, and a registry's blobs often come from another host.
 * @param registries `HOST[:PORT]`
 * @param insecure the registries that may use plain http
 * @param named the values of `--egress`: `any`, an address or a range, each with or without a port
 * @throws InvalidInput for a value that is not an address, and for a metadata endpoint
 */
export function egressOf(
  registries: readonly string[],
  insecure: readonly string[],
  named: readonly string[],
): EgressRule[] {
  const dns: EgressRule = {
    to: ANYWHERE.map(rangeOf),
    ports: [
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ],
  };
  const rules = registries.map((registry): EgressRule => {
    const [, host = registry, port] = /^(.*?)(?::(\d+))?$/.exec(registry) ?? [];
    const ports = port === undefined ? [443, ...(insecure.includes(registry) ? [80] : [])] : [Number(port)];
    return { to: addressesOf(host), ports: ports.map((number) => ({ protocol: "TCP", port: number })) };
  });
  return unique([dns, ...rules, ...named.map(namedRule)]);
}

function addressesOf(host: string): AddressRange[] {
  const address = host.replace(/^\[(.*)\]$/, "$1");
  return isIP(address) === 0 ? ANYWHERE.map(rangeOf) : [rangeOf(`${address}/${bitsOf(address)}`)];
}

function namedRule(text: string): EgressRule {
  const [, range = "", port] =
    /^(any|\[[0-9a-fA-F:.]+\](?:\/\d+)?|[0-9.]+(?:\/\d+)?|[0-9a-fA-F:.]+\/\d+)(?::(\d+))?$/.exec(text) ?? [];
  const ports = port === undefined ? [] : [{ protocol: "TCP" as const, port: Number(port) }];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) throw notAnAddress(text);
  if (range === "any") return { to: ANYWHERE.map(rangeOf), ports };
  const [address = "", bits] = range.replaceAll(/[[\]]/g, "").split("/");
  const most = bitsOf(address);
  if (most === 0 || Number(bits ?? most) > most) throw notAnAddress(text);
  const cidr = `${address}/${bits ?? most}`;
  if (METADATA_ENDPOINTS.some((endpoint) => contains(endpoint, cidr))) {
    throw new InvalidInput(`--egress ${text} is a cloud's metadata endpoint, which --network-policy always blocks`, {
      suggestions: ["Remove it. A build that needs the identity of its node cannot use --network-policy."],
    });
  }
  return { to: [rangeOf(cidr)], ports };
}

function notAnAddress(text: string): InvalidInput {
  return new InvalidInput(`--egress ${text} is not an address, and a NetworkPolicy does not support host names`, {
    suggestions: ["Write any, ADDRESS or ADDRESS/BITS. Add :PORT to allow only one port; put IPv6 addresses in []."],
  });
}

function rangeOf(cidr: string): AddressRange {
  const except = METADATA_ENDPOINTS.filter((endpoint) => contains(cidr, endpoint));
  return { cidr, ...(except.length === 0 ? {} : { except }) };
}

/** Length of the address in bits: 32 or 128; 0 if the text is not an address. */
function bitsOf(address: string): number {
  return { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
}

/** Whether the outer range includes the whole inner range. */
function contains(outer: string, inner: string): boolean {
  const [outside = "", outerBits] = outer.split("/");
  const [inside = "", innerBits] = inner.split("/");
  if (isIP(outside) !== isIP(inside) || Number(outerBits) > Number(innerBits)) return false;
  const list = new BlockList();
  const family = isIP(outside) === 4 ? "ipv4" : "ipv6";
  list.addSubnet(outside, Number(outerBits), family);
  return list.check(inside, family);
}

function unique(rules: readonly EgressRule[]): EgressRule[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}
