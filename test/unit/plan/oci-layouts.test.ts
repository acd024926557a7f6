import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { layoutBlobs } from "../../../src/pack/layout-blobs.ts";
import { readLayouts } from "../../../src/plan/oci-layouts.ts";

let root: string;
const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-layout-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function index(manifests: readonly [letter: string, tag?: string][]): Promise<void> {
  const entries = manifests.map(([letter, tag]) => ({
    digest: digest(letter),
    ...(tag === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": tag } }),
  }));
  return writeFile(join(root, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: entries }));
}

describe("an OCI layout", () => {
  it.each([
    [
      "its tag",
      "oci-layout://DIR:1.0",
      [
        ["a", "latest"],
        ["b", "1.0"],
      ],
      "b",
    ],
    [
      "latest without a tag",
      "oci-layout://DIR",
      [
        ["a", "1.0"],
        ["b", "latest"],
      ],
      "b",
    ],
    ["the only manifest without a tag", "oci-layout://DIR", [["c"]], "c"],
    ["the digest that is given", `oci-layout://DIR:1.0@${digest("d")}`, [["a", "1.0"]], "d"],
  ] as const)("is read by %s", async (_, source, manifests, found) => {
    await index(manifests.map(([letter, tag]) => (tag === undefined ? [letter] : [letter, tag])));
    const values = ["other=.", `base=${source.replace("DIR", root)}`];
    expect(await readLayouts(values)).toEqual([{ number: 1, root, digest: digest(found) }]);
  });

  it.each([
    ["an unknown tag", ":2", 'has no tag "2"'],
    ["no tag where there are several images", "", 'has no tag "latest"'],
  ])("is refused for %s", async (_, tag, message) => {
    await index([
      ["a", "1.0"],
      ["b", "1.1"],
    ]);
    await expect(readLayouts([`base=oci-layout://${root}${tag}`])).rejects.toThrow(message);
  });

  it("is refused where there is none", async () => {
    await expect(readLayouts([`base=oci-layout://${root}`])).rejects.toThrow("not found");
    await writeFile(join(root, "index.json"), "{");
    await expect(readLayouts([`base=oci-layout://${root}`])).rejects.toThrow("not JSON");
  });

  it("gives its blobs from any offset, and nothing else", async () => {
    const data = Buffer.from("0123456789");
    const name = createHash("sha256").update(data).digest("hex");
    await mkdir(join(root, "blobs/sha256"), { recursive: true });
    await writeFile(join(root, "blobs/sha256", name), data);
    const blobs = layoutBlobs(root);
    const read = async (offset: number, length: number): Promise<string> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of blobs.read(`sha256:${name}`, offset, length)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    expect(await blobs.size(`sha256:${name}`)).toBe(10);
    expect(await blobs.size(digest("a"))).toBeUndefined();
    expect([await read(0, 10), await read(3, 2), await read(10, 0)]).toEqual(["0123456789", "34", ""]);
  });
});
