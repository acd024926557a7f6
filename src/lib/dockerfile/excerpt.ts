/** The lines of a Dockerfile around a failure, as BuildKit prints them (buildkit solver/errdefs/source.go: Source.Print). */
import type { Dockerfile } from "./parse.ts";

/** Lines above and below, of which the shown ones have at least so many together. */
const LINES_AROUND = 2;

const RULE = "-".repeat(20);

/**
 * @param name of the file, as it is shown
 * @param line that failed, from 1; all lines of its instruction are marked
 * @returns lines without line feeds; none if the file has no such line
 */
export function dockerfileExcerpt(name: string, dockerfile: Dockerfile, text: string, line: number): string[] {
  const lines = text.split(/\r?\n/);
  if (line < 1 || line > lines.length) return [];
  const instruction = dockerfile.instructions.find((one) => one.line <= line && line <= one.endLine);
  const first = instruction?.line ?? line;
  const last = instruction?.endLine ?? line;
  const from = Math.max(1, first - LINES_AROUND);
  const to = Math.min(lines.at(-1) === "" ? lines.length - 1 : lines.length, last + LINES_AROUND);
  const shown = lines.slice(from - 1, to).map((content, index) => {
    const number = from + index;
    const mark = number >= first && number <= last ? ">>>" : "   ";
    return `${String(number).padStart(4)} | ${mark} ${content}`;
  });
  return [`${name}:${first}`, RULE, ...shown, RULE];
}
