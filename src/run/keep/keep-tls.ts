/**
 * Who may talk to a kept builder's port, and who answers there. Every RUN of a rootless daemon shares its network, so each side has to
 * prove who it is (mutual TLS). The authority for both is a key derived from the user's own: the daemon accepts only a client with a
 * certificate of this authority, and the client only a server whose certificate names the builder's Job by its uid. The private keys of
 * the authority and of the client never leave this process. The daemon's is made anew for each builder and travels over exec into the
 * builder's container, whose files no RUN can read.
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import type { IdentityFiles } from "../../builders/buildkit/daemon.ts";
import { certificate } from "../../lib/x509/certificate.ts";
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
  const authority = key.derive(AUTHORITY_PURPOSE);
  const serial = Buffer.concat([Buffer.from([0x10]), randomBytes(15)]);
  const subject = "kept builder";
  return {
    identity:
      certificate({
        subject,
        publicKey,
        issuer: AUTHORITY,
        issuerKey: authority,
        serial,
        usage: "server",
        host: hostOf(uid),
      }) + privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    authority: authorityOf(key),
  };
}

/** Returns what a client needs to talk to the builder. @param uid of its Job */
export function clientTls(key: KeepKey, uid: string): TlsSettings {
  const own = key.derive(CLIENT_PURPOSE);
  const issuerKey = key.derive(AUTHORITY_PURPOSE);
  const cert = certificate({
    subject: "client",
    publicKey: createPublicKey(own),
    issuer: AUTHORITY,
    issuerKey,
    serial: SERIAL.client,
    usage: "client",
  });
  const pem = own.export({ format: "pem", type: "pkcs8" }).toString();
  return { ca: authorityOf(key), cert, key: pem, host: hostOf(uid) };
}

function authorityOf(key: KeepKey): string {
  const own = key.derive(AUTHORITY_PURPOSE);
  return certificate({
    subject: AUTHORITY,
    publicKey: createPublicKey(own),
    issuer: AUTHORITY,
    issuerKey: own,
    serial: SERIAL.authority,
    usage: "authority",
  });
}

/** A name that no DNS has. */
function hostOf(uid: string): string {
  return `${uid}.kept-builder.invalid`;
}
