/**
 * Opens the context of the command line. In docker's order the context is `-`, a directory, a repository or another URL. A repository
 * becomes a directory, and an archive a tree of files, so that the same ignore rules apply to all.
 */
import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { normalize } from "node:path/posix";
import { InvalidInput } from "../../errors.ts";
import { HEAD_LENGTH, archiveKind } from "../../lib/archive/kind.ts";
import { decodeDockerfile } from "../../lib/dockerfile/encoding.ts";
import type { DockerfileText } from "../../lib/dockerfile/encoding.ts";
import { withoutFile } from "../dockerfile-name.ts";
import { parseGitSource } from "./git-url.ts";
import { makeScratchDirectory, scratchDirectoryOf } from "../../lib/files/scratch.ts";
import { readInTree } from "../../lib/files/file-tree.ts";
import type { FileTree } from "../../lib/files/file-tree.ts";
import { toBytes } from "../../lib/files/path-bytes.ts";
import { LIMITS } from "../../lib/limits/limits.ts";
import { publicUrl } from "../../lib/text/public-url.ts";
import { limitsOf, withinTime } from "./source-limits.ts";
import type { SourceLimits } from "./source-limits.ts";
import { pathBelow } from "../../lib/files/path-below.ts";
import { readRegularFile } from "../../lib/files/regular-file.ts";

export interface OpenedSource {
  /** Absolute path of the context's directory; the name of the archive if there is a `tree`. */
  readonly root: string;
  /** The files of an archive. */
  readonly tree?: FileTree;
  /** SHA-256 of the unpacked archive, in hexadecimal, if there is a `tree`. */
  readonly digest?: string;
  /** The URL, without passwords, that the context came from. */
  readonly url?: string;
  /** The Dockerfile, if it is not a file on the user's disk. */
  readonly dockerfile?: DockerfileText & { readonly path: string };
  /** The context is not the user's own directory: `-f` names a file inside it, and symlinks must not lead out of it. */
  readonly external: boolean;
}

export interface SourceRequest {
  readonly path: string;
  readonly file?: string;
  /** Values of --submodule-credentials. */
  readonly submoduleCredentials?: readonly string[];
  /** None of the user's credentials are used. */
  readonly noCredentials?: boolean;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/** BuildKit's limit for a Dockerfile from standard input or a URL. */
const MAX_DOCKERFILE_BYTES = 2 * 1024 * 1024;

/** Of an archive without bytes. */
const EMPTY_DIGEST = createHash("sha256").digest("hex");

/** @throws InvalidInput with docker's message */
export async function openSource(request: SourceRequest): Promise<OpenedSource> {
  const source = await openContextOf(request);
  if (source.dockerfile !== undefined || request.file === undefined) return source;
  if (request.file === "-") {
    return {
      ...source,
      dockerfile: {
        path: withoutFile("standard input"),
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
  const limits = limitsOf();
  if (request.path === "-") {
    if (request.file === "-") {
      throw new InvalidInput("invalid argument: can't use stdin for both build context and dockerfile", {
        docker: "refuses",
      });
    }
    return fromStream(request, request.stdin(), "standard input", limits);
  }
  const found = await stat(request.path).catch(() => undefined);
  // The directory of a remote bake definition is as foreign as a context that is fetched here.
  if (found?.isDirectory() === true) return { root: request.path, external: await isForeign(request.path) };
  const repository = parseGitSource(request.path);
  if (repository !== undefined) {
    const root = makeScratchDirectory("slipway-context-");
    const name = publicUrl(repository.remote);
    request.say(`cloning ${name}`);
    const { clone } = await import("./clone.ts");
    const access = { submodules: request.submoduleCredentials ?? [], none: request.noCredentials === true };
    await withinTime(name, limits, request.signal, (signal) => clone(repository, root, { access, limits, signal }));
    const url = repository.subdir === undefined ? name : `${name}#:${repository.subdir}`;
    return { root: await subdirectory(root, repository.subdir), external: true, url };
  }
  if (!isHttp(request.path)) return { root: request.path, external: false };
  const name = publicUrl(request.path);
  request.say(`fetching ${name}`);
  const { download } = await import("./download.ts");
  return { ...(await fromStream(request, download(request.path, request.signal), name, limits)), url: name };
}

/** @throws InvalidInput for a directory of a remote bake definition that is a link out of it */
async function isForeign(path: string): Promise<boolean> {
  const directory = scratchDirectoryOf(path);
  if (directory === undefined) return false;
  if ((await insidePath(directory, relative(directory, path))) !== undefined) return true;
  throw new InvalidInput(`the context ${path} leads out of the bake definition that it comes with`, {
    docker: "refuses",
  });
}

/** If the stream is an archive, it is the context. Anything else is a Dockerfile with an empty context. */
async function fromStream(
  request: SourceRequest,
  stream: AsyncIterable<Uint8Array>,
  name: string,
  limits: SourceLimits,
): Promise<OpenedSource> {
  const { signal } = request;
  const chunks = stream[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_LENGTH) {
    const step = await chunks.next();
    if (step.done === true) break;
    head = Buffer.concat([head, step.value]);
  }
  const whole = continued(head, chunks);
  const kind = archiveKind(head);
  if (kind !== undefined) {
    const root = `the archive from ${name}`;
    const { readArchive } = await import("./unpack.ts");
    const read = await readArchive(whole, kind, { name: root, limits, signal });
    return { root, ...read, external: true };
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
  const { EMPTY_TREE } = await import("../../lib/archive/archive-tree.ts");
  const dockerfile = { path: withoutFile(name), ...found };
  return { root: "the empty context", tree: EMPTY_TREE, digest: EMPTY_DIGEST, external: true, dockerfile };
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
    return pathBelow(base, target) === undefined ? undefined : target;
  } catch {
    return undefined;
  }
}

/** BuildKit's limit for a message, and so for a Dockerfile and an ignore file in a context. */
const MAX_READ_BYTES = LIMITS.SOURCE_FILE_BYTES.value;

/**
 * A file of an external context. Undefined if it does not exist or leads out of the context.
 * @throws InvalidInput for one that is too large
 */
export async function readInside(
  { root, tree }: Pick<OpenedSource, "root" | "tree">,
  path: string,
): Promise<Buffer | undefined> {
  const tooLarge = (): InvalidInput =>
    new InvalidInput(`${path} is larger than ${MAX_READ_BYTES / 1024 ** 2} MiB`, { docker: "refuses" });
  if (tree !== undefined) {
    const content = readInTree(tree, toBytes(normalize(path)), MAX_READ_BYTES);
    if (content === "too-large") throw tooLarge();
    return content;
  }
  const file = await insidePath(root, path);
  const found = file === undefined ? undefined : await stat(file);
  if (file === undefined || found?.isFile() !== true) return undefined;
  if (found.size > MAX_READ_BYTES) throw tooLarge();
  return readRegularFile(file, MAX_READ_BYTES);
}

function isHttp(text: string): boolean {
  return /^https?:\/\//.test(text);
}
