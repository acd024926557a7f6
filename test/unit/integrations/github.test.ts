/** The script of the GitHub Action, with a slipway that only writes down how it was called. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCommands } from "../../../docs/generate/manifest.ts";

const ACTION = new URL("../../../integrations/github/", import.meta.url).pathname;

let home = "";
let count = 0;

/** Writes its args, its kubeconfig and the files of its secrets to $CALL, and a result as slipway does. */
const FAKE = `#!/usr/bin/env bash
{ printf 'arg %s\\n' "$@"
  if [[ -n \${KUBECONFIG:-} ]]; then echo "kubeconfig $(cat "$KUBECONFIG")"; fi
  for arg in "$@"; do
    case $arg in
      --secret=*,src=*) echo "secret $(cat "\${arg#*,src=}")" ;;
      --metadata-file=*) printf '{\\n  "containerimage.digest": "sha256:abc"\\n}\\n' >"\${arg#*=}" ;;
      --iidfile=*) printf 'sha256:def' >"\${arg#*=}" ;;
    esac
  done
  env | sed -n 's/^INPUT_/input /p'
} >"$CALL"
`;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-action-"));
  await mkdir(join(home, "bin"));
  await writeFile(join(home, "bin/slipway"), FAKE, { mode: 0o755 });
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** @returns what slipway was called with, without the files of the results, and the outputs of the step */
async function act(inputs: Readonly<Record<string, string>>) {
  const work = join(home, `run-${count++}`);
  await mkdir(join(work, "temp"), { recursive: true });
  const env = {
    PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
    CALL: join(work, "call"),
    RUNNER_TEMP: join(work, "temp"),
    GITHUB_OUTPUT: join(work, "output"),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name}`, value])),
  };
  const { status, stderr } = spawnSync("bash", [join(ACTION, "build.sh")], { env, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  expect(await readdir(join(work, "temp")), "files that the script leaves").toEqual([]);
  const called = (await readFile(join(work, "call"), "utf8")).trimEnd().split("\n");
  return {
    called: called.filter((line) => !/^arg --(?:metadata-file|iidfile)=/.test(line)),
    outputs: await readFile(join(work, "output"), "utf8"),
  };
}

test("each kind of input becomes the flag of slipway build", async () => {
  const { called } = await act({
    TAGS: "example.com/a:1, example.com/a:2\nexample.com/b:1",
    BUILD_ARGS: "  A=1, 2\n\nB=two words  ",
    FILE: "deploy/Dockerfile",
    PUSH: "true",
    PULL: "false",
    NO_CACHE: "true",
    CONTEXT: "-odd directory",
  });
  expect(called).toEqual(
    [
      "build",
      "--file=deploy/Dockerfile",
      "--tag=example.com/a:1",
      "--tag=example.com/a:2",
      "--tag=example.com/b:1",
      "--build-arg=A=1, 2",
      "--build-arg=B=two words",
      "--no-cache",
      "--push",
      "--",
      "-odd directory",
    ].map((arg) => `arg ${arg}`),
  );
});

test("without push, load and outputs the image is only built", async () => {
  expect((await act({ TAGS: "a", PUSH: "false" })).called).toContain("arg --output=type=cacheonly");
  for (const input of [{ PUSH: "true" }, { LOAD: "true" }, { OUTPUTS: "type=oci,dest=a.tar" }]) {
    expect((await act(input)).called).not.toContain("arg --output=type=cacheonly");
  }
});

test("secrets are files that only exist during the build, or variables that are only named", async () => {
  const { called } = await act({ SECRETS: "token=a=b\nother=$(id)", SECRET_ENVS: "npm=NPM_TOKEN", PUSH: "true" });
  expect(called.filter((line) => line.startsWith("secret "))).toEqual(["secret a=b", "secret $(id)"]);
  expect(called).toContain("arg --secret=id=npm,env=NPM_TOKEN");
  expect(called.filter((line) => line.startsWith("arg") && line.includes("a=b"))).toEqual([]);
});

test("the kubeconfig is a file during the build, and no input is in slipway's environment", async () => {
  const { called } = await act({ KUBECONFIG: "apiVersion: v1", NAMESPACE: "ci", PUSH: "true" });
  expect(called).toContain("kubeconfig apiVersion: v1");
  expect(called).toContain("arg --namespace=ci");
  expect(called.filter((line) => line.startsWith("input "))).toEqual([]);
});

test("the outputs are the digest, the ID and the metadata", async () => {
  const { outputs } = await act({ PUSH: "true" });
  expect(outputs).toMatch(
    /^digest=sha256:abc\nimageid=sha256:def\nmetadata<<(\S+)\n\{\n {2}"containerimage.digest": "sha256:abc"\n\}\n\n\1\n$/,
  );
});

test("action.yml hands every input to the script, and the script uses each", async () => {
  const action = load(await readFile(join(ACTION, "action.yml"), "utf8")) as {
    inputs: Record<string, object>;
    runs: { steps: { env: Record<string, string> }[] };
  };
  const expected = Object.fromEntries(
    Object.keys(action.inputs).map((name) => [
      `INPUT_${name.toUpperCase().replaceAll("-", "_")}`,
      `\${{ inputs.${name} }}`,
    ]),
  );
  expect(action.runs.steps[0]?.env).toEqual(expected);
  const script = await readFile(join(ACTION, "build.sh"), "utf8");
  expect(Object.keys(expected).filter((name) => !script.includes(name.replace("INPUT_", "")))).toEqual([]);
});

test("every flag of the script is one of slipway build", async () => {
  const script = await readFile(join(ACTION, "build.sh"), "utf8");
  const flags = new Set([...script.matchAll(/^(?:one|each|each_item|switch) --([a-z-]+)/gm)].map(([, name]) => name));
  const known = new Set(Object.keys(readCommands().get("build")?.flags ?? {}));
  expect(flags.size).toBeGreaterThan(20);
  expect([...flags].filter((name) => !known.has(name ?? ""))).toEqual([]);
});
