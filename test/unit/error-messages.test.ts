/**
 * What a program has to know of an error is in its class and fields. A sentence of our own is shown, and never read: a pattern over
 * it would hold its wording for ever. Texts of others have to be read: by the files named here, each with whose texts they are.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SRC, sourceFiles } from "./imports.ts";

/** Files that read messages by patterns, how many times, and whose these are. */
const FOREIGN: Readonly<Record<string, readonly [times: number, whose: string]>> = {
  "builders/buildah/failure.ts": [3, "the builder's, in its container's termination message"],
  "app/build/load/loading.ts": [1, "the engine's, which names the layer that it lacks"],
  "app/build/run-kept.ts": [2, "the daemon's"],
  "builders/buildkit/failure.ts": [6, "the builder's and its git's, in its container's termination message"],
  "builders/outcome.ts": [1, "the builder's, in its container's termination message"],
  "builders/img/failure.ts": [1, "the builder's, in its container's termination message"],
  "builders/kaniko/failure.ts": [1, "the builder's, in its container's termination message"],
  "builders/makisu/failure.ts": [1, "the builder's, in its container's termination message"],
  "cli/base-command.ts": [1, "oclif's"],
  "app/builds/record.ts": [1, "the builder's, in its container's termination message"],
  "lib/buildkit/failure.ts": [1, "the daemon's"],
  "lib/hcl/source.ts": [2, "V8's, of an overflow of the call stack and of a value that is too large"],
  "lib/kube/denial.ts": [1, "admission's"],
  "lib/kube/exec.ts": [1, "the kubelet's"],
  "lib/kube/kubeconfig.ts": [1, "the YAML library's"],
  "lib/kube/refusal.ts": [2, "the API server's"],
  "lib/kube/unreachable.ts": [2, "node's"],
  "app/doctor/pod-checks.ts": [1, "the trial container's: its map of user ids"],
  "app/doctor/registry-check.ts": [1, "node's, of a certificate"],
  "cli/drone/pipeline.ts": [1, "the YAML library's"],
  "errors.ts": [1, "anybody's: only a full stop at the end is left out"],
  "run/follow/admission.ts": [1, "the Job controller's"],
  "run/follow/gone.ts": [1, "the condition's of a pod"],
  "run/follow/no-node.ts": [1, "the scheduler's, and the autoscaler's"],
  "run/follow/mounts.ts": [2, "the kubelet's"],
  "run/follow/pod-failure.ts": [4, "the kubelet's"],
  "run/follow/unschedulable.ts": [3, "the scheduler's"],
  "plan/pod/read-template.ts": [1, "the YAML library's"],
  "lib/http/reason.ts": [3, "node's"],
};

const READS = "(?:includes|startsWith|endsWith|replace|replaceAll|match|matchAll|search|split|slice|substring|indexOf)";

/** The places of a file that take a message, or a remedy, apart. */
function readings(source: string): string[] {
  const code = source.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
  const names = ["message", ...namesOfMessages(code)].map((name) => `(?<![\\w$.])${name}`).join("|");
  const text = `(?:\\.message\\b|(?:${names})(?![\\w$]))`;
  const rest = `(?:\\s*(?:!|\\?\\?\\s*"[^"]*"|\\)|\\?(?=\\.)|\\.trim\\(\\)|:\\s*String\\(\\w+\\)))*`;
  return [
    // error.message.includes("x"), (event.message ?? "").replace(…)
    new RegExp(`${text}${rest}\\s*\\.${READS}\\(`, "g"),
    // /x/.test(error.message)
    new RegExp(`\\.(?:test|exec)\\(\\s*(?:[\\w$#?!]|\\.(?!message\\b))*${text}`, "g"),
    // error.message = …
    /\.message\s*=(?![=>])/g,
    // error.suggestions.map((text) => text.replace(…))
    new RegExp(`\\.suggestions\\.\\w+\\((?:[^;]|\\n){0,120}?\\.${READS}\\(`, "g"),
  ].flatMap((pattern) => [...code.matchAll(pattern)].map(([found]) => found.replaceAll(/\s+/g, " ")));
}

/** `const text = error.message`, also at the end of a longer expression, and `const { message: text } = error`. */
function namesOfMessages(code: string): string[] {
  const assigned = /\b(?:const|let)\s+([\w$]+)(?::[^=;]+)?\s*=(?!>)[^;{}`]*?\.message\b/g;
  const renamed = /\bmessage\s*:\s*([\w$]+)(?=[^{}]*\}\s*=)/g;
  return [assigned, renamed].flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = ""]) => name));
}

it.each([
  "if (/answered 40[13]$/.test(error.message)) throw error;",
  'const why = error instanceof Error ? error.message : ""; if (why.includes("cannot pull")) skip();',
  'seen.node = state.message.replace(/^on node /, "");',
  "const text = error instanceof Error ? error.message : String(error);\nif (/could not be run/.test(text)) explain();",
  'const text = (event.message ?? "").replace("a", "b");',
  'const why = (error instanceof Error ? error.message : String(error)).replace("x", "");',
  "const { message: text } = error; text.split(':');",
  "const { message } = error; const [, line] = /line (\\d+)/.exec(message) ?? [];",
  "error.message = `target ${target}: ${error.message}`;",
  'const mine = error.suggestions.map((text) => text.replace("--builder-image", "--warmer-image"));',
])("finds what it looks for: %s", (source) => {
  expect(readings(source)).not.toEqual([]);
});

it.each([
  "throw new ClusterError(`it failed: ${error.message}`);",
  "if (error.status === 401) throw error;",
  "if (event.message === this.#waiting) return;",
  "const lines = error.suggestions.map((line) => `  - ${line}`);",
])("lets be what only shows: %s", (source) => {
  expect(readings(source)).toEqual([]);
});

it("reads no message of our own", async () => {
  const found = await Promise.all(
    (await sourceFiles()).map(async (file) => [file, readings(await readFile(join(SRC, file), "utf8"))] as const),
  );
  const read = Object.fromEntries(found.filter(([, places]) => places.length > 0));
  const times = Object.fromEntries(Object.entries(read).map(([file, { length }]) => [file, length]));
  const known = Object.fromEntries(Object.entries(FOREIGN).map(([file, [count]]) => [file, count]));
  // The readings stand in the comparison, so that a failure shows them.
  expect({ times, read }).toEqual({ times: known, read });
});
