/** Runs git to its end for a clone: what it prints, its failure as a sentence, its limits. */
import { ProgramNotFound } from "../../lib/files/find-program.ts";
import { InvalidInput } from "../../errors.ts";
import { publicUrl, withPublicUrls } from "../../lib/text/public-url.ts";
import { waitFor } from "../../lib/waits/waits.ts";
import { startGit } from "./git.ts";

export interface GitRun {
  /** URL of the repository, for messages. */
  readonly remote: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Called with each piece of standard output, which is then not collected. */
  readonly onOutput?: (chunk: Buffer) => void;
}

/** @returns standard output @throws InvalidInput if git is not installed or fails; the signal's reason; what `onOutput` throws */
export function runGit(args: readonly string[], run: GitRun): Promise<string> {
  // git asks for a password on the terminal.
  return waitFor(`git, which reads ${publicUrl(run.remote)}`, () => runOnce(args, run), { asks: true });
}

async function runOnce(args: readonly string[], run: GitRun): Promise<string> {
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  // Without a terminal nobody could answer a question.
  const prompt = process.stderr.isTTY ? {} : { GIT_TERMINAL_PROMPT: "0" };
  const child = start(args, { ...prompt, LC_ALL: "C", LANGUAGE: undefined, ...run.env }, signal);
  const output: Buffer[] = [];
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => {
    try {
      if (run.onOutput === undefined) output.push(chunk);
      else run.onOutput(chunk);
    } catch (error) {
      stop.abort(error);
    }
  });
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-65_536)));
  return new Promise((resolve, reject) => {
    child.on("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    child.on("close", (code) => {
      if (signal.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve(Buffer.concat(output).toString());
      else
        reject(
          new InvalidInput(`git could not fetch ${publicUrl(run.remote)}: ${lastMessage(errors, run.remote)}`, {
            docker: "refuses",
          }),
        );
    });
  });
}

function start(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): ReturnType<typeof startGit> {
  try {
    return startGit(args, { env, signal });
  } catch (error) {
    if (!(error instanceof ProgramNotFound)) throw error;
    throw new InvalidInput("the context is a repository, and git is not installed here", {
      suggestions: ["Install git, or clone the repository elsewhere and give the directory."],
    });
  }
}

function lastMessage(stderr: string, remote: string): string {
  // git may name other URLs than the one it was given: those that insteadOf or a redirect leads to.
  const lines = withPublicUrls(stderr.replaceAll(remote, publicUrl(remote)))
    .split("\n")
    .filter((line) => line.trim() !== "");
  return (lines.find((line) => line.startsWith("fatal:")) ?? lines.at(-1) ?? "git printed no reason").replace(
    /^fatal: /,
    "",
  );
}
