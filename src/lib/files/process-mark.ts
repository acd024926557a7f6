/** Tells a process from all others, so that what it has left behind is known as such after it was killed. */
import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { readRegularFileSync } from "./regular-file.ts";

export interface ProcessMark {
  /** The machine since it was started, and on Linux the container. Processes are numbered within it. */
  readonly machine: string;
  readonly pid: number;
  /** When the process started, by the kernel's clock; empty where the kernel does not tell. */
  readonly start: string;
}

/** Field of /proc/PID/stat after the program's name, which may have spaces (proc_pid_stat(5): number 22, "starttime"). */
const START_FIELD = 19;

export function ownMark(): ProcessMark {
  return { machine: machine(), pid: process.pid, start: startOf(process.pid) };
}

/** Whether the process certainly does not run any more. False for one of another machine, which cannot be seen from here. */
export function hasEnded({ machine: where, pid, start }: ProcessMark): boolean {
  if (where !== machine()) return false;
  if (!exists(pid)) return true;
  // Another process may have its number.
  const now = startOf(pid);
  return start !== "" && now !== "" && now !== start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

function machine(): string {
  const boot = read(() => readRegularFileSync("/proc/sys/kernel/random/boot_id").toString().trim());
  const namespace = read(() => readlinkSync("/proc/self/ns/pid"));
  return [hostname(), boot, namespace].join(" ");
}

function startOf(pid: number): string {
  const stat = read(() => readRegularFileSync(`/proc/${pid}/stat`).toString());
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[START_FIELD] ?? "";
}

/** Empty for a file that this system does not have. */
function read(file: () => string): string {
  try {
    return file();
  } catch {
    return "";
  }
}
