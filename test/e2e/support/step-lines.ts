/** What the plain view prints before a line of a step: its number and the seconds since its start. */
const PREFIX = /^#\d+ \d+\.\d{3} /gm;

/** The log of a build with the lines of its commands as they printed them. */
export function printedBy(stderr: string): string {
  return stderr.replaceAll(PREFIX, "");
}

/** Finds a line that a command printed, as the plain view shows it. @param line without characters that mean something in a pattern */
export function printing(line: string): RegExp {
  return new RegExp(`^(?:#\\d+ \\d+\\.\\d{3} )?${line}$`, "m");
}

/** The lines of all steps as the builder and its commands wrote them, without the lines that start and end a step. */
export function linesOfSteps(stderr: string): string[] {
  return stderr.split("\n").flatMap((line) => (line.search(PREFIX) === 0 ? [line.replace(PREFIX, "")] : []));
}
