/** Reads the Secrets that a pipeline's `secretFrom` names from the cluster. */
import { connect } from "../lib/kube/connect.ts";
import { refusalOf } from "../lib/kube/refusal.ts";
import { InvalidInput } from "../errors.ts";
import type { ClusterChoice } from "./build/build.ts";

export interface SecretVariable {
  readonly variable: string;
  readonly name: string;
  readonly key: string;
}

/** @throws InvalidInput for a Secret or a key that does not exist; ClusterError or AuthError if it may not be read. */
export async function readClusterSecrets(
  secrets: readonly SecretVariable[],
  choice: ClusterChoice,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  await using cluster = await connect(choice);
  const values: Record<string, string> = {};
  for (const { variable, name, key } of secrets) {
    const { data = {} } = await cluster.read("secrets", name, signal).catch((error: unknown) => {
      if (refusalOf(error)?.code !== 404) throw error;
      throw new InvalidInput(
        `secretFrom.${variable}: there is no Secret ${name} in the namespace ${cluster.namespace}`,
        {
          suggestions: [`Create it, or choose another namespace with -n.`],
          cause: error,
        },
      );
    });
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined) {
      throw new InvalidInput(`secretFrom.${variable}: the Secret ${name} has no key ${key}`, {
        suggestions: [`Its keys are: ${Object.keys(data).join(", ") || "none"}.`],
      });
    }
    values[variable] = Buffer.from(value, "base64").toString("utf8");
  }
  return values;
}
