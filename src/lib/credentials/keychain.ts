/**
 * The OS keychain (macOS Keychain, Windows Credential Manager, Secret Service on Linux), by the optional package keytar.
 * A file lists the registries with an entry, so that a build loads keytar only if it needs it.
 */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { configDirectory } from "../files/cache-directory.ts";
import { readRegularFile } from "../files/regular-file.ts";
import { waitFor } from "../waits/waits.ts";
import { makeDirectory, replaceFile } from "../files/replace-file.ts";
import type { Answer, Credential, CredentialStore } from "./credentials.ts";
import { registryOf } from "./credentials.ts";

/** Name of the entries in the keychain. */
const SERVICE = "slipway";
/** A locked keychain asks its user, who cannot answer on a machine without a display. */
const KEYCHAIN_TIMEOUT_MS = 60_000;

/** The keychain cannot be used here. The message is a clause. */
export class KeychainError extends Error {}

export type Keytar = Pick<typeof import("keytar"), "getPassword" | "setPassword" | "deletePassword">;

/** @throws KeychainError if the package or its library is missing */
export async function loadKeytar(): Promise<Keytar> {
  const { isSea } = await import("node:sea");
  // Its native addon would have to be a file.
  if (isSea()) throw new KeychainError("the single executable cannot use the keychain");
  try {
    const loaded = (await import("keytar")) as { default?: Keytar } & Keytar;
    return loaded.default ?? loaded;
  } catch (error) {
    throw new KeychainError(
      process.platform === "linux"
        ? "the package keytar or the library libsecret-1 is not installed"
        : "the package keytar is not installed",
      { cause: error },
    );
  }
}

export class Keychain implements CredentialStore {
  readonly #index: string;
  readonly #load: () => Promise<Keytar>;

  /** @param index path of the file that lists the registries */
  constructor(index: string, load: () => Promise<Keytar> = loadKeytar) {
    this.#index = index;
    this.#load = load;
  }

  async get(registry: string): Promise<Answer> {
    const host = registryOf(registry);
    if (!(await this.#registries()).includes(host)) return {};
    try {
      const text = await this.#ask(async (keytar) => keytar.getPassword(SERVICE, host));
      const credential = text === null ? undefined : credentialOf(text);
      return credential === undefined
        ? { warning: `the keychain has lost the login to ${host}: log in again with slipway login` }
        : { credential };
    } catch (error) {
      if (!(error instanceof KeychainError)) throw error;
      return { warning: `the login to ${host} is in the keychain, which cannot be used here: ${error.message}` };
    }
  }

  /** @throws KeychainError */
  async store(registry: string, credential: Credential): Promise<void> {
    const host = registryOf(registry);
    await this.#ask(async (keytar) => keytar.setPassword(SERVICE, host, JSON.stringify(credential)));
    this.#write([...new Set([...(await this.#registries()), host])].sort());
  }

  /** Whether there was an entry. @throws KeychainError */
  async erase(registry: string): Promise<boolean> {
    const host = registryOf(registry);
    const known = await this.#registries();
    if (!known.includes(host)) return false;
    await this.#ask(async (keytar) => keytar.deletePassword(SERVICE, host));
    this.#write(known.filter((name) => name !== host));
    return true;
  }

  async #ask<T>(question: (keytar: Keytar) => Promise<T>): Promise<T> {
    const keytar = await this.#load();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error("it did not answer in a minute")), KEYCHAIN_TIMEOUT_MS);
    });
    try {
      return await waitFor("the keychain", () => Promise.race([question(keytar), late]));
    } catch (error) {
      throw new KeychainError(error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #registries(): Promise<readonly string[]> {
    try {
      const value: unknown = JSON.parse((await readRegularFile(this.#index)).toString());
      return Array.isArray(value) ? value.map(String) : [];
    } catch {
      // Missing or damaged: it has no secrets, and the next login writes it again.
      return [];
    }
  }

  #write(registries: readonly string[]): void {
    makeDirectory(dirname(this.#index), 0o700);
    replaceFile(this.#index, `${JSON.stringify(registries)}\n`, { mode: 0o600, exact: true });
  }
}

/** `keychain.json` in the directory of the user's configuration. */
export function keychainIndex(env: Readonly<Record<string, string | undefined>>, home: string = homedir()): string {
  return join(configDirectory(env, home), "keychain.json");
}

function credentialOf(text: string): Credential | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
