/**
 * Who may talk to a kept builder's port, and who answers there. Every RUN of a rootless daemon shares its network, so each side has to
 * prove who it is (mutual TLS). The authority for both is a key derived from the user's own: the daemon accepts only a client with a
 * certificate of this authority, and the client only a server whose certificate names the builder's Job by its uid. The private keys of
 * the authority and of the client never leave this process. The daemon's is made anew for each builder and travels over exec into the
 * builder's container, whose files no RUN can read.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { IdentityFiles } from "../../builders/buildkit/daemon.ts";
import { certificate } from "../../lib/x509/certificate.ts";
import type { CertificateRequest } from "../../lib/x509/certificate.ts";
import type { TlsSettings } from "../../lib/buildkit/channel.ts";
import type { KeepKey } from "./keep-key.ts";

const AUTHORITY = "slipway keep key";
const AUTHORITY_PURPOSE = "slipway kept builder: authority";
const CLIENT_PURPOSE = "slipway kept builder: client";

/** These two are certified once and for all, and are the same on every machine that has the key. */
const SERIAL = { authority: Buffer.from([1]), client: Buffer.from([2]) };

/** Returns a new identity. @param uid of the builder's Job */
export function newDaemonIdentity(key: KeepKey, uid: string): IdentityFiles {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const authority = authorityOf(key);
  const serial = Buffer.concat([Buffer.from([0x10]), randomBytes(15)]);
  const own = authority.certify({ subject: "kept builder", publicKey, serial, usage: "server", host: hostOf(uid) });
  return { identity: own + pemOf(privateKey), authority: authority.own };
}

/** Returns what a client needs to talk to the builder. @param uid of its Job */
export function clientTls(key: KeepKey, uid: string): TlsSettings {
  const own = key.derive(CLIENT_PURPOSE);
  const authority = authorityOf(key);
  const publicKey = createPublicKey(own);
  const cert = authority.certify({ subject: "client", publicKey, serial: SERIAL.client, usage: "client" });
  return { ca: authority.own, cert, key: pemOf(own), host: hostOf(uid) };
}

interface Authority {
  /** Its own certificate, in PEM. */
  readonly own: string;
  /** Returns a certificate that it has signed, in PEM. */
  readonly certify: (request: Omit<CertificateRequest, "issuer" | "issuerKey">) => string;
}

function authorityOf(key: KeepKey): Authority {
  const issuerKey = key.derive(AUTHORITY_PURPOSE);
  const certify: Authority["certify"] = (request) => certificate({ ...request, issuer: AUTHORITY, issuerKey });
  const publicKey = createPublicKey(issuerKey);
  const own = certify({ subject: AUTHORITY, publicKey, serial: SERIAL.authority, usage: "authority" });
  return { own, certify };
}

function pemOf(key: KeyObject): string {
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

/** A name that no DNS has. */
function hostOf(uid: string): string {
  return `${uid}.kept-builder.invalid`;
}
