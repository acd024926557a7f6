/** Directories made for a test, and archives read back. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gunzipSync } from "node:zlib";
import { Parser } from "tar";
import type { PackNote, PackOptions } from "../../../src/pack/pack.ts";
import { packContext } from "../../../src/pack/pack.ts";

/** A directory that is gone again at the end of the test's scope. */
export class TempTree implements Disposable {
  readonly root = fs.mkdtempSync(path.join(tmpdir(), "slipway-context-"));

  /** @param files Paths with their content; a path with a slash at its end is a directory, `-> x` a symlink. */
  constructor(files: Record<string, string | Uint8Array> = {}) {
    for (const [file, content] of Object.entries(files)) this.add(file, content);
  }

  add(file: string, content: string | Uint8Array = ""): void {
    const target = this.at(file);
    fs.mkdirSync(file.endsWith("/") ? target : path.dirname(target), { recursive: true });
    if (file.endsWith("/")) return;
    if (typeof content === "string" && content.startsWith("-> ")) fs.symlinkSync(content.slice(3), target);
    else fs.writeFileSync(target, content);
  }

  at(file: string): string {
    return path.join(this.root, file);
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.root, { recursive: true, force: true });
  }
}

export interface Packed {
  readonly archive: Buffer;
  readonly notes: PackNote[];
  readonly totals: { entries: number; fileBytes: number; archiveBytes: number };
}

export function packOptions(root: string, options: Partial<PackOptions> = {}): PackOptions {
  const signal = new AbortController().signal;
  return { root, ignoreFile: undefined, prefix: "context/", extra: [], level: 1, onNote: () => {}, signal, ...options };
}

export async function pack(root: string, options: Partial<PackOptions> = {}): Promise<Packed> {
  const notes: PackNote[] = [];
  const packed = packContext(packOptions(root, { onNote: (note) => notes.push(note), ...options }));
  const chunks: Uint8Array[] = [];
  for await (const chunk of packed) chunks.push(chunk);
  return { archive: Buffer.concat(chunks), notes, totals: { ...packed.totals } };
}

export interface ArchivedEntry {
  readonly path: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  /** Seconds. */
  readonly mtime: number;
  readonly target: string;
  readonly content: Buffer;
}

/** As npm's tar reads it, strictly. */
export function readArchive(archive: Buffer): ArchivedEntry[] {
  const entries: ArchivedEntry[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      const chunks: Buffer[] = [];
      entry.on("data", (chunk: Buffer) => chunks.push(chunk));
      entry.on("end", () => {
        entries.push({
          path: entry.path,
          type: entry.type,
          mode: entry.mode ?? -1,
          size: entry.size,
          mtime: (entry.mtime?.getTime() ?? -1000) / 1000,
          target: entry.linkpath ?? "",
          content: Buffer.concat(chunks),
        });
      });
      entry.resume();
    },
  });
  parser.end(gunzipSync(archive));
  return entries;
}

/** Unpacks with a tar on this machine. @throws if it complains about anything. */
export function unpack(archive: Buffer, into: string, command: readonly [string, ...string[]]): void {
  const { status, stderr } = spawnSync(command[0], [...command.slice(1), "-xzpf", "-", "-C", into], { input: archive });
  if (status !== 0 || stderr.length > 0) throw new Error(`${command.join(" ")}: ${status} ${String(stderr)}`);
}

export function hasCommand(command: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${command}`]).status === 0;
}

/** Everything below a directory: kind, mode, time, link and sha256, by its path as bytes. @param dated Directories' times, too. */
export function describeTree(root: string, dated = true): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (directory: Buffer, prefix: string) => {
    for (const name of fs.readdirSync(directory, "latin1").sort()) {
      const file = Buffer.concat([directory, Buffer.from(`/${name}`, "latin1")]);
      const stat = fs.lstatSync(file);
      const facts = [stat.mode.toString(8)];
      if (stat.isFile() || (dated && stat.isDirectory())) facts.push(String(Math.floor(stat.mtimeMs / 1000)));
      if (stat.isSymbolicLink()) facts.push(fs.readlinkSync(file, "latin1"));
      if (stat.isFile())
        facts.push(createHash("sha256").update(fs.readFileSync(file)).digest("hex"), `${stat.nlink} names`);
      found[prefix + name] = facts.join(" ");
      if (stat.isDirectory()) visit(file, `${prefix}${name}/`);
    }
  };
  visit(Buffer.from(root), "");
  return found;
}
