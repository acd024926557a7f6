/** The API server cannot be reached, or was lost on the way: what the network said, as one sentence. */
import { SlipwayError } from "../../errors.ts";
import { DialError } from "./dial.ts";
import { ContactLost } from "./refusal.ts";
import type { Place } from "./refusal.ts";

/** The connection may come back: refused, reset, timed out, a name server that is busy. */
const PASSING = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EAI_AGAIN",
  "UND_ERR_SOCKET",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_CLOSED",
  "HPE_INVALID_EOF_STATE",
  "HPE_CLOSED_CONNECTION",
]);

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  // An answer that ends in the middle of its JSON was cut, too, if politely.
  return PASSING.has(codeOf(error)) || error instanceof SyntaxError;
}

/** The same for a connection that worked before: there, a name that cannot be looked up is a laptop that changed networks. */
export function isPassingOnceKnown(error: unknown): boolean {
  return isPassing(error) || codeOf(error) === "ENOTFOUND";
}

/** Whether nothing had been sent yet. */
export function isUnsent(error: unknown): boolean {
  return error instanceof DialError;
}

/** The error to throw for what the network threw. Errors of our own pass unchanged. */
export function explainNetwork(error: unknown, place: Place): Error {
  if (error instanceof SlipwayError) return error;
  const code = error instanceof SyntaxError ? "SYNTAX" : codeOf(error);
  const proxy = error instanceof DialError ? error.proxy : undefined;
  const where = `${place.server}${proxy === undefined ? "" : ` through the proxy ${proxy}`}`;
  const { sentence, remedy } = describe(code, where, messageOf(error));
  return new ContactLost(sentence, { suggestions: [remedy, ...checks(place, proxy)], cause: error });
}

function describe(code: string, where: string, message: string): { sentence: string; remedy: string } {
  switch (code) {
    case "SYNTAX":
      return {
        sentence: `what answers at ${where} is no Kubernetes API: ${message}`,
        remedy: "Check the server's URL, and whether a proxy or a login page answers in its place.",
      };
    case "ECONNREFUSED":
      return { sentence: `nothing answers at ${where}: connection refused`, remedy: "Is the cluster running?" };
    case "ENOTFOUND":
      return {
        sentence: `the host name of ${where} is not known`,
        remedy: "Check the network, the VPN and the server's URL.",
      };
    case "EAI_AGAIN":
      return {
        sentence: `the host name of ${where} cannot be looked up now`,
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
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
      return { sentence: `the cluster at ${where} does not answer in time`, remedy: "Try again later." };
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
        ? `Check this machine's clock, which says ${new Date().toISOString()}; else the certificate has to be renewed.`
        : "Check certificate-authority and tls-server-name in the kubeconfig, or fetch it anew.",
    };
  }
  if (PASSING.has(code)) {
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

function checks({ context }: Place, proxy: string | undefined): readonly string[] {
  const flag = context === undefined ? "" : ` --context ${context}`;
  const reach = `See whether kubectl reaches it: kubectl cluster-info${flag}`;
  return proxy === undefined ? [reach] : [reach, "Check the proxy, or except the server with NO_PROXY."];
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
  // Several addresses were tried, each with its own error.
  if (link instanceof AggregateError && link.message === "") link = link.errors[0];
  return (link instanceof Error ? link.message : String(link)).replace(/\.$/, "");
}

/** Valid at another time: a wrong clock looks the same. */
function ofTime(code: string): boolean {
  return code === "CERT_NOT_YET_VALID" || code === "CERT_HAS_EXPIRED";
}
