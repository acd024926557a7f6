/** A console of Windows with a person at its keyboard: wine makes one of a real terminal, tmux's. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { shell } from "../../e2e/support/terminal.ts";
import type { Terminal } from "../../e2e/support/terminal.ts";
import { NODE, PROGRAM, WINE, onDrive, wineEnvironment } from "./wine.ts";

export interface Console extends Pick<Terminal, "keys"> {
  readonly stderr: () => string;
  /** Undefined while the program runs. */
  readonly code: () => number | undefined;
}

/**
 * Starts slipway there, without a batch file: cmd.exe would hear Ctrl-C too, and ask its own question. Output goes to files, as Node under wine
 * writes to nothing else.
 */
export function slipwayInConsole(args: readonly string[], env: Readonly<Record<string, string>>): Console {
  const work = mkdtempSync(join(tmpdir(), "slipway-console-"));
  onTestFinished(() => rmSync(work, { recursive: true, force: true }));
  const command = [WINE, NODE, onDrive(PROGRAM), ...args].map((word) => `'${word}'`).join(" ");
  // The shell is in the same terminal, and has to outlive Ctrl-C.
  const script = `trap : INT; ${command} >'${work}/out' 2>'${work}/err'; echo $? >'${work}/code'; sleep 60`;
  const { keys } = shell(["bash", "-c", script], work, { ...(wineEnvironment() as Record<string, string>), ...env });
  const read = (name: string): string => {
    try {
      return readFileSync(join(work, name), "utf8");
    } catch {
      return "";
    }
  };
  return {
    keys,
    stderr: () => read("err"),
    code: () => (read("code").trim() === "" ? undefined : Number(read("code"))),
  };
}
