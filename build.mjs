/** Bundles src/ into dist/: the program in one file, whose compiled code src/cli/start keeps, and the start of it. */
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { assertPinned, dependencyPatches } from "./dependency-patches.mjs";

const here = new URL(".", import.meta.url).pathname;
const commands = (await readdir(`${here}src/cli/commands`, { recursive: true })).filter((name) => name.endsWith(".ts"));

const { devDependencies } = JSON.parse(await readFile(`${here}package.json`, "utf8"));
await assertPinned(
  devDependencies,
  async (name) => JSON.parse(await readFile(`${here}node_modules/${name}/package.json`, "utf8")).version,
);
const patches = dependencyPatches();

/**
 * Its modules only declare things, although its package.json does not say so. Its index has the API's 758 models, which only its
 * own calls need: slipway makes its calls itself. With them, the program is 400 kB larger, and each start 760 modules longer.
 */
const leanClientNode = {
  name: "lean-client-node",
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, ...request }) => {
      const concerned = `${request.importer} ${path}`.includes("@kubernetes/client-node");
      if (!concerned || pluginData === leanClientNode) return undefined;
      const found = await resolve(path, { ...request, pluginData: leanClientNode });
      if (!found.path.includes("/@kubernetes/client-node/")) return found;
      patches.seen("@kubernetes/client-node (without side effects)");
      if (!found.path.endsWith("/dist/gen/index.js")) return { ...found, sideEffects: false };
      patches.seen("@kubernetes/client-node (without the API's models)");
      return { path: "calls", namespace: "no-client-node-calls" };
    });
    onLoad({ filter: /./, namespace: "no-client-node-calls" }, () => ({ contents: NO_CLIENT_NODE_CALLS }));
    onLoad({ filter: /\/@kubernetes\/client-node\/dist\/(?:azure|gcp)_auth\.js$/ }, async ({ path }) => ({
      contents: patches.replaced(path, await readFile(path, "utf8")),
      loader: "js",
    }));
  },
};

/** What KubeConfig imports to make a client for API calls. A further name fails the build. */
const NO_CLIENT_NODE_CALLS = `
function none() {
  throw new Error("the API calls of client-node are not in this program");
}
export { none as createConfiguration, none as ServerConfiguration };
`;

/**
 * Modules of Node that a start does not need and that load further modules. They are loaded when one of these names is first used.
 * An assertion that holds only needs its value.
 */
const LAZY_BUILTINS = {
  assert: `
module.exports = new Proxy((value, message) => value || require("assert")(value, message), {
  get: (_, name) => require("assert")[name],
});`,
  child_process: namesOf("child_process", "exec", "execFile", "execFileSync", "execSync", "fork", "spawn", "spawnSync"),
  http: anyNameOf("http"),
  https: anyNameOf("https"),
  perf_hooks: `module.exports = { performance };`,
  readline: namesOf("readline", "createInterface"),
  v8: `module.exports = {
  getHeapCodeStatistics: () => require("v8").getHeapCodeStatistics(),
  setFlagsFromString: (flag) => require("v8").setFlagsFromString(flag),
  get startupSnapshot() { return require("v8").startupSnapshot; },
};`,
};

function namesOf(builtin, ...functions) {
  const properties = functions.map((name) => `${name}: (...values) => require("${builtin}").${name}(...values)`);
  return `module.exports = { ${properties.join(", ")} };`;
}

function anyNameOf(builtin) {
  return `module.exports = new Proxy({}, { get: (_, name) => (name === "__esModule" ? undefined : require("${builtin}")[name]) });`;
}

const lazyBuiltins = {
  name: "lazy-builtins",
  setup({ onResolve, onLoad }) {
    const filter = new RegExp(`^(?:node:)?(${Object.keys(LAZY_BUILTINS).join("|")})$`);
    onResolve({ filter }, ({ path, namespace }) =>
      namespace === "lazy-builtin" ? undefined : { path: path.replace("node:", ""), namespace: "lazy-builtin" },
    );
    onLoad({ filter: /./, namespace: "lazy-builtin" }, ({ path }) => ({ contents: LAZY_BUILTINS[path] }));
  },
};

