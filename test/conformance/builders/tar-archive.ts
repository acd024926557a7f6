/** Small archives for cases and images, with what no program here can put into one: file capabilities. */
import { gzipSync } from "node:zlib";
import { Header } from "tar";

export interface ArchiveFile {
  readonly content: string;
  readonly mode?: number;
  /** Pax records, whose values may be binary: `SCHILY.xattr.security.capability`. */
  readonly pax?: Readonly<Record<string, Buffer>>;
}

const BLOCK = 512;

/** A tar of regular files, by path, and the directories above them. */
export function archive(
  files: Readonly<Record<string, string | ArchiveFile>>,
  compression: "none" | "gzip" = "none",
): Buffer {
  const parts: Buffer[] = [];
  const made = new Set<string>();
  for (const [path, value] of Object.entries(files)) {
    const names = path.split("/").slice(0, -1);
    for (let depth = 1; depth <= names.length; depth += 1) {
      const parent = names.slice(0, depth).join("/");
      if (made.has(parent)) continue;
      made.add(parent);
      parts.push(header(`${parent}/`, "Directory", 0, 0o755));
    }
    const one = typeof value === "string" ? { content: value } : value;
    if (one.pax !== undefined) {
      const records = Buffer.concat(Object.entries(one.pax).map(([key, data]) => paxRecord(key, data)));
      parts.push(header(`PaxHeaders/${path}`, "ExtendedHeader", records.length, 0o644), padded(records));
    }
    const content = Buffer.from(one.content);
    parts.push(header(path, "File", content.length, one.mode ?? 0o644), padded(content));
  }
  const whole = Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
  return compression === "gzip" ? gzipSync(whole) : whole;
}

function header(path: string, type: "File" | "Directory" | "ExtendedHeader", size: number, mode: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header({ path, type, size, mode, uid: 0, gid: 0, mtime: new Date(1_700_000_000_000) }).encode(block, 0);
  return block;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
