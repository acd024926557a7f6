/**
 * What the test cluster's network plug-in lacks: a program that carries out NetworkPolicies (test/cluster/parts/netpol), for one
 * namespace and for connections to the addresses it is given. All else on the machine, other pods of the cluster too, is left alone.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { vi } from "vitest";
import { kubectl } from "../e2e/support/kubectl.ts";
import { PODS, QUEUE, queueRule, removeRules } from "./private-network.ts";
import { WAIT } from "../e2e/support/wait.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

export interface Enforcer {
  stop(): Promise<void>;
}

/**
 * @param addresses connections from pods to these are decided about: those of pods with a policy by it, all others are let through
 * @throws Error when the program does not come up
 */
export async function enforcePolicies(namespace: string, addresses: readonly string[]): Promise<Enforcer> {
  // Compiled once, from Go modules, in about two minutes; see test/cluster/README.md.
  const program = execFileSync(join(ROOT, "test/cluster/program"), ["netpol", "netpol"], { encoding: "utf8" }).trim();
  const node = await kubectl(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"]);
  removeRules();
  const args = [`--namespace=${namespace}`, `--node=${node}`, `--queue=${QUEUE}`];
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(child, "close");
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const stop = async (): Promise<void> => {
    removeRules();
    child.kill();
    await closed;
  };
  try {
    await vi.waitFor(async () => {
      // A queue is there from the moment on that its program listens to it.
      const queues = await readFile("/proc/net/netfilter/nfnetlink_queue", "utf8");
      const listens = queues.split("\n").some((line) => line.trim().startsWith(`${QUEUE} `));
      if (!listens) throw new Error(`the policies' enforcer does not come up:\n${said}`);
    }, WAIT);
    for (const address of addresses) queueRule(PODS, address);
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}
