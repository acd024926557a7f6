import { InvalidInput } from "../../errors.ts";

/** Reads and writes the one-line CSV of docker's and BuildKit's flag values: `type=oci,dest="a,b.tar"`. */

/** Writes fields as one line of CSV. A field with a comma, a quote or a line feed is quoted. */
export function csvLine(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields
    .map(([name, value]) => `${name}=${value}`)
    .map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field))
    .join(",");
}

/** The fields of one line (RFC 4180). @throws InvalidInput with the flag's name if quotes do not match. */
export function csvFields(text: string, flag: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = text[at] === '"';
    let field = "";
    if (quoted) {
      for (at += 1; ; at += 1) {
        if (at >= text.length) throw malformed(text, flag, "a quote is not closed");
        if (text[at] === '"' && text[at + 1] === '"') at += 1;
        else if (text[at] === '"') break;
        field += text[at];
      }
      at += 1;
      if (at < text.length && text[at] !== ",") throw malformed(text, flag, "text follows a closing quote");
    } else {
      const end = text.indexOf(",", at);
      field = text.slice(at, end === -1 ? text.length : end);
      if (field.includes('"')) throw malformed(text, flag, "a field has a quote inside; put the whole field in quotes");
      at = end === -1 ? text.length : end;
    }
    fields.push(field);
    if (at >= text.length) return fields;
    at += 1;
  }
}

/** Reads `key=value` fields; keys are in lower case. @throws InvalidInput with docker's message for any other field. */
export function csvPairs(text: string, flag: string): [key: string, value: string][] {
  return csvFields(text, flag).map((field) => {
    const at = field.indexOf("=");
    if (at === -1)
      throw new InvalidInput(`--${flag}: invalid value ${field}`, {
        docker: "refuses",
        suggestions: ["Write fields as KEY=VALUE."],
      });
    return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1)];
  });
}

function malformed(text: string, flag: string, why: string): InvalidInput {
  return new InvalidInput(`--${flag} ${text} cannot be read: ${why}`, { docker: "refuses" });
}
