/** Lists the entries of an archive as lines that can be compared: type, mode, content or target, and path. */
import { createHash } from "node:crypto";
import { TarReader } from "../../src/lib/archive/tar-reader.ts";

/** Lists the entries below a directory of the archive. Names are byte strings. @param directory path with a slash at its end */
export function listArchive(tar: Buffer, directory: string): string[] {
  const lines = new Map<string, string>();
  const reader = new TarReader(({ path, type, mode, target, size }) => {
    const name = path.replace(/\/$/, "").slice(directory.length);
    if (!path.startsWith(directory) || name === "" || name === "Dockerfile") return undefined;
    const hash = createHash("sha256");
    const end = (): void => {
      const content =
        type === "file" ? `${size} ${hash.digest("hex")}` : target.replace(type === "link" ? directory : "", "");
      lines.set(name, `${type} ${mode.toString(8)} ${content} ${JSON.stringify(name)}`);
    };
    if (type === "file") return { write: (chunk) => void hash.update(chunk), end };
    end();
    return undefined;
  });
  reader.write(tar);
  reader.end();
  return [...lines.keys()].sort().map((name) => lines.get(name) ?? "");
}
