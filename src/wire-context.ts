/** The composition root of `slipway context`, which needs the user's files and nothing else. */
import { ContextView } from "./build/context-view.ts";
import { gatherContext } from "./build/gather.ts";

/** @throws UsageError for a path that is not there or not what it should be. */
export async function wireContext(path: string, file: string | undefined, signal: AbortSignal): Promise<ContextView> {
  const say = (message: string): void => void process.stderr.write(`${message}\n`);
  const inputs = await gatherContext(
    { path, ...(file === undefined ? {} : { file }) },
    { stdin: () => process.stdin, say, signal },
  );
  return new ContextView(inputs, signal);
}
