/** The composition root of `slipway context`, which needs only the user's files. */
import { argumentsOf } from "../plan/build-args.ts";
import { ContextView } from "../pack/context-view.ts";
import { gatherContext } from "../plan/gather.ts";
import { printError } from "../lib/terminal/output.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export interface ContextRequest {
  readonly path: string;
  readonly file: string | undefined;
  readonly target: string | undefined;
  /** In the form of `slipway build --build-arg`. */
  readonly buildArgs: readonly string[];
  readonly sendAll: boolean;
  /** As for `slipway build`. */
  readonly submoduleCredentials: readonly string[];
}

/** @throws InvalidInput for a path that does not exist or is of the wrong type. */
export async function wireContext(request: ContextRequest, signal: AbortSignal): Promise<ContextView> {
  const { path, file, target, sendAll, submoduleCredentials } = request;
  const say = (message: string): void => printError(`${message}\n`);
  const buildArgs = argumentsOf(request.buildArgs, process.env);
  const inputs = await gatherContext(
    { path, submoduleCredentials, ...omitUndefined({ file }) },
    { stdin: () => process.stdin, say, signal },
  );
  return ContextView.open({ ...inputs, buildArgs, sendAll, ...omitUndefined({ target }) }, signal);
}
