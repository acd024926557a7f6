/** An account that may do what `slipway rbac` prints, and nothing more: every test builds as it. */
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kubectl } from "./kubectl.ts";
import { slipway } from "./slipway.ts";

/** Longer than any run of the tests. */
const LIFETIME = "4h";

/** The path of a kubeconfig for the account, in a namespace that is there. */
export async function leastKubeconfig(
  namespace: string,
  flags: readonly string[] = [],
  account = "slipway",
): Promise<string> {
  const named = ["--account", account, "--name", account];
  const { code, stdout, stderr } = await slipway(["rbac", "-n", namespace, ...named, ...flags]);
  if (code !== 0) throw new Error(`slipway rbac ended with ${code}: ${stderr}`);
  await kubectl(["apply", "-f", "-"], stdout);
  const [token, text] = await Promise.all([
    kubectl(["create", "token", account, "-n", namespace, `--duration=${LIFETIME}`]),
    kubectl(["config", "view", "--minify", "--raw", "-o", "json"]),
  ]);
  const config = JSON.parse(text) as { users: { user: object }[]; contexts: { context: { namespace?: string } }[] };
  for (const entry of config.users) entry.user = { token: token.trim() };
  for (const { context } of config.contexts) context.namespace = namespace;
  const path = join(tmpdir(), `slipway-least-${namespace}-${account}.json`);
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

export async function removeKubeconfig(path: string): Promise<void> {
  await rm(path, { force: true });
}
