/** Compares a build's log and image with what they must be. */
import { kaniko } from "../../../src/builders/kaniko/kaniko.ts";
import { readImage } from "../../e2e/support/registry.ts";
import type { Run } from "../../e2e/support/slipway.ts";
import { linesOfSteps } from "../../e2e/support/step-lines.ts";
import { readNodeLog } from "./node-log.ts";

/** Returns the faults of the build with the given number; empty if there are none. The build's pod must still exist. */
export async function faultsOf(run: Run, namespace: string, image: string, number: number): Promise<string[]> {
  if (run.code !== 0) return [`build ${number} ended with ${run.code}: ${run.stderr}`];
  const wrong: string[] = [];
  const read = await readImage(image);
  if (read.files.get("n")?.text !== `${number}\n`) wrong.push(`build ${number} made another's image`);
  if (!run.stderr.includes(`=> built digest ${read.digest}\n`)) wrong.push(`build ${number} tells another digest`);
  const pod = podOf(run);
  const steps = kaniko.steps([]);
  const events = (await readNodeLog(namespace, pod, "kaniko")).flatMap((line) => steps.read(line, ""));
  const expected = events.flatMap((event) => (event.type === "log" ? [event.line] : []));
  const shown = linesOfSteps(run.stderr);
  const at = expected.findIndex((line, index) => line !== shown[index]);
  if (at >= 0 || shown.length !== expected.length) {
    wrong.push(
      `build ${number}: line ${at} of ${expected.length} (shown ${shown.length}) is ${JSON.stringify(shown[at])} instead of ${JSON.stringify(expected[at])}`,
    );
  }
  return wrong;
}

/** Returns the name of the pod from the build's output; empty if it printed none. */
export function podOf({ stderr }: Run): string {
  return /^=> schedule: pod (\S+)$/m.exec(stderr)?.[1] ?? "";
}
