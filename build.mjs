/** Bundles src/ into dist/: one entry per command, shared code in chunks that are loaded when first needed. */
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const commands = (await readdir(`${here}src/commands`, { recursive: true })).filter((name) => name.endsWith(".ts"));

/** All that is asked of undici here. Its own index also loads fetch, caches, mocks and websockets, at 20 ms a start. */
const UNDICI = `
import Agent from "undici/lib/dispatcher/agent.js";
import Dispatcher from "undici/lib/dispatcher/dispatcher.js";
import api from "undici/lib/api/index.js";
Object.assign(Dispatcher.prototype, api);
function request(url, { dispatcher, ...options }) {
  const { origin, pathname, search } = new URL(url);
  return dispatcher.request({ method: "GET", ...options, origin, path: pathname + search });
}
// Of use to few, so it is loaded by them.
function EnvHttpProxyAgent(options) {
  return new (require("undici/lib/dispatcher/env-http-proxy-agent.js"))(options);
}
// client-node names these, for calls that are not made here.
const { fetch, ProxyAgent } = globalThis;
export { Agent, EnvHttpProxyAgent, ProxyAgent, fetch, request };
`;

const leanUndici = {
  name: "lean-undici",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, () => ({ path: "undici", namespace: "lean" }));
    onLoad({ filter: /^undici$/, namespace: "lean" }, () => ({ contents: UNDICI, resolveDir: here }));
  },
};

/** Its package.json does not say so, but its modules only declare: without this the 900 models of the API would come along. */
const leanClientNode = {
  name: "lean-client-node",
  setup({ onResolve, resolve }) {
    onResolve({ filter: /./ }, async ({ path, pluginData, ...request }) => {
      const concerned = `${request.importer} ${path}`.includes("@kubernetes/client-node");
      if (!concerned || pluginData === leanClientNode) return undefined;
      const found = await resolve(path, { ...request, pluginData: leanClientNode });
      return found.path.includes("/@kubernetes/client-node/") ? { ...found, sideEffects: false } : found;
    });
  },
};

/** An `import` of node:http reads all it exports, and thereby starts the undici inside Node, at 25 ms; a `require` does not. */
const leanHttp = {
  name: "lean-http",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:node:)?http$/ }, ({ kind }) =>
      kind === "import-statement" ? { path: "http", namespace: "lean" } : undefined,
    );
    onLoad({ filter: /^http$/, namespace: "lean" }, () => ({ contents: `module.exports = require("node:http");` }));
  },
};

/** What client-node makes its own connections with. Ours come from cluster/dial.ts, so none of it is ever called. */
const noAgents = {
  name: "no-agents",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(?:hpagent|socks|socks-proxy-agent)$/ }, ({ path }) => ({ path, namespace: "none" }));
    onLoad({ filter: /./, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
  },
};

/**
 * To run one command, @oclif/core loads its help, plugins, spinners and templates. Here each module of it is loaded when
 * something of it is first used: 15 ms less a start. TypeScript has compiled them, so that their imports all look alike.
 */
const lazyOclif = {
  name: "lazy-oclif",
  setup({ onLoad }) {
    onLoad({ filter: /\/@oclif\/core\/lib\/.*\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const imports = /^const (\w+_\d+) = (__import\w+\(require\("[^"]+"\)\)|require\("[^"]+"\));$/gm;
      const contents = text
        .replaceAll(imports, "let $1$; const $1 = new Proxy({}, { get: (_, name) => ($1$ ??= $2)[name] });")
        // Whether this is Linux inside Windows, which nothing here wants to know: 10 ms.
        .replaceAll("(await import('wsl-utils'))", "({})")
        // Command names are ASCII, and the rules of all the world's languages take 6 ms to load.
        .replaceAll("a.id.localeCompare(b.id)", "(a.id < b.id ? -1 : 1)");
      return { contents, loader: "js" };
    });
  },
};

await rm(`${here}dist`, { recursive: true, force: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: [
    "src/main.ts",
    "src/names/called-as.ts",
    "src/names/command-not-found.ts",
    ...commands.map((name) => `src/commands/${name}`),
  ],
  outbase: "src",
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.19",
  minify: true,
  // Stack traces of the few errors that show one should name functions.
  keepNames: true,
  metafile: true,
  // Optional, with an addon of its own for each platform: used where it is installed.
  external: ["keytar"],
  plugins: [leanUndici, leanClientNode, leanHttp, noAgents, lazyOclif],
  // bin/run.js has looked at Node's version already; oclif would load all of semver to do so again.
  define: { "process.env.OCLIF_DISABLE_ENGINE_WARNING": '"1"' },
  // Bundled CommonJS packages still ask for these.
  banner: {
    js: `import{createRequire as slipwayRequire}from"node:module";import{fileURLToPath as slipwayPath}from"node:url";import{dirname as slipwayDir}from"node:path";const require=slipwayRequire(import.meta.url),__filename=slipwayPath(import.meta.url),__dirname=slipwayDir(__filename);`,
  },
});
await writeFile(`${here}dist/THIRD-PARTY-LICENCES`, await licenceTexts());
if (process.argv.includes("--meta")) await writeFile(`${here}dist/meta.json`, JSON.stringify(result.metafile));

// oclif reads this instead of loading every command to find one.
const { Config } = await import("@oclif/core");
const config = await Config.load({ root: here, ignoreManifest: true });
const plugin = config.plugins.get("slipway");
// Directories are read side by side, so that commands are found in any order.
const found = Object.entries(plugin.manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1));
const manifest = {
  commands: Object.fromEntries(found),
  version: JSON.parse(await readFile(`${here}package.json`, "utf8")).version,
};
await writeFile(`${here}oclif.manifest.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);

/** The licences of what is bundled want their texts, and notices, to go wherever the code goes. */
async function licenceTexts() {
  const inputs = Object.values(result.metafile.outputs).flatMap((output) => Object.keys(output.inputs));
  const folders = new Set(
    inputs.flatMap((path) => /node_modules\/(?:.*node_modules\/)?(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const texts = new Map();
  for (const folder of folders) {
    const { name, version } = JSON.parse(await readFile(`${here}${folder}/package.json`, "utf8"));
    const files = (await readdir(`${here}${folder}`)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file));
    if (!files.some((file) => !/^notice/i.test(file))) throw new Error(`${name} brings no text of its licence`);
    for (const file of files.toSorted()) {
      const text = (await readFile(`${here}${folder}/${file}`, "utf8")).replaceAll("\r\n", "\n").trim();
      texts.set(`${name} ${version}: ${file}`, text);
    }
  }
  const parts = [...texts].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([title, text]) => `${title}\n\n${text}\n`);
  const rule = `\n${"=".repeat(80)}\n\n`;
  return `Slipway's program has code of these packages in it, under the licences that follow.\n${rule}${parts.join(rule)}`;
}
