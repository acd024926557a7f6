/** Asks the person at the terminal. The question is on standard error, so that standard output stays the program's answer. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Interrupted } from "../errors.ts";

/** @param hidden nothing of the answer is shown. @throws Interrupted on Ctrl-C or the input's end */
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
    const stop = (): void => {
      if (answered) return;
      answered = true;
      process.stderr.write("\n");
      reader.close();
      reject(new Interrupted("stopped by Ctrl-C"));
    };
    reader.once("SIGINT", stop);
    reader.once("close", stop);
    // The reader draws its line anew: a question it does not know of would be wiped away.
    reader.question(hidden ? "" : question, (answer) => {
      answered = true;
      if (hidden) process.stderr.write("\n");
      reader.close();
      resolve(answer);
    });
  });
}
