/**
 * Runs on Windows' Node: uses slipway's own modules as the program does, and writes what they answered to a file, as JSON.
 *
 *   node inside.ts OUTPUT WORK
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { socketPair } from "../../../src/lib/buildkit/socket-pair.ts";
import { dialEngine } from "../../../src/lib/engine/dial.ts";
import { findEngine } from "../../../src/lib/engine/find-engine.ts";
import {
  configDirectory,
  trustedCacheDirectory,
  trustedStateDirectory,
} from "../../../src/lib/files/cache-directory.ts";
import type { FileStat, FileTree } from "../../../src/lib/files/file-tree.ts";
import { findProgram, startProgram } from "../../../src/lib/files/find-program.ts";
import { replaceFile } from "../../../src/lib/files/replace-file.ts";
import { ScratchFile } from "../../../src/lib/files/scratch.ts";
import { writeTree } from "../../../src/lib/files/write-tree.ts";
import { defaultFile } from "../../../src/lib/kube/kubeconfig.ts";
import { openKeepKey } from "../../../src/run/keep/keep-key.ts";

const [, , output = "", work = ""] = process.argv;
const answers: Record<string, unknown> = {};

async function answer(name: string, question: () => unknown): Promise<void> {
  try {
    answers[name] = (await question()) ?? "nothing";
  } catch (error) {
    answers[name] = `${(error as Error).constructor.name}: ${(error as Error).message}`;
  }
  writeFileSync(output, JSON.stringify(answers));
}

const no = (): boolean => false;

/** Files with their own names as content. */
function treeOf(...names: readonly string[]): FileTree {
  const stat = (path: string): FileStat => ({
    isDirectory: () => path === "",
    isFile: () => path !== "",
    isSymbolicLink: no,
    isFIFO: no,
    isSocket: no,
    mode: 0o644,
    size: path.length,
    mtimeMs: 0,
    ctimeMs: 0,
    nlink: 1,
    dev: 1,
    ino: 1,
  });
  return {
    names: (directory) => (directory === "" ? [...names] : []),
    stat,
    target: () => "",
    open: (path) => ({
      stat: () => stat(path),
      read: (space) => Buffer.from(path, "latin1").copy(space),
      [Symbol.dispose]: () => {},
    }),
    identity: () => undefined,
  };
}

async function written(...names: readonly string[]): Promise<string[]> {
  const root = mkdtempSync(join(work, "tree-"));
  const error = await writeTree(treeOf(...names), root).catch((reason: Error) => reason);
  return [...readdirSync(root), ...(error === undefined ? [] : [error.message])];
}

async function main(): Promise<void> {
  await answer("modes of other systems are not there", () => process.getuid === undefined);
  await answer("an image's file outside of the directory", () => written("..\\outside"));
  await answer("two names that are one", () => written("README", "readme"));
  await answer("an accent", async () => written(Buffer.from("é").toString("latin1")));
  await answer("a program on the PATH", () => findProgram("cmd"));
  await answer("a program only in the working directory", () => {
    const here = mkdtempSync(join(work, "cwd-"));
    for (const name of ["git.exe", "git.cmd"]) writeFileSync(join(here, name), "");
    process.chdir(here);
    return findProgram("git");
  });
  await answer("a batch file", async () => {
    const bin = join(work, "bin with space");
    mkdirSync(bin);
    writeFileSync(join(bin, "docker-credential-x.cmd"), "@echo off\r\necho got %1 %2\r\nexit /b 3\r\n");
    const env = { ...process.env, PATH: bin };
    const child = startProgram("docker-credential-x", ["get", "a & b"], { env, stdio: ["ignore", "pipe", "pipe"] });
    const text = child.stdout.toArray();
    const [code] = (await once(child, "close")) as [number];
    return [
      Buffer.concat((await text) as Buffer[])
        .toString()
        .trim(),
      code,
    ];
  });
  await answer("two sockets that are connected", async () => {
    const [near, far] = await socketPair();
    near.end("through a pipe");
    return Buffer.concat((await far.toArray()) as Buffer[]).toString();
  });
  await answer("an engine behind a named pipe", async () => {
    const pipe = `//./pipe/slipway-test-${process.pid}`;
    const server = createServer((request, response) => response.end(`engine at ${request.url}`)).listen(pipe);
    await once(server, "listening");
    const found = await findEngine({ DOCKER_HOST: `npipe://${pipe}` });
    if (found === undefined) return undefined;
    const stream = dialEngine(found.address);
    stream.write("GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
    const text = Buffer.concat((await stream.toArray()) as Buffer[]).toString();
    server.close();
    return /engine at \/_ping/.exec(text)?.[0];
  });
  await answer("the default engine", async () => (await findEngine({}))?.text);
  await answer("a temporary file", () => {
    using file = new ScratchFile("slipway-test-");
    file.write(Buffer.from("kept"), 0);
    const space = Buffer.alloc(4);
    file.read(space, 0);
    return space.toString();
  });
  await answer("a file that is replaced", () => {
    const path = join(work, "replaced");
    for (const text of ["one", "two"]) replaceFile(path, text, { mode: 0o600 });
    return readFileSync(path, "utf8");
  });
  await answer("a path longer than 260", () => {
    const deep = join(work, ...Array.from({ length: 6 }, () => "d".repeat(60)));
    mkdirSync(deep, { recursive: true });
    replaceFile(join(deep, "file"), "deep", { mode: 0o600 });
    return readFileSync(join(deep, "file"), "utf8");
  });
  await answer("the configuration", () => configDirectory(process.env));
  await answer("the cache", () => trustedCacheDirectory(process.env));
  await answer("the state", () => trustedStateDirectory());
  await answer("the kubeconfig", () => defaultFile(process.env));
  await answer("the key of kept builders, twice", async () => {
    const keys = [await openKeepKey(process.env), await openKeepKey(process.env)];
    return new Set(keys.map((key) => key.fingerprint)).size;
  });
  process.exit(0);
}

void main();
