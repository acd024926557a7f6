/** The build's changes to dependencies: each one fails the build when it no longer fits. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { PATCHED, assertPinned, dependencyPatches } from "../../dependency-patches.mjs";

const PROJECT = new URL("../../", import.meta.url);
const OS = "/x/node_modules/@oclif/core/lib/util/os.js";

describe("a module of oclif", () => {
  test("loads each import on first use", () => {
    const text = 'const help_1 = require("./help");\nconst url_1 = __importDefault(require("node:url"));\n';
    const changed = dependencyPatches().oclif("/x/@oclif/core/lib/main.js", text);
    expect(changed).not.toMatch(/^const \w+ = (?:__importDefault\()?require/m);
    expect(changed.match(/new Proxy/g)).toHaveLength(2);
  });

  test("fails the build when an import has another form", () => {
    const text = 'const help_1 = require("./help");\nconst url_1 = __newForm(require("node:url"));\n';
    expect(() => dependencyPatches().oclif("/x/@oclif/core/lib/main.js", text)).toThrow(
      /main\.js has 1 imports of a form that dependency-patches\.mjs does not know/,
    );
  });

  test("fails the build when the text to replace is gone", () => {
    expect(() => dependencyPatches().oclif(OS, "return require('is-wsl');")).toThrow(
      /os\.js no longer has "\(await import\('wsl-utils'\)\)", which dependency-patches\.mjs replaces/,
    );
  });

  test("has its text replaced", () => {
    expect(dependencyPatches().oclif(OS, "return (await import('wsl-utils')).isWsl")).toBe("return ({}).isWsl");
  });
});

test("an auth provider of client-node loads what it needs on first use", () => {
  const path = "/x/node_modules/@kubernetes/client-node/dist/gcp_auth.js";
  const changed = dependencyPatches().replaced(
    path,
    "import * as jsonpath from 'jsonpath-plus';\njsonpath.JSONPath();\n",
  );
  expect(changed).toMatch(/^const jsonpath = new Proxy\(.*require\("jsonpath-plus"\).*\njsonpath\.JSONPath/);
});

test("the program has none of the models of client-node", async () => {
  const program = await readFile(new URL("dist/slipway.cjs", PROJECT), "latin1");
  expect(program).not.toMatch(/V1JSONSchemaProps|IoK8sApi/);
});

test("a change whose file is never loaded fails the build by name", () => {
  const patches = dependencyPatches();
  patches.oclif(OS, "(await import('wsl-utils'))");
  expect(() => patches.assertComplete()).toThrow(
    /did not change .*@oclif\/core\/lib\/config\/plugin\.js.*undici \(left out\).*Adapt the list/,
  );
  expect(() => patches.assertComplete()).not.toThrow(/util\/os\.js/);
});

test("a change that is not listed is refused", () => {
  expect(() => dependencyPatches().seen("left-pad")).toThrow(/"left-pad" is not in the list/);
});

describe("versions", () => {
  const exact = Object.fromEntries(PATCHED.map((name) => [name, "1.2.3"]));

  test("are exact in package.json and the same in node_modules", async () => {
    const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(new URL(path, PROJECT), "utf8"));
    const { devDependencies } = (await read("package.json")) as { devDependencies: Record<string, string> };
    const installed = async (name: string): Promise<string> =>
      ((await read(`node_modules/${name}/package.json`)) as { version: string }).version;
    await expect(assertPinned(devDependencies, installed)).resolves.toBeUndefined();
  });

  test.each(["^1.2.3", "~1.2.3", "latest", undefined])("%s is not exact, and fails the build", async (version) => {
    const dependencies = { ...exact, "@oclif/core": version };
    await expect(assertPinned(dependencies, async () => "1.2.3")).rejects.toThrow(
      /has to pin @oclif\/core to an exact version/,
    );
  });

  test("another version that is installed fails the build", async () => {
    await expect(assertPinned(exact, async () => "1.2.4")).rejects.toThrow(/1\.2\.4 is installed.*1\.2\.3: run npm ci/);
  });
});
