/**
 * Changes that build.mjs makes to the code of dependencies, to make starts faster. They are written for exact versions. A change
 * that no longer finds its text fails the build, so that an update cannot undo it in silence.
 */

/** Dependencies whose code or resolution the build changes. package.json must pin each to an exact version. */
export const PATCHED = ["@kubernetes/client-node", "@oclif/core"];

/** Literal text of one file of a dependency, and its replacement. */
const REPLACEMENTS = [
  {
    file: "@oclif/core/lib/util/os.js",
    // Detects Linux inside Windows, which nothing here uses: 10 ms.
    from: "(await import('wsl-utils'))",
    to: "({})",
  },
  {
    file: "@oclif/core/lib/config/plugin.js",
    // Command names are ASCII, and the collation rules of all languages take 6 ms to load.
    from: "a.id.localeCompare(b.id)",
    to: "(a.id < b.id ? -1 : 1)",
  },
  {
    file: "@oclif/core/lib/config/plugin.js",
    // The single executable has no file of it.
    from: "const manifest = await (0, fs_1.readJson)(p);",
    to: "const manifest = this.pjson.oclif.manifest ?? (await (0, fs_1.readJson)(p));",
  },
  // What only the logins of a kubeconfig's old auth providers need: 60 kB to load at each start.
  ...["azure_auth", "gcp_auth"].map((name) => ({
    file: `@kubernetes/client-node/dist/${name}.js`,
    from: "import * as jsonpath from 'jsonpath-plus';",
    to: onUse("jsonpath", "jsonpath-plus"),
  })),
];

/** Code for a namespace whose module is loaded when one of its names is first used. */
function onUse(name, module) {
  return `const ${name} = new Proxy({}, { get: (_, name) => require("${module}")[name] });`;
}

/** An import as TypeScript compiles it. Its module is loaded when one of its names is first used. */
const IMPORT = /^const (\w+_\d+) = (__import\w+\(require\("[^"]+"\)\)|require\("[^"]+"\));$/gm;
const LAZY_IMPORT = "let $1$; const $1 = new Proxy({}, { get: (_, name) => ($1$ ??= $2)[name] });";

/** The same, whatever form it has: TypeScript numbers the names of what it compiles. */
const ANY_IMPORT = /^const \w+_\d+ = .*\brequire\(/gm;

/** Changes besides replacements: the build reports each one that it makes to `seen`. */
const OTHERS = [
  "@kubernetes/client-node (without side effects)",
  "@kubernetes/client-node (without the API's models)",
  "hpagent (left out)",
  "socks (left out of client-node)",
  "socks-proxy-agent (left out)",
  "undici (left out)",
];

/** One build's changes. */
export function dependencyPatches() {
  const missing = new Set([...REPLACEMENTS.map(({ file }) => file), "@oclif/core (imports on use)", ...OTHERS]);
  return {
    /**
     * A module of @oclif/core with all its changes.
     * @throws Error when the text of a change is not there
     */
    oclif(path, text) {
      const all = text.match(ANY_IMPORT)?.length ?? 0;
      const found = text.match(IMPORT)?.length ?? 0;
      if (found !== all) {
        throw new Error(
          `${path} has ${all - found} imports of a form that dependency-patches.mjs does not know: adapt it to this version of @oclif/core`,
        );
      }
      if (found > 0) missing.delete("@oclif/core (imports on use)");
      return this.replaced(path, text.replaceAll(IMPORT, LAZY_IMPORT));
    },

    /**
     * A module with the replacements for its file.
     * @throws Error when the text of one is not there
     */
    replaced(path, text) {
      let changed = text;
      for (const { file, from, to } of REPLACEMENTS) {
        if (!path.endsWith(`/${file}`)) continue;
        if (!changed.includes(from)) {
          throw new Error(
            `${path} no longer has ${JSON.stringify(from)}, which dependency-patches.mjs replaces: adapt it to this version`,
          );
        }
        changed = changed.replaceAll(from, to);
        missing.delete(file);
      }
      return changed;
    },

    /** Reports one of the other changes as made. */
    seen(change) {
      if (!OTHERS.includes(change)) throw new Error(`"${change}" is not in the list of dependency-patches.mjs`);
      missing.delete(change);
    },

    /** @throws Error naming the changes that this build did not make */
    assertComplete() {
      if (missing.size === 0) return;
      throw new Error(
        `the build did not change what dependency-patches.mjs lists: ${[...missing].join(", ")}. Adapt the list to the installed versions.`,
      );
    },
  };
}

/**
 * @param dependencies of package.json
 * @param installed the version of a package in node_modules
 * @throws Error for a patched dependency without an exact version, or with another one installed
 */
export async function assertPinned(dependencies, installed) {
  for (const name of PATCHED) {
    const wanted = dependencies[name] ?? "";
    if (!/^\d+\.\d+\.\d+$/.test(wanted)) {
      throw new Error(`package.json has to pin ${name} to an exact version, as the build patches it: not "${wanted}"`);
    }
    const found = await installed(name);
    if (found !== wanted)
      throw new Error(`${name} ${found} is installed, and the build is made for ${wanted}: run npm ci`);
  }
}
