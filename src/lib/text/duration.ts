import { InvalidInput } from "../../errors.ts";

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * Reads `90`, `90s`, `15m`, `1h30m` or `2d` as whole seconds.
 * @throws InvalidInput with the flag's name.
 */
export function parseDuration(text: string, flag: string): number {
  const parts = /^(?:\d+|(?:\d+[smhd])+)$/.test(text) ? text.match(/\d+[smhd]?/g) : null;
  const seconds = (parts ?? []).reduce((sum, part) => {
    const unit = part.at(-1) as keyof typeof SECONDS;
    return sum + Number.parseInt(part, 10) * (SECONDS[unit] ?? 1);
  }, 0);
  // The API field is an int64, but the kubelet and the Job controller convert it to nanoseconds.
  if (seconds > 0 && seconds < 2 ** 31) return seconds;
  throw new InvalidInput(`--${flag} ${text} is not a duration`, {
    suggestions: ["Write it as seconds or with units: 90, 15m, 1h30m."],
  });
}
