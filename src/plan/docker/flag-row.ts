/** One flag of `docker build` or `buildx build`: what docker does with it, and what slipway does. */
import type { FlagCapability } from "./capabilities.ts";

/** As pflag reads it: nothing or `=BOOLEAN`, one value (the last one counts), or a value each time. */
export type FlagArity = "nothing" | "value" | "values";

export type Verdict =
  /** Done for every builder. */
  | { readonly kind: "honoured"; readonly how: string }
  /** Taken, and where `reported` so once on standard error: it means nothing on a cluster. */
  | { readonly kind: "ignored"; readonly why: string; readonly reported: boolean }
  /** Done where the builder can; else refused before anything is created, naming the builders that can. */
  | { readonly kind: "capability"; readonly needs: readonly FlagCapability[]; readonly how: string }
  /** Refused for every builder, with another way to the same end. */
  | { readonly kind: "refused"; readonly why: string; readonly instead: string };

export interface FlagRow {
  readonly arity: FlagArity;
  readonly char?: string;
  /** What the value is called in the help; none for flags without one. */
  readonly value?: string;
  /** One line for `--help`; without one the flag is hidden there, as docker hides it. */
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
