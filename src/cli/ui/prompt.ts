/** Asks the person at the terminal. The question is on standard error, so that standard output stays the program's answer. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Interrupted } from "../../errors.ts";

/** @param hidden nothing of the answer is shown. @throws Interrupted on Ctrl-C or Ctrl-D, or when the terminal is gone */
export function prompt(question: string, hidden: boolean): Promise<string> {
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) process.stderr.write(chunk);
      done();
    },
  });
  if (hidden) process.stderr.write(question);
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    let answered = false;
    const stop = (why: string): void => {
      if (answered) return;
      answered = true;
      process.stderr.write("\n");
      reader.close();
      reject(new Interrupted(why));
    };
    reader.once("SIGINT", () => stop("stopped by Ctrl-C"));
    reader.once("close", () => stop("stopped: there was no answer, and the input has ended"));
    // The reader draws its line anew: a question it does not know of would be wiped away.
    reader.question(hidden ? "" : question, (answer) => {
      answered = true;
      if (hidden) process.stderr.write("\n");
      reader.close();
      resolve(answer);
    });
  });
}
