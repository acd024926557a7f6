/**
 * Makes a local directory from the context of the command line. In docker's order the context is `-`, a directory, a repository or
 * another URL. Archives and repositories are unpacked first, so that the same ignore rules apply to all.
 */
import { mkdtemp, readFile, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { HEAD_LENGTH, archiveKind } from "../../lib/archive/kind.ts";
import { decodeDockerfile } from "../../lib/dockerfile/encoding.ts";
import type { DockerfileText } from "../../lib/dockerfile/encoding.ts";
import { parseGitSource } from "./git-url.ts";
import { publicUrl } from "../../lib/text/public-url.ts";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";

export interface OpenedSource {
  /** Absolute path of the context's directory. */
  readonly root: string;
  /** The Dockerfile, if it is not a file on the user's disk. */
  readonly dockerfile?: DockerfileText & { readonly path: string };
  /** The context is not the user's own directory: `-f` names a file inside it, and symlinks must not lead out of it. */
  readonly external: boolean;
}

export interface SourceRequest {
  readonly path: string;
  readonly file?: string;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/** BuildKit's limit for a Dockerfile from standard input or a URL. */
const MAX_DOCKERFILE_BYTES = 2 * 1024 * 1024;

/** @throws InvalidInput with docker's message */
export async function openSource(request: SourceRequest): Promise<OpenedSource> {
  const source = await openContextOf(request);
  if (source.dockerfile !== undefined || request.file === undefined) return source;
  if (request.file === "-") {
    return {
      ...source,
      dockerfile: {
        path: "the Dockerfile on standard input",
        ...(await readDockerfile(request.stdin(), "standard input")),
      },
    };
  }
  if (!isHttp(request.file)) return source;
  request.say(`fetching ${publicUrl(request.file)}`);
  const { download } = await import("./download.ts");
  const name = publicUrl(request.file);
  const found = await readDockerfile(download(request.file, request.signal), name);
  return { ...source, dockerfile: { path: name, ...found } };
}

async function openContextOf(request: SourceRequest): Promise<OpenedSource> {
  if (request.path === "-") {
    if (request.file === "-") {
      throw new InvalidInput("invalid argument: can't use stdin for both build context and dockerfile", {
        docker: "refuses",
      });
    }
    return fromStream(request, request.stdin(), "standard input");
  }
  const found = await stat(request.path).catch(() => undefined);
  // The directory of a remote bake definition is as foreign as a context that is fetched here.
  if (found?.isDirectory() === true) return { root: request.path, external: isScratch(request.path) };
  const repository = parseGitSource(request.path);
  if (repository !== undefined) {
    const root = await makeScratch();
    request.say(`cloning ${publicUrl(repository.remote)}`);
    const { clone } = await import("./clone.ts");
    await clone(repository, root, request.signal);
    return { root: await subdirectory(root, repository.subdir), external: true };
  }
  if (!isHttp(request.path)) return { root: request.path, external: false };
  const name = publicUrl(request.path);
  request.say(`fetching ${name}`);
  const { download } = await import("./download.ts");
  return fromStream(request, download(request.path, request.signal), name);
}

/** If the stream is an archive, it is the context. Anything else is a Dockerfile with an empty context. */
async function fromStream(
  request: SourceRequest,
  stream: AsyncIterable<Uint8Array>,
  name: string,
): Promise<OpenedSource> {
  const chunks = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_LENGTH) {
    const step = await chunks.next();
    if (step.done === true) break;
    head = Buffer.concat([head, step.value]);
  }
  const whole = continued(head, chunks);
  const root = await makeScratch();
  const kind = archiveKind(head);
  if (kind !== undefined) {
    const { unpack } = await import("./unpack.ts");
    await unpack(whole, kind, root, `the archive from ${name}`);
    return { root, external: true };
  }
  if (request.file !== undefined && request.file !== "-" && request.path === "-") {
    throw new InvalidInput("ambiguous Dockerfile source: both stdin and flag correspond to Dockerfiles", {
      docker: "refuses",
    });
  }
  const found = await readDockerfile(whole, name);
  if (found.text.trim() === "") {
    throw new InvalidInput(`${name} is empty: it is neither an archive nor a Dockerfile`, {
      docker: "refuses",
      suggestions: ["Send an archive or a Dockerfile, or give the directory to build from instead of -."],
    });
  }
  return { root, external: true, dockerfile: { path: `the Dockerfile from ${name}`, ...found } };
}

async function* continued(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let step = await rest.next(); step.done !== true; step = await rest.next()) yield step.value;
}

async function readDockerfile(stream: AsyncIterable<Uint8Array>, name: string): Promise<DockerfileText> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_DOCKERFILE_BYTES)
      throw new InvalidInput(`Dockerfile ${name} bigger than allowed max size (2MB)`, { docker: "refuses" });
  }
  return decodeDockerfile(Buffer.concat(chunks));
}

/** A directory of a repository. @throws InvalidInput if it does not exist or leads out of the repository */
export async function subdirectory(root: string, subdir: string | undefined): Promise<string> {
  if (subdir === undefined) return root;
  const directory = await insidePath(root, subdir);
  if (directory !== undefined && (await stat(directory)).isDirectory()) return directory;
  throw new InvalidInput(`the repository has no directory ${subdir}`, {
    docker: "refuses",
    suggestions: ["Name a directory of the repository after #REF: or in ?subdir=."],
  });
}

/** A path in an external context, with symlinks followed. Undefined if it does not exist or leads out of the context. */
export async function insidePath(root: string, path: string): Promise<string | undefined> {
  try {
    const [base, target] = await Promise.all([realpath(root), realpath(join(root, path))]);
    const inside = relative(base, target);
    return inside === ".." || inside.startsWith("../") || isAbsolute(inside) ? undefined : target;
  } catch {
    return undefined;
  }
}

/** A file of an external context. Undefined if it does not exist or leads out of the context. */
export async function readInside(root: string, path: string): Promise<Buffer | undefined> {
  const file = await insidePath(root, path);
  if (file === undefined || !(await stat(file)).isFile()) return undefined;
  return readFile(file);
}

function isHttp(text: string): boolean {
  return /^https?:\/\//.test(text);
}

const scratchDirectories = new Set<string>();

/** Makes an empty directory on the client's disk. It is removed when the process exits, unless a signal kills the process. */
export async function makeScratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-context-"));
  if (scratchDirectories.size === 0) process.once("exit", removeAll);
  scratchDirectories.add(directory);
  return directory;
}

/** Whether the path is in a directory that `makeScratch` made. */
function isScratch(path: string): boolean {
  return [...scratchDirectories].some((directory) => path === directory || path.startsWith(`${directory}/`));
}

function removeAll(): void {
  for (const directory of scratchDirectories) rmSync(directory, { recursive: true, force: true, maxRetries: 2 });
}
