/** `--sign`: the program cosign, if there is one, signs what was pushed, by its digest. */
import { spawn } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { BuildPlan } from "../build/plan.ts";
import { BuildFailed, UsageError } from "../errors.ts";

/** @throws UsageError when cosign is not on the PATH. */
export async function findCosign(env: Readonly<Record<string, string | undefined>>): Promise<void> {
  for (const directory of (env["PATH"] ?? "").split(delimiter)) {
    if (directory === "") continue;
    const found = await access(join(directory, "cosign"), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return;
  }
  throw new UsageError("--sign runs cosign, which is not on the PATH", {
    suggestions: [
      "Install cosign (docs.sigstore.dev), or sign the digest yourself after the build: --metadata-file has it.",
    ],
  });
}

/** One call for each tag's repository. Nothing secret is among the arguments: a key is named, its password is COSIGN_PASSWORD's. */
export function cosignArguments(plan: Pick<BuildPlan, "tags" | "registries">, digest: string, key: string): string[][] {
  const names = [...new Set(plan.tags.map(({ name }) => name))];
  return names.map((name) => [
    "sign",
    // Without it cosign asks, and nobody is there to answer.
    "--yes",
    ...(key === "" ? [] : ["--key", key]),
    ...(plan.registries.insecure.includes(name.split("/", 1)[0] ?? "")
      ? ["--allow-insecure-registry", "--allow-http-registry"]
      : []),
    `${name}@${digest}`,
  ]);
}

/** @param key as cosign's --key: a file, a KMS or k8s://; empty: keyless. @throws BuildFailed when cosign fails */
export async function signImage(
  plan: BuildPlan,
  digest: string,
  key: string,
  { env, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal },
): Promise<void> {
  for (const args of cosignArguments(plan, digest, key)) {
    const { code, said } = await run(args, env, signal);
    if (code === 0) continue;
    throw new BuildFailed(
      `the image was built and pushed, but not signed: ${said === "" ? `cosign ended with ${code}` : said}`,
      {
        suggestions: [`Sign it yourself: cosign ${args.join(" ")}`],
      },
    );
  }
}

function run(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("cosign", args, { env, stdio: ["ignore", "ignore", "pipe"], signal });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, said: lastLine(stderr) }));
  });
}

function lastLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- nothing it says may move the terminal's cursor
  return (text.trim().split("\n").at(-1) ?? "").replaceAll(/[\u0000-\u001F\u007F]/g, "");
}
