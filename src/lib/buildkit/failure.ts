/** What a failed solve says beside its message: the place in the Dockerfile, and a process's exit code (buildkit solver/errdefs). */
import type { GrpcError } from "./grpc.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export interface SolveFailure {
  /** Without what every failed solve begins with. */
  readonly message: string;
  /** Where in the Dockerfile. */
  readonly source?: {
    readonly filename: string;
    /** The whole file. */
    readonly text: string;
    /** First and last line, counted from 1. */
    readonly lines: readonly [first: number, last: number];
  };
  /** Of the process that failed. */
  readonly exitCode?: number;
}

interface SourceDetail {
  readonly info?: { readonly filename?: string; readonly data?: string };
  readonly ranges?: readonly {
    readonly start?: { readonly line?: number };
    readonly end?: { readonly line?: number };
  }[];
}

export function solveFailure(error: GrpcError): SolveFailure {
  const source = sourceOf(jsonOf(error, "errdefs.Source+json") as SourceDetail | undefined);
  const code = (jsonOf(error, "ExitMessage+json") as { readonly Code?: number } | undefined)?.Code;
  return {
    message: error.message.replace(/^failed to solve: /, ""),
    ...omitUndefined({ source }),
    ...(typeof code === "number" ? { exitCode: code } : {}),
  };
}

function sourceOf(detail: SourceDetail | undefined): SolveFailure["source"] | undefined {
  const { info, ranges = [] } = detail ?? {};
  const starts = ranges.map(({ start }) => start?.line ?? 0).filter((line) => line > 0);
  const ends = ranges.map(({ end }) => end?.line ?? 0);
  if (typeof info?.data !== "string" || starts.length === 0) return undefined;
  return {
    filename: info.filename ?? "",
    text: Buffer.from(info.data, "base64").toString("utf8"),
    lines: [Math.min(...starts), Math.max(...starts, ...ends)],
  };
}

/** The last detail of a type: errors are wrapped, and the innermost comes last. Undefined when it cannot be read. */
function jsonOf({ details }: GrpcError, type: string): unknown {
  const found = details.findLast(({ typeUrl }) => typeUrl.endsWith(type));
  if (found === undefined) return undefined;
  try {
    return JSON.parse(found.value.toString("utf8"));
  } catch {
    return undefined;
  }
}
