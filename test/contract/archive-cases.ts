/** Archives as contexts. Each contains something that archive readers interpret differently. */
import { gzipSync } from "node:zlib";

const BLOCK = 512;

export interface Entry {
  /** Byte string. */
  readonly name: string;
  readonly flag?: string;
  readonly mode?: number;
  readonly content?: string | Buffer;
  /** Byte string. */
  readonly link?: string;
  readonly magic?: string;
  readonly mtime?: number;
  /** Size in the header, if it is not the length of the content. */
  readonly size?: number;
  /** Records of a pax header before the entry. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Changes the header, before its checksum. */
  readonly patch?: (header: Buffer) => void;
}

const MTIME = 1_600_000_000;

/** Returns the bytes of an entry: headers, content and padding. */
export function entry(fields: Entry): Buffer {
  const { name, flag = "0", mode = 0o644, content = "", link = "", magic = "ustar\u000000", pax } = fields;
  const bytes = Buffer.from(content as string);
  const header = Buffer.alloc(BLOCK);
  header.write(name.slice(0, 100), 0, "latin1");
  header.write(`${mode.toString(8).padStart(7, "0")}\0`, 100);
  header.write("0000000\u00000000000\0", 108);
  header.write(`${(fields.size ?? bytes.length).toString(8).padStart(11, "0")} `, 124);
  header.write(`${(fields.mtime ?? MTIME).toString(8).padStart(11, "0")} `, 136);
  header.write(flag, 156, "latin1");
  header.write(link.slice(0, 100), 157, "latin1");
  header.write(magic, 257, "latin1");
  fields.patch?.(header);
  header.fill(" ", 148, 156);
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const whole = Buffer.concat([header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
  if (pax === undefined) return whole;
  const records = Object.entries(pax).map(([key, value]) => record(key, value));
  return Buffer.concat([
    entry({ name: "PaxHeaders/x", flag: "x", content: Buffer.from(records.join(""), "latin1") }),
    whole,
  ]);
}

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length;
  while (String(length).length + rest.length !== length) length++;
  return `${length}${rest}`;
}

export function archive(entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(entry), Buffer.alloc(2 * BLOCK)]);
}

const dir = (name: string, mode = 0o755): Entry => ({ name: `${name}/`, flag: "5", mode });
const file = (name: string, content = name): Entry => ({ name, content });
const symlink = (name: string, link: string): Entry => ({ name, flag: "2", link, mode: 0o777 });
const hardlink = (name: string, link: string): Entry => ({ name, flag: "1", link });

/** A sparse file of 4096 bytes with 512 bytes of data in the middle, in GNU tar's formats. */
const DATA = Buffer.alloc(BLOCK, "d");
const SPARSE_MAP = Buffer.alloc(BLOCK);
SPARSE_MAP.write("2\n1024\n512\n4096\n0\n");

function oldSparse(header: Buffer): void {
  header.write("00000002000\u000000000001000\0", 386);
  header.write("00000010000\u000000000000000\0", 410);
  header.write("00000010000\0", 483);
}

