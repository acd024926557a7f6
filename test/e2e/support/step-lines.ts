/** What the plain view prints before a line of a step: its number and the seconds since its start. */
const PREFIX = /^#\d+ \d+\.\d{3} /gm;

/** The log of a build with the lines of its commands as they printed them. */
export function printedBy(stderr: string): string {
  return stderr.replaceAll(PREFIX, "");
}
