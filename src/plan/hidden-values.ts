/**
 * Values of a plan that a user who may only read pods must not see: passwords of proxies, tokens of caches, URLs with user
 * information or a signature, and values that a pipeline reads from a Secret. Pure.
 */
import { holdsSecret } from "../lib/text/public-url.ts";
import type { BuildPlan } from "./plan.ts";

const PROXY = /^(?:https?|ftp|all)_proxy$/i;

/** Attributes of BuildKit's caches that are credentials (cache/remotecache: s3, azblob, gha). */
const CREDENTIAL_ATTRIBUTES: ReadonlySet<string> = new Set([
  "access_key_id",
  "account_key",
  "secret_access_key",
  "session_token",
  "token",
]);

/** Without repetitions, longest first: one may be a part of another. */
export function hiddenValues(plan: BuildPlan): string[] {
  const {
    buildArgs,
    labels,
    buildContexts = [],
    cacheFrom = [],
    cacheTo = [],
    annotations = [],
    secretTexts = [],
  } = plan;
  const found = [
    ...secretTexts,
    ...buildArgs.filter(([name, value]) => isHiddenArgument(name, value)).map(([, value]) => value),
    ...[...labels, ...annotations].map(([, value]) => value).filter(holdsSecret),
    ...buildContexts.flatMap(({ source }) => (source.kind === "url" && holdsSecret(source.url) ? [source.url] : [])),
    ...[...cacheFrom, ...cacheTo].flatMap(({ attributes }) =>
      Object.entries(attributes)
        .filter(([name, value]) => isHiddenAttribute(name, value))
        .map(([, value]) => value),
    ),
  ];
  return [...new Set(found)].filter((value) => value !== "").sort((a, b) => b.length - a.length);
}

/** A proxy may be written without its scheme. */
function isHiddenArgument(name: string, value: string): boolean {
  return holdsSecret(value) || (PROXY.test(name) && value.includes("@"));
}

function isHiddenAttribute(name: string, value: string): boolean {
  return CREDENTIAL_ATTRIBUTES.has(name) || holdsSecret(value);
}

/** Build arguments as they may be published: hidden values are left out. */
export function shownArguments(plan: BuildPlan): BuildPlan["buildArgs"] {
  const hidden = new Set(hiddenValues(plan));
  return plan.buildArgs.map(([name, value]) => [name, hidden.has(value) ? "xxxxx" : value]);
}

/**
 * A setting as it may be shown, for example in a CI log.
 * @param value of a flag: `KEY=VALUE`, a URL, or attributes with commas
 */
export function shownSetting(value: string): string {
  return value
    .split(",")
    .map((part) => {
      const equals = part.indexOf("=");
      const [name, text] = equals === -1 ? ["", part] : [part.slice(0, equals), part.slice(equals + 1)];
      const isHidden = isHiddenArgument(name, text) || isHiddenAttribute(name, text);
      return isHidden ? `${name}${equals === -1 ? "" : "="}xxxxx` : part;
    })
    .join(",");
}
