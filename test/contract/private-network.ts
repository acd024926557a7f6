/**
 * A network that only pods reach, with two addresses: a server's, and the metadata endpoint, from which clouds give every pod the
 * identity of its node. It is a separate network namespace, so its packets are forwarded like packets to another node;
 * NetworkPolicies need not apply to addresses of the machine itself. The names are fixed, so that a run removes what a killed run
 * has left.
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** All pods of the test cluster (test/cluster/lib/settings.sh). */
export const PODS = "10.88.0.0/16";
const BRIDGE = "slipway0";
const NAMESPACE = "slipway-private";
const LINK = "slipway-private";
const GATEWAY = "10.89.255.1";
export const SERVER = "10.89.255.2";
export const METADATA = "169.254.169.254";
/** Number of the routing table, and priority of the rule for it. */
const TABLE = "4869";
/** Number of the netfilter queue. */
export const QUEUE = "4869";
/** test/cluster/down removes leftover rules with this comment. */
const COMMENT = ["-m", "comment", "--comment", "slipway-test"];

export interface PrivateNetwork {
  /** Runs a program in the network until the network is removed. */
  start(program: string, args: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

/** Makes the network. @throws Error if `ip` fails, for example without root */
export function makePrivateNetwork(): PrivateNetwork {
  removeLinks();
  ip("netns", "add", NAMESPACE);
  ip("link", "add", LINK, "type", "veth", "peer", "name", "eth0", "netns", NAMESPACE);
  ip("address", "add", `${GATEWAY}/30`, "dev", LINK);
  ip("link", "set", LINK, "up");
  ip("-n", NAMESPACE, "address", "add", `${SERVER}/30`, "dev", "eth0");
  ip("-n", NAMESPACE, "address", "add", `${METADATA}/32`, "dev", "eth0");
  ip("-n", NAMESPACE, "link", "set", "lo", "up");
  ip("-n", NAMESPACE, "link", "set", "eth0", "up");
  // Only packets from pods are routed here, because the machine itself may use the metadata endpoint of its cloud.
  ip("route", "add", METADATA, "via", SERVER, "dev", LINK, "table", TABLE);
  ip("rule", "add", "iif", BRIDGE, "to", METADATA, "lookup", TABLE, "priority", TABLE);
  const children: ChildProcess[] = [];
  return {
    start(program, args) {
      const child = spawn("ip", ["netns", "exec", NAMESPACE, program, ...args], {
        env: { PATH: process.env["PATH"] },
        stdio: "ignore",
      });
      children.push(child);
      return child;
    },
    async remove() {
      for (const child of children) {
        const closed = once(child, "close");
        if (child.exitCode === null && child.kill()) await closed;
      }
      removeLinks();
    },
  };
}

function removeLinks(): void {
  attempt("ip", ["rule", "delete", "priority", TABLE]);
  attempt("ip", ["link", "delete", LINK]);
  attempt("ip", ["netns", "delete", NAMESPACE]);
}

/**
 * Sends the first packet of each forwarded connection to the queue. If no program listens to the queue, the packet passes.
 * @param from source addresses in CIDR notation
 * @param to destination address
 */
export function queueRule(from: string, to: string): void {
  const match = ["-s", from, "-d", to, "-m", "conntrack", "--ctstate", "NEW", ...COMMENT];
  const target = ["-j", "NFQUEUE", "--queue-num", QUEUE, "--queue-bypass"];
  execFileSync("iptables", ["-w", "-t", "mangle", "-A", "FORWARD", ...match, ...target]);
}

/** Removes all rules that `queueRule` has made. */
export function removeRules(): void {
  const rules = execFileSync("iptables", ["-w", "-t", "mangle", "-S", "FORWARD"], { encoding: "utf8" });
  for (const rule of rules.split("\n")) {
    if (!rule.endsWith(`-j NFQUEUE --queue-num ${QUEUE} --queue-bypass`)) continue;
    execFileSync("iptables", ["-w", "-t", "mangle", "-D", ...rule.split(" ").slice(1)]);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync("ip", args);
}

/** Runs a program and ignores its failure: the resource may not exist. */
function attempt(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } catch {
    // The resource does not exist.
  }
}
