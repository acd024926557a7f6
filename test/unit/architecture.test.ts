/**
 * Who may import whom. `src/` is eight rooms and a library, and a build goes through the rooms from left to right:
 * `cli → app → run → ship → pack → plan`, beside them `builders` and `attest`, below them `lib/*`, which know nothing of slipway.
 */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SRC, readImports, sourceFiles } from "./imports.ts";

const imports = await readImports();
const files = await sourceFiles();

interface Row {
  /** Rooms (with a slash), files and packages whose code it may use. `node:*` is any builtin. */
  readonly code: readonly string[];
  /** Further ones it may take types from; `*` is every room. Types of the Kubernetes models are free. */
  readonly types?: readonly string[];
}

/** The rooms, from the command line down. A file belongs to the longest row that its path begins with. */
const MAY_IMPORT: Readonly<Record<string, Row>> = {
  // Args in, exit code out.
  "cli/": {
    code: [
      "app/",
      "plan/",
      "lib/dockerignore/",
      "lib/files/",
      "lib/terminal/",
      "lib/text/",
      "lib/pflag/",
      "lib/waits/",
      "lib/kube/connect.ts",
      "version.ts",
    ].concat(["@oclif/core", "chalk", "js-yaml", "ignore", "string-width", "node:*", "../package.json"]),
    types: ["*"],
  },
  // Loads the program itself, and so nothing of it.
  "cli/start/": { code: ["cli/plugin/called-as.ts", "lib/files/", "node:*"], types: ["cli/main.ts"] },
  // One file or folder for each thing slipway does.
  "app/": {
    code: ["run/", "ship/", "pack/", "builders/", "attest/", "plan/", "lib/", "version.ts", "node:*"],
    types: ["events.ts"],
  },
  // A build in the cluster: objects, start, lease, follow, remove.
  "run/": { code: ["ship/", "builders/", "plan/", "lib/", "node:timers/promises"], types: ["events.ts"] },
  // Bytes to the pod and back.
  // The key and the hint of the last pod are files.
  "run/keep/": { code: ["run/", "ship/", "builders/", "plan/", "lib/", "node:*"] },
  "ship/": {
    code: ["plan/", "lib/archive/", "lib/files/", "lib/kube/", "lib/registry/", "lib/terminal/", "lib/text/", "node:*"],
    types: ["pack/", "lib/", "events.ts"],
  },
  // A directory becomes an archive or a manifest.
  "pack/": { code: ["plan/", "lib/", "node:*"], types: ["events.ts"] },
  // Plan in, container out; end in, outcome out.
  "builders/": {
    code: ["plan/", "lib/image/", "lib/dockerfile/", "lib/pflag/", "lib/text/"],
    types: ["lib/buildkit/", "events.ts"],
  },
  // What is attached to an image once it is pushed.
  "attest/": { code: ["plan/", "lib/", "node:*"], types: ["events.ts"] },
  // Request and files become a plan, or one sentence.
  "plan/": { code: ["lib/", "js-yaml", "node:*"] },

  "lib/buildkit/": { code: ["lib/text/", "node:*"] },
  "lib/archive/": { code: ["lib/files/", "lib/limits/", "lib/text/", "node:*"] },
  "lib/credentials/": { code: ["lib/files/", "lib/limits/", "lib/text/", "lib/waits/", "keytar", "node:*"] },
  "lib/compose/": { code: ["lib/limits/", "lib/text/", "js-yaml", "node:*"] },
  "lib/dockerfile/": { code: ["lib/text/", "node:path"] },
  "lib/dockerignore/": { code: ["lib/files/"] },
  "lib/engine/": { code: ["lib/files/", "lib/http/", "lib/limits/", "lib/text/", "lib/waits/", "node:*"] },
  "lib/files/": { code: ["lib/limits/", "lib/text/", "node:*"] },
  "lib/hcl/": { code: ["lib/limits/", "lib/text/", "bcryptjs", "re2js", "node:*"] },
  "lib/http/": { code: ["lib/limits/", "lib/text/", "lib/waits/", "socks", "node:*"] },
  "lib/image/": { code: ["lib/text/"] },
  "lib/kube/": {
    code: ["lib/files/", "lib/http/", "lib/limits/", "lib/text/", "lib/waits/"].concat([
      "@kubernetes/client-node",
      "js-yaml",
      "ws",
      "node:*",
    ]),
  },
  "lib/limits/": { code: [] },
  "lib/pflag/": { code: ["lib/text/"] },
  "lib/registry/": {
    code: ["lib/http/", "lib/image/", "lib/limits/", "lib/text/", "node:*"],
    types: ["lib/credentials/", "lib/dockerfile/"],
  },
  "lib/sbom/": { code: ["lib/archive/", "lib/image/", "lib/registry/", "lib/text/", "spdx-license-ids", "node:*"] },
  "lib/terminal/": { code: [] },
  "lib/text/": { code: ["lib/terminal/"] },
  "lib/waits/": { code: [] },
  "lib/x509/": { code: ["node:*"] },
  "lib/vault/": { code: ["lib/http/", "lib/limits/", "lib/text/", "node:*"] },

  "errors.ts": { code: [] },
  "events.ts": { code: [], types: ["lib/registry/"] },
  "version.ts": { code: ["../package.json"] },
};

/** The one file that everybody may use. */
const FREE = "errors.ts";

function rowOf(file: string): string {
  const rows = Object.keys(MAY_IMPORT).filter((row) => file === row || (row.endsWith("/") && file.startsWith(row)));
  return rows.toSorted((a, b) => b.length - a.length)[0] ?? "";
}

