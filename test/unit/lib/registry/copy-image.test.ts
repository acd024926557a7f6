import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { AuthError, BuildFailed } from "../../../../src/errors.ts";
import { copyImage, findManifest, listTags } from "../../../../src/lib/registry/copy-image.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";

const sum = (data: Buffer | string) => `sha256:${createHash("sha256").update(data).digest("hex")}`;

/** A registry with as much of the distribution API as is asked of one, which keeps a list of what it was asked. */
class Registry {
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, { type: string; text: string }>();
  readonly asked: string[] = [];
  mounts = true;
  login: string | undefined;
  /** Blobs end after this many bytes, though their length was promised. */
  cut: number | undefined;
  host = "";

  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("error", () => {});
      request.on("end", () => {
        const { method = "", url = "" } = request;
        this.asked.push(`${method} ${url}`);
        if (this.login !== undefined && request.headers.authorization !== `Basic ${btoa(this.login)}`) {
          response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
          return;
        }
        this.#answer(
          method,
          new URL(url, "http://x"),
          Buffer.concat(chunks),
          request.headers["content-type"] ?? "",
          response,
        );
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  #answer(method: string, url: URL, body: Buffer, type: string, response: import("node:http").ServerResponse): void {
    const end = (status: number, headers = {}, text: string | Buffer = "") =>
      response.writeHead(status, headers).end(text);
    const [, repository = "", kind = "", name = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|tags)\/(.*)$/.exec(url.pathname) ?? [];
    const key = `${repository}/${name}`;
    if (kind === "tags") {
      const tags = [...this.manifests.keys()].filter(
        (found) => found.startsWith(`${repository}/`) && !found.includes("sha256:"),
      );
      end(
        tags.length === 0 ? 404 : 200,
        {},
        JSON.stringify({ tags: tags.map((tag) => tag.slice(repository.length + 1)) }),
      );
    } else if (kind === "manifests" && method === "PUT") {
      this.manifests.set(key, { type, text: body.toString() });
      this.manifests.set(`${repository}/${sum(body)}`, { type, text: body.toString() });
      end(201);
    } else if (kind === "manifests") {
      const found = this.manifests.get(key);
      end(found === undefined ? 404 : 200, { "content-type": found?.type ?? "" }, found?.text ?? "");
    } else if (method === "POST") {
      const [mount, from] = [url.searchParams.get("mount"), url.searchParams.get("from")];
      const blob = this.blobs.get(`${from}/${mount}`);
      if (this.mounts && mount !== null && blob !== undefined) {
        this.blobs.set(`${repository}/${mount}`, blob);
        end(201);
      } else end(202, { location: `/v2/${repository}/blobs/uploads/1?state=a` });
    } else if (method === "PUT") {
      const digest = url.searchParams.get("digest") ?? "";
      if (sum(body) !== digest)
        return void end(
          400,
          {},
          JSON.stringify({ errors: [{ code: "DIGEST_INVALID", message: "provided digest did not match" }] }),
        );
      this.blobs.set(`${repository}/${digest}`, body);
      end(201);
    } else {
      const blob = this.blobs.get(key);
      if (blob === undefined) end(404);
      else if (method === "HEAD") end(200);
      else if (this.cut === undefined) end(200, { "content-length": blob.length }, blob);
      else {
        response.writeHead(200, { "content-length": blob.length });
        response.write(blob.subarray(0, this.cut), () => response.destroy());
      }
    }
  }

  /** An image of one layer. @returns the digest of its manifest */
  addImage(repository: string, tag: string, layer: Buffer): string {
    const config = Buffer.from(`{"layer":"${sum(layer)}"}`);
    for (const blob of [layer, config]) this.blobs.set(`${repository}/${sum(blob)}`, blob);
    const type = "application/vnd.oci.image.manifest.v1+json";
    const text = JSON.stringify({
      schemaVersion: 2,
      config: { digest: sum(config) },
      layers: [{ digest: sum(layer) }],
    });
    for (const name of [tag, sum(text)]) this.manifests.set(`${repository}/${name}`, { type, text });
    return sum(text);
  }
}

