/** The cluster the environment names, and a namespace in it for one row. */
import { randomBytes } from "node:crypto";
import { mustRun } from "./command.ts";

/** @throws Error when the cluster's environment lacks it. */
export function environment(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "")
    throw new Error(`${name} is not set; run this first: eval "$(test/cluster/env)"`);
  return value;
}

export interface Namespace extends AsyncDisposable {
  readonly name: string;
}

export async function makeNamespace(): Promise<Namespace> {
  const name = `slipway-bench-${randomBytes(4).toString("hex")}`;
  await mustRun("kubectl", ["create", "namespace", name]);
  return {
    name,
    [Symbol.asyncDispose]: async () => void (await mustRun("kubectl", ["delete", "namespace", name, "--wait=false"])),
  };
}
