/** A small context with something of everything that can go wrong on its way. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** @param noise Bytes that do not shrink. */
export async function makeTree(root: string, noise: number): Promise<void> {
  await mkdir(join(root, "empty directory"), { recursive: true });
  await mkdir(join(root, "deep", ...Array.from({ length: 20 }, (_, depth) => `level-${depth}`)), { recursive: true });
  await mkdir(join(root, "many"));
  await writeFile(join(root, "noise.bin"), randomBytes(noise));
  await writeFile(join(root, "zeros.bin"), Buffer.alloc(300_000));
  await writeFile(join(root, "empty"), "");
  await writeFile(join(root, "grüße ☂.txt"), "not ASCII\n");
  await writeFile(join(root, "n".repeat(200)), "a long name\n");
  await writeFile(join(root, "run.sh"), "#!/bin/sh\n");
  await chmod(join(root, "run.sh"), 0o755);
  await writeFile(join(root, "secret"), "only for its owner\n", { mode: 0o600 });
  for (let index = 0; index < 150; index++) await writeFile(join(root, "many", `${index}.txt`), `${index}\n`);
  await symlink("run.sh", join(root, "link"));
  await symlink("/nowhere/at all", join(root, "dangling"));
  await mkdir(join(root, "closed"));
  await writeFile(join(root, "closed", "inside"), "in a directory nobody may write to\n");
  await chmod(join(root, "closed"), 0o555);
}
