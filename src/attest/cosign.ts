/** `--sign`: runs the program cosign, which signs the pushed image by its digest. */
import type { BuildPlan } from "../plan/plan.ts";
import { BuildFailed, InvalidInput } from "../errors.ts";
import { findProgram, startProgram } from "../lib/files/find-program.ts";
import { waitFor } from "../lib/waits/waits.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidInput when cosign is not on the PATH. */
export function findCosign(env: Environment): void {
  if (findProgram("cosign", env) !== undefined) return;
  throw new InvalidInput("--sign runs cosign, which is not on the PATH", {
    suggestions: [
      "Install cosign (docs.sigstore.dev), or sign the digest from --metadata-file yourself after the build.",
    ],
  });
}

/** If one of these is set, the user has decided about the log (cosign reads COSIGN_FLAG for any of its flags). */
const LOG_VARIABLES = ["COSIGN_TLOG_UPLOAD", "COSIGN_REKOR_URL", "COSIGN_SIGNING_CONFIG"];

/**
 * The warning for a build that signs although the user has not decided about the log. In a terminal, cosign asks before it writes to
 * the public log, but not when a program runs it.
 */
export function logCaution(
  { sign, signLog }: Pick<BuildPlan, "sign" | "signLog">,
  env: Environment,
): string | undefined {
  if (sign === undefined || signLog !== undefined || LOG_VARIABLES.some((name) => env[name])) return undefined;
  return "the signature will be in sigstore's public log permanently: --sign-log none prevents that, --sign-log upload confirms it";
}

/** The arguments of one call for each repository. They hold no secret: the key is only named, and its password is in COSIGN_PASSWORD. */
export function cosignArguments(
  plan: Pick<BuildPlan, "tags" | "registries" | "signLog">,
  digest: string,
  key: string,
): string[][] {
  const names = [...new Set(plan.tags.map(({ name }) => name))];
  return names.map((name) => [
    "sign",
    // Without it cosign would wait for an answer from a terminal.
    "--yes",
    ...(plan.signLog === "none" ? ["--tlog-upload=false"] : []),
    ...(key === "" ? [] : ["--key", key]),
    ...(plan.registries.insecure.includes(name.split("/", 1)[0] ?? "")
      ? ["--allow-insecure-registry", "--allow-http-registry"]
      : []),
    `${name}@${digest}`,
  ]);
}

interface Environs {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** @param key as cosign's --key: a file, a KMS or k8s://; empty: keyless. @throws BuildFailed when cosign fails */
export async function signImage(
  plan: Pick<BuildPlan, "tags" | "registries" | "signLog">,
  digest: string,
  key: string,
  { env, signal }: Environs,
): Promise<void> {
  // Since 3.0 cosign cannot skip the log while it takes its servers from a signing configuration, which it does by default. An older
  // version ignores the variable, but would refuse the flag.
  const own = plan.signLog === "none" ? { COSIGN_USE_SIGNING_CONFIG: "false" } : {};
  const variables = Object.entries(own).map(([name, value]) => `${name}=${value} `);
  for (const args of cosignArguments(plan, digest, key)) {
    const { code, lastLine } = await run(args, { env: { ...env, ...own }, signal });
    if (code === 0) continue;
    throw new BuildFailed(
      `the image was built and pushed, but not signed: ${lastLine === "" ? `cosign exited with ${code}` : lastLine}`,
      {
        suggestions: [`Sign it yourself: ${variables.join("")}cosign ${args.join(" ")}`],
      },
    );
  }
}

function run(args: readonly string[], environs: Environs): Promise<{ code: number | null; lastLine: string }> {
  return waitFor("cosign", () => runOnce(args, environs));
}

function runOnce(
  args: readonly string[],
  { env, signal }: Environs,
): Promise<{ code: number | null; lastLine: string }> {
  return new Promise((resolve, reject) => {
    const child = startProgram("cosign", args, { env, stdio: ["ignore", "ignore", "pipe"], signal });
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, lastLine: lastLineOf(stderr) }));
  });
}

function lastLineOf(text: string): string {
  // oxlint-disable-next-line no-control-regex -- its output must not control the terminal
  return (text.trim().split("\n").at(-1) ?? "").replaceAll(/[\u0000-\u001F\u007F]/g, "");
}
