/**
 * Enforces NetworkPolicies, which the test cluster's network plug-in does not do. A program (test/cluster/parts/netpol) decides
 * about connections from one namespace to the given addresses. It affects nothing else on the machine, and no other pods.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { vi } from "vitest";
import { kubectl } from "../e2e/support/kubectl.ts";
import { PODS, QUEUE, queueRule, removeRules } from "./private-network.ts";
import { WAIT } from "../e2e/support/wait.ts";
import { compiled } from "../e2e/support/compiled.ts";

export interface Enforcer {
  stop(): Promise<void>;
}

/**
 * Starts the program.
 * @param addresses only connections from pods to these are checked: policies apply to pods that have one, other pods are allowed
 * @throws Error if the program does not start
 */
export async function enforcePolicies(namespace: string, addresses: readonly string[]): Promise<Enforcer> {
  // Compiles the program from Go modules the first time, in about two minutes; see test/cluster/README.md.
  const program = compiled("netpol", "netpol");
  const node = await kubectl(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]);
  removeRules();
  const args = [`--namespace=${namespace}`, `--node=${node}`, `--queue=${QUEUE}`];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  const stop = async (): Promise<void> => {
    removeRules();
    child.kill();
    await closed;
  };
  try {
    await vi.waitFor(async () => {
      // The kernel lists a queue as soon as a program listens to it.
      const queues = await readFile("/proc/net/netfilter/nfnetlink_queue", "utf8");
      const listens = queues.split("\n").some((line) => line.trim().startsWith(`${QUEUE} `));
      if (!listens) throw new Error(`the policies' enforcer does not come up:\n${output}`);
    }, WAIT);
    for (const address of addresses) queueRule(PODS, address);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
