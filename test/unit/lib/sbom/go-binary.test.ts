import { expect, it } from "vitest";
import type { Contents } from "../../../../src/lib/sbom/contents.ts";
import { GoBinaryReader } from "../../../../src/lib/sbom/go-binary.ts";

const MAGIC = Buffer.concat([Buffer.from([0xff]), Buffer.from(" Go buildinf:")]);
const BEGINS = Buffer.from("3077af0c9274080241e1c107e6d618e6", "hex");
const ENDS = Buffer.from("f932433186182072008242104116d8f2", "hex");

const LIST = `path\texample.com/cmd/app
mod\texample.com/App\t(devel)\t
dep\tgithub.com/a/b\tv1.2.3\th1:x=
dep\tgithub.com/old/c\tv0.1.0\th1:y=
=>\tgithub.com/new/c\tv0.2.0+incompatible\th1:z=
dep\tgithub.com/d/local\tv1.0.0
=>\t./there\t(devel)\t
dep\t
build\t-compiler=gc
`;

function uvarint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7) {
    if (rest < 0x80) return Buffer.from([...bytes, rest]);
    bytes.push((rest & 0x7f) | 0x80);
  }
}

const text = (content: Buffer): Buffer => Buffer.concat([uvarint(content.length), content]);

function buildInfo(version: string, list: string, flags = 2): Buffer {
  const header = Buffer.alloc(32);
  MAGIC.copy(header);
  header.writeUInt8(8, 14);
  header.writeUInt8(flags, 15);
  const marked = list === "" ? Buffer.alloc(0) : Buffer.concat([BEGINS, Buffer.from(list), ENDS]);
  return Buffer.concat([header, text(Buffer.from(version)), text(marked)]);
}

/** An ELF file in which only the beginning and the given bytes are real. */
function program(parts: readonly (readonly [at: number, bytes: Buffer])[], size = 100_000): Buffer {
  const file = Buffer.alloc(size, 0x90);
  Buffer.from("\u007fELF").copy(file);
  for (const [at, bytes] of parts) bytes.copy(file, at);
  return file;
}

function read(file: Buffer, size = 65_536): Contents | undefined {
  const reader = new GoBinaryReader();
  for (let at = 0; at < file.length; at += size) reader.write(file.subarray(at, at + size));
  return reader.end();
}

const named = (contents: Contents | undefined): string[] | undefined =>
  contents?.packages.map(({ name, version = "" }) => `${name} ${version}`);

it.each([[65_536], [1], [13], [4096]])("names its modules, however it comes (%d bytes at a time)", (size) => {
  const file = program([
    // As a text of a program that looks for it, at a place where it cannot be; and where it can, with nothing behind.
    [4099, MAGIC],
    [8192, MAGIC],
    [16_384, buildInfo("not go", LIST)],
    [32_768, buildInfo("go1.26.1 X:nocoverageredesign", LIST)],
  ]);
  expect(named(read(file, size))).toEqual([
    "stdlib 1.26.1",
    "example.com/App ",
    "github.com/a/b v1.2.3",
    "github.com/new/c v0.2.0+incompatible",
    "github.com/d/local ",
  ]);
});

it("a program may be built without modules", () => {
  expect(named(read(program([[4096, buildInfo("go1.19.8", "")]])))).toEqual(["stdlib 1.19.8"]);
});

it.each<[string, Buffer]>([
  ["no ELF file", Buffer.concat([Buffer.from("#!/bin/sh\n"), Buffer.alloc(22), buildInfo("go1.26", LIST)])],
  ["a short one", Buffer.from("\u007fE")],
  ["none of Go's", program([])],
  ["one of before 1.18, with pointers", program([[4096, buildInfo("go1.17", LIST, 0)]])],
  ["one that ends in it", program([[99_984, buildInfo("go1.26", LIST).subarray(0, 16)]])],
  [
    "one with an endless length",
    program([[4096, Buffer.concat([buildInfo("", "").subarray(0, 32), Buffer.alloc(20, 0xff)])]]),
  ],
  [
    "one with lengths past its end",
    program([[4096, Buffer.concat([buildInfo("", "").subarray(0, 32), uvarint(1_000_000)])]]),
  ],
])("says nothing of %s", (_, file) => {
  expect(read(file)).toBeUndefined();
});

it("a program is not held in memory while it is searched", () => {
  const reader = new GoBinaryReader();
  reader.write(program([]));
  const before = process.memoryUsage().rss;
  const chunk = Buffer.alloc(1024 * 1024, 0x90);
  for (let at = 0; at < 300; at++) reader.write(chunk);
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  expect(reader.end()).toBeUndefined();
});
