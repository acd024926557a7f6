/** Packing a context, against tar writing the same archive. */
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
    // Its start is not counted, as a build has started long before; what it packs goes to a reader in its own process, as there.
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
    // Into a pipe: tar reads no file when it sees that its output is /dev/null.
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

/** An archive of half text and half noise is larger than the noise. */
function checked(bytes = 0, ms = 0): number {
  if (bytes < BYTES / 2) throw new Error(`no more than ${bytes} bytes were packed`);
  return ms;
}
