/** Asks the user on the terminal. Questions go to standard error, as standard output is for the result of the command. */
import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Interrupted } from "../../errors.ts";
import { waitLine } from "./wait-line.ts";
import { echo, tameQuestion } from "../../lib/terminal/output.ts";

/** @param hidden do not show the answer. @throws Interrupted on Ctrl-C or Ctrl-D, or when the terminal is closed */
export function prompt(question: string, hidden: boolean): Promise<string> {
  const ask = (): Promise<string> => askOnce(question, hidden);
  return waitLine()?.pause(ask) ?? ask();
}

function askOnce(question: string, hidden: boolean): Promise<string> {
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) echo(chunk);
      done();
    },
  });
  const tamed = tameQuestion(question);
  if (hidden) echo(tamed);
  const reader = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  return new Promise((resolve, reject) => {
    let answered = false;
    const stop = (reason: string): void => {
      if (answered) return;
      answered = true;
      echo("\n");
      reader.close();
      reject(new Interrupted(reason));
    };
    reader.once("SIGINT", () => stop("stopped by Ctrl-C"));
    reader.once("close", () => stop("stopped: the input ended without an answer"));
    // The reader redraws its line, so it must know the question to keep it.
    reader.question(hidden ? "" : tamed, (answer) => {
      answered = true;
      if (hidden) echo("\n");
      reader.close();
      resolve(answer);
    });
  });
}

/** Asks a question that is answered with y or n; any other answer counts as n. @throws Interrupted as `prompt` */
export async function confirm(question: string): Promise<boolean> {
  return isYes(await prompt(`${question} [y/N] `, false));
}

export function isYes(answer: string): boolean {
  return /^y(?:es)?$/i.test(answer.trim());
}
