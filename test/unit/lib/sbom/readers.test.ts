import { describe, expect, it } from "vitest";
import { ApkReader, DpkgReader } from "../../../../src/lib/sbom/linux-packages.ts";
import { kindOf } from "../../../../src/lib/sbom/catalogue.ts";
import type { Contents, Reader } from "../../../../src/lib/sbom/contents.ts";
import { NpmReader } from "../../../../src/lib/sbom/npm.ts";
import { OsReleaseReader } from "../../../../src/lib/sbom/os-release.ts";
import { PythonReader } from "../../../../src/lib/sbom/python.ts";

type Make = new () => Reader;

function read(Its: Make, content: string | Buffer, size = Infinity): Contents | undefined {
  const reader = new Its();
  const bytes = Buffer.from(content);
  for (let at = 0; at < bytes.length; at += size) reader.write(bytes.subarray(at, at + size));
  return reader.end();
}

const named = (contents: Contents | undefined): string[] =>
  (contents?.packages ?? []).map(({ name, version }) => `${name} ${version}`);

const STATUS = `Package: libc6
Status: install ok installed
Priority: optional
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u14
Description: GNU C Library: Shared libraries
 Contains the standard libraries.
 Version: 9.9
 .
Homepage: https://www.gnu.org/

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: never
Status: unknown ok not-installed
Architecture: all

package: half
status: install reinstreq half-configured
architecture: arm64
version: 1:2.38.1-5~
source: whole (1:2.38.1-4)
`;

describe("dpkg's status", () => {
  it.each([[Infinity], [1], [7]])("has what is in the tree, however it is cut (%d)", (size) => {
    expect(read(DpkgReader, STATUS, size)).toEqual({
      packages: [
        {
          type: "deb",
          name: "libc6",
          version: "2.36-9+deb12u14",
          architecture: "amd64",
          source: { name: "glibc", version: "2.36-9+deb12u14" },
        },
        {
          type: "deb",
          name: "half",
          version: "1:2.38.1-5~",
          architecture: "arm64",
          source: { name: "whole", version: "1:2.38.1-4" },
        },
      ],
    });
  });

  it("a file in status.d needs no status, and may have other line ends", () => {
    expect(read(DpkgReader, "Package: base-files\r\nVersion: 12.4\r\nArchitecture: amd64\r\n")).toMatchObject({
      packages: [{ name: "base-files", version: "12.4", source: { name: "base-files", version: "12.4" } }],
    });
  });

  it("counts records that name nothing", () => {
    const broken =
      "Package: a\n\n\n\nVersion: 1\n\nPackage: b\nVersion: 2\nVersion: 3\n\nnonsense\n\nPackage:\nVersion: 1\n";
    expect(read(DpkgReader, broken)).toMatchObject({
      packages: [{ name: "b", version: "2" }],
      unread: "3 of its records have no name or no version",
    });
    expect(read(DpkgReader, "")).toEqual({ packages: [] });
    expect(read(DpkgReader, Buffer.from([0xff, 0xfe, 0, 10, 58, 10]))).toEqual({ packages: [] });
  });

  it("a huge status file with a very long line is read", () => {
    const reader = new DpkgReader();
    const before = process.memoryUsage().rss;
    reader.write(Buffer.from("Package: a\nDescription: "));
    for (let at = 0; at < 256; at++) reader.write(Buffer.alloc(1024 * 1024, "x"));
    reader.write(Buffer.from(`\nVersion: 1\n\nPackage: ${"n".repeat(513)}\nVersion: 1\n\n`));
    for (let at = 0; at < 20_000; at++) {
      reader.write(
        Buffer.from(`Package: p${at}\nStatus: install ok installed\nVersion: 1.${at}\nConffiles:\n /etc/x\n\n`),
      );
    }
    const contents = reader.end();
    expect(contents.packages).toHaveLength(20_001);
    expect(contents).toMatchObject({ unread: "1 of its records has no name or no version" });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });
});

describe("apk's list", () => {
  it.each([[Infinity], [1], [5]])("has name, version, licence and origin, however it is cut (%d)", (size) => {
    const installed =
      "C:Q1x=\nP:libcrypto3\nV:3.3.1-r3\nA:x86_64\nS:1\nL:Apache-2.0\no:openssl\nF:lib\nR:libcrypto.so.3\na:0:0:755\nP:second\n\n" +
      "P:busybox\nV:1.36.1-r29\nA:x86_64\np:cmd:sh=1.36\nv:9\n\n";
    expect(read(ApkReader, installed, size)).toEqual({
      packages: [
        {
          type: "apk",
          name: "libcrypto3",
          version: "3.3.1-r3",
          architecture: "x86_64",
          licence: "Apache-2.0",
          source: { name: "openssl", version: "3.3.1-r3" },
        },
        {
          type: "apk",
          name: "busybox",
          version: "1.36.1-r29",
          architecture: "x86_64",
          source: { name: "busybox", version: "1.36.1-r29" },
        },
      ],
    });
  });

  it("counts records that name nothing", () => {
    expect(read(ApkReader, "P:a\n\nV:1\n\nT:only\n")).toEqual({
      packages: [],
      unread: "2 of its records have no name or no version",
    });
  });
});

