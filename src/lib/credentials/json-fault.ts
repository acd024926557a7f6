/** Finds the first error in JSON. Node's message cannot be used: it quotes the text, which holds secrets. */

const BLANK = /[ \t\n\r]*/y;
const ATOM =
  // oxlint-disable-next-line no-control-regex -- the ones JSON forbids in a string
  /"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null/y;

/** Line and column, from 1, of the first invalid character. */
export function locateFault(text: string): { line: number; column: number } {
  const before = text.slice(0, faultOf(text)).split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** The next allowed token: a value, a member's name, its colon, a comma or the end of an array or object. */
type Expected = "value" | "value or ]" | "name" | "name or }" | "colon" | "comma or end";

function faultOf(text: string): number {
  const open: ("{" | "[")[] = [];
  let expected: Expected = "value";
  let at = 0;
  for (;;) {
    BLANK.lastIndex = at;
    at += BLANK.exec(text)?.[0].length ?? 0;
    const character = text[at];
    const closing = open.at(-1) === "{" ? "}" : "]";
    if (expected === "comma or end" && open.length === 0) return at;
    if (character === undefined) return at;
    if (character === closing && open.length > 0 && (expected === "comma or end" || expected.endsWith(closing))) {
      open.pop();
      expected = "comma or end";
      at += 1;
    } else if (expected === "comma or end" && character === ",") {
      expected = open.at(-1) === "{" ? "name" : "value";
      at += 1;
    } else if (expected === "colon" && character === ":") {
      expected = "value";
      at += 1;
    } else if (expected.startsWith("value") && (character === "{" || character === "[")) {
      open.push(character);
      expected = character === "{" ? "name or }" : "value or ]";
      at += 1;
    } else {
      if (expected === "colon" || expected === "comma or end") return at;
      ATOM.lastIndex = at;
      const atom = ATOM.exec(text)?.[0];
      const isName = expected.startsWith("name");
      if (atom === undefined || (isName && !atom.startsWith('"'))) return at;
      expected = isName ? "colon" : "comma or end";
      at += atom.length;
    }
  }
}
