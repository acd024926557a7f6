/** What slipway's modules find out on Windows itself, from one process of its Node. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { onDrive, windowsNode } from "./support/wine.ts";

const INSIDE = new URL("support/inside.ts", import.meta.url).pathname;

let work: string;
let answers: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "slipway-inside-"));
  const output = join(work, "answers.json");
  const env = {
    APPDATA: onDrive(join(work, "Roaming")),
    LOCALAPPDATA: onDrive(join(work, "Local")),
    USERPROFILE: onDrive(work),
    HOMEDRIVE: "",
    HOMEPATH: "",
  };
  // For the syntax of the Node that runs under wine.
  const bundle = join(work, "inside.cjs");
  await build({ entryPoints: [INSIDE], outfile: bundle, bundle: true, platform: "node", target: "node22.19" });
  const run = await windowsNode([onDrive(bundle), onDrive(output), onDrive(work)], { env });
  if (run.code !== 0 || run.output !== "") throw new Error(`it ended with ${run.code}:\n${run.output}`);
  answers = JSON.parse(readFileSync(output, "utf8")) as typeof answers;
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

it.each([
  ["modes of other systems are not there", true],
  ["an image's file outside of the directory", ["..\\outside is not a name that a file can have on Windows"]],
  ["two names that are one", ["README and readme are two files, but this disk has one name for both"]],
  ["an accent", ["é"]],
  ["a program on the PATH", "C:\\windows\\system32\\cmd.exe"],
  ["a program only in the working directory", "nothing"],
  ["a batch file", ['got "get" "a & b"', 3]],
  ["two sockets that are connected", "through a pipe"],
  ["an engine behind a named pipe", "engine at /_ping"],
  ["the default engine", "npipe:////./pipe/docker_engine"],
  ["a temporary file", "kept"],
  ["a file that is replaced", "two"],
  ["a path longer than 260", "deep"],
  ["the key of kept builders, twice", 1],
])("on Windows: %s", (name, expected) => {
  expect(answers[name]).toEqual(expected);
});

it("on Windows slipway's own files, docker's and kubectl's are in the directories of the system", () => {
  expect(answers["the configuration"]).toBe(onDrive(join(work, "Roaming/slipway")));
  expect(answers["the cache"]).toBe(onDrive(join(work, "Local/slipway")));
  expect(answers["the state"]).toMatch(/^[A-Z]:\\.*\\AppData\\Local\\slipway$/);
  expect(answers["the kubeconfig"]).toBe(onDrive(join(work, ".kube/config")));
});
