import { parseDecimal } from "./number.ts";
import { HclError } from "./source.ts";
import { FALSE, TRUE, asText, number } from "./value.ts";
import type { Value } from "./value.ts";

export function textToNumber(value: Value): Value {
  const parsed = parseDecimal(asText(value));
  if (parsed === undefined) throw new HclError("a number is required");
  return number(parsed);
}

export function textToBool(value: Value): Value {
  const word = asText(value);
  if (word === "true" || word === "1") return TRUE;
  if (word === "false" || word === "0") return FALSE;
  const lower = word.toLowerCase();
  const hint = lower === "true" || lower === "false" ? `; to convert from a string, use lowercase "${lower}"` : "";
  throw new HclError(`a bool is required${hint}`);
}
