/** Bundles src/ into dist/: the program in one file, whose compiled code src/cli/start keeps, and the start of it. */
import { createHash } from "node:crypto";
import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const commands = (await readdir(`${here}src/cli/commands`, { recursive: true })).filter((name) => name.endsWith(".ts"));

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

/**
 * Parts of Node that a start does not need, and that bring more parts with them: loaded when one of these names is first used.
 * Assertions that hold need no more than a look at their value.
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
  v8: namesOf("v8", "getHeapCodeStatistics"),
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
    onResolve({ filter }, ({ path, namespace, importer }) => {
      if (namespace === "lazy-builtin") return undefined;
      const name = path.replace("node:", "");
      return { path: name === "http" && /undici/.test(importer) ? "undici-http" : name, namespace: "lazy-builtin" };
    });
    onLoad({ filter: /./, namespace: "lazy-builtin" }, ({ path }) => ({
      contents: LAZY_BUILTINS[path] ?? UNDICI_HTTP,
    }));
    // HTTP/2 is for registries that choose it.
    onLoad({ filter: /undici\/lib\/dispatcher\/client-h2\.js$/ }, async ({ path, suffix }) => {
      if (suffix === "?later") return { contents: await readFile(path, "utf8") };
      return { contents: `module.exports = (...values) => require("./client-h2.js?later")(...values);` };
    });
  },
};

/** What undici asks Node's own client when it is loaded: Node's default, and whether a stream is one of that client's, which none is here. */
const UNDICI_HTTP = `module.exports = { maxHeaderSize: 16384, get STATUS_CODES() { return require("http").STATUS_CODES; } };`;

/** What client-node makes its own connections with. Ours come from lib/kube/dial.ts, so none of it is ever called. */
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

/** What both halves of the program are bundled with. */
const common = {
  absWorkingDir: here,
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node22.19",
  minify: true,
  // Stack traces of the few errors that show one should name functions.
  keepNames: true,
  metafile: true,
  // Optional, with an addon of its own for each platform: used where it is installed. A script that is not a module has only `require` for it.
  external: ["keytar"],
  supported: { "dynamic-import": false },
  plugins: [leanUndici, leanClientNode, lazyBuiltins, noAgents, lazyOclif],
  // bin/run.js has looked at Node's version already; oclif would load all of semver to do so again.
  define: { "process.env.OCLIF_DISABLE_ENGINE_WARNING": '"1"' },
};

await rm(`${here}dist`, { recursive: true, force: true });
await writeManifest();
const started = await build({ ...common, entryPoints: ["src/cli/start/start.ts"], outfile: "dist/start.cjs" });
const program = await build({ ...common, entryPoints: ["src/cli/main.ts"], outfile: "dist/slipway.cjs" });
// By its hash, what Node has compiled of it is kept for it and for no other.
const code = await readFile(`${here}dist/slipway.cjs`);
const hash = createHash("sha256").update(code).digest("hex");
await writeFile(`${here}dist/slipway.cjs`, `//${hash}\n${code.toString("latin1")}`, "latin1");
const result = {
  inputs: { ...started.metafile.inputs, ...program.metafile.inputs },
  outputs: { ...started.metafile.outputs, ...program.metafile.outputs },
};
await writeFile(`${here}dist/THIRD-PARTY-LICENCES`, await licenceTexts());
if (process.argv.includes("--meta")) await writeFile(`${here}dist/meta.json`, JSON.stringify(result));

/** oclif reads this in place of every command's own code, for help, aliases and flags. Here it is made of that code. */
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
  const sorted = Object.entries(manifest.commands).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const written = { commands: Object.fromEntries(sorted), version: manifest.version };
  await writeFile(`${here}oclif.manifest.json`, `${JSON.stringify(written, undefined, 2)}\n`);
  await rm(outfile);
}

function idOf(name) {
  return name
    .replace(/\.ts$/, "")
    .replace(/\/index$/, "")
    .replaceAll("/", ":");
}

/** The licences of what is bundled want their texts, and notices, to go wherever the code goes. */
async function licenceTexts() {
  const inputs = Object.values(result.outputs).flatMap((output) => Object.keys(output.inputs));
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
