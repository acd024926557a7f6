/** Builds as the tests need them: into a test's namespace, to the plain registry. */
import { slipway } from "./slipway.ts";
import type { Run, RunOptions } from "./slipway.ts";
import type { TestNamespace } from "./namespace.ts";

export const REGISTRY = environment("REGISTRY");
export const BUSYBOX = `${REGISTRY}/busybox:1.35`;

/** @throws Error when the cluster's environment lacks it: nothing is skipped for want of a registry. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`the test cluster's environment has no ${name}`);
  return value;
}

let count = 0;

/** A repository no other test pushes to. */
export function uniqueImage(registry = REGISTRY): string {
  return `${registry}/test/${process.pid}-${Date.now().toString(36)}-${count++}`;
}

export function build(namespace: TestNamespace, args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return slipway(["build", "-n", namespace.name, ...args], {
    ...options,
    env: { KUBECONFIG: namespace.kubeconfig, ...options.env },
  });
}

/** A build that has to succeed: its standard output, trimmed. */
export async function mustBuild(
  namespace: TestNamespace,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Run> {
  const run = await build(namespace, args, options);
  if (run.code !== 0) throw new Error(`slipway ended with ${run.code}:\n${run.output}`);
  return run;
}
