/**
 * Makes X.509 certificates for Ed25519 keys. Node reads certificates but makes none, and the libraries that do are many times as large
 * as this one form.
 * Sources: RFC 5280 (certificates), RFC 8410 (Ed25519 in them), X.690 (DER).
 */
import { sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** What the key of a certificate may be used for. An authority signs certificates and nothing else. */
export type Usage = "authority" | "server" | "client";

export interface CertificateRequest {
  /** Common name of the key's owner. */
  readonly subject: string;
  readonly publicKey: KeyObject;
  /** Common name of who signs: the same as `subject` if the key signs itself. */
  readonly issuer: string;
  /** Ed25519, private. */
  readonly issuerKey: KeyObject;
  /** 1 to 20 bytes; the first is not 0. Two certificates of an issuer have different ones. */
  readonly serial: Uint8Array;
  readonly usage: Usage;
  /** Host name of a server. Without it no client accepts the server. */
  readonly host?: string;
}

/** Returns the certificate in PEM. It never expires: it is worth as much as the key of its issuer, and for as long. */
export function certificate(request: CertificateRequest): string {
  const { subject, publicKey, issuer, issuerKey, serial, usage, host } = request;
  const signed = sequence(
    tagged(0xa0, integer([2])),
    integer(serial),
    ED25519,
    name(issuer),
    sequence(VALID_FROM, VALID_UNTIL),
    name(subject),
    publicKey.export({ format: "der", type: "spki" }),
    tagged(0xa3, sequence(...extensions(usage, host))),
  );
  const whole = sequence(signed, ED25519, bits(sign(null, signed, issuerKey)));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Universal tags of X.690, section 8. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function tagged(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  // Lengths from 128 on are written as the number of their bytes, and these.
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function sequence(...items: readonly Uint8Array[]): Buffer {
  return tagged(TAG.sequence, ...items);
}

/** @param bytes of a positive number, the most significant first */
function integer(bytes: ArrayLike<number>): Buffer {
  const [first = 0] = Array.from(bytes);
  return tagged(TAG.integer, Buffer.from(first >= 0x80 ? [0] : []), Buffer.from(Array.from(bytes)));
}

/** @param unused number of bits at the end that do not count */
function bits(bytes: Uint8Array, unused = 0): Buffer {
  return tagged(TAG.bits, Buffer.from([unused]), bytes);
}

/** @param hex contents of the encoded identifier */
function identifier(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, "hex"));
}

/** 1.3.101.112 */
const ED25519 = sequence(identifier("2b6570"));
const VALID_FROM = tagged(TAG.utcTime, Buffer.from("200101000000Z"));
/** RFC 5280, section 4.1.2.5: no expiration that is known. */
const VALID_UNTIL = tagged(TAG.generalizedTime, Buffer.from("99991231235959Z"));

function name(common: string): Buffer {
  return sequence(tagged(TAG.set, sequence(identifier("550403"), tagged(TAG.utf8, Buffer.from(common)))));
}

function extensions(usage: Usage, host: string | undefined): Buffer[] {
  const isAuthority = usage === "authority";
  return [
    extension("551d13", true, sequence(...(isAuthority ? [tagged(TAG.boolean, Buffer.from([0xff]))] : []))),
    // Bit 5 is keyCertSign, bit 0 digitalSignature.
    extension("551d0f", true, isAuthority ? bits(Buffer.from([0x04]), 2) : bits(Buffer.from([0x80]), 7)),
    ...(isAuthority ? [] : [extension("551d25", false, sequence(identifier(PURPOSE[usage])))]),
    ...(host === undefined ? [] : [extension("551d11", false, sequence(tagged(0x82, Buffer.from(host))))]),
  ];
}

/** 1.3.6.1.5.5.7.3.1 and 2: a server accepts no other server's certificate as that of a client. */
const PURPOSE = { server: "2b06010505070301", client: "2b06010505070302" } as const;

function extension(hex: string, critical: boolean, value: Uint8Array): Buffer {
  const flag = critical ? [tagged(TAG.boolean, Buffer.from([0xff]))] : [];
  return sequence(identifier(hex), ...flag, tagged(TAG.octets, value));
}
