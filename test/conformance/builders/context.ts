/** The directory a build is made from: one case's files and Dockerfile, or those of several that share one. */
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { isShared } from "./case.ts";
import type { ContextFile, FeatureCase, SharedCase } from "./case.ts";

/** The values of the names between @ signs. */
export type Names = Readonly<Record<string, string>>;

export interface Context extends AsyncDisposable {
  readonly root: string;
  readonly dockerfile: string;
  readonly flags: readonly string[];
}

/** Replaces each `@name@` in all texts of a case. */
export function fill(text: string, one: Pick<FeatureCase, "id">, names: Names): string {
  return text.replaceAll(/@([a-z][a-z-]*)@/g, (whole, name: string) =>
    name === "id" ? one.id : (names[name] ?? whole),
  );
}

/** @param cases one of any kind, or several that share */
export async function makeContext(cases: readonly FeatureCase[], names: Names): Promise<Context> {
  const root = await mkdtemp(join(tmpdir(), "slipway-conformance-"));
  const inRoot = { ...names, root };
  for (const one of cases) {
    for (const [path, file] of Object.entries(one.files ?? {})) await write(join(root, one.id, path), file);
    for (const [path, file] of Object.entries(one.files ?? {})) await finish(join(root, one.id, path), file);
  }
  const ignore = cases.flatMap((one) => (one.ignore === undefined ? [] : [fill(one.ignore, one, inRoot)]));
  if (ignore.length > 0) await writeFile(join(root, ".dockerignore"), `${ignore.join("\n")}\n`);
  const dockerfile = dockerfileOf(cases, inRoot);
  await writeFile(join(root, "Dockerfile"), dockerfile);
  return {
    root,
    dockerfile,
    flags: cases.flatMap((one) => (isShared(one) ? [] : (one.flags ?? []).map((flag) => fill(flag, one, inRoot)))),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

export function dockerfileOf(cases: readonly FeatureCase[], names: Names): string {
  const [first] = cases;
  if (first !== undefined && !isShared(first)) return `${fill(first.dockerfile, first, names)}\n`;
  const shared = cases.filter((one): one is SharedCase => isShared(one));
  const stages = shared.flatMap((one) => (one.stages === undefined ? [] : [fill(one.stages, one, names)]));
  const lines = shared.map((one) => fill(one.lines, one, names));
  return `${[...stages, `FROM ${names["base"]}`, ...lines].join("\n")}\n`;
}

async function write(path: string, file: ContextFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (typeof file === "string" || Buffer.isBuffer(file)) await writeFile(path, file);
  else if ("symlink" in file) await symlink(file.symlink, path);
  else if ("directory" in file) await mkdir(path, { recursive: true });
  else await writeFile(path, file.content);
}

async function finish(path: string, file: ContextFile): Promise<void> {
  if (typeof file === "string" || Buffer.isBuffer(file) || "symlink" in file) return;
  if (file.mode !== undefined) await chmod(path, file.mode);
  if ("mtime" in file && file.mtime !== undefined) await utimes(path, file.mtime, file.mtime);
}
