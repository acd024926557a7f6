/** What is published: built as `npm run build` builds it, but in a directory of the test's own. */
import { spawnSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundledInputs, licencesPage } from "../../docs/generate/licences.ts";

const PROJECT = new URL("../../", import.meta.url).pathname;

interface Import {
  readonly path: string;
  readonly kind: string;
  readonly external?: boolean;
}

interface Output {
  readonly imports: readonly Import[];
  readonly inputs: Readonly<Record<string, unknown>>;
}

interface Meta {
  readonly inputs: Readonly<Record<string, { readonly imports: readonly Import[] }>>;
  readonly outputs: Readonly<Record<string, Output>>;
}

let built: string;
let inputs: Meta["inputs"];
let outputs: Meta["outputs"];

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), "slipway-package-"));
  for (const name of ["src", "bin", "build.mjs", "dependency-patches.mjs", "package.json"]) {
    await cp(join(PROJECT, name), join(built, name), { recursive: true });
  }
  await symlink(join(PROJECT, "node_modules"), join(built, "node_modules"));
  const { status, stderr } = spawnSync(process.execPath, ["build.mjs", "--meta"], { cwd: built, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  ({ inputs, outputs } = JSON.parse(await readFile(join(built, "dist/meta.json"), "utf8")) as Meta);
}, 180_000);

afterAll(() => rm(built, { recursive: true, force: true }));

function slipway(...args: readonly string[]) {
  return spawnSync(process.execPath, ["bin/run.js", ...args], { cwd: built, encoding: "utf8" });
}

/** A source file with all that is loaded with it, before any of its code asks for more. */
function loadedWith(source: string, seen = new Set<string>()): readonly string[] {
  const input = inputs[source];
  if (input === undefined) throw new Error(`${source} is not in the bundle`);
  if (seen.has(source)) return [];
  seen.add(source);
  const further = input.imports.filter(({ kind, external }) => kind !== "dynamic-import" && external !== true);
  return [source, ...further.flatMap(({ path }) => loadedWith(path, seen))];
}

/** ws asks for these in a try, and does without. */
const DISPENSABLE: readonly string[] = ["bufferutil", "utf-8-validate"];

/** Files of the package's own, which the program loads for a SOCKS proxy and for a bake file. */
const OWN = ["./socks.cjs", "./bake.cjs"];

const HEAVY = /@kubernetes\/client-node|node_modules\/(?:ws|ora|chalk|js-yaml|tar)\//;

describe("what is loaded", () => {
  it("for --help or a wrong flag is only the command: no client library, no terminal view", () => {
    const loaded = [...loadedWith("src/cli/main.ts"), ...loadedWith("src/cli/commands/build.ts")];
    expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
    expect(loaded.filter((name) => /^src\/(?:app\/build\/|lib\/kube\/|pack\/|run\/)/.test(name))).toEqual([]);
  });

  it("for a wrong name or file is the planning, and still no client library", () => {
    const loaded = loadedWith("src/app/build/build.ts");
    expect(loaded).toContain("src/plan/plan-build.ts");
    expect(loaded.filter((name) => HEAVY.test(name))).toEqual([]);
  });

  it("only the bundle of bake has the readers of bake files", () => {
    const reader = /^(?:src\/lib\/(?:hcl|compose)\/|src\/plan\/bake\/|node_modules\/(?:re2js|bcryptjs)\/)/;
    const holders = Object.entries(outputs).filter(([, output]) =>
      Object.keys(output.inputs).some((name) => reader.test(name)),
    );
    expect(holders.map(([name]) => name)).toEqual(["dist/bake.cjs"]);
    // Errors have to be the same classes in both.
    expect(Object.keys(outputs["dist/bake.cjs"]?.inputs ?? {})).not.toContain("src/errors.ts");
  });

  it("is all in the package: it needs none other at run time", async () => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      await readFile(join(built, "package.json"), "utf8"),
    ) as {
      dependencies?: object;
      optionalDependencies?: object;
    };
    const declared = [...Object.keys({ ...dependencies, ...optionalDependencies }), ...DISPENSABLE, ...OWN];
    expect(Object.keys(outputs)).toEqual(expect.arrayContaining(["dist/socks.cjs", "dist/bake.cjs"]));
    const external = Object.values(outputs).flatMap(({ imports }) =>
      imports.flatMap((found) => (found.external && found.kind !== "require-resolve" ? [found.path] : [])),
    );
    expect([...new Set(external)].filter((name) => !isBuiltin(name) && !declared.includes(name))).toEqual([]);
  });
});

it("has code of the packages that docs/reference/licences.md names, and of no others", async () => {
  const cells = (page: string): string[] =>
    page.split("\n").map((line) => line.replaceAll(/ +/g, " ").replaceAll(/-+/g, "-"));
  const page = licencesPage(bundledInputs(await readFile(join(built, "dist/meta.json"), "utf8")));
  expect(cells(await readFile(join(PROJECT, "docs/reference/licences.md"), "utf8"))).toEqual(cells(page));
});