describe("package.json", () => {
  it.each<[object, string | undefined]>([
    [{ license: "MIT" }, "MIT"],
    [{ license: { type: "ISC", url: "x" } }, "ISC"],
    [{ licenses: [{ type: "MIT" }, { type: "GPL-2.0" }] }, "(MIT) OR (GPL-2.0)"],
    [{ licenses: ["MIT"] }, "MIT"],
    [{ licenses: [] }, undefined],
    [{ licenses: ["MIT", { url: "x" }] }, undefined],
    [{ license: 7 }, undefined],
    [{ license: "x".repeat(600) }, undefined],
    [{}, undefined],
  ])("may say its licence as %j", (fields, licence) => {
    expect(read(NpmReader, JSON.stringify({ name: "@s/a", version: "1.0.0", ...fields }), 3)).toEqual({
      packages: [{ type: "npm", name: "@s/a", version: "1.0.0", ...(licence === undefined ? {} : { licence }) }],
    });
  });

  it.each<[string, string]>([
    ["", "it is not JSON"],
    ["{", "it is not JSON"],
    ["null", "it has no name or no version"],
    ["[]", "it has no name or no version"],
    ['{"name":"a"}', "it has no name or no version"],
    ['{"name":{"a":1},"version":"1"}', "it has no name or no version"],
    ['{"name":"../../etc","version":"1"}', "it has no name or no version"],
    ['{"name":"@a","version":"1"}', "it has no name or no version"],
    [`{"name":"a","version":"1","x":"${"x".repeat(1024 * 1024)}"}`, "it is larger than 1 MiB"],
  ])("is not read: %.40s", (text, unread) => {
    expect(read(NpmReader, text, 4096)).toEqual({ packages: [], unread });
  });

  it("a byte order mark and halves of surrogate pairs are accepted", () => {
    expect(named(read(NpmReader, '\uFEFF{"name":"a\\ud800b","version":"1"}'))).toEqual(["a\uFFFDb 1"]);
    expect(named(read(NpmReader, '{"__proto__":{"name":"x"},"name":"constructor","version":"1"}'))).toEqual([
      "constructor 1",
    ]);
  });
});

describe("Python's metadata", () => {
  it("only the headers before the first empty line are read", () => {
    const text =
      "Metadata-Version: 2.1\nName: Flask_Login\nVersion: 0.6.3\nLicense: MIT\nClassifier: x\n\nName: not\nVersion: 9\n";
    expect(read(PythonReader, text, 5)).toEqual({
      packages: [{ type: "pypi", name: "Flask_Login", version: "0.6.3", licence: "MIT" }],
    });
    expect(named(read(PythonReader, "\nName: a\nVersion: 1\n\nName: b\nVersion: 2\n"))).toEqual(["a 1"]);
  });

  it("the licence is an expression, and never a text of several lines", () => {
    const text = (more: string) => `Name: a\nVersion: 1\n${more}`;
    expect(read(PythonReader, text("License: old\nLicense-Expression: MIT OR Apache-2.0\n"))?.packages).toMatchObject([
      { licence: "MIT OR Apache-2.0" },
    ]);
    expect(read(PythonReader, text("License: Copyright\n    All rights\n\treserved\n"))?.packages[0]).toEqual({
      type: "pypi",
      name: "a",
      version: "1",
    });
  });

  it("a file without a version is reported, and lists no package", () => {
    expect(read(PythonReader, "Metadata-Version: 1.0\nName: a\n")).toEqual({
      packages: [],
      unread: "1 of its records has no name or no version",
    });
  });
});

describe("os-release", () => {
  it.each<[string, object | undefined]>([
    ['ID=debian\nVERSION_ID="12"\n', { id: "debian", version: "12" }],
    ["# x\nNAME='A \"b\"'\nID='wolfi'\nVERSION_ID=20230201", { id: "wolfi", version: "20230201" }],
    ['ID="a\\"b\\\\c"\n', { id: 'a"b\\c' }],
    ["NAME=Nameless\n", { id: "linux" }],
    ["ID=$(rm -rf /)\n", { id: "$(rm -rf /)" }],
    ["ID=\nVERSION_ID=\n", undefined],
    ["", undefined],
  ])("%j", (text, system) => {
    expect(read(OsReleaseReader, text, 4)?.system).toEqual(system);
  });
});

describe("files that are read", () => {
  it.each([
    ["var/lib/dpkg/status", true],
    ["var/lib/dpkg/status-old", false],
    ["var/lib/dpkg/status.d/base", true],
    ["var/lib/dpkg/status.d/base.md5sums", false],
    ["rootfs/var/lib/dpkg/status", false],
    ["lib/apk/db/installed", true],
    ["usr/lib/apk/db/installed", true],
    ["var/lib/rpm/rpmdb.sqlite", true],
    ["app/package.json", false],
    ["app/node_modules/a/package.json", true],
    ["node_modules/@s/a/package.json", true],
    ["app/node_modules/a/node_modules/b/package.json", true],
    ["app/node_modules/@s/package.json", false],
    ["app/node_modules/a/test/package.json", false],
    ["app/node_modules/package.json", false],
    ["usr/lib/python3/dist-packages/six-1.16.0.dist-info/METADATA", true],
    ["usr/lib/python3/dist-packages/six-1.16.0.egg-info/PKG-INFO", true],
    ["usr/lib/python3/dist-packages/six-1.16.0.egg-info", true],
    ["x/METADATA", false],
    ["var/lib/dpkg/status.d/.wh.base", false],
    ["lib/.wh.x.egg-info", false],
  ])("%s: %s", (path, is) => {
    expect(kindOf(path, false) !== undefined).toBe(is);
  });

  it("every executable file is read, because it may be a Go program", () => {
    expect(kindOf("bin/x", true)).not.toBe(undefined);
    expect(kindOf("bin/x", false)).toBe(undefined);
    expect(kindOf("lib/apk/db/installed", true)).toBe(kindOf("lib/apk/db/installed", false));
  });
});