/** What client-node makes its own connections with. Ours come from lib/http/dial.ts, so none of these is ever called. */
const noAgents = {
  name: "no-agents",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:hpagent|socks-proxy-agent|undici)$/ }, ({ path }) => {
      patches.seen(`${path} (left out)`);
      return { path, namespace: "none" };
    });
    onLoad({ filter: /./, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * Few need a SOCKS proxy, so its client is a file of its own, and the program does not grow by it. client-node imports it for its own
 * connections, which are never made: loading the file for that would cost every command.
 */
const socksApart = {
  name: "socks-apart",
  setup({ onResolve }) {
    onResolve({ filter: /^socks$/ }, ({ kind, importer }) => {
      if (kind === "entry-point") return undefined;
      if (!importer.includes("client-node")) return { path: "./socks.cjs", external: true };
      patches.seen("socks (left out of client-node)");
      return { path: "socks", namespace: "none" };
    });
  },
};

/** string-width makes its tables when it is loaded: 30 ms of each start. Only text that is not ASCII needs it. */
const widthOnUse = {
  name: "width-on-use",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^string-width$/ }, ({ importer }) => {
      if (!importer.endsWith("/src/cli/ui/width.ts")) return undefined;
      return { path: "string-width", namespace: "width-on-use" };
    });
    onLoad({ filter: /./, namespace: "width-on-use" }, () => ({
      contents: `export default (text) => require("string-width").default(text);`,
      resolveDir: here,
    }));
  },
};

/** What `bake` reads its files with is a bundle of its own: no other command has a use for two languages. */
const BAKE_READER = "src/cli/bake/reader.ts";
/** Name of the parameter of dist/bake.cjs. */
const SHARED = "SLIPWAY_SHARED";

/** The program's side: `import("../bake/reader.ts")` loads dist/bake.cjs and gives it the program's own errors, which are then the same classes. */
const bakeApart = {
  name: "bake-apart",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/bake\/reader\.ts$/ }, ({ kind }) =>
      kind === "entry-point" ? undefined : { path: "reader", namespace: "bake-apart" },
    );
    onResolve({ filter: /^\.\/bake\.cjs$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /./, namespace: "bake-apart" }, () => ({
      contents: `module.exports = require("./bake.cjs")(require("./src/errors.ts"));`,
      resolveDir: here,
    }));
  },
};

/** The side of dist/bake.cjs: a function of the errors that it shares with the program. */
const sharedErrors = {
  name: "shared-errors",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/errors\.ts$/ }, () => ({ path: "errors", namespace: "shared" }));
    onLoad({ filter: /./, namespace: "shared" }, () => ({ contents: `module.exports = ${SHARED};` }));
  },
};

/**
 * To run one command, @oclif/core loads its help, plugins, spinners and templates. Here each of its modules is loaded on
 * first use: 15 ms less a start.
 */
