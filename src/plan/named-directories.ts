/** The local directories of `--build-context`. Each has its own ignore file, which is only the `.dockerignore` at its root. */
import { stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { buildContextsOf } from "./docker/build-contexts.ts";
import { InvalidInput } from "../errors.ts";
import type { NamedDirectory } from "./plan.ts";
import { publicUrl } from "../lib/text/public-url.ts";
import { readIfThere, whyNot } from "../lib/files/read-file.ts";
import { workingDirectory } from "../lib/files/working-directory.ts";

/** @param values as typed @throws InvalidInput for a value that is not a context, and for a path that is not a directory here */
export async function readDirectories(values: readonly string[]): Promise<NamedDirectory[]> {
  const read = buildContextsOf(values).map(async ({ name, source }, number) =>
    source.kind === "directory" ? [await readDirectory(name, source.path, number)] : [],
  );
  return (await Promise.all(read)).flat();
}

async function readDirectory(name: string, path: string, number: number): Promise<NamedDirectory> {
  const root = resolve(path);
  const found = await stat(root).catch((error: unknown) => {
    throw new InvalidInput(`failed to get build context ${name}: path "${publicUrl(path)}" ${whyNot(error)}`, {
      docker: "refuses",
      suggestions: [`Give a directory, or an image as docker-image://IMAGE.`],
    });
  });
  if (!found.isDirectory()) {
    throw new InvalidInput(`failed to get build context ${name}: path "${publicUrl(path)}" is not a directory`, {
      docker: "refuses",
      suggestions: ["Give the directory that has the file."],
    });
  }
  const file = join(root, ".dockerignore");
  const [ignoreFile, other] = await Promise.all([readIfThere(file), readIfThere(join(root, ".containerignore"))]);
  return {
    number,
    root,
    ignoreFile,
    ...(ignoreFile === undefined ? {} : { ignoreName: relative(workingDirectory(), file) }),
    ...(other === undefined ? {} : { hasContainerignore: true }),
  };
}
