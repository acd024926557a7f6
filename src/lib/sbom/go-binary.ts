/**
 * Reads the list of modules that Go's linker puts into a program since version 1.18: text between two marks (debug/buildinfo and
 * cmd/go/internal/modload, build.go). It searches ELF files in chunks.
 */
import { valueOf } from "./contents.ts";
import type { Contents, FoundPackage, Reader } from "./contents.ts";

const ELF = Buffer.from("\u007fELF", "latin1");
const MAGIC = Buffer.from("\u00ff Go buildinf:", "latin1");
/** Alignment of the magic number, and length of the header that begins with it, in bytes. */
const ALIGNMENT_BYTES = 16;
const HEADER_BYTES = 32;
/** Bit of the header's byte 15: the texts follow the header, each as a length and its bytes. */
const INLINE = 2;
/** Marks before and after the list of modules. */
const LIST_START = Buffer.from("3077af0c9274080241e1c107e6d618e6", "hex");
const LIST_END = Buffer.from("f932433186182072008242104116d8f2", "hex");
/** Longest text, in bytes. For comparison, the module list of Kubernetes has 20 000. */
const MAX_TEXT_BYTES = 1024 * 1024;

interface BuildInfo {
  readonly goVersion: string;
  readonly modules: string;
}

export class GoBinaryReader implements Reader {
  /** The bytes that are not searched yet; `#offset` is their position in the file. */
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

  /** Searches the held bytes. Returns whether to search again. */
  #search(): boolean {
    const at = this.#held.indexOf(MAGIC);
    if (at === -1) {
      this.#drop(Math.max(0, this.#held.length - MAGIC.length + 1));
      return false;
    }
    this.#drop(at);
    const info = this.#offset % ALIGNMENT_BYTES === 0 ? readBuildInfo(this.#held) : undefined;
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

/** Undefined if the bytes only look like a header. */
function readBuildInfo(bytes: Buffer): BuildInfo | "incomplete" | undefined {
  if (bytes.length < HEADER_BYTES) return "incomplete";
  if ((bytes.readUInt8(15) & INLINE) === 0) return undefined;
  const version = readText(bytes, HEADER_BYTES);
  if (version === undefined || version === "incomplete") return version;
  const list = readText(bytes, version.end);
  if (list === undefined || list === "incomplete") return list;
  const goVersion = version.bytes.toString();
  if (!/^(?:go\d|devel)/.test(goVersion)) return undefined;
  return { goVersion, modules: betweenMarks(list.bytes) };
}

/** Reads a length (Uvarint of Go's encoding/binary) and as many bytes. */
function readText(bytes: Buffer, from: number): { bytes: Buffer; end: number } | "incomplete" | undefined {
  let [length, at] = [0, from];
  for (let shift = 0; ; shift += 7) {
    if (shift > 21) return undefined;
    if (at >= bytes.length) return "incomplete";
    const byte = bytes.readUInt8(at++);
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  if (length > MAX_TEXT_BYTES) return undefined;
  return at + length > bytes.length ? "incomplete" : { bytes: bytes.subarray(at, at + length), end: at + length };
}

/** The text between the marks; empty for a program built without modules. */
function betweenMarks(list: Buffer): string {
  const inner = list.subarray(LIST_START.length, Math.max(LIST_START.length, list.length - LIST_END.length));
  const marked =
    list.subarray(0, LIST_START.length).equals(LIST_START) &&
    list.subarray(list.length - LIST_END.length).equals(LIST_END);
  return marked ? inner.toString() : "";
}

/** Reads lines of `mod` (the main module), `dep` and `=>` (replaces the line before), each with path, version and sum, tab-separated. */
function packagesOf({ goVersion, modules }: BuildInfo): FoundPackage[] {
  const packages: FoundPackage[] = [moduleOf("stdlib", goVersion.replace(/^go/, "").split(" ", 1)[0])];
  for (const line of modules.split("\n")) {
    const [kind = "", path, version] = line.split("\t");
    const name = valueOf(path);
    if (name === undefined || !["mod", "dep", "=>"].includes(kind)) continue;
    if (kind !== "=>") packages.push(moduleOf(name, version));
    else {
      const replaced = packages.pop();
      // A directory has no version, and its path belongs to the build machine.
      const other = moduleOf(name, version);
      packages.push(other.version === undefined ? moduleOf(replaced?.name ?? name, undefined) : other);
    }
  }
  return packages;
}

function moduleOf(name: string, written: string | undefined): FoundPackage {
  const version = valueOf(written);
  // A module built from a directory has the version `(devel)`.
  return { type: "golang", name, ...(version === undefined || version === "(devel)" ? {} : { version }) };
}
