/** Opens a connection to a server: TCP, the proxy if there is one, TLS. For requests and for websockets. */
import { connect as connectTcp, isIP } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls, createSecureContext } from "node:tls";
import type { SecureContext } from "node:tls";
import { limitOf } from "../limits/limits.ts";
import { hostOf } from "./proxy.ts";
import { SOCKS_PORT, tunnelHttp, tunnelSocks } from "./tunnel.ts";

/** The kernel probes a silent peer after this time, as in client-go. */
export const KEEP_ALIVE_DELAY_MS = 30_000;

/** TLS options of a connection. */
export interface TlsMaterial {
  /** PEM certificates that replace the default ones. */
  readonly ca?: Buffer | string | string[];
  readonly cert?: Buffer | string;
  readonly key?: Buffer | string;
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Adds further authorities to TLS options. */
export type Trust = (material: TlsMaterial) => { readonly ca?: string[]; readonly secureContext?: SecureContext };

/** A failure to connect. Nothing has been sent, so the request can be sent again. */
export class DialError extends Error {
  /** The proxy that was being connected to or through. */
  readonly proxy: string | undefined;

  constructor(cause: unknown, proxy: string | undefined) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "DialError";
    this.proxy = proxy;
  }
}

/**
 * Opens a connection, ready for HTTP/1.1. Without certificates of its own, the server's is checked by Node's list, and then by this machine's.
 * @throws DialError
 */
export async function dial(
  server: URL,
  proxy: URL | undefined,
  material: TlsMaterial,
  env: Environment = process.env,
): Promise<Socket> {
  // Proxy and server may both have certificates to check, and which of them failed the check is not known.
  const checked = proxy?.protocol === "https:" || (server.protocol === "https:" && !hasOwnTrust(material));
  if (!checked) return dialOnce(server, proxy, material);
  // Rarely needed: most certificates are signed by an authority of Node's list, and most API servers' by the kubeconfig's.
  const more = async (): Promise<Trust> => (await import("./system-trust.ts")).systemTrust(env);
  if (env["SSL_CERT_FILE"] || env["SSL_CERT_DIR"]) return dialOnce(server, proxy, material, await more());
  try {
    return await dialOnce(server, proxy, material);
  } catch (error) {
    if (!isUntrusted(error)) throw error;
    return dialOnce(server, proxy, material, await more());
  }
}

/** Nothing to check, or certificates to check by. */
function hasOwnTrust({ ca, rejectUnauthorized }: TlsMaterial): boolean {
  return ca !== undefined || rejectUnauthorized === false;
}

/** OpenSSL's errors for a certificate whose authority is not known (X509_verify_cert_error_string). */
const UNTRUSTED: ReadonlySet<unknown> = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

function isUntrusted(error: unknown): boolean {
  return error instanceof DialError && UNTRUSTED.has(codeOf(error));
}

/** Whether a server has shown a certificate that was refused: unknown, expired, or for another name. */
export function isCertificateFault(error: unknown): boolean {
  return error instanceof DialError && /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME/.test(codeOf(error));
}

function codeOf({ cause }: DialError): string {
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
}

async function dialOnce(server: URL, proxy: URL | undefined, material: TlsMaterial, trust?: Trust): Promise<Socket> {
  const limitMs = limitOf("DIAL_MS");
  const deadline = AbortSignal.timeout(limitMs);
  try {
    const raw =
      proxy === undefined
        ? await openTcp(server, deadline)
        : await openTunnel(server, proxy, { deadline, limitMs, trust });
    const socket = server.protocol === "https:" ? await secure(raw, server, material, trust, deadline) : raw;
    // The caller listens for errors of the connection. An error before that, or one of the TCP socket below TLS after its
    // end (a cancelled write), must not be uncaught.
    if (raw !== socket) raw.on("error", () => {});
    return socket.setNoDelay(true).on("error", () => {});
  } catch (error) {
    const timedOut = deadline.aborted && error === deadline.reason;
    throw new DialError(timedOut ? timeout(limitMs) : error, proxy && `${proxy.protocol}//${proxy.host}`);
  }
}

async function openTunnel(
  server: URL,
  proxy: URL,
  { deadline, limitMs, trust }: { deadline: AbortSignal; limitMs: number; trust: Trust | undefined },
): Promise<Socket> {
  const tcp = await openTcp(proxy, deadline);
  const host = hostOf(server);
  const port = portOf(server);
  try {
    if (proxy.protocol.startsWith("socks5")) {
      return await untilAborted(tunnelSocks(tcp, proxy, host, port, limitMs), deadline);
    }
    const toProxy = proxy.protocol === "https:" ? await secure(tcp, proxy, {}, trust, deadline) : tcp;
    return await untilAborted(tunnelHttp(toProxy, proxy, host, port), deadline);
  } catch (error) {
    tcp.destroy();
    throw error;
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = {
  "https:": 443,
  "http:": 80,
  "socks5:": SOCKS_PORT,
  "socks5h:": SOCKS_PORT,
};

/** The port of a URL of one of these protocols. */
export function portOf({ port, protocol }: URL): number {
  return Number(port || DEFAULT_PORTS[protocol]);
}

function openTcp(url: URL, deadline: AbortSignal): Promise<Socket> {
  const socket = connectTcp({
    host: hostOf(url),
    port: portOf(url),
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  });
  return ready(socket, "connect", deadline);
}

const CONTEXTS = new WeakMap<TlsMaterial, { readonly secureContext: SecureContext }>();

/** Reads certificates and keys once for all connections that use them: that takes longer than the handshake with a server nearby. */
function contextOf(material: TlsMaterial): { readonly secureContext?: SecureContext } {
  const { ca, cert, key } = material;
  if (ca === undefined && cert === undefined && key === undefined) return {};
  const known = CONTEXTS.get(material) ?? { secureContext: createSecureContext({ ca, cert, key }) };
  CONTEXTS.set(material, known);
  return known;
}

function secure(
  raw: Socket,
  server: URL,
  material: TlsMaterial,
  trust: Trust | undefined,
  deadline: AbortSignal,
): Promise<Socket> {
  const host = material.servername ?? hostOf(server);
  // The certificate is checked against `host`, but an IP address must not be sent as a server name (RFC 6066 §3).
  const servername = isIP(host) === 0 ? host : "";
  const socket = connectTls({
    ...material,
    ...contextOf(material),
    ...(hasOwnTrust(material) ? {} : trust?.(material)),
    socket: raw,
    host,
    servername,
    ALPNProtocols: ["http/1.1"],
  });
  return ready(socket, "secureConnect", deadline);
}

function ready(socket: Socket, event: string, deadline: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      socket.off(event, succeed).off("error", fail).off("close", close);
      deadline.removeEventListener("abort", expire);
      if (error === undefined) {
        resolve(socket);
      } else {
        // Errors during the teardown are ignored.
        socket.on("error", () => {}).destroy();
        reject(error);
      }
    };
    const succeed = (): void => settle();
    const fail = (error: Error): void => settle(error);
    const close = (): void => settle(Object.assign(new Error("the connection was closed"), { code: "ECONNRESET" }));
    const expire = (): void => settle(deadline.reason);
    socket.once(event, succeed).once("error", fail).once("close", close);
    deadline.addEventListener("abort", expire, { once: true });
  });
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function timeout(limitMs: number): Error {
  return Object.assign(new Error(`no connection within ${limitMs / 1000} s`), { code: "ETIMEDOUT" });
}
