import { describe, expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { TarEntries } from "../../../../src/lib/archive/tar-reader.ts";

const BLOCK = 512;
const END = Buffer.alloc(2 * BLOCK);

interface Fields {
  readonly name?: string;
  readonly flag?: string;
  /** As the field has it, where it is not the content's length in octal digits. */
  readonly size?: Buffer;
  readonly link?: string;
  readonly magic?: string;
  readonly prefix?: string;
  readonly sum?: string;
}

function entry(
  { name = "a", flag = "0", size, link = "", magic = "ustar\u000000", prefix = "", sum }: Fields,
  content = "",
): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("0000755\0", 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")} `, 124);
  size?.copy(header, 124);
  header.fill(" ", 148, 156);
  header.write(flag, 156, "latin1");
  header.write(link, 157);
  header.write(magic, 257, "latin1");
  header.write(prefix, 345);
  const total = header.reduce((all, byte) => all + byte, 0);
  header.write(sum ?? `${total.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

const record = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest);
  while (String(length).length + Buffer.byteLength(rest) !== length) length++;
  return `${length}${rest}`;
};

function read(...parts: Buffer[]): string[] {
  const seen: string[] = [];
  const entries = new TarEntries(({ name, type, target }) => {
    let content = "";
    seen.push(`${type} ${name}${target === "" ? "" : ` → ${target}`}`);
    return {
      write: (chunk) => void (content += Buffer.from(chunk).toString()),
      end: () => void (content === "" || seen.push(content)),
    };
  });
  for (const byte of Buffer.concat(parts)) entries.write(Buffer.from([byte]));
  entries.end();
  return seen;
}

it.each<[string, Buffer[], string[]]>([
  ["as POSIX has long names", [entry({ name: "end", prefix: "be/gin" }, "x")], ["file be/gin/end", "x"]],
  ["without that where it is GNU tar's", [entry({ name: "end", magic: "ustar  \0", prefix: "1234" })], ["file end"]],
  [
    "as tar was before POSIX",
    [entry({ name: "d/", flag: "\0", magic: "" }), entry({ flag: "\0", magic: "" }, "y")],
    ["directory d/", "file a", "y"],
  ],
  [
    "as GNU tar has long names",
    [
      entry({ flag: "L" }, `${"l".repeat(300)}\0`),
      entry({ flag: "K" }, "target\0"),
      entry({ name: "short", flag: "1", link: "t" }),
      entry({ name: "next" }),
    ],
    [`link ${"l".repeat(300)} → target`, "file next"],
  ],
  [
    "as pax has names, with anything in them",
    [
      entry({ flag: "x" }, record("mtime", "1.5") + record("path", "a\nb=c 12 path=d") + record("linkpath", "é")),
      entry({ flag: "2", link: "x" }),
      entry({}, "z"),
    ],
    ["symlink a\nb=c 12 path=d → é", "file a", "z"],
  ],
  [
    "with a size in pax's records",
    [
      entry({ flag: "x" }, record("size", "3")),
      entry({ size: Buffer.from("00000000000\0") }),
      Buffer.concat([Buffer.from("abc"), Buffer.alloc(509)]),
    ],
    ["file a", "abc"],
  ],
  [
    "with a size that is no text",
    [entry({ size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]) }, "no")],
    ["file a", "no"],
  ],
  [
    "whatever stands in headers for all of them",
    [entry({ flag: "g" }, record("path", "everywhere")), entry({})],
    ["file a"],
  ],
  [
    "of kinds that have no content, whatever size they give",
    [
      entry({ flag: "5", name: "d", size: Buffer.from("00000001000\0") }),
      entry({ flag: "2", link: "t", size: Buffer.from("7") }),
    ],
    ["directory d", "symlink a → t"],
  ],
  [
    "of kinds nobody knows, with their content",
    [entry({ flag: "Z" }, "zz"), entry({ name: "b" })],
    ["other a", "zz", "file b"],
  ],
  ["and nothing behind its end", [entry({}), END, Buffer.from("anything")], ["file a"]],
  ["without an end", [entry({})], ["file a"]],
])("an archive is read %s", (_, parts, seen) => {
  expect(read(...parts)).toEqual(seen);
});

describe("an archive is refused", () => {
  it.each<[string, Buffer[], string]>([
    ["with a wrong sum", [entry({ sum: "0000000\0" })], "a header's checksum is wrong"],
    ["with a sum that is none", [entry({ sum: "nonsense" })], "a number in a header is not a number"],
    ["with a size that is none", [entry({ size: Buffer.from("12x") })], "a number in a header is not a number"],
    ["with a size below zero", [entry({ size: Buffer.alloc(12, 0xff) })], "a number in a header is below zero"],
    ["cut in its content", [entry({}, "abc").subarray(0, 514)], "it ends in the middle of an entry"],
    ["cut behind its content", [entry({}, "abc").subarray(0, 600)], "it ends in the middle of an entry"],
    ["cut in a header", [entry({}).subarray(0, 100)], "it ends in the middle of an entry"],
    ["that goes on after half an end", [Buffer.alloc(BLOCK), entry({})], "there is an entry after its end"],
    [
      "with a record that is longer than all",
      [entry({ flag: "x" }, "99 path=a\n"), entry({})],
      "a record of a header is malformed",
    ],
    [
      "with a record that is shorter than it says",
      [entry({ flag: "x" }, "8 path=abc\n"), entry({})],
      "a record of a header is malformed",
    ],
    [
      "with a record of no length",
      [entry({ flag: "x" }, "0 path=a\n"), entry({})],
      "a record of a header is malformed",
    ],
    ["with a record of no key", [entry({ flag: "x" }, "5 ab\n"), entry({})], "a record of a header is malformed"],
    [
      "with a size in its records that is none",
      [entry({ flag: "x" }, record("size", "-1")), entry({})],
      "a size in it is not a number",
    ],
    [
      "with a name of gigabytes",
      [entry({ flag: "L", size: Buffer.from("17777777777\0") })],
      "a name in it is too long",
    ],
  ])("%s", (_, parts, message) => {
    expect(() => read(...parts)).toThrow(new BuildFailed(`the archive is cut or broken: ${message}`));
  });
});
