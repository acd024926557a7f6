import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { assertIntegrity } from "../../../scripts/release/fetch-node.ts";
import { NODE_PACKAGES, TARGETS } from "../../../scripts/release/node-packages.ts";

test("a tarball with another hash than the pinned one is refused with both hashes", () => {
  const bytes = Buffer.from("node");
  const hash = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  expect(() => assertIntegrity("node-x@1", bytes, hash)).not.toThrow();
  expect(() => assertIntegrity("node-x@1", Buffer.from("nodf"), hash)).toThrow(
    /^node-x@1 is not the pinned one: its hash is sha512-\S+, not sha512-/,
  );
});

test("each platform's Node is pinned by a SHA-512 of its own", () => {
  const pins = TARGETS.map((target) => NODE_PACKAGES[target].integrity);
  for (const pin of pins) expect(pin).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
  expect(new Set(pins).size).toBe(TARGETS.length);
});
