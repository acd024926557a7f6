/** Explains in one sentence why a registry refused a request, for every Go library that a builder uses. */
import type { Outcome } from "../builder.ts";
import { between } from "../../lib/text/linear.ts";
import { placeOfImage } from "./image-place.ts";

export type Failure = Extract<Outcome, { kind: "failed" }>;

/**
 * Texts of go-containerregistry (pkg/v1/remote/transport/error.go), containerd (core/remotes/docker), go.podman.io/image
 * (docker/errors.go) and distribution (registry/api/errcode), and the status lines Go's net/http gives them.
 */
const DENIED =
  /\b(?:UNAUTHORIZED|DENIED|unauthorized|authentication required|authorization failed|insufficient_scope|requested access to the resource is denied|unexpected status code 40[13]|40[13] (?:Unauthorized|Forbidden)|status: 40[13]|invalid username\/password)\b/;
const UNKNOWN_CA =
  /x509: certificate (?:signed by unknown authority|is not trusted|is valid for)|x509: cannot validate/;
const PLAIN_HTTP = /server gave HTTP response to HTTPS client|first record does not look like a TLS handshake/;

/** @param text the builder's error @returns undefined for other errors */
export function registryFailure(text: string): Failure | undefined {
  const host = registryIn(text);
  const at = host ?? "the registry";
  if (DENIED.test(text) || deniedByStatus(text)) {
    const doing = /push|blobs\/uploads/i.test(text) ? "push to" : "pull from";
    const refused = failed("registry-auth", `not authorised to ${doing} ${at}: ${reasonIn(text)}`, [
      `Log in with \`slipway login ${host ?? "REGISTRY"}\`, or name a Secret of the namespace with --registry-secret; --no-credentials sends none.`,
    ]);
    const image = doing === "pull from" ? pulledIn(text) : undefined;
    return image === undefined ? refused : { ...refused, place: placeOfImage(image) };
  }
  if (UNKNOWN_CA.test(text)) {
    return failed("build", `the builder does not know the authority that signed the certificate of ${at}`, [
      "Give its certificate with --registry-ca FILE.",
    ]);
  }
  if (PLAIN_HTTP.test(text)) {
    return failed("build", `${at} uses plain http, and the builder used https`, [
      `Allow plain http with --insecure-registry ${host ?? "HOST[:PORT]"}.`,
    ]);
  }
  return otherFormat(text);
}

/**
 * A tag with Docker's manifest, and a push of OCI's: docker's registry 2.8 answers the question for the tag's manifest with 400
 * (distribution v2.8, registry/handlers/manifests.go: convertSchema2Manifest).
 */
function otherFormat(text: string): Failure | undefined {
  const [, name] = /failed to push (\S+): unexpected status from HEAD request to \S+: 400\b/.exec(text) ?? [];
  if (name === undefined) return undefined;
  return failed(
    "build",
    `${name} holds an image in Docker's format, which its registry cannot compare with the OCI image of this build`,
    [
      "Push to another tag, or delete this one in the registry.",
      "Or leave out --provenance, --sbom, --attest and --annotation: the image is then in Docker's format, too.",
    ],
  );
}

export function failed(fault: Failure["fault"], message: string, suggestions: string[] = []): Failure {
  return { kind: "failed", fault, message, suggestions };
}

/** The image that Buildah or makisu pulls, or that of the manifest that kaniko asks for. */
function pulledIn(text: string): string | undefined {
  const named = between(text, "initializing source docker://", ": ") ?? between(text, "pull image ", ": ");
  if (named !== undefined) return named;
  const url = text.split(" ").find((word) => word.includes("/v2/") && word.includes(MANIFESTS)) ?? "";
  const [host = "", path = ""] = url.replace(/^https?:\/\//, "").split("/v2/", 2);
  const at = path.lastIndexOf(MANIFESTS);
  if (at < 1) return undefined;
  const version = path.slice(at + MANIFESTS.length).replace(/:$/, "");
  return `${host.replace(/^index\.docker\.io$/, "docker.io")}/${path.slice(0, at)}${version.includes(":") ? "@" : ":"}${version}`;
}

const MANIFESTS = "/manifests/";

/** The host of a URL, or of a reference with a domain. The rest of the message differs between libraries. */
function registryIn(text: string): string | undefined {
  // The URL of a registry's token service, which may be on another host.
  const rest = text.replaceAll(/\S+/g, (token) => {
    const url = token.search(/https?:\/\//);
    return url >= 0 && /[?&](?:scope|service)=/.test(token.slice(url)) ? token.slice(0, url) : token;
  });
  for (const prefix of BEFORE_HOST) {
    for (const { 0: found, index } of rest.matchAll(prefix)) {
      HOST.lastIndex = index + found.length;
      const host = HOST.exec(rest)?.[1];
      if (host !== undefined) return host;
    }
  }
  return undefined;
}

const BEFORE_HOST = [
  /https?:\/\//gi,
  /docker:\/\//gi,
  /(?:permission for|destination|image|push|pull|registry) \\?"?/gi,
] as const;
const HOST = /((?:[\w-]+\.)+[\w-]+(?::\d+)?|localhost(?::\d+)?|[\w.-]+:\d+)(?=[/"\\:\s]|$)/iy;

/** `GET /v2/team/app/manifests/1 401`. */
function deniedByStatus(text: string): boolean {
  const tokens = text.split(/\s/);
  return tokens.some((token, index) => {
    const at = token.indexOf("/v2/");
    return at >= 0 && at + 4 < token.length && /^40[13]\b/.test(tokens[index + 1] ?? "");
  });
}

/** The registry's own message at the end of the library's message. */
function reasonIn(text: string): string {
  return (
    /(?:UNAUTHORIZED|DENIED|unauthorized|denied): ([^;\n]+)/.exec(text)?.[1]?.trim() ?? "it refused the credentials"
  );
}
