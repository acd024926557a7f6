/**
 * The user and password of a repository's URL, for git. They are taken out of the URL: git hands a URL to its transports as an argument,
 * and every user of the machine can read the arguments of every program.
 */
import { withSettings } from "./git-environment.ts";
import type { Settings } from "./git-environment.ts";

export interface PlainRemote {
  /** Without user and password. */
  readonly remote: string;
  /** Settings that give them to git, after all others. */
  readonly settings: Settings;
  /** Variables that the settings read. */
  readonly variables: NodeJS.ProcessEnv;
}

/** A program that git starts: it prints what it finds in variables, which only the same user can read. */
const HELPER = `!f() { test "$1" = get && printf 'username=%s\\npassword=%s\\n' "$SLIPWAY_GIT_USER" "$SLIPWAY_GIT_PASSWORD"; }; f`;

/** What git does with a URL of http or https. A user's name for ssh is not a secret, and stays. */
export function plainRemote(url: string): PlainRemote {
  const parts = partsOf(url);
  if (parts === undefined) return { remote: url, settings: [], variables: {} };
  const { remote, origin, user, password } = parts;
  // Git would find a rewriting rule of the user's for the URL without the user, which it did not find before: the longest match wins.
  const asWritten = [`url.${remote}.insteadOf`, remote] as const;
  if (password === undefined) {
    return { remote, settings: [asWritten, [`credential.${origin}.username`, user]], variables: {} };
  }
  const key = `credential.${origin}.helper`;
  return {
    remote,
    // An empty value empties the list of helpers: none of the user's is asked, and none is told the password.
    settings: [asWritten, [key, ""], [key, HELPER]],
    variables: { SLIPWAY_GIT_USER: user, SLIPWAY_GIT_PASSWORD: password },
  };
}

/** Undefined for a URL without a user, and for one that git itself refuses or that no variable can hold. */
function partsOf(
  url: string,
): { readonly remote: string; readonly origin: string; readonly user: string; readonly password?: string } | undefined {
  const scheme = /^https?:\/\//i.exec(url)?.[0];
  if (scheme === undefined) return undefined;
  const end = url.slice(scheme.length).search(/[/?#]/);
  const authority = end === -1 ? url.slice(scheme.length) : url.slice(scheme.length, scheme.length + end);
  const at = authority.lastIndexOf("@");
  if (at === -1) return undefined;
  const [userInfo, host] = [authority.slice(0, at), authority.slice(at + 1)];
  const colon = userInfo.indexOf(":");
  const user = decoded(colon === -1 ? userInfo : userInfo.slice(0, colon));
  const password = colon === -1 ? undefined : decoded(userInfo.slice(colon + 1));
  if (user === undefined || (colon !== -1 && password === undefined)) return undefined;
  return {
    remote: scheme + url.slice(scheme.length + at + 1),
    origin: (scheme + host).toLowerCase(),
    user,
    ...(password === undefined ? {} : { password }),
  };
}

function decoded(text: string): string | undefined {
  try {
    const plain = decodeURIComponent(text);
    return /[\r\n\0]/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

/** The environment for git that reads this repository. @param env made by `settingVariables` */
export function withCredentials(env: NodeJS.ProcessEnv, { settings, variables }: PlainRemote): NodeJS.ProcessEnv {
  return { ...withSettings(env, settings), ...variables };
}
