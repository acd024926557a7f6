/** Unpacks the archive of a context to the disk, where the ignore rules apply to it as to any other context. */
import type { ChildProcessByStdio } from "node:child_process";
import { Duplex, Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract } from "tar";
import { cutAtFrames } from "../../lib/archive/zstd-frames.ts";
import { ProgramNotFound, startProgram } from "../../lib/files/find-program.ts";
import { InvalidInput } from "../../errors.ts";
import type { ArchiveKind } from "../../lib/archive/kind.ts";

/**
 * Writes nothing outside of the directory, for any names and links in the archive. Skips devices.
 * @param name name of the archive in messages
 * @throws InvalidInput for an incomplete or invalid archive
 */
export async function unpack(
  archive: AsyncIterable<Uint8Array>,
  kind: ArchiveKind,
  directory: string,
  name: string,
): Promise<void> {
  const faults: string[] = [];
  const writer = extract({
    cwd: directory,
    preserveOwner: false,
    processUmask: 0,
    onwarn: (code, message) => {
      if (code !== "TAR_ENTRY_INFO" && code !== "TAR_ENTRY_UNSUPPORTED") faults.push(message);
    },
  });
  try {
    // Node's decompressor reads only the first of several frames, which pzstd and `cat` produce.
    const source =
      kind === "zstd" ? Readable.from(cutAtFrames(archive)) : Readable.from(archive, { objectMode: false });
    const decompress = decompressor(kind, name);
    if (decompress === undefined) await pipeline(source, writer);
    else await pipeline(source, decompress, writer);
  } catch (error) {
    if (error instanceof InvalidInput) throw error;
    throw new InvalidInput(`${name} cannot be unpacked: ${(error as Error).message}`, {
      docker: "refuses",
      cause: error,
    });
  }
  if (faults.length > 0) throw new InvalidInput(`${name} cannot be unpacked: ${faults[0]}`, { docker: "refuses" });
}

function decompressor(kind: ArchiveKind, name: string): Duplex | undefined {
  switch (kind) {
    case "gzip":
      return createGunzip();
    case "zstd":
      return createZstdDecompress();
    case "bzip2":
    case "xz":
      return throughProgram(kind, name);
    case "tar":
  }
  return undefined;
}

/** Node supports neither format. Docker runs the program xz too. @throws InvalidInput if the program is not on the PATH */
function throughProgram(program: "bzip2" | "xz", name: string): Duplex {
  const child = startDecompressor(program, name);
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  async function* through(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", resolve);
    });
    ended.catch(() => {});
    const fed = pipeline(input, child.stdin);
    // The exit code tells more than a failed write.
    fed.catch(() => {});
    yield* child.stdout as AsyncIterable<Uint8Array>;
    if ((await ended) !== 0)
      throw new InvalidInput(`${name} cannot be unpacked: ${complaint.trim() || `${program} failed`}`, {
        docker: "refuses",
      });
  }
  return Duplex.from(through);
}

function startDecompressor(program: string, name: string): ChildProcessByStdio<Writable, Readable, Readable> {
  try {
    return startProgram(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    if (!(error instanceof ProgramNotFound)) throw error;
    throw new InvalidInput(`${name} is compressed with ${program}, and ${program} is not installed here`, {
      suggestions: [`Install ${program}, or compress the archive with gzip.`],
    });
  }
}
