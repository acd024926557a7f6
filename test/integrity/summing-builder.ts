/**
 * A builder that builds nothing. It takes kaniko's arguments, and reports the hash of all files in its context as the image's
 * digest. So a run of the whole program shows what arrived.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { opendir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

const EXECUTOR = `#!/bin/sh
set -e
export LC_ALL=C
for argument; do
  case $argument in
    --context=dir://*) cd "\${argument#--context=dir://}" ;;
    --context=tar://*) mkdir -p /tmp/unpacked && tar -xzpf "\${argument#--context=tar://}" -C /tmp/unpacked && cd /tmp/unpacked/context ;;
  esac
done
echo "$(find . -type f | wc -l) files"
sum=$(find . -type f -print0 | xargs -0 -r sha256sum | sort | sha256sum | cut -c 1-64)
echo "sha256:$sum" > /dev/termination-log
`;

/** Writes a context from which any real builder makes the image. @param base an image with busybox's tools */
export async function writeBuilder(directory: string, base: string): Promise<void> {
  await writeFile(join(directory, "executor"), EXECUTOR, { mode: 0o755 });
  const dockerfile = `FROM ${base}\nCOPY executor /executor\nENTRYPOINT ["/executor"]\n`;
  await writeFile(join(directory, "Dockerfile"), dockerfile);
}

/** Returns the digest that the builder reports if all of a directory arrives: the hash of its files' hashes and names. */
export async function sumOf(root: string): Promise<string> {
  const lines: string[] = [];
  for await (const file of filesOf(root, ".")) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(root, file)), hash);
    lines.push(`${hash.digest("hex")}  ./${file}`);
  }
  const sorted = lines.map((line) => Buffer.from(line)).sort((a, b) => Buffer.compare(a, b));
  return `sha256:${createHash("sha256")
    .update(Buffer.concat(sorted.flatMap((line) => [line, Buffer.from("\n")])))
    .digest("hex")}`;
}

async function* filesOf(root: string, directory: string): AsyncGenerator<string> {
  for await (const entry of await opendir(join(root, directory))) {
    const path = directory === "." ? entry.name : `${directory}/${entry.name}`;
    if (entry.isDirectory()) yield* filesOf(root, path);
    else if (entry.isFile()) yield path;
  }
}
