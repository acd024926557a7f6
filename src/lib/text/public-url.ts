/**
 * URLs as others may see them: in messages, labels, logs and `--dry-run`. A URL may hold a password (user information) or a signature
 * (the query of a signed URL). This is the only place that takes them out.
 */

const SCHEME = /^\s*([a-z][a-z0-9+.-]*):\/\//i;

/**
 * The URL without user information, query and fragment. A URL without these is returned as it is, and so is a text that is not a URL
 * with `//`.
 */
export function publicUrl(text: string): string {
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme === undefined) return text;
  const url = URL.parse(text);
  if (url === null) return cutByHand(text);
  if (!/[@?#]/.test(text)) return text;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

/**
 * Shortens a text that no parser accepts as a URL, for example `ssh://git@host:team/app.git`. The part before the last `@` may be a
 * password.
 */
function cutByHand(text: string): string {
  const [, head = "", rest = ""] = /^(\s*[a-z][a-z0-9+.-]*:\/\/)([^]*)$/i.exec(text) ?? [];
  const end = rest.slice(rest.lastIndexOf("@") + 1);
  return `${head}${end.split(/[?#]/, 1)[0] ?? ""}`;
}

/** Names of a query's keys by which downloads are authorised: of Amazon, Google and Azure, and those that people choose. */
const TELLING_KEY = /sign|^sig$|token|secret|passw|^pwd$|credential|auth|key/i;

/** Whether a URL holds something that others must not read: user information, or a query that authorises. */
export function holdsSecret(text: string): boolean {
  const url = URL.parse(text);
  if (url === null) return SCHEME.test(text) && text.includes("@");
  return (
    url.username !== "" || url.password !== "" || [...url.searchParams.keys()].some((key) => TELLING_KEY.test(key))
  );
}

/** A text of another program with every URL in it as `publicUrl` gives it. */
export function withPublicUrls(text: string): string {
  let result = "";
  let done = 0;
  for (let at = text.indexOf("://"); at >= 0; at = text.indexOf("://", Math.max(at + 1, done))) {
    const scheme = schemeAtEnd(text.slice(Math.max(done, at - MAX_SCHEME_CHARS), at));
    if (scheme === "") continue;
    URL_TAIL.lastIndex = at;
    const tail = URL_TAIL.exec(text)?.[0];
    if (tail === undefined) continue;
    result += text.slice(done, at - scheme.length) + publicUrl(scheme + tail);
    done = at + tail.length;
  }
  return result + text.slice(done);
}

/** Longest scheme. If there are more characters before `://`, only the last ones count. */
const MAX_SCHEME_CHARS = 31;

const URL_TAIL = /:\/\/[^\s"<>`]+/y;

function schemeAtEnd(text: string): string {
  const word = text.split(/[^a-z0-9+.-]/i).at(-1) ?? "";
  return word.replace(/^[^a-z]+/i, "");
}
