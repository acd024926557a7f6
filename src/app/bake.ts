/** Runs several builds at once, each after those that it depends on. */

export interface Step {
  readonly name: string;
  /** Names of the steps that must be done first. */
  readonly after: readonly string[];
}

/**
 * @param atOnce how many may run at the same time
 * @param run runs one step
 * @param stop called when a step has failed: ends the running ones; no further step starts
 * @returns the result of each step; rejects with the first failure once all have ended
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
  // In the order of `steps`, not in the order in which they ended.
  return new Map(steps.flatMap(({ name }) => (results.has(name) ? [[name, results.get(name) as T]] : [])));
}
