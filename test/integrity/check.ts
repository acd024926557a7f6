/** Runs the built program with one context, and reports what arrived in the pod. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const PROGRAM = new URL("../../bin/run.js", import.meta.url).pathname;

export interface Checked {
  /** Digest of the files in the pod; equal to `sumOf` of the context if all of it arrived. */
  readonly digest: string | undefined;
  /** The transport, as the stage `ship` names it; `configmap` if there was no such stage. */
  readonly transport: string;
  /** Size of the packed context in bytes. */
  readonly bytes: number;
  /** Peak memory of the client in bytes. It is read ten times a second, so a peak after the last reading is missed. */
  readonly peak: number;
  /** Duration of the whole command in milliseconds. */
  readonly ms: number;
  /** Duration of the transfer in milliseconds, and its bytes. With `cache` these are only the changes. Absent for `configmap`. */
  readonly ship: { readonly ms: number; readonly bytes: number } | undefined;
}

interface ProgressEvent {
  readonly type: string;
  readonly stage?: string;
  readonly detail?: string;
  readonly bytes?: number;
  readonly ms?: number;
  readonly result?: { readonly digest: string };
}

/**
 * Runs `slipway build`.
 * @param args besides `build --progress json`
 * @param env variables to add to this process's own
 * @throws Error with the program's output if the program fails
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
  const events = stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as ProgressEvent);
  const begun = events.find(({ type, stage }) => type === "stage-started" && stage === "ship");
  const packed = events.find(({ type, stage }) => type === "stage-done" && stage === "pack");
  const shipped = events.find(({ type, stage }) => type === "stage-done" && stage === "ship");
  return {
    digest: events.find(({ type }) => type === "built")?.result?.digest,
    transport: begun?.detail ?? "configmap",
    bytes: packed?.bytes ?? 0,
    peak,
    ms: performance.now() - started,
    ship: shipped === undefined ? undefined : { ms: shipped.ms ?? Number.NaN, bytes: shipped.bytes ?? Number.NaN },
  };
}

/** Returns the peak memory of a process in bytes (VmHWM of proc(5)); 0 if the process has ended. */
function highWater(pid: number | undefined): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
