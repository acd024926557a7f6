/** What is done when a server or a program sends more than it may, or takes longer. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { CredentialHelper } from "../../../../src/lib/credentials/credential-helper.ts";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { LIMITS, limitOf, variableOfLimit } from "../../../../src/lib/limits/limits.ts";
import type { LimitName } from "../../../../src/lib/limits/limits.ts";
import { copyImage, listTags } from "../../../../src/lib/registry/copy-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { readVault } from "../../../../src/lib/vault/read-vault.ts";
import { download } from "../../../../src/plan/source/download.ts";

let server: Server;
let host: string;
/** Bytes that the server could send before the client hung up. */
let sent: number;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  sent = 0;
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

/** Sends without end, until the client hangs up. */
function flood(_: IncomingMessage, response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const more = (): void => {
    while (!response.destroyed) {
      sent += chunk.length;
      if (!response.write(chunk)) return;
    }
  };
  response.on("drain", more);
  more();
}

const client = (): RegistryClient =>
  new RegistryClient({ insecure: [], credential: async () => ({ username: "u", password: "p" }), timeout: 30_000 });
const image = (): Reference => new Reference({ registry: host, repository: "a", tag: "1" });
const limit = (name: LimitName, text: string): void => {
  vi.stubEnv(variableOfLimit(name), text);
};

interface Flood {
  readonly who: string;
  readonly name: LimitName;
  readonly ask: () => Promise<unknown>;
  readonly message: RegExp;
}

const signal = new AbortController().signal;
const FLOODS: readonly Flood[] = [
  {
    who: "a registry with its answer",
    name: "REGISTRY_ANSWER_BYTES",
    ask: () => client().get(image(), "manifests/1", "*/*"),
    message: /^registry 127\.0\.0\.1:\d+ did not answer: it sent more than \d+ kB$/,
  },
  {
    who: "Vault",
    name: "VAULT_ANSWER_BYTES",
    ask: () => readVault([{ path: "a/b", field: "c" }], { VAULT_ADDR: `http://${host}`, VAULT_TOKEN: "t" }),
    message: /^the Vault at .* gave no usable answer: it sent more than \d+ kB$/,
  },
  {
    who: "the server of a URL",
    name: "DOWNLOAD_BYTES",
    ask: () => buffer(download(`http://${host}/x`, signal)),
    message: /\/x cannot be fetched: it sent more than \d+ kB$/,
  },
];

describe.each(FLOODS)("$who", ({ name, ask, message }) => {
  it("is cut off at the limit when it sends without end", async () => {
    limit(name, "200k");
    answer = flood;
    await expect(ask()).rejects.toThrow(message);
    // The rest is in buffers of the two sockets.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  it("is not read at all when it announces more", async () => {
    limit(name, "200k");
    answer = (_, response) => response.writeHead(200, { "content-length": 10 ** 12 }).write("x".repeat(300_000));
    await expect(ask()).rejects.toThrow(message);
  });
});

it("a token service is cut off at its limit", async () => {
  answer = (request, response) => {
    if (request.url?.startsWith("/token") === true) flood(request, response);
    else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token"` }).end();
  };
  await expect(client().get(image(), "manifests/1", "*/*")).rejects.toThrow("it sent more than 1.05 MB");
});

it("a blob that is longer than its manifest says is not copied", async () => {
  const config = { digest: `sha256:${"a".repeat(64)}`, size: 3 };
  let put = 0;
  answer = (request, response) => {
    const url = request.url ?? "";
    request.on("data", (chunk: Buffer) => (put += chunk.length)).on("error", () => {});
    if (request.method === "HEAD") response.writeHead(404).end();
    else if (request.method === "POST") response.writeHead(202, { location: "/upload" }).end();
    else if (request.method === "PUT") request.on("end", () => response.writeHead(201).end());
    else if (url.includes("/manifests/")) response.end(JSON.stringify({ config, layers: [] }));
    else flood(request, response);
  };
  const target = new Reference({ registry: host, repository: "b", tag: "1" });
  await expect(copyImage(client(), image(), target)).rejects.toThrow("it has more than 3 bytes");
  expect(put).toBeLessThanOrEqual(3);
});

