/** Trust in what this machine trusts. Loaded only where a certificate is not known to Node, or the environment names others. */
import type { Trust } from "./dial.ts";
import { contextOf, trustedCertificates } from "./trusted-certificates.ts";

type Environment = Readonly<Record<string, string | undefined>>;

let known: { readonly key: string; readonly certificates: string[] } | undefined;

/** The certificates are read once. */
export function systemTrust(env: Environment): Trust {
  const key = `${env["SSL_CERT_FILE"]}\0${env["SSL_CERT_DIR"]}`;
  if (known?.key !== key) known = { key, certificates: trustedCertificates(env) };
  const { certificates } = known;
  // A client certificate needs its own TLS context, so the shared one cannot be used.
  return ({ cert, key: own }) =>
    cert === undefined && own === undefined ? { secureContext: contextOf(certificates) } : { ca: certificates };
}
