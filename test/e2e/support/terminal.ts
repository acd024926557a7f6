/** A real terminal, tmux's, in which the program runs as it does for a person. */
import { execFileSync } from "node:child_process";
import { onTestFinished } from "vitest";
import { PROGRAM } from "./slipway.ts";

export interface Terminal {
  readonly screen: () => string;
  readonly keys: (...keys: string[]) => void;
  /** The window is closed, the connection to the machine is gone: with it goes the terminal. */
  readonly close: () => void;
}

let count = 0;

/**
 * A terminal of 150 columns in which the program runs, and then tells its exit code as `ended with N`. The program is in the
 * foreground of a shell's terminal: Ctrl-C is its own.
 */
export function terminal(env: Readonly<Record<string, string>>, args: readonly string[]): Terminal {
  const tmux = server();
  const command = `trap : INT; ${commandOf(env, args)}; echo "ended with $?"; sleep 60`;
  tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "30", "bash", "-c", command);
  return terminalOf(tmux);
}

/** The same, typed into an interactive shell, as which a person's terminal begins: it has signals of its own to pass on. */
export function typedInto(shell: string, env: Readonly<Record<string, string>>, args: readonly string[]): Terminal {
  const tmux = server();
  tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "30", ...shell.split(" "));
  const typed = terminalOf(tmux);
  typed.keys(commandOf(env, args), "Enter");
  return typed;
}

type Tmux = (...words: string[]) => string;

function server(): Tmux {
  const socket = `slipway-terminal-${process.pid}-${count++}`;
  const tmux: Tmux = (...words) =>
    execFileSync("tmux", ["-L", socket, ...words], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => {
    try {
      tmux("kill-server");
    } catch {
      // It ended with its only session.
    }
  });
  return tmux;
}

function commandOf(env: Readonly<Record<string, string>>, args: readonly string[]): string {
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return ["env", ...set, ...PROGRAM, ...args].join(" ");
}

function terminalOf(tmux: Tmux): Terminal {
  return {
    screen: () => tmux("capture-pane", "-p"),
    keys: (...keys) => void tmux("send-keys", ...keys),
    close: () => void tmux("kill-session"),
  };
}

/** An interactive shell in a directory, to type into. `env` adds to the environment. */
export function shell(command: readonly string[], directory: string, env: Readonly<Record<string, string>>): Terminal {
  const tmux = server();
  // tmux's own -e does not set PATH: a session begins with the PATH of the client (tmux 3.3a, spawn.c).
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  tmux("-f", "/dev/null", "new-session", "-d", "-x", "150", "-y", "30", "-c", directory, "env", ...set, ...command);
  return terminalOf(tmux);
}
