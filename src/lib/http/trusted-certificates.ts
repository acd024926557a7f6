/**
 * The certificate authorities that this machine trusts, beyond Node's own list: what docker and kubectl trust. Node's list comes with Node,
 * and does not have the authority of a company that an administrator has added to the machine.
 */
import { X509Certificate } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, getCACertificates } from "node:tls";
import type { SecureContext } from "node:tls";

type Environment = Readonly<Record<string, string | undefined>>;

/** Go's list (crypto/x509, root_linux.go, root_bsd.go): the first one that can be read counts. */
const FILES = [
  "/etc/ssl/certs/ca-certificates.crt",
  "/etc/pki/tls/certs/ca-bundle.crt",
  "/etc/ssl/ca-bundle.pem",
  "/etc/pki/tls/cacert.pem",
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
  "/etc/ssl/cert.pem",
  "/usr/local/etc/ssl/cert.pem",
];

/** Go's list as well: all of them count. */
const DIRECTORIES = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/**
 * The machine's certificates as PEM, read as Go does: SSL_CERT_FILE replaces the list of files, SSL_CERT_DIR (directories, with a colon between
 * them) that of directories. What cannot be read, and what is not a certificate, is skipped. On macOS and Windows, where Go asks the system, the
 * system's store, and the two variables on top of it.
 */
export function systemCertificates(env: Environment, platform: NodeJS.Platform = process.platform): string[] {
  const hasStore = platform === "darwin" || platform === "win32";
  const file = env["SSL_CERT_FILE"];
  const directory = env["SSL_CERT_DIR"];
  const files = file ? [file] : hasStore ? [] : FILES;
  const directories = directory ? directory.split(platform === "win32" ? ";" : ":") : hasStore ? [] : DIRECTORIES;
  const found = [
    ...(hasStore ? getCACertificates("system") : []),
    ...firstOf(files),
    ...directories.flatMap((path) => entriesOf(path).flatMap((name) => certificatesIn(join(path, name)) ?? [])),
  ];
  return [...new Set(found)];
}

/** Node's list with NODE_EXTRA_CA_CERTS, the machine's certificates, and further ones. @param further PEM text */
export function trustedCertificates(env: Environment, further: readonly string[] = []): string[] {
  return [...new Set([...getCACertificates("default"), ...systemCertificates(env), ...further.flatMap(split)])];
}

const CONTEXTS = new WeakMap<readonly string[], SecureContext>();

/** The same context for the same list: to make one of hundreds of certificates takes longer than a handshake. */
export function contextOf(certificates: string[]): SecureContext {
  const context = CONTEXTS.get(certificates) ?? createSecureContext({ ca: certificates });
  CONTEXTS.set(certificates, context);
  return context;
}

function firstOf(files: readonly string[]): string[] {
  for (const file of files) {
    const found = certificatesIn(file);
    if (found !== undefined) return found;
  }
  return [];
}

/** Undefined for a file that cannot be read. */
function certificatesIn(file: string): string[] | undefined {
  try {
    return split(readFileSync(file, "latin1"));
  } catch {
    return undefined;
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Text around the certificates is skipped, and so are broken ones: a single one would make the whole list fail. */
function split(text: string): string[] {
  const blocks = text.match(
    /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END (?:TRUSTED )?CERTIFICATE-----/g,
  );
  return (blocks ?? []).filter(isCertificate).map((block) => `${block}\n`);
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}
