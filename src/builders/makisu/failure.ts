/** Explains in one sentence why makisu failed, from the end of its log. */
import type { ContainerEnd } from "../builder.ts";
import { failed, registryFailure } from "../failures/registry.ts";
import type { Failure } from "../failures/registry.ts";
import { placeOfImage } from "../failures/image-place.ts";
import { missingSource } from "../failures/source.ts";
import { instructionFailure, memoryFailure, runFailure } from "../failures/run.ts";
import { between } from "../../lib/text/linear.ts";

const BASE_FORM =
  "Makisu reads only single images with Docker's manifest (schema 2): copy the base image with `skopeo copy --format v2s2`, or use another builder.";

export function makisuFailure(end: ContainerEnd): Failure {
  // Makisu logs an error for a layer that is not in its cache, and then builds the layer.
  const lines = [...end.message.split("\n"), ...end.tail]
    .map((line) => line.trim())
    .filter((line) => !line.includes("Failed to fetch intermediate layer"));
  const error = lines.map(errorIn).findLast((text) => text !== undefined) ?? "";
  const memory = memoryFailure(end);
  if (memory !== undefined) return memory;
  const code = /cmd wait: exit status (\d+)/.exec(error)?.[1];
  if (code !== undefined) {
    return runFailure(
      lines.map(commandIn).findLast((text) => text !== undefined),
      code,
    );
  }
  const signal = /cmd wait: signal: ([a-z ]+)$/.exec(error)?.[1];
  if (signal !== undefined) {
    const run = lines.map(commandIn).findLast((text) => text !== undefined);
    return instructionFailure(run, `was ended by a signal: ${signal}`);
  }
  const image = /pull image (\S+): pull manifest: manifest not found$/.exec(error)?.[1];
  if (image !== undefined) {
    // It asks only for that form, and the registry gives the same answer for an image that has another one.
    const message = `makisu found no image ${image} with Docker's manifest in its registry`;
    return { ...failed("build", message, ["Check the name and the tag.", BASE_FORM]), place: placeOfImage(image) };
  }
  const source = missingFile(error);
  if (source !== undefined) return missingSource(source);
  if (/unsupported manifest mediatype|manifest not found|unmarshal distribution manifest/.test(error)) {
    return failed("build", `makisu cannot read a base image: ${innermost(error)}`, [BASE_FORM]);
  }
  const refusal = registryFailure(error);
  if (refusal?.fault === "registry-auth") {
    const note =
      "Makisu can log in only with tokens. It does not support a registry that asks for Basic authentication itself.";
    return { ...refusal, suggestions: [...refusal.suggestions, note] };
  }
  return refusal ?? failed("build", error === "" ? `makisu ended with exit code ${end.exitCode}` : innermost(error));
}

/** A file of COPY: of another stage, which makisu keeps before it builds the next one, or of the context. */
function missingFile(error: string): string | undefined {
  if (!error.endsWith(": no such file or directory")) return undefined;
  if (error.includes(": checkpoint stage ")) return between(error, ": stat ", ": ");
  const file = between(error, ": walk ", ": ") ?? "";
  return /^\/makisu-context\/(?:ready\/)?context(\/.*)$/.exec(file)?.[1];
}

/** `ERROR: …` at the start of a line, or behind a tab, as zap writes it. */
function errorIn(line: string): string | undefined {
  const last = [...line.matchAll(/(?<=^|\t)ERROR[:\t] ?/g)].at(-1);
  return last === undefined ? undefined : line.slice(last.index + last[0].length).trim();
}

/** `* Step 2/3 (…) : RUN make (…)`. */
function commandIn(line: string): string | undefined {
  const at = /^\* (?:Executing|Step \d+\/\d+) /.test(line) ? line.indexOf("RUN ") : -1;
  if (at < 0) return undefined;
  const command = line.slice(at);
  const note = command.endsWith(")") ? command.indexOf(" (", 4) : -1;
  return note < 0 ? command : command.slice(0, note);
}

/** Makisu wraps each error in a description of every step around it. */
function innermost(error: string): string {
  return error.replace(
    /^(?:(?:failed to (?:execute|create) build plan|process stages and aliases|failed to convert parsed stage|execute stage|build stage \S+|build node|do execute|execute step|failed to get dockerfile): )+/,
    (match) => (match === error ? match : ""),
  );
}
