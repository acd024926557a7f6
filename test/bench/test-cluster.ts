/** The test cluster's environment variables, and a namespace for one row. */
import { randomBytes } from "node:crypto";
import { mustRun } from "./command.ts";

/** Reads a variable of the test cluster. @throws Error if it is not set */
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
    // Until all is gone, the cluster would be busy with it in the next row.
    [Symbol.asyncDispose]: async () => void (await mustRun("kubectl", ["delete", "namespace", name])),
  };
}
