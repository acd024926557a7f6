/** The secrets by which a builder lets itself in to a repository: their ids are docker's (BuildKit, source/git: authSecretNames). */
import type { BuildSecret } from "./options.ts";

const TOKEN = "GIT_AUTH_TOKEN";
const HEADER = "GIT_AUTH_HEADER";

/** The token for a host, as `--secret` names it: one for this host alone before one for any. */
export function tokenFor(secrets: readonly BuildSecret[], host: string): BuildSecret | undefined {
  const named = (wanted: string): BuildSecret | undefined => secrets.find(({ id }) => id === wanted);
  return named(`${TOKEN}.${host}`) ?? named(TOKEN);
}

/** A whole header instead, which not every builder can send. */
export function headerAmong(secrets: readonly BuildSecret[]): BuildSecret | undefined {
  return secrets.find(({ id }) => id === HEADER || id.startsWith(`${HEADER}.`));
}

/** Neither token nor header ends in a line feed, and a file does. */
export function trimmed(id: string, value: Uint8Array): Uint8Array {
  if (!/^GIT_AUTH_(?:TOKEN|HEADER)(?:\.|$)/.test(id)) return value;
  return Buffer.from(Buffer.from(value).toString("latin1").trimEnd(), "latin1");
}
