/**
 * The program's compiled code for one platform, made by a `build` that ends when it finds no cluster: all code up to the first request
 * to a cluster. The same input gives the same bytes, so that a release can be made again and compared.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build as bundle } from "esbuild";
import { mustRun } from "./run.ts";

const COMPILE = new URL("compile.ts", import.meta.url).pathname;

/**
 * V8 begins compiled code with words of 4 bytes: a magic number, then hashes of its version, of the source, of its flags (SerializedCodeData in
 * V8's src/snapshot/code-serializer.h). It refuses code of other flags.
 */
const FLAG_HASH_AT = 12;

/** Chance that would end up in the bytes. Node itself starts with random seeds. */
const FIXED_SEEDS = ["--hash-seed=1", "--random-seed=1"];

/**
 * V8 numbers functions in the order in which it first sees them, and keeps the number in the code (SharedFunctionInfo, unique_id). Where the
 * program waits for files and for the network at once, the order of a few functions is chance. On an idle machine about one run in ten is different,
 * each in its own way. On a busy one a second order is common: of 16 runs with ten times more work than cores 10 agreed, and 3 others with one another.
 * So the code counts that is ahead of every other by this many runs. With those two shares, the wrong one gets that far once in a hundred times.
 */
const LEAD = 4;
const MOST_RUNS = 40;

/** Nothing listens on port 1. */
const KUBECONFIG = `apiVersion: v1
kind: Config
current-context: none
clusters: [{ name: none, cluster: { server: "https://127.0.0.1:1" } }]
users: [{ name: none, user: { token: none } }]
contexts: [{ name: none, context: { cluster: none, user: none } }]
`;

/** Exit code of `build` without a cluster. */
const NO_CLUSTER = 3;

/**
 * @param node starts the platform's Node: its path, or an emulator with it
 * @param root directory with dist/slipway.cjs, package.json and oclif.manifest.json
 * @returns as src/cli/start/code-cache.ts keeps it
 */
export async function compiledCode(node: readonly string[], root: string): Promise<Buffer> {
  const program = join(root, "dist/slipway.cjs");
  const [command = "", ...prefix] = node;
  const work = await mkdtemp(join(tmpdir(), "slipway-compile-"));
  try {
    const context = join(work, "context");
    await mkdir(context);
    await writeFile(join(context, "Dockerfile"), "FROM busybox\nCOPY Dockerfile /\nRUN true\n");
    await writeFile(join(work, "kubeconfig"), KUBECONFIG);
    const output = join(work, "code");
    const build = ["build", "-t", "localhost:5000/app", context];
    const home = join(work, "home");
    const env = {
      HOME: home,
      KUBECONFIG: join(work, "kubeconfig"),
      DOCKER_CONFIG: work,
      PATH: process.env["PATH"] ?? "",
    };
    // Without types: to remove them, Node would compile code of its own beside the program's.
    const compile = join(work, "compile.cjs");
    await bundle({ entryPoints: [COMPILE], outfile: compile, bundle: true, format: "cjs", platform: "node" });
    const args = [...prefix, ...FIXED_SEEDS, compile, program, output, root, ...build];
    const code = await agreedOn(async () => {
      // What one run leaves would change the next one.
      await rm(home, { recursive: true, force: true });
      await mkdir(home);
      await mustRun(command, args, { env, codes: [NO_CLUSTER] });
      return readFile(output);
    });
    const flags = await mustRun(command, [...prefix, compile, "--flags", program], { env });
    Buffer.from(flags, "hex").copy(code, FLAG_HASH_AT);
    await writeFile(output, code);
    const verdict = await mustRun(command, [...prefix, compile, "--check", program, output], { env });
    if (verdict !== "accepted") throw new Error(`Node does not accept the code that it compiled itself: ${verdict}`);
    return code;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @returns the result that has come more often than any other by LEAD. @throws Error if none has, after MOST_RUNS */
export async function agreedOn(make: () => Promise<Buffer>): Promise<Buffer> {
  const seen: { readonly made: Buffer; count: number }[] = [];
  for (let run = 0; run < MOST_RUNS; run++) {
    const made = await make();
    const known = seen.find((earlier) => earlier.made.equals(made));
    if (known === undefined) seen.push({ made, count: 1 });
    else known.count += 1;
    const [first, second] = seen.toSorted((one, other) => other.count - one.count);
    if (first !== undefined && first.count - (second?.count ?? 0) >= LEAD) return first.made;
  }
  throw new Error(
    `of ${MOST_RUNS} runs of the program none gave its compiled code ${LEAD} times more often than another: make the release again on a machine with less load`,
  );
}
