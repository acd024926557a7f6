import { X509Certificate, generateKeyPairSync } from "node:crypto";
import { expect, it } from "vitest";
import { certificate } from "../../../../src/lib/x509/certificate.ts";
import type { CertificateRequest } from "../../../../src/lib/x509/certificate.ts";

const authority = generateKeyPairSync("ed25519");
const server = generateKeyPairSync("ed25519");

function make(change: Partial<CertificateRequest>): X509Certificate {
  return new X509Certificate(
    certificate({
      subject: "server",
      publicKey: server.publicKey,
      issuer: "authority",
      issuerKey: authority.privateKey,
      serial: Buffer.from([1]),
      usage: "server",
      ...change,
    }),
  );
}

const signer = make({ subject: "authority", publicKey: authority.publicKey, usage: "authority" });

it("an authority's certificate is one that may sign others, and signs itself", () => {
  expect([signer.ca, signer.subject, signer.issuer]).toEqual([true, "CN=authority", "CN=authority"]);
  expect([signer.verify(authority.publicKey), signer.checkIssued(signer)]).toEqual([true, true]);
});

it("a server's certificate names its host, and is signed by the authority", () => {
  const own = make({ host: "a.invalid" });
  expect([own.ca, own.subjectAltName, own.checkHost("a.invalid"), own.checkHost("b.invalid")]).toEqual([
    false,
    "DNS:a.invalid",
    "a.invalid",
    undefined,
  ]);
  expect([own.verify(authority.publicKey), own.checkIssued(signer), own.verify(server.publicKey)]).toEqual([
    true,
    true,
    false,
  ]);
});

it("a key may be used for what its certificate is for, and for nothing else", () => {
  expect([make({}).keyUsage, make({ usage: "client" }).keyUsage, signer.keyUsage]).toEqual([
    ["1.3.6.1.5.5.7.3.1"],
    ["1.3.6.1.5.5.7.3.2"],
    undefined,
  ]);
});

it("a certificate does not expire", () => {
  expect([make({}).validFrom, make({}).validTo]).toEqual(["Jan  1 00:00:00 2020 GMT", "Dec 31 23:59:59 9999 GMT"]);
});

it.each([1, 127, 128, 255])("a serial number that begins with the byte %i stays positive", (first) => {
  const { serialNumber } = make({ serial: Buffer.from([first, 0, 7]) });
  expect(serialNumber).toBe(`${first.toString(16).padStart(2, "0")}0007`.toUpperCase());
});

it.each([1, 60, 120, 200, 250, 600])("a name of %i characters is kept whole", (length) => {
  const host = "x".repeat(length);
  const own = make({ host, subject: host.slice(0, 64) });
  expect([own.subjectAltName, own.verify(authority.publicKey)]).toEqual([`DNS:${host}`, true]);
});
