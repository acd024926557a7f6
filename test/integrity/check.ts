/** One context through the built program into a pod, and what became of it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const PROGRAM = new URL("../../bin/run.js", import.meta.url).pathname;

export interface Checked {
  /** What the pod found, as `sumOf` has it. */
  readonly digest: string | undefined;
  /** How it travelled: the detail of the stage, `configmap` when there was none. */
  readonly transport: string;
  /** Bytes sent. */
  readonly bytes: number;
  /** The client's own, at most, in bytes. Read ten times a second: the last reading may miss what came after it. */
  readonly peak: number;
  readonly ms: number;
  /** What bringing the context in took and moved, which with `cache` is the difference alone; absent for `configmap`. */
  readonly ship: { readonly ms: number; readonly bytes: number } | undefined;
}

interface Said {
  readonly type: string;
  readonly stage?: string;
  readonly detail?: string;
  readonly bytes?: number;
  readonly ms?: number;
  readonly result?: { readonly digest: string };
}

/**
 * @param env variables besides this process's own
 * @throws Error with what it said when the program fails.
 */
export async function check(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Checked> {
  const started = performance.now();
  const child = spawn(process.execPath, [PROGRAM, "build", "--progress", "json", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  let stderr = "";
  let peak = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const watch = setInterval(() => (peak = Math.max(peak, highWater(child.pid))), 100);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject).on("close", resolve);
  });
  clearInterval(watch);
  if (code !== 0) throw new Error(`slipway ended with ${code}:\n${stderr}`);
  const said = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Said);
  const begun = said.find(({ type, stage }) => type === "stage-started" && stage === "ship");
  const packed = said.find(({ type, stage }) => type === "stage-done" && stage === "pack");
  const shipped = said.find(({ type, stage }) => type === "stage-done" && stage === "ship");
  return {
    digest: said.find(({ type }) => type === "built")?.result?.digest,
    transport: begun?.detail ?? "configmap",
    bytes: packed?.bytes ?? 0,
    peak,
    ms: performance.now() - started,
    ship: shipped === undefined ? undefined : { ms: shipped.ms ?? Number.NaN, bytes: shipped.bytes ?? Number.NaN },
  };
}

/** VmHWM of proc(5), in bytes; 0 when the process is gone. */
function highWater(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
