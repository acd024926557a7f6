/** The time stamps at the start of log lines, brought to one form that can be compared as text. */

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** What the kubelet writes on nearly every node: UTC, nine digits. k8s.io/kubernetes/pkg/kubelet/types/constants.go, RFC3339NanoFixed */
const LENGTH = "2006-01-02T15:04:05.000000000Z".length;

/**
 * A stamp in UTC with nine digits: nodes stamp in their own zone, and a zone may change its offset under a build.
 * Undefined if it is no stamp.
 */
export function normaliseStamp(text: string): string | undefined {
  const match = RFC3339.exec(text);
  if (match === null) return undefined;
  if (text.length === LENGTH && text.endsWith("Z")) return text;
  const [, time = "", fraction = "", zone = ""] = match;
  const seconds = Date.parse(`${time}${zone}`);
  if (Number.isNaN(seconds)) return undefined;
  return `${new Date(seconds).toISOString().slice(0, 19)}.${fraction.padEnd(9, "0")}Z`;
}

/** The whole second a normalised stamp is in, as the API takes it for sinceTime. */
export function secondOf(stamp: string): string {
  return `${stamp.slice(0, 19)}Z`;
}

/** The whole second before that one. */
export function secondBefore(second: string): string {
  return `${new Date(Date.parse(second) - 1000).toISOString().slice(0, 19)}Z`;
}
