import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, it } from "vitest";

const DIRECTORY = join(import.meta.dirname, "../e2e");

/** Files that only `make e2e` runs, with the reason. */
const LONG: Readonly<Record<string, string>> = {
  "exports.test.ts": "it waits until a silent client is taken as gone",
  "integrity.test.ts": "it sends large contexts",
  "keep-leaks.test.ts": "its one test searches all that a builder has",
  "leak-matrix.test.ts": "a build for each row, with every kind of secret; hidden-values.test.ts is in the sample",
  "no-node.test.ts": "it waits until no service has added a node, which is fifteen seconds for each builder",
  "node-loss.test.ts": "it unplugs one of three nodes",
  "nodes.test.ts": "it needs three nodes",
  "platform-variants.test.ts": "it needs three nodes",
  "platforms.test.ts": "it needs three nodes",
  "trust-commands.test.ts": "builds for each attack; trust-identity.test.ts is in the sample",
  "trust-forged.test.ts": "a build for each forged object; trust-identity.test.ts is in the sample",
  "trust-objects.test.ts": "builds for each attack; trust-identity.test.ts is in the sample",
};

/** Calls that make tests, and those of them that `make test` leaves out. */
function countTests(text: string): { readonly all: number; readonly long: number } {
  const calls = text.match(/^\s*(?:test|it)(?:\.[a-z]+)*[(<]/gm) ?? [];
  return { all: calls.length, long: text.match(/tags: \["long"\]/g)?.length ?? 0 };
}

it("make test runs a part of every end-to-end file but those that are listed", () => {
  const whole = readdirSync(DIRECTORY)
    .filter((name) => name.endsWith(".test.ts"))
    .filter((name) => {
      const { all, long } = countTests(readFileSync(join(DIRECTORY, name), "utf8"));
      return long >= all;
    });
  expect(whole.map((path) => basename(path))).toEqual(Object.keys(LONG));
});

it("the end-to-end tests name the program in one file, so that make e2e-executable runs all of them with the executable", () => {
  const naming = readdirSync(DIRECTORY, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .filter((path) => readFileSync(join(DIRECTORY, path), "utf8").includes("bin/run.js"));
  expect(naming).toEqual(["support/slipway.ts"]);
});
