/** Converts errors of the network to one sentence: the API server cannot be reached, or the connection was lost. */
import { SlipwayError } from "../../errors.ts";
import { TooMuch } from "../http/read-body.ts";
import { variableOfLimit } from "../limits/limits.ts";
import { DialError } from "../http/dial.ts";
import { ContactLost } from "./refusal.ts";
import type { ClusterLocation } from "./refusal.ts";

/** Errors that may be temporary: refused, reset, timed out, a busy name server. */
const TEMPORARY = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "ERR_SILENCE",
  "HPE_INVALID_EOF_STATE",
  "HPE_CLOSED_CONNECTION",
]);

/** Whether another attempt may help. */
export function isPassing(error: unknown): boolean {
  // An answer that ends in the middle of its JSON was cut as well.
  return TEMPORARY.has(codeOf(error)) || error instanceof SyntaxError;
}

/** The same for a connection that worked before: an unknown host name then means that a laptop changed networks. */
export function isPassingOnceKnown(error: unknown): boolean {
  return isPassing(error) || codeOf(error) === "ENOTFOUND";
}

/** Whether nothing was sent. */
export function isUnsent(error: unknown): boolean {
  return error instanceof DialError;
}

/** Converts an error of the network to the error to throw. Returns our own errors unchanged. */
export function explainNetwork(error: unknown, location: ClusterLocation): Error {
  if (error instanceof SlipwayError) return error;
  if (error instanceof TooMuch) {
    return new ContactLost(`the cluster at ${location.server} sent too much: ${error.message} in one answer`, {
      suggestions: [`Raise the limit: ${variableOfLimit("API_ANSWER_BYTES")}=1g`],
      cause: error,
    });
  }
  const code = error instanceof SyntaxError ? "SYNTAX" : codeOf(error);
  const proxy = error instanceof DialError ? error.proxy : undefined;
  const where = `${location.server}${proxy === undefined ? "" : ` through the proxy ${proxy}`}`;
  const { sentence, remedy } = describe(code, where, messageOf(error));
  return new ContactLost(sentence, { suggestions: [remedy, ...checks(location, proxy)], cause: error });
}

function describe(code: string, where: string, message: string): { sentence: string; remedy: string } {
  switch (code) {
    case "SYNTAX":
      return {
        sentence: `the server at ${where} is not a Kubernetes API: ${message}`,
        remedy: "Check the server's URL, and whether a proxy or a login page answers instead.",
      };
    case "ECONNREFUSED":
      return {
        sentence: `the cluster at ${where} cannot be reached: connection refused`,
        remedy: "Check that the cluster is running.",
      };
    case "ENOTFOUND":
      return {
        sentence: `the host name of ${where} is unknown`,
        remedy: "Check the network, the VPN and the server's URL.",
      };
    case "EAI_AGAIN":
      return {
        sentence: `the host name of ${where} cannot be resolved at the moment`,
        remedy: "Check the network and the name server.",
      };
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
      return {
        sentence: `the cluster at ${where} cannot be reached: ${message}`,
        remedy: "Check the network and the VPN.",
      };
    case "ERR_SILENCE":
      return { sentence: `the cluster at ${where} did not answer in time`, remedy: "Try again later." };
  }
  if (code === "EPROTO" || code.startsWith("ERR_SSL")) {
    const why = /alert (?:number \d+|[a-z ]+)|wrong version number/.exec(message)?.[0] ?? code;
    return {
      sentence: `no TLS connection to ${where}: ${why}`,
      remedy: "Check the server's URL (http or https) and the client certificate in the kubeconfig.",
    };
  }
  if (isCertificate(code)) {
    return {
      sentence: `the certificate of ${where} is not trusted: ${message}`,
      remedy: ofTime(code)
        ? `Check this machine's clock (${new Date().toISOString()}); if it is right, renew the certificate.`
        : "Check certificate-authority and tls-server-name in the kubeconfig, or name a file with its authority: SSL_CERT_FILE=FILE.",
    };
  }
  if (TEMPORARY.has(code)) {
    return {
      sentence: `the connection to the cluster at ${where} was lost: ${message}`,
      remedy: "Check the network.",
    };
  }
  return { sentence: `the cluster at ${where} cannot be used: ${message}`, remedy: "Check the kubeconfig." };
}

function isCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|CA_KEY|HOSTNAME_MISMATCH/.test(code);
}

function checks({ context }: ClusterLocation, proxy: string | undefined): readonly string[] {
  const flag = context === undefined ? "" : ` --context ${context}`;
  const reach = `Check whether kubectl reaches it: kubectl cluster-info${flag}`;
  return proxy === undefined ? [reach] : [reach, "Check the proxy, or exclude the server with NO_PROXY."];
}

/** The code of the first error in the chain that has one. */
function codeOf(error: unknown): string {
  for (let link = error; link instanceof Error; link = link.cause) {
    const code = (link as NodeJS.ErrnoException).code;
    if (typeof code === "string" && code !== "") return code;
  }
  return "";
}

function messageOf(error: unknown): string {
  let link = error;
  while (link instanceof Error && link.message === "" && link.cause !== undefined) link = link.cause;
  // There is one error for each address that was tried.
  if (link instanceof AggregateError && link.message === "") link = link.errors[0];
  return (link instanceof Error ? link.message : String(link)).replace(/\.$/, "");
}

/** Not valid now. A wrong clock has the same effect. */
function ofTime(code: string): boolean {
  return code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED";
}
