/** What a person has to mend before a release can be made: told in one sentence, without a trace of calls. */
export class Refused extends Error {}

/** Waits for what may be refused, and ends this process with 2 and the sentence if it is. Other errors are thrown. */
export async function orEnd<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(2);
  }
}
