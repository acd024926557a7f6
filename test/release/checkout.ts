/** This checkout once more, in another place and with another umask, as somebody else has it. */
import { spawnSync } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./artefacts.ts";

/** A clone, with what is changed here and not committed yet. */
const CLONE = `
  umask 077
  git clone --quiet --shared "$1" "$2"
  cd "$1"
  git ls-files -z --deleted | (cd "$2" && xargs --null --no-run-if-empty rm)
  git ls-files -z --modified --others --exclude-standard \\
    | tar --create --no-recursion --ignore-failed-read --null --files-from=- \\
    | tar --extract --no-same-permissions --directory="$2"
`;

/** @returns its path, which ends with `/slipway`: the directory above is the caller's to remove */
export async function anotherCheckout(): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "slipway-checkout-")), "slipway");
  mustBash(CLONE, [ROOT, path]);
  return path;
}

/** @returns what it printed. @throws Error with its output if a command of it fails */
export function mustBash(script: string, args: readonly string[], options: BashOptions = {}): string {
  const { cwd, env = process.env } = options;
  const { status, stdout, stderr } = spawnSync("bash", ["-euo", "pipefail", "-c", script, "bash", ...args], {
    cwd,
    env,
    // With a pipe there, bash takes it for a remote login and runs the machine's bashrc.
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`${script} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

export interface BashOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}
