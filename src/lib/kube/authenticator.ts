/**
 * Authentication to the API server: certificates, tokens, exec plugins, OIDC. This is the only file that loads the client
 * library, and it uses only KubeConfig. Requests and sockets are our own (http-client.ts, dial.ts).
 */
import { readFileSync } from "node:fs";
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import type { TlsMaterial } from "../http/dial.ts";
import { OriginHeaders } from "../http/origin-headers.ts";
import { PluginFailed, isInteractive, runPlugin } from "./exec-plugin.ts";
import type { PluginCredential } from "./exec-plugin.ts";
import { CredentialsLost } from "./refusal.ts";
import type { ExecPlugin, Impersonation, Server, Target, User } from "./target.ts";

export interface Credentials {
  readonly headers: OriginHeaders;
  readonly tls: TlsMaterial;
}

/**
 * How long credentials are used before they are read again: tokens and certificates rotate. Reading is cheap, as slow
 * sources (plugins, OIDC) keep their results until they expire.
 */
const CREDENTIALS_MAX_AGE_MS = 10_000;

/** Caches credentials. A plugin runs once, even if several requests wait for it. */
export class Authenticator {
  readonly #target: Target;
  #config: KubeConfig;
  #current: Promise<Credentials> | undefined;
  #asked = 0;

  constructor(target: Target) {
    this.#target = target;
    this.#config = configure(target);
  }

  /**
   * The current credentials.
   * @throws AuthError when a plugin fails, or a certificate or token file cannot be read.
   */
  credentials(): Promise<Credentials> {
    if (this.#current === undefined || performance.now() - this.#asked > CREDENTIALS_MAX_AGE_MS) {
      this.#asked = performance.now();
      const asked = this.#ask();
      this.#current = asked;
      asked.catch(() => {
        if (this.#current === asked) this.#current = undefined;
      });
    }
    return this.#current;
  }

  /** Drops credentials that the server rejected, so that the next request gets new ones. */
  async forget(refused: Credentials): Promise<void> {
    // Another request may have replaced these already.
    if (this.#current === undefined || (await this.#current.catch(() => refused)) !== refused) return;
    this.#config = configure(this.#target);
    this.#current = undefined;
  }

  async #ask(): Promise<Credentials> {
    const options: Parameters<KubeConfig["applyToHTTPSOptions"]>[0] & { auth?: string; servername?: string } = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw explain(error, this.#target.user);
    }
    const given = (options.headers as Record<string, string> | undefined)?.["Authorization"]?.trim();
    const headers = OriginHeaders.kubernetes(
      new URL(this.#target.server.url),
      { value: given === "Bearer" ? undefined : given, login: options.auth },
      impersonationHeaders(this.#target.user.impersonate),
    );

    const tls: Record<string, unknown> = {};
    for (const field of ["ca", "cert", "key", "rejectUnauthorized", "servername"] as const) {
      if (options[field] !== undefined && options[field] !== null) tls[field] = options[field];
    }
    return { headers, tls };
  }
}

/** Converts the target to the library's form, and adds what the library omits. */
function configure({ server, user }: Target): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name: "server",
        server: server.url,
        skipTLSVerify: server.skipTlsVerify,
        caFile: server.caFile,
        caData: server.caData,
        tlsServerName: server.tlsServerName,
      },
    ],
    users: [
      {
        name: "user",
        certFile: user.certFile,
        certData: user.certData,
        keyFile: user.keyFile,
        keyData: user.keyData,
        token: user.tokenFile === undefined ? user.token : undefined,
        username: user.username,
        password: user.password ?? "",
        exec: user.exec && execOf(user.exec, server),
        // The library changes an OIDC provider's tokens in place. This is intended: a refresh token may work only once.
        authProvider: user.tokenFile ? { name: "tokenFile", config: { tokenFile: user.tokenFile } } : user.authProvider,
      },
    ],
    contexts: [{ name: "context", cluster: "server", user: "user" }],
    currentContext: "context",
  });
  // The library would create an agent that is never used, and would refuse plain http.
  Object.assign(config, { createAgent: () => undefined });
  runPluginsHere(config);
  return config;
}

