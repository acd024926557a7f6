/** The bytes of a Dockerfile. BuildKit takes only UTF-8 in instructions, and anything in comments. */
import type { Dockerfile } from "./parse.ts";
import { refuseLine } from "./faults.ts";

export interface DockerfileText {
  readonly text: string;
  /** The file as it is, if the text does not give the same bytes again: it is not all UTF-8. */
  readonly bytes?: Uint8Array;
}

export function decodeDockerfile(bytes: Uint8Array): DockerfileText {
  const text = Buffer.from(bytes).toString();
  return Buffer.from(text).equals(bytes) ? { text } : { text, bytes };
}

const REMEDY = "Save the file as UTF-8. In RUN, write such a byte as an escape, for example: printf 'caf\\351'";

/** @throws InvalidInput for the first line of an instruction with bytes that are not UTF-8; comments may have them. */
export function refuseOtherBytes(
  { instructions }: Pick<Dockerfile, "instructions">,
  bytes: Uint8Array | undefined,
): void {
  if (bytes === undefined) return;
  const strange = linesThatAreNotUtf8(bytes);
  for (const { keyword, line, endLine, heredocs } of instructions) {
    for (let number = line; number <= endLine; number += 1) {
      const text = strange.get(number);
      if (text === undefined || (heredocs.length === 0 && /^\s*#/.test(text))) continue;
      refuseLine(number, `${keyword} has bytes that are not UTF-8: ${text.trim().slice(0, 60)}`, [REMEDY]);
    }
  }
}

/** Returns the lines by number, from 1, with U+FFFD for bytes that are not UTF-8. */
function linesThatAreNotUtf8(bytes: Uint8Array): ReadonlyMap<number, string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const found = new Map<number, string>();
  let start = 0;
  for (let number = 1; start < bytes.length; number += 1) {
    const feed = bytes.indexOf(0x0a, start);
    const end = feed < 0 ? bytes.length : feed;
    const line = bytes.subarray(start, end);
    try {
      decoder.decode(line);
    } catch {
      found.set(number, Buffer.from(line).toString());
    }
    start = end + 1;
  }
  return found;
}