it("takes the licence's text of each bundled package along", async () => {
  const texts = (await readFile(join(built, "dist/THIRD-PARTY-LICENCES"), "utf8")).split(`\n${"=".repeat(80)}\n\n`);
  const titled = new Map(
    texts.slice(1).map((text) => {
      const [title = "", ...lines] = text.split("\n");
      return [title.slice(0, title.indexOf(":")), lines.join("\n").trim()];
    }),
  );
  const page = await readFile(join(PROJECT, "docs/reference/licences.md"), "utf8");
  const rows = [...page.matchAll(/^\| (\S+) +\| (\d\S*) +\|/gm)].map(([, name, version]) => `${name} ${version}`);
  expect(rows.length).toBeGreaterThan(0);
  expect([...titled.keys()].sort()).toEqual(rows.sort());
  for (const text of titled.values()) expect(text).toMatch(/permission|permitted|licen[cs]e/i);
});

describe("the command", () => {
  it("prints its help with the exit codes, on standard output", () => {
    const { status, stdout, stderr } = slipway("build", "--help");
    expect([status, stderr]).toEqual([0, ""]);
    for (const code of [
      "0    built",
      "1    the build failed",
      "3    the cluster",
      "4    not authorised",
      "124  timed out",
      "125  wrong usage",
      "130  interrupted",
    ]) {
      expect(stdout).toContain(code);
    }
  });

  it.each([
    [["help"], "Usage:  slipway COMMAND"],
    [["-h"], "Usage:  slipway COMMAND"],
    [["help", "build"], "Build an image from a Dockerfile"],
    [["build", "-h"], "Build an image from a Dockerfile"],
    [["help", "cache", "ls"], "List the contexts kept"],
    [["version"], "slipway/"],
    [["-v"], "slipway/"],
    [["version", "--help"], "Print the version of slipway"],
    [["--help"], "version "],
  ])("knows %j, as docker and kubectl do", (words, begins) => {
    const { status, stdout, stderr } = slipway(...words);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain(begins);
  });

  it.each([[["nope"]], [["help", "nope"]], [["nope", "--help"]], [["image", "nope"]]])(
    "says of %j that there is no such command",
    (words) => {
      const { status, stdout, stderr } = slipway(...words);
      expect([status, stdout]).toEqual([125, ""]);
      expect(stderr).toMatch(/^ERROR: unknown command: (?:image )?nope\n {2}- /);
    },
  );

  it("answers a wrong flag with one sentence and exit code 125", () => {
    const { status, stdout, stderr } = slipway("build", "--privileged", ".");
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(/^ERROR: .*--privileged.*\n {2}- Run `slipway build --help`/);
  });

  it.each([["build"], ["push"], ["doctor"], ["cache", "ls"]])(
    "says of an unknown flag of %s the same sentence",
    (...words) => {
      const { status, stderr } = slipway(...words, "--nope");
      expect(status).toBe(125);
      expect(stderr).toContain(
        `ERROR: unknown flag: --nope\n  - Run \`slipway ${words.join(" ")} --help\` to list its flags.\n`,
      );
    },
  );

  it("has a manifest in git that is what the build makes", async () => {
    const [fresh, kept] = await Promise.all(
      [built, PROJECT].map((root) => readFile(join(root, "oclif.manifest.json"), "utf8")),
    );
    expect(kept, "oclif.manifest.json is old: npm run build writes it").toBe(fresh);
  });
});

describe("on a Node that is too old", () => {
  const PRETEND = `data:text/javascript,${encodeURIComponent('Object.defineProperty(process,"versions",{value:{...process.versions,node:"22.18.0"}})')}`;
  const says = (version: string) =>
    new RegExp(
      `^ERROR: slipway needs Node 22\\.19 or newer, this is ${version.replaceAll(".", "\\.")}\n {2}Install a newer Node.*\n$`,
    );

  it("says so in one sentence, with exit code 125", () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", PRETEND, "bin/run.js", "--help"], {
      cwd: built,
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([125, ""]);
    expect(stderr).toMatch(says("22.18.0"));
  });

  const other = spawnSync("/usr/bin/node", ["-p", "process.versions.node"], { encoding: "utf8" }).stdout?.trim() ?? "";
  const [major = 99, minor = 99] = other.split(".").map(Number);

  it.runIf(other !== "" && (major < 22 || (major === 22 && minor < 19)))("says so to the machine's own, too", () => {
    const { status, stderr } = spawnSync("/usr/bin/node", ["bin/run.js", "--help"], { cwd: built, encoding: "utf8" });
    expect(status).toBe(125);
    expect(stderr).toMatch(says(other));
  });
});

it("is published with all it runs, and nothing it does not", () => {
  const { stdout, stderr, status } = spawnSync(
    "npm",
    ["pack", "--dry-run", "--json", "--ignore-scripts", "--offline"],
    { cwd: built, encoding: "utf8" },
  );
  expect([status, stderr]).toEqual([0, expect.any(String)]);
  const answer = JSON.parse(stdout) as Record<string, { files: { path: string }[] }>;
  const packed = Object.values(answer).flatMap(({ files }) => files.map(({ path }) => path));
  expect(packed).toEqual(
    expect.arrayContaining(["bin/run.js", "oclif.manifest.json", "package.json", ...Object.keys(outputs)]),
  );
  expect(
    packed.filter((path) => !/^(?:bin\/|dist\/|oclif\.manifest\.json$|package\.json$|README|LICENSE)/.test(path)),
  ).toEqual([]);
});
