/** Who imports what in src, read from the source: types too, which a bundler no longer sees. */
import { readFile, readdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

export const SRC = new URL("../../src/", import.meta.url).pathname;

export interface Import {
  /** Path below src of the file that imports. */
  readonly from: string;
  /** Path below src of what it imports, or the package's or builtin's name as written. */
  readonly to: string;
  readonly kind: "static" | "dynamic" | "type";
}

export async function sourceFiles(): Promise<string[]> {
  return (await readdir(SRC, { recursive: true })).filter((name) => name.endsWith(".ts")).sort();
}

export async function readImports(): Promise<Import[]> {
  const files = await sourceFiles();
  const found = await Promise.all(files.map(async (from) => importsOf(from, await readFile(join(SRC, from), "utf8"))));
  return found.flat();
}

const STATEMENT = /^(?:import|export)\s+(type\s)?([^;"'()]*?)\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"/gm;
const DYNAMIC = /\bimport\("([^"]+)"\)(?!\.\w+\b(?!\())/g;

function importsOf(from: string, text: string): Import[] {
  const code = text.replaceAll(/\/\*[^]*?\*\//g, "");
  const written = [...code.matchAll(STATEMENT)].map(([, type, names = "", to, bare]): Import => {
    const kind = type !== undefined || onlyTypes(names) ? "type" : "static";
    return { from, to: place(from, to ?? bare ?? ""), kind };
  });
  const lazy = [...code.matchAll(DYNAMIC)].map(([, to = ""]): Import => ({
    from,
    to: place(from, to),
    kind: "dynamic",
  }));
  return [...written, ...lazy];
}

/** `{ type A, type B }` */
function onlyTypes(names: string): boolean {
  const inner = /^\{([^]*)\}\s*$/.exec(names.trim())?.[1];
  if (inner === undefined) return false;
  const parts = inner.split(",").map((part) => part.trim());
  return parts.every((part) => part === "" || part.startsWith("type "));
}

function place(from: string, to: string): string {
  return to.startsWith(".") ? normalize(join(dirname(from), to)) : to;
}
