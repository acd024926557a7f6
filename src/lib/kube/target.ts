/** The API server, user and namespace of one context of a kubeconfig. */

/** How to reach and verify the API server. */
export interface Server {
  /** Its URL without a trailing slash; may have a path. */
  readonly url: string;
  /** Path of the certificate authority's PEM file. */
  readonly caFile?: string;
  /** The certificate authority inline, base64. */
  readonly caData?: string;
  readonly skipTlsVerify: boolean;
  /** Server name to request and verify instead of the URL's host. */
  readonly tlsServerName?: string;
  /** http, https or socks5 proxy; undefined: the one of the environment. */
  readonly proxyUrl?: string;
}

/** An exec credential plugin, as in client.authentication.k8s.io. */
export interface ExecPlugin {
  readonly apiVersion?: string;
  readonly command: string;
  readonly args?: readonly string[] | null;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null;
  readonly installHint?: string;
  readonly provideClusterInfo?: boolean;
  readonly interactiveMode?: string;
}

/** The user to impersonate. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

export interface User {
  readonly certFile?: string;
  readonly certData?: string;
  readonly keyFile?: string;
  readonly keyData?: string;
  readonly token?: string;
  /** Read again when it changes; takes precedence over `token`. */
  readonly tokenFile?: string;
  readonly username?: string;
  readonly password?: string;
  readonly exec?: ExecPlugin;
  /** OIDC and the legacy cloud providers: `{name, config}`. */
  readonly authProvider?: Readonly<Record<string, unknown>>;
  readonly impersonate?: Impersonation;
}

export interface Target {
  /** The context's name; undefined inside a cluster. */
  readonly context: string | undefined;
  readonly namespace: string;
  readonly server: Server;
  readonly user: User;
}
