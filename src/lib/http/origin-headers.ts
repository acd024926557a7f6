/**
 * A credential belongs to an origin: scheme, host and port (RFC 6454, section 4). Only this file names the headers that carry one, and
 * only `for` decides whether a request may have them: a redirect, an upload location or a link to another origin gets none.
 */

import { omitUndefined } from "../text/omit-undefined.ts";

export type HeaderFields = Readonly<Record<string, string | readonly string[]>>;

/** Headers that carry a credential, bound to the origin they are for. Their values are in no output of it. */
export class OriginHeaders {
  readonly origin: string;
  readonly #headers: HeaderFields;

  private constructor(url: URL, headers: HeaderFields) {
    this.origin = url.origin;
    this.#headers = headers;
  }

  /** User and password. */
  static basic(url: URL, username: string, password: string): OriginHeaders {
    return new OriginHeaders(url, { authorization: basic(`${username}:${password}`) });
  }

  /** User and password that stand in the URL itself, undefined if there are none. */
  static ofUrl(url: URL): OriginHeaders | undefined {
    if (url.username === "" && url.password === "") return undefined;
    return OriginHeaders.basic(url, decode(url.username), decode(url.password));
  }

  static bearer(url: URL, token: string): OriginHeaders {
    return new OriginHeaders(url, { authorization: `Bearer ${token}` });
  }

  /** A token of Vault. */
  static vault(url: URL, token: string): OriginHeaders {
    return new OriginHeaders(url, { "x-vault-token": token });
  }

  /**
   * For the API server.
   * @param credential the whole value of its header, or a user and a password as `USER:PASSWORD`; undefined for an anonymous request
   * @param impersonation headers that say for whom the request is
   */
  static kubernetes(
    url: URL,
    credential: { readonly value?: string | undefined; readonly login?: string | undefined },
    impersonation: HeaderFields,
  ): OriginHeaders {
    const value = credential.value ?? (credential.login ? basic(credential.login) : undefined);
    return new OriginHeaders(url, { ...omitUndefined({ authorization: value }), ...impersonation });
  }

  /** The headers for a request to this URL: none if it has another scheme, host or port. */
  for(url: URL): Record<string, string | string[]> {
    if (url.origin === "null" || url.origin !== this.origin) return {};
    return Object.fromEntries(
      Object.entries(this.#headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]),
    );
  }
}

/** Returns the header that authenticates us to a proxy. It is sent only on the connection to the proxy. */
export function proxyHeaders(proxy: URL): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  return { "proxy-authorization": basic(`${decode(proxy.username)}:${decode(proxy.password)}`) };
}

/** @param login `USER:PASSWORD` */
function basic(login: string): string {
  return `Basic ${Buffer.from(login).toString("base64")}`;
}

/** Percent-encoding that is none stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
