import { expect, it } from "vitest";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { findPodFileUses } from "../../../../src/lib/dockerfile/pod-files.ts";

const usesOf = (lines: string): readonly unknown[] => findPodFileUses(parseDockerfile(`FROM a\n${lines}\n`), new Map());
const files = (directory: string): string[] =>
  ["hosts", "hostname", "resolv.conf"].map((name) => `${directory}${name}`);

it.each([
  ["COPY hosts /etc/hosts", 2],
  ["ADD x /etc/resolv.conf", 2],
  ["COPY conf/hostname /etc/", 2],
  ["COPY hosts /etc", 2],
  ["WORKDIR /etc\nCOPY hosts .", 3],
  ["WORKDIR /etc\nCOPY a b hosts ./", 3],
  ["WORKDIR /\nCOPY x etc/hosts", 3],
  ["ARG d=/etc\nCOPY x $d/hosts", 3],
  ["COPY <<E /etc/hosts\na\nE", 2],
  ["COPY --from=b /etc/hosts /etc/hosts", 2],
  ["COPY --from=b / /", 2],
  ["COPY --from=b /etc /etc/", 2],
])("%s certainly brings one", (lines, line) => {
  expect(usesOf(lines)).toEqual([{ use: { kind: "certain" }, line }]);
});

it.each([
  ["COPY root /", "root/etc/"],
  ["COPY . /", "etc/"],
  ["COPY conf /etc", "conf/"],
  ["COPY conf/* /etc/", "conf/"],
])("%s brings what the context has", (lines, directory) => {
  expect(usesOf(lines)).toEqual([{ use: { kind: "context", files: files(directory), archives: [] }, line: 2 }]);
});

it("ADD may unpack its sources", () => {
  expect(usesOf("ADD root.tar.xz /")).toMatchObject([{ use: { archives: ["root.tar.xz"] } }]);
});

it("a COPY from a stage brings what only that has", () => {
  expect(usesOf("COPY --from=b /out /")).toEqual([{ use: { kind: "stage" }, line: 2 }]);
});

it.each([
  "COPY hosts /srv/hosts",
  "COPY hosts /etc/app/hosts",
  "COPY . /app",
  "RUN cp hosts /etc/hosts",
  "COPY --from=b /etc /e",
])("%s brings none", (lines) => {
  expect(usesOf(lines)).toEqual([]);
});
