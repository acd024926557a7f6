/** Files are made, and programs are started, by lib/files only. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SRC, sourceFiles } from "../../imports.ts";

/** Names of `node:fs` that make, change or remove nothing. */
const READS =
  /^(?:access|accessSync|closeSync|constants|fstatSync|lstat|lstatSync|readFile|readFileSync|readSync|readdir|readdirSync|readlink|readlinkSync|realpath|realpathSync|stat|statSync|existsSync|createReadStream|type \w+|Stats|BigIntStats)$/;

/** Exceptions: other functions that a file may use, and why they follow no link and change no other user's file. */
const ALSO: Readonly<Record<string, { readonly names: readonly string[]; readonly why: string }>> = {
  "cli/plugin/links.ts": {
    names: ["mkdir", "symlink", "rm"],
    why: "symlink fails where something is, rm follows no link",
  },
  "cli/start/code-cache.ts": { names: ["openSync", "rmSync"], why: "opens to read; removes in a trusted directory" },
  "pack/file-source.ts": { names: ["openSync"], why: "opens to read" },
  "app/build/load/engine-archive.ts": {
    names: ["open"],
    why: "reads the archive that was received in a scratch directory",
  },
  "app/builds/left-tags.ts": { names: ["rmSync"], why: "removes files of a trusted directory" },
  "app/builds/started-here.ts": { names: ["rmSync"], why: "removes files of a trusted directory" },
  "lib/buildkit/socket-pair.ts": {
    names: ["mkdtempSync", "rmSync"],
    why: "removes the directory that mkdtempSync made",
  },
  "run/keep/keep-key.ts": {
    names: ["link", "open", "rm", "writeFile"],
    why: "in a trusted directory; a random name, made with O_EXCL; a link replaces no key; reads without following links",
  },
  "plan/source/clone.ts": { names: ["rm"], why: "removes in a directory that makeScratchDirectory made" },
};

interface Use {
  readonly file: string;
  readonly module: string;
  readonly names: readonly string[];
}

async function usesOf(modules: RegExp): Promise<Use[]> {
  const uses: Use[] = [];
  for (const file of await sourceFiles()) {
    const text = await readFile(join(SRC, file), "utf8");
    for (const [, isType, list = "", module = ""] of text.matchAll(
      /^import\s+(type\s)?([^;"]*?)\s*from\s+"([^"]+)"/gm,
    )) {
      if (!modules.test(module) || isType !== undefined) continue;
      const inner = /^\{([^]*)\}$/.exec(list)?.[1];
      const names = inner === undefined ? [list] : inner.split(",").map((name) => name.trim());
      uses.push({ file, module, names: names.filter((name) => name !== "" && !name.startsWith("type ")) });
    }
    for (const [, module = ""] of text.matchAll(/\b(?:import|require|getBuiltinModule)\(\s*"([^"]+)"/g)) {
      if (modules.test(module)) uses.push({ file, module, names: ["*"] });
    }
  }
  return uses.filter(({ names }) => names.length > 0);
}

it("only the files in the list open, write, move or remove files", async () => {
  const uses = await usesOf(/^(?:node:)?fs(?:\/promises)?$/);
  expect(uses.length).toBeGreaterThan(10);
  const writers = uses.flatMap(({ file, names }) =>
    names
      .filter((name) => !READS.test(name) && !file.startsWith("lib/files/"))
      .filter((name) => ALSO[file]?.names.includes(name) !== true)
      .map((name) => `${file}: ${name}`),
  );
  expect(writers).toEqual([]);
});

/** Names of `node:fs` that read the content of a file, and so wait for a FIFO or read a device without end. */
const READERS = /^(?:readFile|readFileSync|createReadStream|open|openSync)$/;

/** Files that read without lib/files/regular-file.ts, and why no stranger can have put a FIFO there. */
const READ_ELSEWHERE: Readonly<Record<string, string>> = {
  "app/build/load/engine-archive.ts": "the archive in a scratch directory",
  "cli/commands/plugin.ts": "the metadata in a scratch directory",
  "cli/plugin/links.ts": "the program's own package.json",
  "cli/start/code-cache.ts": "opens without waiting, in a trusted directory",
  "cli/start/snapshot.ts": "the program, while an executable is made",
  "lib/credentials/docker-config-file.ts": "the user's own configuration",
  "lib/engine/find-engine.ts": "the user's own configuration",
  "lib/http/trusted-certificates.ts": "files of the system, or of the user's own variables",
  "lib/kube/authenticator.ts": "the user's own kubeconfig",
  "lib/kube/choose-target.ts": "the pod's own account",
  "lib/kube/kubeconfig.ts": "the user's own kubeconfig",
  "lib/vault/vault-client.ts": "the user's own variables",
  "lib/vault/vault-login.ts": "the user's own home directory and variables",
  "pack/file-source.ts": "opens without waiting",
  "pack/hash-store.ts": "a trusted directory",
  "pack/layout-blobs.ts": "only what was a regular file when its size was asked for",
  "run/keep/keep-key.ts": "a trusted directory, without following links",
  "run/keep/last-build.ts": "a trusted directory",
  "run/keep/pod-hint.ts": "a trusted directory",
};

it("only the files in the list read without looking at the kind of the file", async () => {
  const uses = await usesOf(/^(?:node:)?fs(?:\/promises)?$/);
  const readers = uses
    .filter(({ file, names }) => !file.startsWith("lib/files/") && names.some((name) => READERS.test(name)))
    .map(({ file }) => file);
  expect([...new Set(readers)].sort()).toEqual(Object.keys(READ_ELSEWHERE));
});

it("every exception is used", async () => {
  const uses = await usesOf(/^(?:node:)?fs(?:\/promises)?$/);
  const used = new Set(uses.flatMap(({ file, names }) => names.map((name) => `${file}: ${name}`)));
  const listed = Object.entries(ALSO).flatMap(([file, { names }]) => names.map((name) => `${file}: ${name}`));
  expect(listed.filter((one) => !used.has(one))).toEqual([]);
});

it("only the files in the list start programs", async () => {
  const uses = await usesOf(/^(?:node:)?(?:child_process|cluster|worker_threads)$/);
  expect(uses.map(({ file }) => file)).toEqual(["lib/files/find-program.ts"]);
});

it("git is started by one file, which keeps hooks and watchers of repositories from running", async () => {
  const starters: string[] = [];
  for (const file of await sourceFiles()) {
    if (/startProgram\(\s*"git"/.test(await readFile(join(SRC, file), "utf8"))) starters.push(file);
  }
  expect(starters).toEqual(["plan/source/git.ts"]);
});