/** Adds KUBERNETES_EXEC_INFO, which plugins expect: https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ */
function execOf(plugin: ExecPlugin, server: Server): ExecPlugin {
  const info = {
    apiVersion: plugin.apiVersion ?? "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: {
      interactive: isInteractive(plugin),
      ...(plugin.provideClusterInfo === true && {
        cluster: {
          server: server.url,
          "tls-server-name": server.tlsServerName,
          "insecure-skip-tls-verify": server.skipTlsVerify || undefined,
          "certificate-authority-data": server.caData ?? readBase64(server.caFile),
          "proxy-url": server.proxyUrl,
        },
      }),
    },
  };
  return {
    ...plugin,
    args: plugin.args ?? [],
    env: [...(plugin.env ?? []), { name: "KUBERNETES_EXEC_INFO", value: JSON.stringify(info) }],
  };
}

/** Undefined for a file that cannot be read: the error is reported when the file is needed. */
function readBase64(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readFileSync(path, "base64");
  } catch {
    return undefined;
  }
}

/**
 * Replaces the library's way to run a plugin: it keeps standard error until the end, gives a pipe that never ends as standard input, and fails
 * with a TypeError for an answer without a status.
 */
function runPluginsHere(config: KubeConfig): void {
  const { authenticators } = config as unknown as { authenticators: object[] };
  for (const authenticator of authenticators) {
    if (!("execFn" in authenticator)) continue;
    let current: PluginCredential | undefined;
    const getCredential = async (user: LibraryUser): Promise<PluginCredential | null> => {
      const plugin = user.exec ?? user.authProvider?.config?.exec;
      if (plugin === undefined) return null;
      if (current === undefined || hasExpired(current)) current = await runPlugin(plugin);
      return current;
    };
    Object.assign(authenticator, { getCredential });
  }
}

interface LibraryUser {
  readonly exec?: ExecPlugin;
  readonly authProvider?: { readonly config?: { readonly exec?: ExecPlugin } };
}

/** A credential without a time is used until the server refuses it. */
function hasExpired({ status: { expirationTimestamp } }: PluginCredential): boolean {
  return expirationTimestamp !== undefined && !(Date.parse(expirationTimestamp) > Date.now());
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonationHeaders(as: Impersonation | undefined): Record<string, string | readonly string[]> {
  if (as === undefined) return {};
  const headers: Record<string, string | readonly string[]> = { "impersonate-user": as.user };
  if (as.uid !== undefined) headers["impersonate-uid"] = as.uid;
  if (as.groups.length > 0) headers["impersonate-group"] = as.groups;
  for (const [key, values] of Object.entries(as.extra)) {
    // A key may have any character, but the name of a header may not. The API server decodes percent encoding.
    headers[`impersonate-extra-${encodeURIComponent(key).toLowerCase()}`] = values;
  }
  return headers;
}

function explain(error: unknown, { exec }: User): CredentialsLost {
  const { message, code, path } = error as NodeJS.ErrnoException;
  if (exec !== undefined && code === "ENOENT" && path === exec.command) {
    return new CredentialsLost(`the kubeconfig's credential plugin ${exec.command} is not installed`, {
      suggestions: [exec.installHint?.trim() || `Install ${exec.command}, or put it on the PATH.`],
      cause: error,
    });
  }
  if (exec !== undefined) {
    return new CredentialsLost(
      `the kubeconfig's credential plugin ${exec.command} ${error instanceof PluginFailed ? message : `failed: ${message.trim() || "no reason given"}`}`,
      {
        suggestions: ["Log in to the cluster again, so that `kubectl get pods` works."],
        cause: error,
      },
    );
  }
  return new CredentialsLost(`the credentials that the kubeconfig refers to cannot be used: ${message}`, {
    suggestions: ["Make `kubectl get pods` work with the same kubeconfig and context first."],
    cause: error,
  });
}
