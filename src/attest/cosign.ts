/** `--sign`: the program cosign, if there is one, signs what was pushed, by its digest. */
import type { BuildPlan } from "../plan/plan.ts";
import { BuildFailed, InvalidInput } from "../errors.ts";
import { findProgram, startProgram } from "../lib/files/find-program.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws InvalidInput when cosign is not on the PATH. */
export function findCosign(env: Environment): void {
  if (findProgram("cosign", env) !== undefined) return;
  throw new InvalidInput("--sign runs cosign, which is not on the PATH", {
    suggestions: [
      "Install cosign (docs.sigstore.dev), or sign the digest yourself after the build: --metadata-file has it.",
    ],
  });
}

/** By each of these somebody has said what is to be logged, and where (cosign takes COSIGN_FLAG for any of its flags). */
const LOG_VARIABLES = ["COSIGN_TLOG_UPLOAD", "COSIGN_REKOR_URL", "COSIGN_SIGNING_CONFIG"];

/**
 * What to say of a build that signs, where nobody has decided about the log. By itself cosign asks before it enters a signature
 * there for a private repository; it asks nothing of a program.
 */
export function logCaution(
  { sign, signLog }: Pick<BuildPlan, "sign" | "signLog">,
  env: Environment,
): string | undefined {
  if (sign === undefined || signLog !== undefined || LOG_VARIABLES.some((name) => env[name])) return undefined;
  return "the signature will be entered in sigstore's public log, for good: --sign-log none keeps it out, --sign-log upload agrees";
}

/** One call for each tag's repository. Nothing secret is among the arguments: a key is named, its password is COSIGN_PASSWORD's. */
export function cosignArguments(
  plan: Pick<BuildPlan, "tags" | "registries" | "signLog">,
  digest: string,
  key: string,
): string[][] {
  const names = [...new Set(plan.tags.map(({ name }) => name))];
  return names.map((name) => [
    "sign",
    // Without it cosign asks, and nobody is there to answer.
    "--yes",
    ...(plan.signLog === "none" ? ["--tlog-upload=false"] : []),
    ...(key === "" ? [] : ["--key", key]),
    ...(plan.registries.insecure.includes(name.split("/", 1)[0] ?? "")
      ? ["--allow-insecure-registry", "--allow-http-registry"]
      : []),
    `${name}@${digest}`,
  ]);
}

interface Surroundings {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

/** @param key as cosign's --key: a file, a KMS or k8s://; empty: keyless. @throws BuildFailed when cosign fails */
export async function signImage(
  plan: Pick<BuildPlan, "tags" | "registries" | "signLog">,
  digest: string,
  key: string,
  { env, signal }: Surroundings,
): Promise<void> {
  // Since 3.0 cosign leaves out no log while it takes its servers from a signing configuration, as it does unless told not to. A
  // version that has no such flag passes over its variable, where it would refuse the flag.
  const own = plan.signLog === "none" ? { COSIGN_USE_SIGNING_CONFIG: "false" } : {};
  const variables = Object.entries(own).map(([name, value]) => `${name}=${value} `);
  for (const args of cosignArguments(plan, digest, key)) {
    const { code, said } = await run(args, { env: { ...env, ...own }, signal });
    if (code === 0) continue;
    throw new BuildFailed(
      `the image was built and pushed, but not signed: ${said === "" ? `cosign ended with ${code}` : said}`,
      {
        suggestions: [`Sign it yourself: ${variables.join("")}cosign ${args.join(" ")}`],
      },
    );
  }
}

function run(args: readonly string[], { env, signal }: Surroundings): Promise<{ code: number | null; said: string }> {
  return new Promise((resolve, reject) => {
    const child = startProgram("cosign", args, { env, stdio: ["ignore", "ignore", "pipe"], signal });
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
