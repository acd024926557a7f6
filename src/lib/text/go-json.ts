/** JSON as Go's encoding/json writes it, so that a digest over the same data is the same. */
const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** HTML's special characters are escaped. Outside of its texts, JSON has none of them. @param json a JSON text */
export function escapeAsGo(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, (character) => ESCAPED[character] ?? character);
}

/** With two blanks of indentation. Properties stay in their order; what Go leaves out as empty is for the caller to leave out. */
export function goJson(value: unknown): string {
  return escapeAsGo(JSON.stringify(value, undefined, 2));
}
