/** Random directories with what archives are known to lose: modes, links, sparse files, names that are not UTF-8. */
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";

/** Numbers from 0 to below `limit`, the same for the same seed (mulberry32). */
export function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % limit;
  };
}

const NAMES = [
  "a",
  "B",
  "with space",
  "line\nfeed",
  "caf\xe9",
  "\xff\xfe",
  "ünï",
  "-dash",
  ".hidden",
  "back\\slash",
  "100%",
];
const FILE_MODES = [0o644, 0o600, 0o755, 0o666, 0o000, 0o444, 0o4755, 0o2711];
const DIRECTORY_MODES = [0o755, 0o777, 0o1777, 0o700, 0o555, 0o2755];
const TARGETS = ["a", "/etc/alternatives/vi", "../../../up", "nowhere/at all", "caf\xe9", "."];

export interface RandomOptions {
  /** Only what a git repository can hold: two modes, no empty directories, no hard links. */
  readonly forGit?: boolean;
}

/** Fills an empty directory. */
export function fillRandomly(root: string, seed: number, { forGit = false }: RandomOptions = {}): void {
  const next = random(seed);
  const directories: [path: Buffer, mode: number][] = [];
  const files: Buffer[] = [];
  const fill = (directory: Buffer, depth: number): void => {
    const count = 2 + next(5);
    const taken = new Set<string>();
    for (let index = 0; index < count; index++) {
      const name = `${NAMES[next(NAMES.length)] ?? ""}${next(3) === 0 ? index : ""}`;
      if (taken.has(name)) continue;
      taken.add(name);
      const path = Buffer.concat([directory, Buffer.from(`/${name}`, "latin1")]);
      const kind = next(10);
      if (kind < 3 && depth < 4) {
        mkdirSync(path);
        fill(path, depth + 1);
        directories.push([path, forGit ? 0o755 : (DIRECTORY_MODES[next(DIRECTORY_MODES.length)] ?? 0o755)]);
      } else if (kind === 3) symlinkSync(Buffer.from(TARGETS[next(TARGETS.length)] ?? "a", "latin1"), path);
      else if (kind === 4 && !forGit && files.length > 0) linkSync(files[next(files.length)] ?? path, path);
      else {
        writeFileSync(path, Buffer.alloc(next(3000), String(seed + index)));
        if (kind === 5) {
          // A hole of 64 KiB, and a little data after it.
          truncateSync(path, 70_000 + next(1000));
          writeFileSync(path, "end", { flag: "a" });
        }
        chmodSync(path, forGit ? ([0o644, 0o755][next(2)] ?? 0o644) : (FILE_MODES[next(FILE_MODES.length)] ?? 0o644));
        files.push(path);
      }
    }
  };
  fill(Buffer.from(root), 0);
  writeFileSync(`${root}/Dockerfile`, "FROM scratch\nCOPY . /\n");
  writeFileSync(`${root}/.dockerignore`, "**/.hidden*\n!a/.hidden\n");
  for (const [path, mode] of directories.toReversed()) chmodSync(path, mode);
}
