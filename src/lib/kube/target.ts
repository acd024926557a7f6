/** Which API server, as whom, in which namespace: what a kubeconfig comes to once a context is chosen. */

/** How to reach the API server and how to know it for the right one. */
export interface Server {
  /** Its URL without a trailing slash; may have a path. */
  readonly url: string;
  /** Path of the certificate authority's PEM file. */
  readonly caFile?: string;
  /** The same, inline, base64. */
  readonly caData?: string;
  readonly skipTlsVerify: boolean;
  /** The name to ask for and to verify instead of the URL's host. */
  readonly tlsServerName?: string;
  /** http, https or socks5 proxy to go through; undefined: what the environment says. */
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

/** Whom to act as, in place of the user that is authenticated. */
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
  /** Read again as it changes; comes before `token`. */
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
