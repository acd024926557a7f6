/** Runs a target on inputs of a seed. */
import { InternalError, SlipwayError } from "../../src/errors.ts";
import { randomNumbers } from "../faults/random-fault.ts";
import type { Target } from "./targets.ts";

export interface Finding {
  readonly target: string;
  readonly input: string;
  readonly error: string;
}

/** What is wrong with how an input was taken; undefined when it was read, or refused in a sentence. */
export async function judge(target: Target, input: string): Promise<Finding | undefined> {
  try {
    await target.run(input);
    return undefined;
  } catch (error) {
    if (error instanceof SlipwayError && !(error instanceof InternalError)) return undefined;
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { target: target.name, input, error: told.split("\n").slice(0, 4).join("\n") };
  }
}

/** @param before told of each input before it is tried, for whoever watches for one that never ends */
export async function runCases(
  target: Target,
  count: number,
  seed: number,
  before: (input: string) => void = () => {},
): Promise<Finding[]> {
  const random = randomNumbers(seed);
  const findings = new Map<string, Finding>();
  for (let number = 0; number < count; number++) {
    const input = target.make(random);
    before(input);
    const finding = await judge(target, input);
    // One of each kind is enough.
    if (finding !== undefined && findings.size < 20)
      findings.set(finding.error.replaceAll(/["'].*?["']|\d+/g, ""), finding);
  }
  return [...findings.values()];
}
