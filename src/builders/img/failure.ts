/** Explains in one sentence why img failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { namespaceFailure } from "../failures/user-namespace.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { lastMatch, memoryFailure, runFailure } from "../failures/run.ts";
import { placeOfDownload } from "../buildkit/failure.ts";
import { missingImage } from "../failures/image.ts";
import { missingSource } from "../failures/source.ts";
import { between, betweenFarthest } from "../../lib/text/linear.ts";

/** `executor failed running [/bin/sh -c …]: …` (buildkit v0.7.2, solver/llbsolver/ops/exec.go). It does not report the exit code. */
const EXECUTOR = ["executor failed running [", "]: "] as const;

/** Its flag for insecure registries has no effect (buildkit v0.7.2, util/push/push.go), and another remedy than for other builders helps. */
function plainHttp(text: string): Failure | undefined {
  const host = between(text, ' "https://', "/");
  if (host === undefined || !text.includes("server gave HTTP response to HTTPS client")) return undefined;
  return failed("build", `${host} uses plain http, and img uses only https`, [
    "Use another builder: all others can do it.",
  ]);
}

export function imgFailure(end: ContainerEnd): Failure {
  const lines = [...end.message.split("\n"), ...end.tail];
  const error = lastMatch(lines, /^Error: (.*)$/);
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const command = betweenFarthest(error ?? "", ...EXECUTOR);
  if (command !== undefined) return runFailure(command.replace(/^\/bin\/sh -c /, ""), undefined);
  // Img logs on separate lines what it was doing.
  const asked = lastMatch(lines, /^ > \[internal\] load metadata for (\S+):$/);
  const pushing = lastMatch(lines, /^Pushing (\S+)\.\.\.$/);
  const text = error ?? lastMatch(lines, /\S/) ?? "";
  const source = /failed to compute cache key: "([^"]+)" not found/.exec(text)?.[1];
  if (source !== undefined) return missingSource(source);
  const image = /(?:failed to load cache key|failed to create LLB definition): (\S+): not found$/.exec(text)?.[1];
  if (image !== undefined) return missingImage(image);
  const pulling = asked === undefined ? "" : `pull image ${asked}: `;
  const doing = pushing === undefined ? pulling : `push ${pushing}: `;
  return (
    plainHttp(text) ??
    registryFailure(`${doing}${text}`) ??
    (error === undefined ? namespaceFailure(lines.join("\n")) : undefined) ?? {
      ...failed(
        "build",
        text === "" ? `img ended with exit code ${end.exitCode}` : text.replace(/^failed to solve: /, ""),
      ),
      ...placeOfDownload(text),
    }
  );
}
