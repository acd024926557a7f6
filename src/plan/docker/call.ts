/** `--check` and `--call METHOD[,format=json][,ignorestatus]`, as buildx reads them (util/buildflags/call.go). */
import { InvalidInput } from "../../errors.ts";
import { csvFields } from "../../lib/pflag/csv.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";

export interface Call {
  readonly method: "check" | "outline" | "targets";
  readonly json: boolean;
  /** Exit with 0, whatever the check finds. */
  readonly ignoreStatus: boolean;
}

const METHODS: ReadonlyMap<string, Call["method"] | "build"> = new Map([
  ["build", "build"],
  ["check", "check"],
  ["lint", "check"],
  ["outline", "outline"],
  ["targets", "targets"],
] as const);

/** Undefined for a plain build. @throws InvalidInput for an unknown method */
export function callOf(flags: {
  readonly check?: boolean | undefined;
  readonly call?: string | undefined;
  readonly print?: string | undefined;
}): Call | undefined {
  const text = flags.call ?? flags.print ?? (flags.check === true ? "check" : "");
  if (text === "") return undefined;
  const fields = csvFields(text, "call");
  const name = fields.find((field) => !field.includes("=") && field !== "ignorestatus") ?? "build";
  const method = METHODS.get(name);
  if (method === undefined) {
    throw new InvalidInput(`unknown method --call ${name}`, {
      docker: "refuses",
      suggestions: [`Write one of: ${[...METHODS.keys()].join(", ")}.`],
    });
  }
  if (flags.check === true && method !== "check")
    throw new InvalidInput("cannot use --call and --check together", { docker: "refuses" });
  let [json, ignoreStatus] = [false, fields.includes("ignorestatus")];
  for (const field of fields) {
    const [key = "", value = ""] = field.split("=");
    if (key === "format" && (value === "json" || value === "text")) json = value === "json";
    else if (key === "ignorestatus") ignoreStatus = value === "" || parseBool(value) === true;
    else if (field.includes("="))
      throw new InvalidInput(`--call: unknown field "${field}"`, {
        docker: "refuses",
        suggestions: ["Write format=json or ignorestatus=true."],
      });
  }
  return method === "build" ? undefined : { method, json, ignoreStatus };
}
