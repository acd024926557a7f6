/** A directory with a Dockerfile and files, as a user's project; gone when the test is over. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Contents by path; `mode` where it matters. */
export type Files = Readonly<
  Record<string, string | Buffer | { readonly content: string | Buffer; readonly mode: number }>
>;

export async function project(files: Files): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "slipway-e2e-"));
  // A program that is just ending may still write its cache into it.
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 10 }));
  for (const [path, file] of Object.entries(files)) {
    const full = join(root, path);
    await mkdir(dirname(full), { recursive: true });
    const plain = typeof file === "string" || Buffer.isBuffer(file);
    await writeFile(full, plain ? file : file.content);
    if (!plain) await chmod(full, file.mode);
  }
  return root;
}
