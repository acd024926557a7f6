/** Bad input: exit code 1 where docker refuses it too and 125 where only slipway does, one clear sentence, and nothing created. */
import { expect, test } from "vitest";
import { BUSYBOX, build } from "./support/build.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace();
const FILES = {
  Dockerfile: `FROM ${BUSYBOX}\n`,
  "empty/keep": "",
  "no.pem": "x",
  bad: "FORM x\n",
  "bad.yaml": "{",
  nothing: "",
};

const CASES: readonly (readonly [what: string, args: readonly string[], says: RegExp, code?: 125])[] = [
  ["no path", [], /slipway build requires 1 argument, but there is none/],
  ["a path that is not there", ["nowhere"], /unable to prepare context: path "nowhere" not found/],
  ["a path that is a file", ["no.pem"], /path "no.pem" is not a directory/],
  ["no Dockerfile", ["empty"], /no Dockerfile in empty/],
  ["a Dockerfile that is not there", ["-f", "x", "."], /the Dockerfile x not found/],
  ["an unknown instruction", ["-f", "bad", "."], /dockerfile parse error on line 1: unknown instruction: FORM/],
  ["an empty Dockerfile", ["-f", "nothing", "."], /file with no instructions/],
  ["a tag that is none", ["-t", "team/UPPER", "."], /invalid tag "team\/UPPER"/],
  ["an unknown builder", ["--builder", "docker", "."], /there is no builder "docker"/],
  ["an unknown transport", ["--transport", "pigeon", "."], /there is no transport "pigeon"/, 125],
  ["a size that is none", ["--context-warning", "much", "."], /--context-warning: invalid size: 'much'/, 125],
  ["an invalid --timeout", ["--timeout", "soon", "."], /--timeout soon is not a duration/, 125],
  ["an unknown flag", ["--privileged", "."], /--privileged/, 125],
  ["a build argument without a name", ["--build-arg", "=x", "."], /invalid build argument "=x"/],
  ["a kubeconfig that is not there", ["--kubeconfig", "nowhere", "."], /nowhere/, 125],
  ["a kubeconfig that is none", ["--kubeconfig", "bad.yaml", "."], /bad\.yaml/, 125],
  ["a context that is not in it", ["--context", "no-such-context", "."], /no-such-context/, 125],
  [
    "a CA file without a certificate",
    ["--registry-ca", "no.pem", "."],
    /--registry-ca no\.pem has no PEM certificate/,
    125,
  ],
  [
    "a registry with a path",
    ["--insecure-registry", "http://x/y", "."],
    /--insecure-registry http:\/\/x\/y is not a registry host/,
    125,
  ],
];

test.for(CASES)("%s", async ([, args, says, code = 1]) => {
  const root = await project(FILES);
  const run = await build(namespace, args, { cwd: root });
  expect(run.stdout).toBe("");
  expect(run.stderr.split("\n")[0]).toMatch(says);
  expect(run.stderr.split("\n")[0]).toMatch(/^ERROR: /);
  expect(run.stderr).not.toMatch(/\n\s+at /);
  expect(run.code).toBe(code);
});

test("none of them created anything", async () => {
  expect(await objectsIn(namespace.name)).toEqual([]);
});
