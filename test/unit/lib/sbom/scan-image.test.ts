import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { ImageServer, archive, digestOf } from "./layers.ts";
import type { Entry } from "./layers.ts";
import { scan } from "./scan.ts";

const layer = (...entries: Entry[]): Buffer => gzipSync(archive(entries));
const npm = (name: string, version = "1.0.0"): string => JSON.stringify({ name, version });

/** `PATH: what it says`. */
async function listOf(layers: readonly Buffer[]): Promise<string[]> {
  const { files } = await scan(await ImageServer.start(layers));
  return files.map(([path, { packages, system, unread }]) => {
    const said = packages.map(({ name, version }) => `${name} ${version}`);
    return `${path}: ${[...said, ...(system ? [system.id] : []), ...(unread === undefined ? [] : [`(${unread})`])].join(", ")}`;
  });
}

describe("an image", () => {
  it("layers are applied in order: removed and replaced files are left out", async () => {
    const base = layer(
      { name: "etc/" },
      { name: "etc/os-release", symlink: "../usr/lib/os-release" },
      { name: "usr/lib/os-release", content: 'ID=debian\nVERSION_ID="12"\n' },
      { name: "var/lib/dpkg/status", content: "Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n" },
      { name: "app/node_modules/x/package.json", content: npm("x") },
      { name: "app/node_modules/y/package.json", content: npm("y") },
      { name: "opt/z-1.dist-info/METADATA", content: "Name: z\nVersion: 1\n" },
    );
    const second = zstdCompressSync(
      archive([
        { name: "app/node_modules/.wh.x", content: "" },
        { name: "opt/.wh..wh..opq", content: "" },
        { name: "opt/new-2.dist-info/METADATA", content: "Name: new\nVersion: 2\n" },
      ]),
    );
    const third = archive([{ name: "./var/lib/dpkg/status", content: "Package: a\nVersion: 1.1\n" }]);
    expect(await listOf([base, second, gzipSync(Buffer.alloc(1024)), third])).toEqual([
      "/app/node_modules/y/package.json: y 1.0.0",
      "/opt/new-2.dist-info/METADATA: new 2",
      "/usr/lib/os-release: debian",
      "/var/lib/dpkg/status: a 1.1",
    ]);
  });

  it("databases that are not read are named with their digest", async () => {
    const content = Buffer.alloc(3_000_000, "SQLite");
    const image = await ImageServer.start([layer({ name: "var/lib/rpm/rpmdb.sqlite", content })]);
    const [[path, file] = [], ...others] = (await scan(image)).files;
    expect(others).toEqual([]);
    expect(path).toBe("/var/lib/rpm/rpmdb.sqlite");
    expect(file).toMatchObject({
      packages: [],
      unread: "it is an RPM database, which slipway does not read",
      sha256: digestOf(content).slice("sha256:".length),
    });
  });

  it("an empty image has no packages", async () => {
    const image = await ImageServer.start([]);
    expect(await scan(image)).toEqual({ files: [], layers: 0, bytes: 0 });
  });

  it("keeps its paths, whatever they are called", async () => {
    const deep = `${"d/".repeat(900)}node_modules/deep/package.json`;
    expect(
      await listOf([
        layer(
          { name: "../../node_modules/out/package.json", content: npm("out") },
          { name: "a\nb/node_modules/line/package.json", content: npm("line") },
          { name: "__proto__/node_modules/p/package.json", content: npm("p") },
          { name: deep, content: npm("deep") },
          { name: `${"e/".repeat(3000)}node_modules/too/package.json`, content: npm("too-deep") },
          { name: "node_modules/evil/package.json", content: npm('"><script>\u001b[31m') },
        ),
      ]),
    ).toEqual([
      "/__proto__/node_modules/p/package.json: p 1.0.0",
      "/a\nb/node_modules/line/package.json: line 1.0.0",
      `/${deep}: deep 1.0.0`,
      "/node_modules/evil/package.json: (it has no name or no version)",
      "/node_modules/out/package.json: out 1.0.0",
    ]);
  });
});

describe("hard links", () => {
  it("a hard link to a file that was read counts as that file", async () => {
    const lists = await listOf([
      layer(
        { name: "node_modules/a/package.json", content: npm("a") },
        { name: "b/node_modules/a/package.json", link: "node_modules/a/package.json" },
        { name: "c/node_modules/a/package.json", link: "./b/node_modules/a/package.json" },
      ),
      layer({ name: "node_modules/.wh.a", content: "" }, { name: "d/x", link: "c/node_modules/a/package.json" }),
    ]);
    expect(lists).toEqual([
      "/b/node_modules/a/package.json: a 1.0.0",
      "/c/node_modules/a/package.json: a 1.0.0",
      "/d/x: a 1.0.0",
    ]);
  });

  it("a layer is read again if a hard link leads to a file that was skipped", async () => {
    const store = layer(
      { name: "root/store/aa", content: npm("stored") },
      { name: "root/store/bb", content: "Name: snake\nVersion: 3\n" },
      { name: "app/node_modules/stored/package.json", link: "root/store/aa" },
      { name: "app/snake-3.dist-info/METADATA", link: "root/store/bb" },
      { name: "app/node_modules/gone/package.json", link: "root/store/aa" },
      { name: "app/node_modules/gone", symlink: "../elsewhere" },
    );
    const image = await ImageServer.start([
      store,
      layer({ name: "node_modules/n/package.json", link: "root/store/aa" }),
    ]);
    const { files } = await scan(image);
    expect(files.map(([path, { packages, unread }]) => [path, packages[0]?.name, unread])).toEqual([
      ["/app/node_modules/stored/package.json", "stored", undefined],
      ["/app/snake-3.dist-info/METADATA", "snake", undefined],
      ["/node_modules/n/package.json", undefined, "it is a hard link to a file of another layer"],
    ]);
    expect(image.asked).toHaveLength(4);
  });
});