/** The entries that each case adds to an archive with a Dockerfile. The names are keys of recorded/archives.json. */
export const ARCHIVE_CASES: Readonly<Record<string, readonly Entry[]>> = {
  "modes of files and directories": [
    dir("open", 0o777),
    { ...file("open/all"), mode: 0o666 },
    { ...file("setuid"), mode: 0o4755 },
    dir("sticky", 0o1777),
    { ...file("nobody"), mode: 0 },
    dir("ro", 0o555),
    { ...file("ro/f"), mode: 0o444 },
  ],
  "directories that the archive does not list": [file("a/b/c")],
  "symlinks that lead up, out and nowhere": [
    symlink("abs", "/etc/alternatives/vi"),
    dir("d"),
    symlink("d/up", "../../../up"),
    symlink("none", "not/there"),
  ],
  "names with dots": [file("a/../b"), file("./c/./d"), file("e//f"), dir("g/..")],
  "names that lead up": [file("../up"), file("x/../../y")],
  "absolute names": [file("/abs/f")],
  "names that are not UTF-8": [file("caf\xe9"), dir("\xff"), file("\xff/\xfe"), symlink("l\xe9", "t\xe9")],
  "long names of pax": [
    { name: "short", content: "p", pax: { path: `${"p".repeat(120)}/${"q".repeat(200)}` } },
    { name: "ll", flag: "2", link: "x", pax: { linkpath: "t".repeat(300) } },
  ],
  "long names of GNU tar": [
    { name: "././@LongLink", flag: "L", content: `${"l".repeat(150)}/${"m".repeat(150)}\0`, magic: "ustar  \0" },
    { name: "short", content: "g", magic: "ustar  \0" },
  ],
  "a file twice": [file("f", "first"), file("f", "second")],
  "a directory over a file": [file("x"), dir("x"), file("x/y")],
  "a file over a directory": [dir("x"), file("x/y"), file("x", "now a file")],
  "a directory over a symlink to one": [dir("real"), file("real/a"), symlink("x", "real"), dir("x"), file("x/b")],
  "a directory twice": [dir("x", 0o700), file("x/y"), dir("x", 0o711)],
  "a file through a symlink to a directory": [dir("real"), symlink("x", "real"), file("x/f")],
  "a file through a symlink out": [symlink("x", "/etc"), file("x/f")],
  "a file through a symlink to an absolute path": [dir("etc"), symlink("x", "/etc"), file("x/f")],
  "a file below a file": [file("x"), file("x/y")],
  "hard links": [file("a"), hardlink("b", "a"), dir("d"), hardlink("d/c", "./a")],
  "a hard link with an absolute target": [file("a"), hardlink("b", "/a")],
  "a hard link that leads up": [file("a"), hardlink("b", "../a")],
  "a hard link through a symlink": [dir("real"), file("real/a"), symlink("x", "real"), hardlink("b", "x/a")],
  "a hard link to a symlink": [symlink("a", "nowhere"), hardlink("b", "a")],
  "a hard link to nothing": [hardlink("b", "missing")],
  "a hard link before its target": [hardlink("b", "a"), file("a")],
  "a hard link to itself": [file("a"), hardlink("a", "a")],
  "a hard link to a directory": [dir("a"), hardlink("b", "a")],
  "a hard link whose target is replaced": [file("a", "old"), hardlink("b", "a"), file("a", "new")],
  "a sparse file of pax 0.0": [
    {
      name: "sparse",
      content: DATA,
      pax: {
        "GNU.sparse.size": "4096",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.offset": "1024",
        "GNU.sparse.numbytes": "512",
      },
    },
  ],
  "a sparse file of pax 0.1": [
    {
      name: "GNUSparseFile.0/sparse",
      content: DATA,
      pax: {
        "GNU.sparse.size": "4096",
        "GNU.sparse.numblocks": "1",
        "GNU.sparse.map": "1024,512",
        "GNU.sparse.name": "sparse",
      },
    },
  ],
  "a sparse file of pax 1.0": [
    {
      name: "GNUSparseFile.0/sparse",
      content: Buffer.concat([SPARSE_MAP, DATA]),
      pax: {
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "sparse",
        "GNU.sparse.realsize": "4096",
      },
    },
  ],
  "a sparse file of GNU tar": [{ name: "sparse", flag: "S", content: DATA, magic: "ustar  \0", patch: oldSparse }],
  "a device": [
    { name: "dev/null", flag: "3", mode: 0o666, patch: (header) => header.write("0000001\u00000000003\0", 329) },
  ],
  "a FIFO": [{ name: "pipe", flag: "6" }],
  "a volume label": [{ name: "label", flag: "V", magic: "ustar  \0" }],
  "an unknown type": [{ name: "odd", flag: "Z", content: "z" }],
  "a contiguous file": [{ name: "c", flag: "7", content: "c" }],
  "a global header": [
    { name: "pax_global_header", flag: "g", content: record("comment", "0123") },
    { name: "pax_global_header", flag: "g", content: record("path", "everywhere") },
    file("f"),
  ],
  "a file from before 1970": [{ name: "old", content: "o", pax: { mtime: "-1.5" } }],
  "a file with a slash at its end": [{ name: "s/", content: "s" }],
};

/** Returns a case's archive. It is compressed, because docker does not recognize a plain archive that begins with a pax header. */
export function archiveCase(name: string, dockerfile: string): Buffer {
  return gzipSync(archive([file("Dockerfile", dockerfile), ...(ARCHIVE_CASES[name] ?? [])]));
}
