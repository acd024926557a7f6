/**
 * The modules a Go program says it is made of: what Go's linker puts into it from version 1.18 on, text of a known form between
 * marks (debug/buildinfo and cmd/go/internal/modload, build.go). It is looked for in ELF files, as their bytes come by.
 */
import { valueOf } from "./contents.ts";
import type { Contents, FoundPackage, Reader } from "./contents.ts";

const ELF = Buffer.from("\u007fELF", "latin1");
const MAGIC = Buffer.from("\u00ff Go buildinf:", "latin1");
/** Where the magic may stand, and how long the header is that begins with it, in bytes. */
const ALIGNMENT = 16;
const HEADER = 32;
/** Bit of the header's byte 15: the texts follow it, as a length and their bytes. */
const INLINE = 2;
/** Before and after the list of modules. */
const LIST_BEGINS = Buffer.from("3077af0c9274080241e1c107e6d618e6", "hex");
const LIST_ENDS = Buffer.from("f932433186182072008242104116d8f2", "hex");
/** Longest texts, in bytes; Kubernetes' list of modules has 20 000. */
const LONGEST = 1024 * 1024;

interface BuildInfo {
  readonly goVersion: string;
  readonly modules: string;
}

export class GoBinaryReader implements Reader {
  /** What has not been looked through yet, and where in the file it begins. */
  #held = Buffer.alloc(0);
  #offset = 0;
  #state: "beginning" | "searching" | "done" = "beginning";
  #found: BuildInfo | undefined;

  write(chunk: Uint8Array): void {
    if (this.#state === "done") return;
    this.#held = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    if (this.#state === "beginning") {
      if (this.#held.length < ELF.length) return;
      this.#state = this.#held.subarray(0, ELF.length).equals(ELF) ? "searching" : "done";
    }
    while (this.#state === "searching" && this.#search());
    if (this.#state === "done") this.#held = Buffer.alloc(0);
  }

  end(): Contents | undefined {
    return this.#found === undefined ? undefined : { packages: packagesOf(this.#found) };
  }

  /** Whether there is more to look through. */
  #search(): boolean {
    const at = this.#held.indexOf(MAGIC);
    if (at === -1) {
      this.#drop(Math.max(0, this.#held.length - MAGIC.length + 1));
      return false;
    }
    this.#drop(at);
    const info = this.#offset % ALIGNMENT === 0 ? readBuildInfo(this.#held) : undefined;
    if (info === "incomplete") return false;
    if (info === undefined) {
      this.#drop(MAGIC.length);
      return true;
    }
    this.#found = info;
    this.#state = "done";
    return false;
  }

  #drop(count: number): void {
    this.#held = this.#held.subarray(count);
    this.#offset += count;
  }
}

/** Undefined where it is something else that begins like one. */
function readBuildInfo(bytes: Buffer): BuildInfo | "incomplete" | undefined {
  if (bytes.length < HEADER) return "incomplete";
  if ((bytes.readUInt8(15) & INLINE) === 0) return undefined;
  const version = readText(bytes, HEADER);
  if (version === undefined || version === "incomplete") return version;
  const list = readText(bytes, version.end);
  if (list === undefined || list === "incomplete") return list;
  const goVersion = version.bytes.toString();
  if (!/^(?:go\d|devel)/.test(goVersion)) return undefined;
  return { goVersion, modules: betweenMarks(list.bytes) };
}

/** A length as encoding/binary's Uvarint has it, and as many bytes. */
function readText(bytes: Buffer, from: number): { bytes: Buffer; end: number } | "incomplete" | undefined {
  let [length, at] = [0, from];
  for (let shift = 0; ; shift += 7) {
    if (shift > 21) return undefined;
    if (at >= bytes.length) return "incomplete";
    const byte = bytes.readUInt8(at++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length > LONGEST) return undefined;
  return at + length > bytes.length ? "incomplete" : { bytes: bytes.subarray(at, at + length), end: at + length };
}

/** Empty for a program that was built without modules. */
function betweenMarks(list: Buffer): string {
  const inner = list.subarray(LIST_BEGINS.length, Math.max(LIST_BEGINS.length, list.length - LIST_ENDS.length));
  const marked =
    list.subarray(0, LIST_BEGINS.length).equals(LIST_BEGINS) &&
    list.subarray(list.length - LIST_ENDS.length).equals(LIST_ENDS);
  return marked ? inner.toString() : "";
}

/** Lines of `mod` (its own), `dep` and `=>` (what stands for the line before), each with path, version and sum, tabs between. */
function packagesOf({ goVersion, modules }: BuildInfo): FoundPackage[] {
  const packages: FoundPackage[] = [moduleOf("stdlib", goVersion.replace(/^go/, "").split(" ", 1)[0])];
  for (const line of modules.split("\n")) {
    const [kind = "", path, version] = line.split("\t");
    const name = valueOf(path);
    if (name === undefined || !["mod", "dep", "=>"].includes(kind)) continue;
    if (kind !== "=>") packages.push(moduleOf(name, version));
    else {
      const replaced = packages.pop();
      // A directory has no version, and its path is one of the machine it was built on.
      const other = moduleOf(name, version);
      packages.push(other.version === undefined ? moduleOf(replaced?.name ?? name, undefined) : other);
    }
  }
  return packages;
}

function moduleOf(name: string, written: string | undefined): FoundPackage {
  const version = valueOf(written);
  // What was built from a directory says `(devel)`.
  return { type: "golang", name, ...(version === undefined || version === "(devel)" ? {} : { version }) };
}
