/** Formats sizes and durations for people. */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Bytes in decimal units with three significant digits, as docker counts: `48.1 kB`. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, Math.round(bytes));
  for (const unit of UNITS) {
    const shown = unit === "B" ? value : Number(value.toPrecision(3));
    // 999 950 rounds to 1000 kB, which is shown as 1 MB.
    if (shown < 1000 || unit === "PB") return `${shown} ${unit}`;
    value /= 1000;
  }
  return `${value} PB`;
}

/** Formats a finished duration: `3 ms`, `12.3 s`, `2 min 5 s`, `1 h 2 min`. */
export function formatDuration(ms: number): string {
  const whole = Math.max(0, Math.round(ms));
  return whole < 1000 ? `${whole} ms` : formatElapsed(whole);
}

/** Formats a running duration: in tenths of a second from the start, so that the unit does not change at once. */
export function formatElapsed(ms: number): string {
  const tenths = Math.max(0, Math.floor(ms / 100));
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.floor(tenths / 10);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
