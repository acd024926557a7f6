/** Reads the details of a failed solve: the lines of the Dockerfile, and the exit code of the process (buildkit solver/errdefs). */
import type { GrpcError } from "./grpc.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export interface SolveFailure {
  /** The daemon's message, without the prefix `failed to solve: `. */
  readonly message: string;
  /** The failed lines of the Dockerfile. */
  readonly source?: {
    readonly filename: string;
    /** Content of the whole file. */
    readonly text: string;
    /** First and last line, counted from 1. */
    readonly lines: readonly [first: number, last: number];
  };
  /** Exit code of the process that failed. */
  readonly exitCode?: number;
}

interface SourceDetail {
  readonly info?: { readonly filename?: string; readonly data?: string };
  readonly ranges?: readonly {
    readonly start?: { readonly line?: number };
    readonly end?: { readonly line?: number };
  }[];
}

/** Reads the details of a GrpcError of a solve. A detail that is missing or malformed is left out. */
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

/** Returns the last detail of a type, because the innermost of the wrapped errors comes last. Undefined if it cannot be parsed. */
function jsonOf({ details }: GrpcError, type: string): unknown {
  const found = details.findLast(({ typeUrl }) => typeUrl.endsWith(type));
  if (found === undefined) return undefined;
  try {
    return JSON.parse(found.value.toString("utf8"));
  } catch {
    return undefined;
  }
}
