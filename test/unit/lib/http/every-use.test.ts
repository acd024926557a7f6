/** Credentials go into requests in one file, requests are sent by three, and URLs are shown by one function. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { SRC, readImports, sourceFiles } from "../../imports.ts";

/** The code of a file, without comments. */
async function codeOf(file: string): Promise<string> {
  const text = await readFile(join(SRC, file), "utf8");
  return text.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/(^|\s)\/\/.*$/gm, "");
}

async function linesWith(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const file of await sourceFiles()) {
    for (const line of (await codeOf(file)).split("\n")) {
      if (pattern.test(line)) found.push(`${file}: ${line.trim()}`);
    }
  }
  return found;
}

/** A header that carries a credential, as a property, a key or a part of a request that is written by hand. */
const CREDENTIAL_HEADER =
  /["'`]?\b(?:proxy-)?authorization\b["'`]?\s*(?:[:,}\]]|=(?!=))|["'`]?x-vault-token|["'`]x-registry-auth|["'`]cookie["'`]|\bimpersonate-user/i;

it("no other file names a header that carries a credential", async () => {
  const lines = (await linesWith(CREDENTIAL_HEADER)).filter((line) => !line.startsWith("lib/http/origin-headers.ts: "));
  // An engine is shown the login with which it pulls, as by docker. The client library's answer is read in the other file and given to
  // OriginHeaders, and so are the headers of impersonation.
  expect(lines.map((line) => line.split(": ", 1)[0])).toEqual([
    "lib/engine/engine-client.ts",
    "lib/kube/authenticator.ts",
    "lib/kube/authenticator.ts",
  ]);
});

it("the search finds the ways to write such a header", () => {
  const written = [
    "headers: { authorization: x }",
    'headers["Authorization"] = x',
    "{ ...headers, authorization }",
    '"proxy-authorization": x',
    "`Proxy-Authorization: Basic ${x}`",
    '"x-vault-token": x',
  ];
  expect(written.filter((line) => !CREDENTIAL_HEADER.test(line))).toEqual([]);
});

it("only the three HTTP clients send requests", async () => {
  const imports = await readImports();
  const senders = /^(?:ws|(?:node:)?(?:https?|http2))$/;
  const users = imports.filter(({ to, kind }) => kind !== "type" && senders.test(to)).map(({ from }) => from);
  // BuildKit's protocol is HTTP/2 inside an exec in the builder's pod: it makes no connection, and so has no origin.
  // An engine has none either: it is reached by a socket, TLS with its own certificates, or ssh.
  expect([...new Set(users)].sort()).toEqual([
    "lib/buildkit/http2.ts",
    "lib/buildkit/served.ts",
    "lib/engine/engine-client.ts",
    "lib/http/connections.ts",
    "lib/kube/websocket.ts",
  ]);
  const clients = (await linesWith(/\bnew Connections\(/)).map((line) => line.split(": ", 1)[0] ?? "");
  expect([...new Set(clients)].sort()).toEqual(["lib/http/web-client.ts", "lib/kube/http-client.ts"]);
  // A private method of that name sends no request by itself.
  expect(await linesWith(/(?<!#)\bfetch\(/)).toEqual([]);
});

it("bodies are read into memory only up to a limit", async () => {
  expect(await linesWith(/\bbody\s*\.\s*(?:text|json|arrayBuffer|bytes|blob|formData)\(/)).toEqual([]);
});

it("user information is cut out of URLs by one file", async () => {
  // A pattern for what comes before an @, or an assignment to a URL's parts.
  const cutters = await linesWith(/\[\^[^\]]*\][*+]\)?@|\.(?:username|password)\s*=[^=]/);
  expect(cutters.filter((line) => !line.startsWith("lib/text/public-url.ts: "))).toEqual([]);
});