it("a list of tags whose pages lead in circles ends", async () => {
  limit("REGISTRY_TAG_PAGES", "7");
  let pages = 0;
  answer = (_, response) => {
    pages += 1;
    response.setHeader("link", '</v2/a/tags/list>; rel="next"').end('{"tags":["1"]}');
  };
  await expect(listTags(client(), image())).rejects.toThrow(`${host}/a has more than 7 pages`);
  expect(pages).toBe(7);
});

it.each<[string, LimitName, string, RegExp]>([
  ["the whole transfer", "DOWNLOAD_MS", "300ms", /cannot be fetched: it takes longer than 300 ms$/],
  ["a silence", "DOWNLOAD_SILENCE_MS", "300ms", /cannot be fetched: no data for 0.3 s$/],
])("a download is given up after the limit for %s", async (_, name, text, message) => {
  limit(name, text);
  answer = (__, response) => response.writeHead(200).write("x");
  await expect(buffer(download(`http://${host}/x`, signal))).rejects.toThrow(message);
});

it("Vault is given up after its limit", async () => {
  limit("VAULT_REQUEST_MS", "300ms");
  answer = () => {};
  const asked = readVault([{ path: "a/b", field: "c" }], { VAULT_ADDR: `http://${host}`, VAULT_TOKEN: "t" });
  await expect(asked).rejects.toThrow("cannot be reached: no answer in 0.3 seconds");
});

describe("a credential helper", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "slipway-helper-"));
    vi.stubEnv("PATH", `${directory}${delimiter}${process.env["PATH"]}`);
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const helper = (script: string): CredentialHelper => {
    writeFileSync(join(directory, "docker-credential-x"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return new CredentialHelper("x");
  };

  it.each(["yes secret", "yes secret >&2"])("that prints without end is ended: %s", async (script) => {
    const asked = helper(`exec ${script}`).get("r.example.com");
    await expect(asked).rejects.toThrow("docker-credential-x printed more than 1.05 MB");
  });

  it("that does not answer is ended", async () => {
    limit("HELPER_MS", "300ms");
    const asked = helper("exec sleep 600").get("r.example.com");
    await expect(asked).rejects.toThrow("docker-credential-x did not answer in 0.3 seconds");
  });

  it("may print a character that is split over two reads", async () => {
    const secret = "é".repeat(40_000);
    const asked = helper(`printf '{"Username":"u","Secret":"x'; cat <<'E' | tr -d '\\n'\n${secret}\nE\nprintf '"}'`);
    expect(await asked.get("r.example.com")).toEqual({ username: "u", password: `x${secret}` });
  });
});

describe("a limit's variable", () => {
  it.each<[LimitName, string, number]>([
    ["DOWNLOAD_BYTES", "20g", 20 * 1024 ** 3],
    ["DOWNLOAD_BYTES", "1000", 1000],
    ["DOWNLOAD_MS", "6h", 6 * 3_600_000],
    ["DOWNLOAD_MS", "90", 90_000],
    ["REGISTRY_TAG_PAGES", "5", 5],
  ])("%s=%s is %d", (name, text, value) => {
    expect(limitOf(name, { [variableOfLimit(name)]: text })).toBe(value);
  });

  it.each(["0", "-1", "many", "1x", "1.5g", "99999999999999g", "5 h"])("is refused as %s", (text) => {
    const read = (): number => limitOf("DOWNLOAD_BYTES", { SLIPWAY_LIMIT_DOWNLOAD_BYTES: text });
    expect(read).toThrow(InvalidInput);
    expect(read).toThrow(`SLIPWAY_LIMIT_DOWNLOAD_BYTES is "${text}", which is not a limit`);
  });

  it("changes only limits that are adjustable", () => {
    for (const [name, { value, ...rest }] of Object.entries(LIMITS)) {
      const given = limitOf(name as LimitName, { [variableOfLimit(name as LimitName)]: "7" });
      expect(given === value).toBe(!("adjustable" in rest));
    }
  });
});
