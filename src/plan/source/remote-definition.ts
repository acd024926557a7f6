/** The bake definition of a repository or a URL. Source: buildx v0.38.2, bake/remote.go. */
import { InvalidInput } from "../../errors.ts";
import { HEAD_LENGTH, archiveKind } from "../../lib/archive/kind.ts";
import { makeScratchDirectory } from "../../lib/files/scratch.ts";
import { writeTree } from "../../lib/files/write-tree.ts";
import { publicUrl } from "../../lib/text/public-url.ts";
import { parseGitSource } from "./git-url.ts";
import { readInside, subdirectory } from "./open-source.ts";
import { limitsOf, withinTime } from "./source-limits.ts";

/** buildx's limit for a definition. */
const MAX_DEFINITION_BYTES = 2 * 1024 * 1024;

export interface RemoteDefinition {
  readonly files: readonly { readonly name: string; readonly text: string }[];
  /** Directory of the repository or the archive, on this disk. Absent if the URL is the definition itself. */
  readonly root?: string;
}

interface Outside {
  readonly say: (message: string) => void;
  readonly signal: AbortSignal;
}

/**
 * @param names of the files to read, as paths in the repository or archive; empty: those of `defaults` that exist
 * @throws InvalidInput if it cannot be fetched, or has no such file
 */
export async function readRemoteDefinition(
  url: string,
  names: readonly string[],
  defaults: readonly string[],
  { say, signal }: Outside,
): Promise<RemoteDefinition> {
  const repository = parseGitSource(url);
  if (repository !== undefined) {
    const directory = makeScratchDirectory("slipway-context-");
    const name = publicUrl(repository.remote);
    say(`cloning ${name}`);
    const { clone } = await import("./clone.ts");
    const limits = limitsOf();
    const access = { submodules: [], none: false };
    await withinTime(name, limits, signal, (inTime) =>
      clone(repository, directory, { access, limits, signal: inTime }),
    );
    const root = await subdirectory(directory, repository.subdir);
    return { root, files: await readFiles(url, root, names, defaults) };
  }
  say(`fetching ${publicUrl(url)}`);
  const { download } = await import("./download.ts");
  const chunks = download(url, signal)[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < HEAD_LENGTH) {
    const step = await chunks.next();
    if (step.done === true) break;
    head = Buffer.concat([head, step.value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let step = await chunks.next(); step.done !== true; step = await chunks.next()) yield step.value;
  }
  const kind = archiveKind(head);
  if (kind === undefined) return { files: [{ name: publicUrl(url), text: await readLimited(url, whole()) }] };
  const { readArchive } = await import("./unpack.ts");
  const name = `the archive from ${publicUrl(url)}`;
  const { tree } = await readArchive(whole(), kind, { name, limits: limitsOf(), signal });
  const root = makeScratchDirectory("slipway-context-");
  await writeTree(tree, root);
  return { root, files: await readFiles(url, root, names, defaults) };
}

async function readFiles(
  url: string,
  root: string,
  names: readonly string[],
  defaults: readonly string[],
): Promise<RemoteDefinition["files"]> {
  const read = (names.length === 0 ? defaults : names).map(async (name) => {
    const data = await readInside({ root }, name);
    if (data !== undefined) return [{ name, text: data.toString() }];
    if (names.length === 0) return [];
    throw new InvalidInput(`${publicUrl(url)} has no file ${name}`, { docker: "refuses" });
  });
  return (await Promise.all(read)).flat();
}

async function readLimited(url: string, stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MAX_DEFINITION_BYTES) {
      throw new InvalidInput(`the bake definition ${publicUrl(url)} is larger than 2 MB`, { docker: "refuses" });
    }
  }
  return Buffer.concat(chunks).toString();
}
