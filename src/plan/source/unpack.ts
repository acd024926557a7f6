/** Unpacks a context's archive onto the disk, where the ignore rules are applied to it as to any other. */
import { spawn } from "node:child_process";
import { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { extract } from "tar";
import { cutAtFrames } from "../../lib/archive/zstd-frames.ts";
import { InvalidInput } from "../../errors.ts";
import type { ArchiveKind } from "../../lib/archive/kind.ts";

/**
 * Nothing is written outside of the directory, whatever the archive's names and links say; devices are left out.
 * @param name what to call the archive in errors
 * @throws InvalidInput for one that is cut or is none
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
    // Of several frames, as pzstd writes them and `cat` puts them together, Node's decompressor would give no more than the first.
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

/** Node has neither; docker too asks the program xz. */
function throughProgram(program: "bzip2" | "xz", name: string): Duplex {
  const child = spawn(program, ["-dc"], { stdio: ["pipe", "pipe", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  async function* through(input: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on("error", (error: NodeJS.ErrnoException) =>
        reject(
          error.code === "ENOENT"
            ? new InvalidInput(`${name} is compressed with ${program}, and there is no program ${program} here`, {
                suggestions: [`Install ${program}, or compress it with gzip.`],
              })
            : error,
        ),
      );
      child.on("close", resolve);
    });
    ended.catch(() => {});
    const fed = pipeline(input, child.stdin);
    // Its end tells more than that it took no more.
    fed.catch(() => {});
    yield* child.stdout as AsyncIterable<Uint8Array>;
    if ((await ended) !== 0)
      throw new InvalidInput(`${name} cannot be unpacked: ${complaint.trim() || `${program} failed`}`, {
        docker: "refuses",
      });
  }
  return Duplex.from(through);
}