const lazyOclif = {
  name: "lazy-oclif",
  setup({ onLoad }) {
    onLoad({ filter: /\/@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => ({
      contents: patches.oclif(path, await readFile(path, "utf8")),
      loader: "js",
    }));
  },
};

/** Options for every bundle. */
const common = {
  absWorkingDir: here,
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node22.19",
  minify: true,
  // Functions keep their names in stack traces.
  keepNames: true,
  metafile: true,
  // Optional, with a native addon for each platform: used if it is installed, by `require`, as the bundle is not an ES module.
  external: ["keytar"],
  supported: { "dynamic-import": false },
  plugins: [leanClientNode, lazyBuiltins, noAgents, socksApart, widthOnUse, bakeApart, lazyOclif],
  define: {
    // bin/run.js has checked Node's version; oclif would load all of semver to check it again.
    "process.env.OCLIF_DISABLE_ENGINE_WARNING": '"1"',
    // ws would look for two optional packages, which are not in the bundle.
    "process.env.WS_NO_BUFFER_UTIL": '"1"',
    "process.env.WS_NO_UTF_8_VALIDATE": '"1"',
  },
};

await rm(`${here}dist`, { recursive: true, force: true });
await writeManifest();
const started = await build({ ...common, entryPoints: ["src/cli/start/start.ts"], outfile: "dist/start.cjs" });
const program = await build({ ...common, entryPoints: ["src/cli/main.ts"], outfile: "dist/slipway.cjs" });
const socks = await build({ ...common, entryPoints: ["socks"], outfile: "dist/socks.cjs" });
const bake = await build({
  ...common,
  entryPoints: [BAKE_READER],
  outfile: "dist/bake.cjs",
  plugins: [sharedErrors, ...common.plugins],
  banner: { js: `module.exports=function(${SHARED}){var module={exports:{}};` },
  footer: { js: "return module.exports};" },
});
// The main scripts of single executables. Not in the npm package.
if (process.argv.includes("--executable")) {
  const entryPoints = ["src/cli/start/executable.ts", "src/cli/start/snapshot.ts"];
  await build({ ...common, entryPoints, outdir: "dist", outExtension: { ".js": ".cjs" } });
  // Node keeps the path of its main script with the functions of it, so these functions are in a script without a path.
  const snapshot = await readFile(`${here}dist/snapshot.cjs`, "utf8");
  const wrapped = JSON.stringify(`(function(require,__dirname){${snapshot}\n})`);
  await writeFile(
    `${here}dist/snapshot.cjs`,
    `require("node:vm").runInThisContext(${wrapped},{filename:"snapshot.cjs"})(require);`,
  );
}
patches.assertComplete();
// Node's compiled code is cached under this hash.
const code = await readFile(`${here}dist/slipway.cjs`);
const hash = createHash("sha256").update(code).digest("hex");
await writeFile(`${here}dist/slipway.cjs`, `//${hash}\n${code.toString("latin1")}`, "latin1");
const result = {
  inputs: Object.assign({}, ...[started, program, socks, bake].map(({ metafile }) => metafile.inputs)),
  outputs: Object.assign({}, ...[started, program, socks, bake].map(({ metafile }) => metafile.outputs)),
};
await writeFile(`${here}dist/THIRD-PARTY-LICENCES`, await licenceTexts());
if (process.argv.includes("--meta")) await writeFile(`${here}dist/meta.json`, JSON.stringify(result));

/** Writes the manifest from the commands. oclif reads it for help, aliases and flags, and does not load every command. */
async function writeManifest() {
  const contents = [...commands.entries()].map(
    ([at, name]) => `import command${at} from ${JSON.stringify(`./src/cli/commands/${name}`)};`,
  );
  const table = commands.map((name, at) => `${JSON.stringify(idOf(name))}: command${at}`);
  const stdin = { contents: `${contents.join("")}export const COMMANDS = {${table.join(",")}};`, resolveDir: here };
  const outfile = `${here}dist/every-command.cjs`;
  await build({ ...common, minify: false, metafile: false, stdin, outfile });
  const { Config } = await import("@oclif/core");
  const config = await Config.load({ root: here, ignoreManifest: true });
  const { manifest } = config.plugins.get("slipway");
  const sorted = Object.entries(manifest.commands)
    .map(([id, command]) => [id, { ...command, flags: sortFlags(id, command.flags) }])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const written = { commands: Object.fromEntries(sorted), version: manifest.version };
  await writeFile(`${here}oclif.manifest.json`, `${JSON.stringify(written, undefined, 2)}\n`);
  await rm(outfile);
}

/** The flags of `build` stay in the order of src/cli/flags/build.ts, the most used ones first. The help of others has the flags with a letter first, by the letter. */
function sortFlags(id, flags) {
  if (id === "build") return flags;
  // -a before -A before -b: a capital letter is the rarer of two.
  const keyOf = ([name, { char }]) =>
    char === undefined ? `1 ${name}` : `0 ${char.toLowerCase()}${char === char.toLowerCase() ? 0 : 1}`;
  return Object.fromEntries(Object.entries(flags).toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)));
}

function idOf(name) {
  return name
    .replace(/\.ts$/, "")
    .replace(/\/index$/, "")
    .replaceAll("/", ":");
}

/** The texts of the bundled packages' licences, and their notices: most licences ask for them with every copy. */
async function licenceTexts() {
  const inputs = Object.values(result.outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(
    inputs.flatMap((path) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(await readFile(`${here}${folder}/package.json`, "utf8"));
    const files = (await readdir(`${here}${folder}`)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
    // CC0 asks for no notice, and packages under it often have no file with its text.
    if (files.length === 0 && license === "CC0-1.0") {
      texts.set(
        `${name} ${version}: CC0`,
        "License: CC0 1.0, https://creativecommons.org/publicdomain/zero/1.0/legalcode",
      );
      continue;
    }
    if (!files.some((file) => !/^notice/i.test(file))) throw new Error(`${name} has no file with its licence`);
    for (const file of files.toSorted()) {
      const text = (await readFile(`${here}${folder}/${file}`, "utf8")).replaceAll("\r\n", "\n").trim();
      texts.set(`${name} ${version}: ${file}`, text);
    }
  }
  const parts = [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([title, text]) => `${title}\n\n${text}\n`);
  const rule = `\n${"=".repeat(80)}\n\n`;
  return `Slipway's program has code of these packages in it, under the licences that follow.\n${rule}${parts.join(rule)}`;
}
