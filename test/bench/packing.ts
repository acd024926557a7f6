/** Packing a context, against `tar` with the same files. */
import { ROOT, mustRun } from "./command.ts";
import { compare } from "./row.ts";
import type { Row, Way } from "./row.ts";
import { fill, makeScratch } from "./scratch.ts";

const FILES = 10_000;
const BYTES = 500_000_000;

export const packing: Row = {
  name: "packing",
  rounds: 7,
  async measure(rounds) {
    await using scratch = await makeScratch();
    await fill(scratch.path, "mixed", FILES, BYTES);
    // The start of the process is not counted, because a build has already started when it packs. The archive is read in the same
    // process, as in a build.
    const pack =
      (level: number): Way =>
      async () => {
        const { stdout } = await mustRun(process.execPath, [
          `${ROOT}test/bench/pack-and-count.ts`,
          scratch.path,
          `${level}`,
        ]);
        const [bytes, ms] = stdout.split(" ").map(Number);
        return checked(bytes, ms);
      };
    // tar writes into a pipe, because it does not read the files if its output is /dev/null.
    const pipe =
      (pipeline: string): Way =>
      async () => {
        const counted = `set -o pipefail; ${pipeline} | wc -c`;
        const { stdout, ms } = await mustRun("bash", ["-c", counted, "bash", scratch.path]);
        return checked(Number(stdout), ms);
      };
    const what = `packing ${FILES} files, ${BYTES / 1e6} MB, half text`;
    const stored = { what: `${what}, stored`, against: "tar", goal: 1.1 };
    const compressed = { what, against: "tar | gzip -1", goal: 0.8 };
    return [
      await compare(rounds, { ...stored, slipway: pack(0), other: pipe(`tar -C "$1" -cf - .`) }),
      await compare(rounds, { ...compressed, slipway: pack(1), other: pipe(`tar -C "$1" -cf - . | gzip -1`) }),
    ];
  },
};

/** Checks that the archive is larger than the random half of the files, which cannot be compressed. */
function checked(bytes = 0, ms = 0): number {
  if (bytes < BYTES / 2) throw new Error(`no more than ${bytes} bytes were packed`);
  return ms;
}
