/** Functions of networks, given as an address and the length of its prefix. */
import { isIP } from "node:net";
import { ArgumentError, int64At, numberParameter, textAt, textParameter, wholeAt } from "../function.ts";
import type { Functions } from "../function.ts";
import { HclError } from "../source.ts";
import { STRING } from "../type.ts";
import { list, text } from "../value.ts";
import type { Value } from "../value.ts";

interface Network {
  readonly address: bigint;
  readonly prefix: number;
  /** 32 or 128. */
  readonly bits: number;
}

/** Limit for the bits that `cidrsubnet` and `cidrsubnets` add. */
const MAX_NEW_BITS = 32;

function parseIp(value: string): { readonly address: bigint; readonly bits: number } | undefined {
  const version = isIP(value);
  if (version === 0 || value.includes("%")) return undefined;
  if (version === 4) {
    return { address: value.split(".").reduce((sum, part) => (sum << 8n) + BigInt(part), 0n), bits: 32 };
  }
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(value);
  const last = dotted?.[2] === undefined ? undefined : parseIp(dotted[2]);
  const plain =
    last === undefined || dotted?.[1] === undefined
      ? value
      : `${dotted[1]}${(last.address >> 16n).toString(16)}:${(last.address & 0xffffn).toString(16)}`;
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const first = groups(head);
  const second = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - first.length - second.length }, () => "0");
  const all = tail === undefined ? first : [...first, ...zeros, ...second];
  return { address: all.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n), bits: 128 };
}

function parseNetwork(value: string): Network {
  const [ip = "", length = "", ...more] = value.split("/");
  const parsed = parseIp(ip);
  const prefix = /^(?:0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.NaN;
  if (parsed === undefined || more.length > 0 || !(prefix <= parsed.bits)) {
    throw new ArgumentError(0, `${JSON.stringify(value)} is not a network like 10.0.0.0/8`);
  }
  // IPv4 addresses in the IPv6 form stay in that form.
  return { address: cut(parsed.address, prefix, parsed.bits), prefix, bits: parsed.bits };
}

function cut(address: bigint, prefix: number, bits: number): bigint {
  const host = BigInt(bits - prefix);
  return (address >> host) << host;
}

function ipText(address: bigint, bits: number): string {
  if (bits === 32 || (bits === 128 && address >> 32n === 0xffffn)) {
    return [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    ((address >> BigInt(112 - 16 * index)) & 0xffffn).toString(16),
  );
  // The longest run of zeros is left out, the first one of equal runs.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === "0") length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.start === -1) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}

function host(network: Network, index: bigint): string {
  const size = 1n << BigInt(network.bits - network.prefix);
  const position = index < 0n ? size + index : index;
  if (position < 0n || position >= size) {
    throw new HclError(`the network of prefix ${network.prefix} has no host number ${index}`);
  }
  return ipText(network.address | position, network.bits);
}

function subnet(network: Network, newBits: number, index: bigint): string {
  if (newBits > MAX_NEW_BITS) throw new HclError(`the prefix may not become more than ${MAX_NEW_BITS} bits longer`);
  const prefix = network.prefix + newBits;
  if (prefix < 0 || prefix > network.bits) {
    throw new HclError(`the prefix of ${network.prefix} cannot become ${newBits} bits longer`);
  }
  // With a shorter prefix, go-cidr 1.0.1 takes every number (Subnet), also a negative one, and drops the sign of the address.
  const fits = newBits < 0 || (index >= 0n && index < 1n << BigInt(newBits));
  const signed = network.address | (index << BigInt(network.bits - prefix));
  const address = signed < 0n ? -signed : signed;
  if (!fits || address >= 1n << BigInt(network.bits)) throw new HclError(`there is no subnet number ${index}`);
  return `${ipText(address, network.bits)}/${prefix}`;
}

function subnets(args: readonly Value[]): Value {
  const network = parseNetwork(textAt(args, 0));
  const end = network.address + (1n << BigInt(network.bits - network.prefix));
  let next = network.address;
  const found = args.slice(1).map((_, index) => {
    const newBits = wholeAt(args, index + 1);
    if (newBits < 1 || newBits > MAX_NEW_BITS) {
      throw new ArgumentError(index + 1, `the prefix must become 1 to ${MAX_NEW_BITS} bits longer`);
    }
    const prefix = network.prefix + newBits;
    if (prefix > network.bits) throw new ArgumentError(index + 1, `a prefix of ${prefix} bits is too long`);
    const size = 1n << BigInt(network.bits - prefix);
    const start = ((next + size - 1n) / size) * size;
    if (start + size > end) throw new ArgumentError(index + 1, "the network has no room left for it");
    next = start + size;
    return text(`${ipText(start, network.bits)}/${prefix}`);
  });
  return list(found, STRING);
}

function netmask({ prefix, bits }: Network): string {
  const ones = ((1n << BigInt(bits)) - 1n) ^ ((1n << BigInt(bits - prefix)) - 1n);
  return ipText(ones, bits);
}

export const CIDR: Functions = {
  cidrhost: {
    description: "The address with that number in the network; negative numbers count from its end.",
    parameters: [textParameter("prefix"), numberParameter("hostnum")],
    run: (args) => text(host(parseNetwork(textAt(args, 0)), int64At(args, 1))),
  },
  cidrnetmask: {
    description: "The mask of the network, as an address.",
    parameters: [textParameter("prefix")],
    run: (args) => text(netmask(parseNetwork(textAt(args, 0)))),
  },
  cidrsubnet: {
    description: "The subnet with that number, whose prefix is that many bits longer.",
    parameters: [textParameter("prefix"), numberParameter("newbits"), numberParameter("netnum")],
    run: (args) => text(subnet(parseNetwork(textAt(args, 0)), wholeAt(args, 1), int64At(args, 2))),
  },
  cidrsubnets: {
    description: "Subnets one after the other, whose prefixes are that many bits longer.",
    parameters: [textParameter("prefix")],
    variadic: numberParameter("newbits"),
    run: subnets,
  },
};
