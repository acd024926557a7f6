/** Several builds at once, each after those it builds on. */

export interface Step {
  readonly name: string;
  /** Names of the steps that have to be done before. */
  readonly after: readonly string[];
}

/**
 * @param atOnce how many may run together
 * @param run does one step
 * @param stop is told when one has failed: the others that run are to end, and no further one begins
 * @returns what came of each; rejects with the first failure when all have ended
 */
export async function runTargets<S extends Step, T>(
  steps: readonly S[],
  atOnce: number,
  run: (step: S) => Promise<T>,
  stop: () => void,
): Promise<Map<string, T>> {
  const results = new Map<string, T>();
  const waiting = new Set(steps);
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  for (;;) {
    for (const step of waiting) {
      if (failures.length > 0 || running.size === atOnce) break;
      if (!step.after.every((name) => results.has(name))) continue;
      waiting.delete(step);
      const done: Promise<void> = run(step)
        .then(
          (result) => void results.set(step.name, result),
          (error: unknown) => {
            if (failures.push(error) === 1) stop();
          },
        )
        .finally(() => running.delete(done));
      running.add(done);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failures.length > 0) throw failures[0];
  // In the order they were given, however they ended.
  return new Map(steps.flatMap(({ name }) => (results.has(name) ? [[name, results.get(name) as T]] : [])));
}
