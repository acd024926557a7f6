/** One flag of `docker build` or `buildx build`: what docker does with it and what slipway does. */
import type { FlagCapability } from "./capabilities.ts";

/** As pflag reads it: no value or `=BOOLEAN`; one value, of which the last one counts; or one value each time. */
export type FlagArity = "nothing" | "value" | "values";

export type Verdict =
  /** Done for every builder. */
  | { readonly kind: "honoured"; readonly how: string }
  /** Accepted, but without effect on a cluster. If `reported`, a notice on standard error says so once. */
  | { readonly kind: "ignored"; readonly why: string; readonly reported: boolean }
  /** Done if the builder can do it; else refused before anything is created, with the builders that can. */
  | { readonly kind: "capability"; readonly needs: readonly FlagCapability[]; readonly how: string }
  /** Refused for every builder, with an alternative. */
  | { readonly kind: "refused"; readonly why: string; readonly instead: string };

export interface FlagRow {
  readonly arity: FlagArity;
  readonly char?: string;
  /** Name of the value in the help; absent for a flag without a value. */
  readonly value?: string;
  /** One line for `--help`. Without it, the flag is hidden there, as docker hides it. */
  readonly help?: string;
  /** What docker does. */
  readonly docker: string;
  readonly slipway: Verdict;
}

export const honoured = (how: string): Verdict => ({ kind: "honoured", how });
export const ignored = (why: string): Verdict => ({ kind: "ignored", why, reported: true });
export const silentlyIgnored = (why: string): Verdict => ({ kind: "ignored", why, reported: false });
export const refused = (why: string, instead: string): Verdict => ({ kind: "refused", why, instead });
export const needs = (capabilities: FlagCapability | readonly FlagCapability[], how: string): Verdict => ({
  kind: "capability",
  needs: typeof capabilities === "string" ? [capabilities] : capabilities,
  how,
});
