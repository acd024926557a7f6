/**
 * A network beside the cluster's that only pods reach, with two addresses: a server's, and the one by which clouds give any pod the
 * node's identity. It is a network namespace of its own, so that what goes there is forwarded, as to another node; what goes to
 * an address of the machine itself is nothing that a NetworkPolicy has to be about. Names are fixed: what a run that was killed has
 * left is removed by the next.
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
/** Numbers of a routing table, of a rule for it, and of a queue of packets. */
const TABLE = "4869";
export const QUEUE = "4869";
/** By this comment test/cluster/down knows rules that are left. */
const COMMENT = ["-m", "comment", "--comment", "slipway-test"];

export interface PrivateNetwork {
  /** Runs a program in it until the network is removed. */
  start(program: string, args: readonly string[]): ChildProcess;
  remove(): Promise<void>;
}

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
  // The machine may have such an address for itself: only pods are sent here.
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
 * First packets of connections go to the queue; where nobody listens to that any more, they go on. Not for what is sent to the
 * machine itself.
 */
export function queueRule(from: string, to: string): void {
  const match = ["-s", from, "-d", to, "-m", "conntrack", "--ctstate", "NEW", ...COMMENT];
  const target = ["-j", "NFQUEUE", "--queue-num", QUEUE, "--queue-bypass"];
  execFileSync("iptables", ["-w", "-t", "mangle", "-A", "FORWARD", ...match, ...target]);
}

/** All that queueRule has made. */
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

/** A resource that may be absent. */
function attempt(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: "ignore" });
  } catch {
    // It was not.
  }
}
