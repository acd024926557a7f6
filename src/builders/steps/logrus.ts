/** Lines of the logger that Go programs share (github.com/sirupsen/logrus, text_formatter.go, without a terminal). */

/** `time="…" level=warning msg=`, and then a text, in quotes if it has spaces. Further fields may follow. */
const START = /^time="[^"]*" level=([a-z]+) msg=/;
const QUOTED = /^"(?:[^"\\]|\\.)*"/s;

/** The line without its time: `WARN: what it says`; undefined for any other line. Lines of the level info have no word before them. */
export function logrusText(line: string): string | undefined {
  const [start, level = ""] = START.exec(line) ?? [];
  if (start === undefined) return undefined;
  const rest = line.slice(start.length);
  const [message = rest.split(" ", 1)[0] ?? ""] = QUOTED.exec(rest) ?? [];
  const word = level === "info" ? "" : `${level === "warning" ? "WARN" : level.toUpperCase()}: `;
  return `${word}${unquoted(message).trim()}${rest.slice(message.length)}`;
}

/** Go's %q differs from JSON only in escapes of bytes, which such a message does not have; else it stays as it is. */
function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return (JSON.parse(text) as string).replaceAll("\n", " ");
  } catch {
    return text.slice(1, -1);
  }
}
