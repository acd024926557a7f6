/** Turns the licence field of a package database into SPDX: an expression of listed licences, or a reference to the original text. */
import { createHash } from "node:crypto";
import { EXCEPTION_IDS, LICENCE_IDS } from "./licence-ids.ts";

const LICENCES = byLowerCase(LICENCE_IDS);
const EXCEPTIONS = byLowerCase(EXCEPTION_IDS);

/**
 * Parses an expression (SPDX 2.3, annex D), and writes its identifiers in the spelling of the list.
 * @returns undefined if the text is not an expression, or has an identifier that is not on the list
 */
export function licenceExpression(words: string): string | undefined {
  const tokens = words.match(/[()]|[^\s()]+/g) ?? [];
  const written: string[] = [];
  let depth = 0;
  let wanted: "licence" | "operator" | "exception" = "licence";
  for (const token of tokens) {
    const operator = token.toUpperCase();
    if (wanted === "licence" && token === "(") depth++;
    else if (wanted === "operator" && token === ")" && depth > 0) depth--;
    else if (wanted === "operator" && (operator === "AND" || operator === "OR")) {
      wanted = "licence";
      written.push(operator);
      continue;
    } else if (wanted === "operator" && operator === "WITH" && isLicence(written.at(-1))) {
      wanted = "exception";
      written.push(operator);
      continue;
    } else {
      const known = wanted === "operator" ? undefined : identifier(token, wanted);
      if (known === undefined) return undefined;
      wanted = "operator";
      written.push(known);
      continue;
    }
    written.push(token);
  }
  if (wanted !== "operator" || depth !== 0) return undefined;
  return written.join(" ").replaceAll("( ", "(").replaceAll(" )", ")");
}

/** The reference that stands for a text that is not an expression, within one document. */
export function licenceReference(words: string): string {
  return `LicenseRef-${createHash("sha256").update(words).digest("hex").slice(0, 16)}`;
}

function identifier(token: string, kind: "licence" | "exception"): string | undefined {
  if (kind === "exception") return EXCEPTIONS.get(token.toLowerCase());
  const own = LICENCES.get(token.toLowerCase());
  if (own !== undefined || !token.endsWith("+")) return own;
  const earliest = LICENCES.get(token.slice(0, -1).toLowerCase());
  return earliest === undefined ? undefined : `${earliest}+`;
}

function isLicence(token: string | undefined): boolean {
  return token !== undefined && identifier(token, "licence") !== undefined;
}

function byLowerCase(ids: readonly string[]): ReadonlyMap<string, string> {
  return new Map(ids.map((id) => [id.toLowerCase(), id]));
}
