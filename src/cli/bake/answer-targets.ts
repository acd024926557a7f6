/** `bake --call` and `--check`: what there is to say of each target's Dockerfile, and nothing is built. */
import { Readable } from "node:stream";
import { answerCall } from "../../app/check.ts";
import { InvalidInput } from "../../errors.ts";
import { callOf } from "../../plan/docker/call.ts";
import { textOf } from "../../plan/bake/definition.ts";
import { requestOf } from "../flags/build-request.ts";
import type { ChosenTarget } from "./chosen-targets.ts";
import { targetWords } from "./target-words.ts";

type BuildFlags = Parameters<typeof requestOf>[1] & { readonly call?: string | undefined };

/**
 * @param given `--call` of the command line, with its format
 * @param parse reads the flags of a target
 * @returns the exit code: that of the first target that is not right
 */
export async function answerTargets(
  targets: readonly ChosenTarget[],
  given: string | undefined,
  parse: (words: readonly string[]) => Promise<BuildFlags>,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<number> {
  let first = 0;
  let isFirst = true;
  for (const { target } of targets) {
    const { words, context, inline } = targetWords(target);
    const flags = await parse(words);
    const call = callOf({ call: given ?? flags.call });
    if (call === undefined) continue;
    const { text, status, fault } = await answerCall(requestOf(context, flags), call, signal, () =>
      Readable.from([Buffer.from(inline ?? "")]),
    );
    const description = textOf(target, "description") ?? "";
    if (!call.json) write(`${isFirst ? "" : "\n"}${target.name}\n${description === "" ? "" : `${description}\n`}\n`);
    isFirst = false;
    write(text);
    if (fault !== undefined) throw new InvalidInput(`target ${target.name}: ${fault}`, { docker: "refuses" });
    if (!call.ignoreStatus && first === 0) first = status;
  }
  return first;
}
