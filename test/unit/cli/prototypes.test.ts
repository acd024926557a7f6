/** Every reader of a file from outside: keys such as `__proto__` and `constructor` are data, and change nothing for the rest of the program. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, onTestFinished } from "vitest";
import { SlipwayError } from "../../../src/errors.ts";
import { parseConfiguration } from "../../../src/cli/config/parse-config.ts";
import { readPipeline } from "../../../src/cli/drone/pipeline.ts";
import { DockerConfig } from "../../../src/lib/credentials/docker-config.ts";
import { readKubeconfig } from "../../../src/lib/kube/kubeconfig.ts";
import { CaseDirectory, answerOurs } from "../../conformance/bake/answer.ts";
import { BUILD_KEYS } from "./config/build-keys.ts";

/** Below a key that objects have of themselves, or that makes a prototype. */
const hostile = (key: string): string =>
  `{"${key}": {"polluted": "yes", "server": "https://evil.example", "toString": "x"}, "prototype": {"polluted": "yes"}}`;
const NAMES = Object.getOwnPropertyNames(Object.prototype);
const KEYS = ["__proto__", "constructor", "hasOwnProperty"];

function bake(name: string, text: string): void {
  const one = { files: { [name]: text }, args: [], env: {} };
  using directory = new CaseDirectory(one);
  answerOurs(one, directory.path);
}

async function kubeconfig(text: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "slipway-prototypes-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFileSync(join(directory, "config"), text);
  const { clusters, contexts, users } = await readKubeconfig(join(directory, "config"), {});
  for (const map of [clusters, contexts, users])
    for (const value of map.values()) expect(value["polluted"]).toBe(undefined);
}

/** Reads a file with the hostile value at a place where the format has a mapping. A refusal is as good. */
const READERS: Readonly<Record<string, (value: string) => unknown>> = {
  ".slipway.yaml": (value) =>
    parseConfiguration(
      {
        path: "/p/.slipway.yaml",
        text: `build-arg: ${value}\n`,
        trustLevel: "untrusted",
        home: "/h",
        userPath: "/h/c",
      },
      BUILD_KEYS,
    ),
  ".slipway.yaml, whole": (value) =>
    parseConfiguration(
      { path: "/p/.slipway.yaml", text: value, trustLevel: "untrusted", home: "/h", userPath: "/h/c" },
      BUILD_KEYS,
    ),
  "pipeline.yaml": (value) => readPipeline("p.yaml", `pipeline: {b: {secretFrom: ${value}}}`, "b", {}),
  "a step of pipeline.yaml": (value) => readPipeline("p.yaml", `pipeline: ${value}`, "__proto__", {}),
  "docker-bake.json": (value) => bake("docker-bake.json", `{"target": ${value}}`),
  "args in docker-bake.json": (value) => bake("docker-bake.json", `{"target": {"default": {"args": ${value}}}}`),
  "docker-bake.hcl": (value) => bake("docker-bake.hcl", `target "default" { args = ${value} }`),
  "compose.yaml": (value) => bake("compose.yaml", `services: ${value}`),
  "args in compose.yaml": (value) => bake("compose.yaml", `services: {a: {build: {context: ., args: ${value}}}}`),
  "a kubeconfig": (value) =>
    kubeconfig(`apiVersion: v1\nclusters: [{name: __proto__, cluster: ${value}}]\nusers: []\n`),
  "a kubeconfig, whole": kubeconfig,
  "docker's config.json": (value) => new DockerConfig(`{"auths": ${value}, "credHelpers": ${value}}`, "config.json"),
};

afterEach(() => {
  for (const key of ["polluted", "server"]) delete (Object.prototype as Record<string, unknown>)[key];
});

it.each(Object.keys(READERS).flatMap((format) => KEYS.map((key) => [format, key] as const)))(
  "%s with the key %s changes no prototype",
  async (format, key) => {
    const refusal: unknown = await Promise.resolve()
      .then(() => READERS[format]?.(hostile(key)))
      .then(() => undefined)
      .catch((error: unknown) => error);
    // A refusal is a sentence, and not a fault of the program.
    expect(refusal === undefined || refusal instanceof SlipwayError).toBe(true);
    expect(({} as Record<string, unknown>)["polluted"]).toBe(undefined);
    expect(({} as Record<string, unknown>)["server"]).toBe(undefined);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(NAMES);
  },
);
