/** Writes credentials to docker's configuration file, for machines without a keychain or helper. Other entries stay unchanged. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { UnsafePath, makeDirectory, replaceFile, targetOf } from "../files/replace-file.ts";
import { type Credential, keyOf, registryOf } from "./credentials.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** `$DOCKER_CONFIG/config.json`. */
export function dockerConfigPath(env: Readonly<Record<string, string | undefined>>, home: string = homedir()): string {
  return join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json");
}

/** Stores a credential for one registry, in base64 like docker. @throws InvalidInput if the file cannot be read or written */
export async function storeInFile(path: string, registry: string, credential: Credential): Promise<void> {
  await change(path, (auths) => {
    const { username = "", password = "", identityToken } = credential;
    return {
      ...without(auths, registry),
      [keyOf(registry)]: {
        auth: Buffer.from(`${username}:${identityToken === undefined ? password : ""}`).toString("base64"),
        ...omitUndefined({ identitytoken: identityToken }),
      },
    };
  });
}

/** Removes an entry. Returns whether there was one. @throws InvalidInput if the file cannot be read or written */
export async function eraseFromFile(path: string, registry: string): Promise<boolean> {
  let found = false;
  await change(path, (auths) => {
    const rest = without(auths, registry);
    found = Object.keys(rest).length < Object.keys(auths).length;
    return found ? rest : undefined;
  });
  return found;
}

type Auths = Readonly<Record<string, unknown>>;

function without(auths: Auths, registry: string): Auths {
  return Object.fromEntries(Object.entries(auths).filter(([key]) => registryOf(key) !== registryOf(registry)));
}

/** @param edit gives the new `auths`, or undefined to leave the file unchanged */
async function change(path: string, edit: (auths: Auths) => Auths | undefined): Promise<void> {
  try {
    // A symlink stays one: some people keep their configuration in a repository.
    const target = targetOf(path).path;
    const text = await readFile(target, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return "{}";
      throw error;
    });
    const config = JSON.parse(text.trim() === "" ? "{}" : text.replace(/^\uFEFF/, "")) as { auths?: Auths };
    const auths = edit(config.auths ?? {});
    if (auths === undefined) return;
    makeDirectory(dirname(target), 0o700);
    replaceFile(target, `${JSON.stringify({ ...config, auths }, undefined, "\t")}\n`, { mode: 0o600, exact: true });
  } catch (error) {
    // JSON.parse quotes the text, which holds secrets.
    const why = error instanceof SyntaxError ? "it is not JSON" : reasonOf(error as NodeJS.ErrnoException);
    throw new InvalidInput(`${path} cannot be changed: ${why}`, {
      suggestions: ["Correct it, or set DOCKER_CONFIG to another directory."],
    });
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  return error instanceof UnsafePath ? error.message : (error.code ?? "unknown");
}
