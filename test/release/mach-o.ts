/** Checks a Mach-O program's code signature as macOS does: each page's hash against the code directory (xnu's osfmk/kern/cs_blobs.h). */
import { createHash } from "node:crypto";

const MAGIC_64 = 0xfeedfacf;
const LC_CODE_SIGNATURE = 0x1d;
const CSMAGIC_EMBEDDED_SIGNATURE = 0xfade0cc0;
const CSMAGIC_CODEDIRECTORY = 0xfade0c02;
const CS_ADHOC = 0x2;
const SHA_256 = 2;
const CPU_TYPES: Readonly<Record<number, string>> = { 0x01000007: "x64", 0x0100000c: "arm64" };

export interface Signature {
  readonly cpu: string;
  readonly identifier: string;
  readonly isAdHoc: boolean;
  readonly pages: number;
  /** Pages whose content has another hash. */
  readonly wrong: number;
}

/** @throws Error for a file that is no signed program of one processor */
export function readSignature(file: Buffer): Signature {
  if (file.readUInt32LE(0) !== MAGIC_64) throw new Error("not a Mach-O program");
  const cpu = CPU_TYPES[file.readUInt32LE(4)] ?? "another";
  const directory = codeDirectory(file);
  const hashes = directory.readUInt32BE(16);
  const pages = directory.readUInt32BE(28);
  const limit = directory.readUInt32BE(32);
  const size = directory[36] ?? 0;
  if (directory[37] !== SHA_256) throw new Error("hashes of another kind than SHA-256");
  const pageSize = 2 ** (directory[39] ?? 0);
  let wrong = 0;
  for (let page = 0; page < pages; page++) {
    const content = file.subarray(page * pageSize, Math.min((page + 1) * pageSize, limit));
    const expected = directory.subarray(hashes + page * size, hashes + (page + 1) * size);
    if (!createHash("sha256").update(content).digest().equals(expected)) wrong++;
  }
  const name = directory.subarray(directory.readUInt32BE(20));
  return {
    cpu,
    identifier: name.subarray(0, name.indexOf(0)).toString(),
    isAdHoc: (directory.readUInt32BE(12) & CS_ADHOC) !== 0,
    pages,
    wrong,
  };
}

function codeDirectory(file: Buffer): Buffer {
  const signature = file.subarray(loadCommand(file, LC_CODE_SIGNATURE).readUInt32LE(8));
  if (signature.readUInt32BE(0) !== CSMAGIC_EMBEDDED_SIGNATURE) throw new Error("not an embedded signature");
  for (let blob = 0; blob < signature.readUInt32BE(8); blob++) {
    const found = signature.subarray(signature.readUInt32BE(12 + blob * 8 + 4));
    if (found.readUInt32BE(0) === CSMAGIC_CODEDIRECTORY) return found;
  }
  throw new Error("no code directory");
}

function loadCommand(file: Buffer, wanted: number): Buffer {
  let at = 32;
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    const size = file.readUInt32LE(at + 4);
    if (file.readUInt32LE(at) === wanted) return file.subarray(at, at + size);
    at += size;
  }
  throw new Error("the program is not signed");
}
