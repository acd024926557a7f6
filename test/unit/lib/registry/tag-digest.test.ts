import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { digestOf } from "../../../../src/lib/registry/digest.ts";
import { readTagDigest } from "../../../../src/lib/registry/tag-digest.ts";

const MANIFEST = '{"schemaVersion":2}';
const DIGEST = digestOf(MANIFEST);

async function ask(listener: RequestListener): Promise<{ digest: string | undefined; methods: string[] }> {
  const methods: string[] = [];
  const server = createServer((request, response) => {
    methods.push(request.method ?? "");
    listener(request, response);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reference = new Reference({ registry, repository: "app", tag: "1.0" });
  const options = { insecure: [registry], credential: async () => undefined, timeout: 5000 };
  return { digest: await readTagDigest(reference, options), methods };
}

it("reads the digest from the answer to HEAD, which registries do not count as a pull", async () => {
  const { digest, methods } = await ask((_, response) => {
    response.writeHead(200, { "docker-content-digest": DIGEST, "content-length": MANIFEST.length }).end();
  });
  expect({ digest, methods: methods.filter((method) => method === "GET") }).toEqual({ digest: DIGEST, methods: [] });
});

it.each([undefined, "latest", "sha256:short"])(
  "computes the digest if the registry sends %s for it",
  async (header) => {
    const headers = header === undefined ? {} : { "docker-content-digest": header };
    const { digest } = await ask(({ method }, response) => {
      response.writeHead(200, headers).end(method === "GET" ? MANIFEST : undefined);
    });
    expect(digest).toBe(DIGEST);
  },
);

it.each(["MANIFEST_UNKNOWN", "NAME_UNKNOWN"])("returns nothing if the registry says %s", async (code) => {
  const { digest } = await ask((_, response) => {
    response.writeHead(404).end(JSON.stringify({ errors: [{ code }] }));
  });
  expect(digest).toBeUndefined();
});

it.each([
  [404, "<html>not found</html>"],
  [401, "{}"],
  [403, "{}"],
  [500, "{}"],
  [404, "null"],
])("throws for any other answer: %i %s", async (status, body) => {
  const asked = ask((_, response) => {
    response.writeHead(status).end(body);
  });
  await expect(asked).rejects.toThrow(`answered ${status}`);
});
