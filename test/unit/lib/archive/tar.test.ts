import { expect, test } from "vitest";
import { Header } from "tar";
import { encodeHeader, padding, type TarHeader } from "../../../../src/lib/archive/tar.ts";

const FILE: TarHeader = { path: "a", type: "file", mode: 0o644, size: 5, mtime: 1_700_000_000, target: "" };

/** The records of a pax header, and the ustar block behind it. */
function read(header: Partial<TarHeader>): { pax: Record<string, string>; main: Header; blocks: Buffer } {
  const blocks = encodeHeader({ ...FILE, ...header });
  const first = new Header(blocks, 0);
  expect(first.cksumValid).toBe(true);
  if (first.type !== "ExtendedHeader") return { pax: {}, main: first, blocks };
  const size = first.size ?? 0;
  const records = blocks.subarray(512, 512 + size).toString("latin1");
  const pax: Record<string, string> = {};
  for (let at = 0; at < records.length;) {
    const length = Number.parseInt(records.slice(at), 10);
    const record = records.slice(at, at + length);
    expect(record.at(-1)).toBe("\n");
    const [, key = "", value = ""] = /^\d+ ([^=]+)=(.*)\n$/s.exec(record) ?? [];
    pax[key] = value;
    at += length;
  }
  const main = new Header(blocks, 512 + size + padding(size));
  expect(main.cksumValid).toBe(true);
  return { pax, main, blocks };
}

test("a plain file is one block, owned by root without a name", () => {
  const { main, blocks } = read({});
  expect(blocks.length).toBe(512);
  expect(main).toMatchObject({ path: "a", type: "File", mode: 0o644, size: 5, uid: 0, gid: 0, uname: "", gname: "" });
  expect(main.mtime?.getTime()).toBe(1_700_000_000_000);
  expect(blocks.toString("latin1", 257, 265)).toBe("ustar\x0000");
});

test.each([
  ["directory", "Directory", ""],
  ["symlink", "SymbolicLink", "x/y"],
  ["hardlink", "Link", "x/y"],
] as const)("a %s", (type, expected, target) => {
  const { main } = read({ type, size: 0, target, mode: 0o4755 });
  expect(main).toMatchObject({ type: expected, size: 0, mode: 0o4755, linkpath: target });
});

test.each([101, 200, 255])("a path of %i bytes fits ustar where it has a slash", (length) => {
  const path = `${"d".repeat(length - 100)}/${"f".repeat(99)}`;
  const { main, pax } = read({ path });
  expect(pax).toEqual({});
  expect(main.path).toBe(path);
});

test.each([
  "f".repeat(101),
  `${"d".repeat(156)}/f`,
  `d/${"f".repeat(101)}`,
  `${"d/".repeat(150)}f`,
  `${"d".repeat(100)}/`,
])("a path that does not fit is a record: %s", (path) => {
  expect(read({ path }).pax).toEqual({ path });
});

test("records count their own digits", () => {
  for (let length = 85; length < 100; length++) read({ path: "f".repeat(length + 20) });
  for (let length = 980; length < 1000; length++)
    expect(read({ path: "f".repeat(length) }).pax["path"]?.length).toBe(length);
});

test("names beyond ASCII are records too, as they are", () => {
  const path = Buffer.from("dé/😀").toString("latin1");
  const { pax, blocks } = read({ path, type: "symlink", target: "\xff\xfe" });
  expect(pax).toEqual({ path, linkpath: "\xff\xfe" });
  expect(blocks.length).toBe(3 * 512);
});

test("8 GiB and more: a record, and the binary form that busybox needs", () => {
  expect(read({ size: 8 * 2 ** 30 - 1 }).pax).toEqual({});
  const { main, pax } = read({ size: 8 * 2 ** 30 });
  expect(pax).toEqual({ size: "8589934592" });
  expect(main.size).toBe(8_589_934_592);
});

test("times before 1970 are records", () => {
  expect(read({ mtime: -5 }).pax).toEqual({ mtime: "-5" });
});
