/** The targets that a bake builds: its definition with the flags of the command line applied. */
import { InvalidInput } from "../../errors.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import type { Definition } from "./definition.ts";
import { parseOverrides } from "./overrides.ts";
import type { Overrides } from "./overrides.ts";
import type { Lookup } from "./given-values.ts";
import { withBudget } from "../../lib/limits/budget.ts";
import { limitOf } from "../../lib/limits/limits.ts";
import { asInputError, resolve } from "./resolve.ts";
import type { RemoteOrigin, Resolved } from "./resolve.ts";
import { refuseWrongValues } from "./wrong-values.ts";

export interface BakeRequest {
  /** Targets, groups and patterns; empty: `default`. */
  readonly names: readonly string[];
  /** Values of `--set`. */
  readonly sets: readonly string[];
  readonly push?: boolean;
  readonly load?: boolean;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  /** The method, without its format. */
  readonly call?: string;
  readonly sbom?: string;
  readonly provenance?: string;
}

export interface BakePlan extends Resolved {
  readonly overrides: Overrides;
}

/** Flags for all targets are overrides of all targets. */
function setsOf(request: BakeRequest): string[] {
  const flag = (key: string, value: boolean | undefined): string[] =>
    value === undefined ? [] : [`*.${key}=${value}`];
  const attest = (type: string, value: string | undefined): string[] => {
    if (value === undefined || value === "") return [];
    const isOn = parseBool(value);
    return [`*.attest=type=${type},${isOn === undefined ? value : `disabled=${!isOn}`}`];
  };
  return [
    ...request.sets,
    ...flag("push", request.push === true ? true : undefined),
    ...flag("load", request.load === true ? true : undefined),
    ...(request.call === undefined || request.call === "build"
      ? []
      : [`*.call=${request.call === "check" ? "lint" : request.call}`]),
    ...flag("no-cache", request.noCache),
    ...flag("pull", request.pull),
    ...attest("sbom", request.sbom),
    ...attest("provenance", request.provenance),
  ];
}

/**
 * @throws InvalidInput
 */
export function planBake(
  definition: Definition,
  request: BakeRequest,
  lookup: Lookup,
  remote?: RemoteOrigin,
): BakePlan {
  try {
    return withBudget(limitOf("BAKE_STEPS"), () => {
      const overrides = parseOverrides(setsOf(request), definition, lookup);
      const resolved = resolve(definition, request.names, overrides, remote);
      refuseWrongValues(resolved.targets);
      return { ...resolved, overrides };
    });
  } catch (error) {
    throw asInputError(error);
  }
}

/**
 * @param given values of `--var`
 * @throws InvalidInput
 */
export function parseVariables(given: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    given
      .filter((own) => own !== "")
      .map((own) => {
        const at = own.indexOf("=");
        if (at < 1) throw new InvalidInput(`--var ${own} is not NAME=VALUE`, { docker: "refuses" });
        return [own.slice(0, at), own.slice(at + 1)] as const;
      }),
  );
}