function client(logins: Readonly<Record<string, string>> = {}): RegistryClient {
  return new RegistryClient({
    insecure: [],
    timeout: 10_000,
    credential: async (host) => {
      const [username = "", password = ""] = logins[host]?.split(":") ?? [];
      return logins[host] === undefined ? undefined : { username, password };
    },
  });
}

const LAYER = Buffer.alloc(300_000, "layer");

describe("in one repository", () => {
  it("within one repository only the manifest is put, byte for byte", async () => {
    const registry = await new Registry().start();
    const digest = registry.addImage("team/app", "1", LAYER);
    const name = `${registry.host}/team/app`;
    const { mediaType } = await copyImage(client(), parseReference(`${name}:1`), parseReference(`${name}:stable`));
    expect(mediaType).toBe("application/vnd.oci.image.manifest.v1+json");
    expect((await findManifest(client(), parseReference(`${name}:stable`))).digest).toBe(digest);
    expect(registry.asked.filter((question) => question.includes("/blobs/"))).toEqual([]);
    expect((await listTags(client(), parseReference(name))).sort()).toEqual(["1", "stable"]);
  });
});

describe("in another repository of the same registry", () => {
  it("blobs are mounted", async () => {
    const registry = await new Registry().start();
    registry.addImage("team/app", "1", LAYER);
    await copyImage(
      client(),
      parseReference(`${registry.host}/team/app:1`),
      parseReference(`${registry.host}/prod/app:1`),
    );
    expect(registry.asked.filter((question) => /^(?:GET|PUT) .*\/blobs\//.test(question))).toEqual([]);
    expect(registry.blobs.get(`prod/app/${sum(LAYER)}`)).toEqual(LAYER);
  });

  it("or carried over, where the registry does not mount", async () => {
    const registry = await new Registry().start();
    registry.mounts = false;
    registry.addImage("team/app", "1", LAYER);
    await copyImage(
      client(),
      parseReference(`${registry.host}/team/app:1`),
      parseReference(`${registry.host}/prod/app:1`),
    );
    expect(registry.blobs.get(`prod/app/${sum(LAYER)}`)).toEqual(LAYER);
  });
});

describe("to another registry", () => {
  it("an index goes with its images, the name last", async () => {
    const [from, to] = [await new Registry().start(), await new Registry().start()];
    to.login = "me:secret";
    const digests = [from.addImage("app", "a", LAYER), from.addImage("app", "b", Buffer.from("small"))];
    const type = "application/vnd.oci.image.index.v1+json";
    const text = JSON.stringify({ schemaVersion: 2, manifests: digests.map((digest) => ({ digest })) });
    from.manifests.set("app/all", { type, text });
    await copyImage(
      client({ [to.host]: "me:secret" }),
      parseReference(`${from.host}/app:all`),
      parseReference(`${to.host}/x/app:1`),
    );
    expect(to.manifests.get("x/app/1")).toEqual({ type, text });
    for (const digest of digests) expect(to.manifests.has(`x/app/${digest}`)).toBe(true);
    expect(to.blobs.get(`x/app/${sum(LAYER)}`)).toEqual(LAYER);
    expect(to.asked.at(-1)).toBe("PUT /v2/x/app/manifests/1");
  });

  it("a blob that is cut on its way is an error, and the name is not put", async () => {
    const [from, to] = [await new Registry().start(), await new Registry().start()];
    from.addImage("app", "1", LAYER);
    from.cut = 1000;
    await expect(
      copyImage(client(), parseReference(`${from.host}/app:1`), parseReference(`${to.host}/app:1`)),
    ).rejects.toThrow(BuildFailed);
    expect(to.manifests.size).toBe(0);
    expect(to.blobs.has(`app/${sum(LAYER)}`)).toBe(false);
  });
});

describe("is refused in one sentence", () => {
  it("a missing image is refused in one sentence", async () => {
    const { host } = await new Registry().start();
    await expect(findManifest(client(), parseReference(`${host}/app:1`))).rejects.toThrow(
      `the registry has no image ${host}/app:1`,
    );
    await expect(listTags(client(), parseReference(`${host}/app`))).rejects.toThrow(
      `the registry has no image ${host}/app`,
    );
  });

  it("a missing or wrong login is refused in one sentence", async () => {
    const registry = await new Registry().start();
    registry.login = "me:secret";
    for (const logins of [{}, { [registry.host]: "me:wrong" }]) {
      await expect(findManifest(client(logins), parseReference(`${registry.host}/app:1`))).rejects.toThrow(AuthError);
    }
  });

  it("an unreachable registry is refused in one sentence", async () => {
    await expect(findManifest(client(), parseReference("127.0.0.1:1/app:1"))).rejects.toThrow(
      new BuildFailed("registry 127.0.0.1:1 did not answer: connect ECONNREFUSED 127.0.0.1:1"),
    );
  });

  it("bytes that do not match the digest are refused in one sentence", async () => {
    const registry = await new Registry().start();
    const digest = registry.addImage("app", "1", LAYER);
    registry.manifests.set(`app/${digest}`, { type: "x", text: "{}" });
    await expect(findManifest(client(), parseReference(`${registry.host}/app@${digest}`))).rejects.toThrow(
      /the registry sent other content than .*: its digest is sha256:/,
    );
  });
});

describe("what a registry calls a digest", () => {
  const TYPE = "application/vnd.oci.image.index.v1+json";
  const parts = (digest: string): object[] => [
    { manifests: [{ digest }] },
    { config: { digest }, layers: [] },
    { layers: [{ digest }] },
  ];
  const hostile = ["latest", "../../prod/manifests/latest", "sha256:1", "sha256:../../x", `${sum("x")}?a`, ""];

  it.each(hostile.flatMap((digest) => parts(digest).map((part) => [JSON.stringify(part), part] as const)))(
    "is not used as a path if it is none: %s",
    async (_, part) => {
      const [from, to] = [await new Registry().start(), await new Registry().start()];
      const text = JSON.stringify(part);
      from.manifests.set("evil/1", { type: TYPE, text });
      from.manifests.set("evil/latest", { type: TYPE, text: "{}" });
      const copying = copyImage(client(), parseReference(`${from.host}/evil:1`), parseReference(`${to.host}/app:1`));
      await expect(copying).rejects.toThrow(/which is not a digest/);
      expect(to.asked.filter((line) => line.startsWith("PUT"))).toEqual([]);
    },
  );

  it("a path that leaves its repository is never asked for", async () => {
    const registry = await new Registry().start();
    for (const path of ["a/manifests/../../b/manifests/1", "a/blobs/%2e%2e/x", "a\\..\\b", "a/x#y"]) {
      const question = { method: "GET", path, scopes: [] } as const;
      await expect(client().ask(registry.host, question)).rejects.toThrow(/is not a path below/);
    }
    expect(registry.asked).toEqual([]);
  });

  it("a copy refuses indexes that are nested too deeply, and copies each part once", async () => {
    const [from, to] = [await new Registry().start(), await new Registry().start()];
    let inner = from.addImage("evil", "0", LAYER);
    for (let depth = 1; depth <= 30; depth++) {
      const text = JSON.stringify({ manifests: [{ digest: inner }, { digest: inner }] });
      inner = sum(text);
      for (const name of [String(depth), inner]) from.manifests.set(`evil/${name}`, { type: TYPE, text });
    }
    const copy = (tag: number) =>
      copyImage(client(), parseReference(`${from.host}/evil:${tag}`), parseReference(`${to.host}/app:1`));
    await copy(3);
    expect(to.asked.filter((line) => line.startsWith("PUT /v2/app/manifests/"))).toHaveLength(4);
    await expect(copy(30)).rejects.toThrow(/more than 3 deep/);
  });
});