describe("a registry", () => {
  const whole = layer({ name: "node_modules/a/package.json", content: npm("a") });

  it("after a broken connection the layer is read again, and nothing of the first attempt is kept", async () => {
    const image = await ImageServer.start([layer(), whole]);
    image.send = (response, blob, before) => {
      if (before < 2 && blob.equals(whole)) {
        response.writeHead(200, { "content-length": blob.length });
        response.write(blob.subarray(0, blob.length - 20), () => response.destroy());
      } else response.end(blob);
    };
    const { files, layers } = await scan(image);
    expect(files.map(([, { packages }]) => packages[0]?.name)).toEqual(["a"]);
    expect([layers, image.asked.length]).toEqual([2, 4]);
  });

  it("a layer is given up after three attempts", async () => {
    const image = await ImageServer.start([whole]);
    image.send = (response) => response.writeHead(503).end();
    await expect(scan(image)).rejects.toThrow(/^registry 127\.0\.0\.1:\d+ did not answer: .* answered 503$/);
    expect(image.asked).toHaveLength(3);
  });

  it("other or more bytes than in the manifest are an error", async () => {
    const other = layer({ name: "node_modules/b/package.json", content: npm("b") });
    const image = await ImageServer.start([layer(), whole]);
    image.send = (response, blob) => response.end(blob.equals(whole) ? other : blob);
    const error = await scan(image).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(BuildFailed);
    const start = `layer 2 of 2, ${digestOf(whole)}: the registry sent other content than ${image.host}/team/app@${digestOf(whole)}: `;
    expect((error as Error).message.slice(0, start.length)).toBe(start);
    image.send = (response, blob) => response.end(Buffer.concat([blob, Buffer.from([0])]));
    await expect(scan(image)).rejects.toThrow(/: it has more than \d+ bytes$/);
  });

  describe("whose manifest names another place for a layer", () => {
    const other = layer({ name: "node_modules/other/package.json", content: npm("other") });
    const descriptor = (blob: Buffer, fields: object = {}): object => ({
      mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
      digest: digestOf(blob),
      size: blob.length,
      ...fields,
    });
    /** Another server that has every layer, and counts who asks. */
    async function elsewhere(): Promise<{ readonly urls: string[]; readonly asked: string[] }> {
      const asked: string[] = [];
      const server = createServer((request, response) => {
        asked.push(`${request.method} ${request.url}`);
        response.end(other);
      });
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      onTestFinished(() => void server.close());
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      return { asked, urls: [`${base}/foreign.tar.gz`, `${base}/v2/team/app/blobs/${digestOf(other)}`] };
    }

    it("a layer's urls are not asked: it is read from the image's own repository", async () => {
      const { urls, asked } = await elsewhere();
      const image = await ImageServer.start([whole], { layers: [descriptor(whole, { urls })] });
      expect((await scan(image)).files.map(([, { packages }]) => packages[0]?.name)).toEqual(["a"]);
      expect([asked, image.asked]).toEqual([[], [digestOf(whole)]]);
    });

    it("a layer that only the other server has is an error that names the layer, and no SBOM lacks it in silence", async () => {
      const { urls, asked } = await elsewhere();
      const image = await ImageServer.start([whole], { layers: [descriptor(whole), descriptor(other, { urls })] });
      await expect(scan(image)).rejects.toThrow(`/v2/team/app/blobs/${digestOf(other)} answered 404`);
      expect(asked).toEqual([]);
    });

    it.each([
      ["a URL", (host: string) => `http://${host}/foreign.tar.gz`],
      ["a path to another repository", () => `${digestOf(other)}/../../../../other/app/blobs/${digestOf(other)}`],
      ["another repository before it", () => `../../other/app/blobs/${digestOf(other)}`],
      ["a query", () => `${digestOf(other)}?from=other/app`],
      ["nothing", () => undefined],
    ])("a digest that is %s is refused before anything is asked", async (_, digestWith) => {
      const { urls, asked } = await elsewhere();
      const digest = digestWith(new URL(urls[0] ?? "").host);
      const image = await ImageServer.start([whole], { layers: [descriptor(other, { digest, urls })] });
      const wrong = `refers to ${JSON.stringify(String(digest))}, which is not a digest`;
      await expect(scan(image)).rejects.toThrow(wrong);
      expect([asked, image.asked]).toEqual([[], []]);
    });
  });

  it("reading stops when the user interrupts", async () => {
    const image = await ImageServer.start([whole]);
    const stop = new AbortController();
    image.send = (response, blob) => {
      response.write(blob.subarray(0, 50));
      setTimeout(() => stop.abort(new Error("stopped")), 20);
    };
    // The registry's silence would be borne for longer than this test may take.
    await expect(scan(image, 300_000, stop.signal)).rejects.toThrow("stopped");
    expect(image.asked).toHaveLength(1);
  });
});

it.each<[string, Buffer[], object, string]>([
  ["broken gzip", [layer().subarray(0, 10)], {}, "it cannot be decompressed: unexpected end of file"],
  ["no archive", [Buffer.alloc(2048, "x")], {}, "the archive is cut or broken: a number in a header is not a number"],
  [
    "an index",
    [],
    { layers: undefined, manifests: [] },
    "it is an index of several images, and slipway can only read one image",
  ],
  ["a digest of another kind", [], { layers: [{ digest: "md5:0" }] }, 'refers to "md5:0", which is not a digest'],
])("cannot be read: %s", async (_, layers, manifest, message) => {
  await expect(scan(await ImageServer.start(layers, manifest))).rejects.toThrow(message);
});
