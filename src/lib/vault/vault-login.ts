/** Gets a token for Vault: an existing one, or a login by AppRole or with a Kubernetes service account. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { AuthError, InvalidInput } from "../../errors.ts";
import { errorsOf } from "./vault-client.ts";
import type { Environment, VaultClient } from "./vault-client.ts";
import { trimChars } from "../text/linear.ts";

/** Where Kubernetes puts a pod's token (kubernetes.io, "Configure Service Accounts for Pods"). */
const POD_TOKEN = "/var/run/secrets/kubernetes.io/serviceaccount/token";

export interface VaultToken {
  readonly value: string;
  /** Whether it was created for this build: it is revoked when the secrets are read. */
  readonly own: boolean;
}

/**
 * VAULT_TOKEN; else AppRole where VAULT_ROLE_ID is set; else Kubernetes where VAULT_ROLE is; else what `vault login` left in
 * `~/.vault-token`.
 * @throws InvalidInput without a token and a login, AuthError if Vault refuses
 */
export async function logIn(client: VaultClient, env: Environment, home: string = homedir()): Promise<VaultToken> {
  if (env["VAULT_TOKEN"]) return { value: env["VAULT_TOKEN"].trim(), own: false };
  const mount = (usual: string): string => trimChars(env["VAULT_AUTH_PATH"] || usual, "/");
  if (env["VAULT_ROLE_ID"]) {
    const body = {
      role_id: env["VAULT_ROLE_ID"],
      ...(env["VAULT_SECRET_ID"] ? { secret_id: env["VAULT_SECRET_ID"] } : {}),
    };
    return exchange(client, mount("approle"), body, "the AppRole of VAULT_ROLE_ID and VAULT_SECRET_ID");
  }
  if (env["VAULT_ROLE"]) {
    const jwt = await readToken(env["VAULT_JWT_FILE"] || POD_TOKEN);
    const who = `the Kubernetes service account for the role ${env["VAULT_ROLE"]}`;
    return exchange(client, mount("kubernetes"), { role: env["VAULT_ROLE"], jwt }, who);
  }
  const kept = await readFile(join(home, ".vault-token"), "utf8").catch(() => "");
  if (kept.trim() !== "") return { value: kept.trim(), own: false };
  throw new InvalidInput("a --secret comes from Vault, but there is no token or login for it", {
    suggestions: [
      "Set VAULT_TOKEN, or log in with the vault command first.",
      "Set VAULT_ROLE_ID and VAULT_SECRET_ID for AppRole, or VAULT_ROLE for Kubernetes.",
    ],
  });
}

/** Revokes a token that was created for this build. If that fails, it expires by its time to live. */
export async function logOut(client: VaultClient, token: VaultToken): Promise<void> {
  if (token.own) await client.ask("POST", "auth/token/revoke-self", token.value).catch(() => {});
}

async function exchange(client: VaultClient, mount: string, body: object, who: string): Promise<VaultToken> {
  const answer = await client.ask("POST", `auth/${mount}/login`, undefined, body);
  const token = answer.auth?.["client_token"];
  if (answer.status === 200 && typeof token === "string") return { value: token, own: true };
  throw new AuthError(`Vault refused the login with ${who}${errorsOf(answer)}`, {
    suggestions: [`Check them, and that the method is mounted at auth/${mount}; VAULT_AUTH_PATH names another mount.`],
  });
}

async function readToken(path: string): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new InvalidInput(
      `VAULT_ROLE needs a service account's token, but ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
      {
        suggestions: ["Name the token's file with VAULT_JWT_FILE; `kubectl create token ACCOUNT` makes a token."],
        cause: error,
      },
    );
  }
}
