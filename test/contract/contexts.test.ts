/** Contexts and Dockerfiles from standard input. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { useNamespace } from "../e2e/support/namespace.ts";
import { FROM, setUp } from "./case.ts";

const namespace = useNamespace();
const FILES = {
  Dockerfile: `${FROM}COPY . /all/\n`,
  a: "a",
  "b.log": "b",
  ".dockerignore": "*.log\n",
  "sub/Dockerfile": `${FROM}COPY a /sub\n`,
};
const inImage = (files: ReadonlyMap<string, unknown>) =>
  [...files.keys()].filter((path) => /^(?:all\/[a-z]|sub)/.test(path)).sort();

test("an archive on standard input is built with its .dockerignore and the chosen Dockerfile", async () => {
  const { root, build } = await setUp(namespace.name, FILES);
  const stdin = execFileSync("tar", ["-czf", "-", "-C", root, "."]);
  expect(inImage((await build(["-"], { stdin })).built.files)).toEqual(["all/a", "all/sub", "all/sub/Dockerfile"]);
  expect(inImage((await build(["-f", "sub/Dockerfile", "-"], { stdin })).built.files)).toEqual(["sub"]);
});

test("a Dockerfile on standard input is built with and without a directory", async () => {
  const { build } = await setUp(namespace.name, FILES);
  expect((await build(["-"], { stdin: `${FROM}LABEL only=this\n` })).built.config.config.Labels).toEqual({
    only: "this",
  });
  expect(inImage((await build(["-f-", "."], { stdin: `${FROM}COPY a /sub\n` })).built.files)).toEqual(["sub"]);
});