function matches(to: string, allowed: readonly string[] = []): boolean {
  return allowed.some(
    (name) =>
      name === to ||
      name === "*" ||
      (name.endsWith("/") && to.startsWith(name)) ||
      (name === "node:*" && isBuiltin(to)) ||
      (!name.endsWith(".ts") && to.startsWith(`${name}/`)),
  );
}

describe("imports", () => {
  it("are read at all", () => {
    expect(imports.length).toBeGreaterThan(200);
    expect(new Set(imports.map(({ from }) => from)).size).toBeGreaterThan(files.length / 2);
  });

  it("follow the table of rooms", () => {
    const strangers = imports.filter(({ from, to, kind }) => {
      const name = rowOf(from);
      const row = MAY_IMPORT[name];
      if (row === undefined) return true;
      if (to === FREE || rowOf(to) === name || matches(to, row.code)) return false;
      return kind !== "type" || !(to === "@kubernetes/client-node" || matches(to, row.types));
    });
    expect(strangers.map(({ from, to, kind }) => `${from} imports ${to} (${kind})`)).toEqual([]);
  });

  it("use every row of the table", () => {
    const used = new Set(files.map(rowOf));
    expect(Object.keys(MAY_IMPORT).filter((row) => !used.has(row))).toEqual([]);
  });

  it("name a single file of a room only once in the table", () => {
    const single = Object.entries(MAY_IMPORT).flatMap(([row, { code }]) =>
      code.filter((name) => name.endsWith(".ts") && name.includes("/") && rowOf(name) !== rowOf(`${row}x.ts`)),
    );
    expect(single).toEqual(["lib/kube/connect.ts", "cli/plugin/called-as.ts"]);
  });

  it.each([
    ["@kubernetes/client-node", /^lib\/kube\/authenticator\.ts$/],
    ["keytar", /^lib\/credentials\/keychain\.ts$/],
    ["@oclif/core", /^cli\/(?:commands\/.*|flags\/.*|base-command\.ts|builds-command\.ts|main\.ts)$/],
    ["chalk", /^cli\/ui\//],
    ["string-width", /^cli\/ui\//],
    ["ws", /^lib\/kube\//],
    ["socks", /^lib\/http\/tunnel\.ts$/],
    ["spdx-license-ids", /^lib\/sbom\/licence-ids\.ts$/],
  ])("use the code of %s in one place", (name, place) => {
    const users = imports.filter(({ to, kind }) => kind !== "type" && (to === name || to.startsWith(`${name}/`)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.map(({ from }) => from).filter((from) => !place.test(from))).toEqual([]);
  });

  it("leave files, network and processes out of the rooms that make containers and objects", () => {
    const pure = imports.filter(({ from }) => from.startsWith("builders/") || from === "run/objects.ts");
    expect(pure.filter(({ to }) => isBuiltin(to))).toEqual([]);
    expect(pure.filter(({ to }) => to.startsWith("lib/kube/"))).toEqual([]);
  });

  it("form no circle of files", () => {
    const code = imports.filter(({ kind }) => kind !== "type");
    expect(circlesIn(code.map(({ from, to }) => [from, to]))).toEqual([]);
  });

  it("form no circle of folders", () => {
    const levels = new Map<string, [string, string][]>();
    for (const { from, to, kind } of imports) {
      if (kind === "type" || from === to || !files.includes(to)) continue;
      const [a, b] = [from.split("/"), to.split("/")];
      let depth = 0;
      while (a[depth] === b[depth]) depth += 1;
      const parent = a.slice(0, depth).join("/");
      const edge: [string, string] = [a.slice(0, depth + 1).join("/"), b.slice(0, depth + 1).join("/")];
      levels.set(parent, [...(levels.get(parent) ?? []), edge]);
    }
    expect([...levels.values()].flatMap(circlesIn)).toEqual([]);
  });

  it("form no circle of rooms, types included", () => {
    const known = imports.filter(({ to }) => files.includes(to));
    const edges = known.map(({ from, to }): [string, string] => [roomOf(from), roomOf(to)]);
    expect(circlesIn(edges.filter(([from, to]) => from !== to))).toEqual([]);
  });
});

describe("files", () => {
  it("are named for what they hold", () => {
    expect(files.filter((file) => /(?:^|\/)(?:utils?|helpers?|common|misc)(?:\/|\.ts$)/.test(file))).toEqual([]);
    expect(files.filter((file) => !/^(?:[a-z0-9-]+\/)*[a-z0-9-]+\.ts$/.test(file))).toEqual([]);
  });

  it("have at most 400 lines", async () => {
    const long: string[] = [];
    for (const file of files) {
      const lines = (await readFile(join(SRC, file), "utf8")).split("\n").length - 1;
      if (lines > 400) long.push(`${file}: ${lines} lines`);
    }
    expect(long).toEqual([]);
  });

  it("have default exports only where oclif needs them", async () => {
    const odd: string[] = [];
    for (const file of files) {
      const hasDefault = /^export default/m.test(await readFile(join(SRC, file), "utf8"));
      if (hasDefault !== file.startsWith("cli/commands/")) odd.push(file);
    }
    expect(odd).toEqual([]);
  });
});

/** A room of `src/`; each library is one. */
function roomOf(file: string): string {
  const [first = "", second = ""] = file.split("/");
  return first === "lib" ? `${first}/${second}` : first;
}

/** Each circle of the graph, as the path that closes it. */
function circlesIn(edges: readonly (readonly [from: string, to: string])[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) found.push([...path.slice(path.indexOf(node)), node].join(" → "));
    if (done.has(node) || path.includes(node)) return;
    for (const to of next.get(node) ?? []) visit(to, [...path, node]);
    done.add(node);
  };
  for (const node of next.keys()) visit(node, []);
  return found;
}
