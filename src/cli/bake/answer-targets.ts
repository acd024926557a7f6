/** `bake --call` and `--check`: answers about each target's Dockerfile. Nothing is built. */
import { Readable } from "node:stream";
import { answerCall } from "../../app/check.ts";
import { InvalidInput } from "../../errors.ts";
import { callOf } from "../../plan/docker/call.ts";
import { requestOf } from "../flags/build.ts";
import type { ChosenTarget } from "./chosen-targets.ts";

type BuildFlags = Parameters<typeof requestOf>[1];

/**
 * @param given value of `--call`, with its format; undefined: each target's own
 * @param parse reads the flags of a target
 * @returns the exit code: the one of the first target with findings
 */
export async function answerTargets(
  targets: readonly ChosenTarget[],
  given: string | undefined,
  parse: (args: readonly string[]) => Promise<BuildFlags>,
  signal: AbortSignal,
  write: (text: string) => void,
): Promise<number> {
  let exitCode = 0;
  let isFirst = true;
  for (const { name, description, args, context, inline } of targets) {
    const flags = await parse(args);
    const call = callOf({ call: given ?? flags.call });
    if (call === undefined) continue;
    const { text, status, fault } = await answerCall(requestOf(context, flags), call, signal, () =>
      Readable.from([Buffer.from(inline ?? "")]),
    );
    if (!call.json) write(`${isFirst ? "" : "\n"}${name}\n${description === undefined ? "" : `${description}\n`}\n`);
    isFirst = false;
    write(text);
    if (fault !== undefined) throw new InvalidInput(`target ${name}: ${fault}`, { docker: "refuses" });
    if (!call.ignoreStatus && exitCode === 0) exitCode = status;
  }
  return exitCode;
}
