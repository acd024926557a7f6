/** `--list targets`, `--list type=variables,format=json`. */
import { InvalidInput } from "../../errors.ts";
import { csvPairs } from "../../lib/pflag/csv.ts";
import type { ListFormat } from "./print.ts";

export interface ListRequest {
  readonly what: "targets" | "variables";
  readonly format: ListFormat;
}

/** @throws InvalidInput for an unknown type or format */
export function parseList(given: string): ListRequest {
  const isPlain = !given.includes(",") && !given.startsWith("type=");
  const pairs = new Map(isPlain ? [["type", given]] : csvPairs(given, "list"));
  const unknown = [...pairs.keys()].find((key) => key !== "type" && key !== "format");
  const what = pairs.get("type");
  const format = pairs.get("format") ?? "table";
  if (
    unknown !== undefined ||
    (what !== "targets" && what !== "variables") ||
    (format !== "table" && format !== "json")
  ) {
    throw new InvalidInput(`--list ${given} is neither targets nor variables`, {
      docker: "refuses",
      suggestions: ["Write --list=targets or --list=variables, and for JSON --list=type=targets,format=json."],
    });
  }
  return { what, format };
}
