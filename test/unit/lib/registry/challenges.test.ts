/** What a registry asks for in WWW-Authenticate, in all the forms that registries use. */
import { createServer } from "node:http";
import type { IncomingMessage, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { parseChallenges } from "../../../../src/lib/registry/challenges.ts";
import { findManifest } from "../../../../src/lib/registry/copy-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";

const plain = (header: string | string[] | undefined): unknown[] =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("challenges", () => {
  it.each<[string | string[] | undefined, unknown[]]>([
    [undefined, []],
    ["", []],
    ['Basic realm="r"', [["basic", { realm: "r" }]]],
    ["Basic", [["basic", {}]]],
    ["basic Realm=r", [["basic", { realm: "r" }]]],
    [
      'Bearer realm="https://a/t?x=y",service="s",scope="a b"',
      [["bearer", { realm: "https://a/t?x=y", service: "s", scope: "a b" }]],
    ],
    ["Bearer realm=https://a/t?x=y,service=s", [["bearer", { realm: "https://a/t?x=y", service: "s" }]]],
    ['BEARER realm = "r" , service = "s"', [["bearer", { realm: "r", service: "s" }]]],
    [
      'Negotiate, Basic realm="r"',
      [
        ["negotiate", {}],
        ["basic", { realm: "r" }],
      ],
    ],
    [
      'Negotiate YII+/=, Bearer realm="r"',
      [
        ["negotiate", {}],
        ["bearer", { realm: "r" }],
      ],
    ],
    [
      'Basic realm="r", Bearer realm="t",service="s"',
      [
        ["basic", { realm: "r" }],
        ["bearer", { realm: "t", service: "s" }],
      ],
    ],
    [
      ['Basic realm="r"', 'Bearer realm="t"'],
      [
        ["basic", { realm: "r" }],
        ["bearer", { realm: "t" }],
      ],
    ],
    ['Basic realm="a, Bearer realm=\\"x\\""', [["basic", { realm: 'a, Bearer realm="x"' }]]],
    ['Bearer realm="open', [["bearer", { realm: "open" }]]],
    ['Bearer realm="one",realm="two"', [["bearer", { realm: "one" }]]],
    [', ,Basic realm="r",,', [["basic", { realm: "r" }]]],
    ["=,\u0000(", []],
  ])("%j is %j", (header, expected) => {
    expect(plain(header)).toEqual(expected);
  });
});

describe("a registry", () => {
  let server: Server;
  let host: string;
  let challenge: string | string[];
  let seen: IncomingMessage[];

  beforeEach(async () => {
    seen = [];
    server = createServer((request, response) => {
      seen.push(request);
      const { url = "", headers } = request;
      if (url.startsWith("/token"))
        response.writeHead(/[?&]service=(?:&|$)/.test(url) ? 400 : 200).end('{"token":"t"}');
      else if (headers.authorization === undefined) response.writeHead(401, { "www-authenticate": challenge }).end();
      else response.end("{}");
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const ask = async (identityToken?: string): Promise<unknown> => {
    const login = { username: "u", password: "p", ...(identityToken === undefined ? {} : { identityToken }) };
    const client = new RegistryClient({ insecure: [], credential: async () => login, timeout: 5000 });
    return findManifest(client, new Reference({ registry: host, repository: "a", tag: "1" })).catch(
      (error: unknown) => error,
    );
  };
  const used = (): string | undefined => seen.at(-1)?.headers.authorization?.split(" ", 1)[0];

  it.each<[string, (realm: string) => string | string[], string]>([
    ["Bearer", (realm) => `Bearer realm="${realm}",service="s"`, "Bearer"],
    ["Bearer without quotes", (realm) => `Bearer realm=${realm},service=s`, "Bearer"],
    ["Bearer in lower case", (realm) => `bearer realm="${realm}"`, "Bearer"],
    ["Basic before Bearer", (realm) => `Basic realm="r", Bearer realm="${realm}"`, "Bearer"],
    ["Bearer before Basic", (realm) => `Bearer realm="${realm}", Basic realm="r"`, "Bearer"],
    ["both in two headers", (realm) => ['Basic realm="r"', `Bearer realm="${realm}"`], "Bearer"],
    ["Negotiate and Basic", () => 'Negotiate, Basic realm="r"', "Basic"],
    ["Basic", () => "Basic", "Basic"],
  ])("that offers %s is answered", async (_, offer, scheme) => {
    challenge = offer(`http://${host}/token`);
    await ask();
    expect(used()).toBe(scheme);
  });

  it.each([undefined, "refresh"])("that names no service gets none (identity token: %s)", async (identityToken) => {
    challenge = `Bearer realm="http://${host}/token"`;
    await ask(identityToken);
    const asked = seen.find(({ url }) => url?.startsWith("/token") === true);
    expect(asked?.url).not.toContain("service");
    expect(used()).toBe("Bearer");
  });

  it.each([
    ["Bearer", "it asks for a token and names no token service"],
    ['Bearer realm=""', "it asks for a token and names no token service"],
    ['Bearer realm="token"', 'its token service "token" is not an http or https URL'],
    ['Bearer realm="ftp://u:p@h/x?y"', 'its token service "ftp://h/x" is not an http or https URL'],
  ])("whose challenge is %s is an error of one sentence", async (given, why) => {
    challenge = given;
    expect((await ask()) as Error).toMatchObject({ message: `registry ${host} did not answer: ${why}` });
  });

  it("that offers only what slipway cannot do gets no password", async () => {
    challenge = "Negotiate";
    await ask();
    expect(seen).toHaveLength(1);
  });
});
