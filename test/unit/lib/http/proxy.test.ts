import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chooseProxy } from "../../../../src/lib/http/proxy.ts";
import { InvalidInput } from "../../../../src/errors.ts";

const choose = (server: string, env: Record<string, string>, proxyUrl?: string) =>
  chooseProxy(new URL(server), proxyUrl, env)?.href;

interface Recorded {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** The proxy of Go's choice, "" for none, "error" where it uses none and says so. */
  readonly proxy: string;
}

const recorded = JSON.parse(
  readFileSync(new URL("../../../conformance/proxy/recorded.json", import.meta.url), "utf8"),
) as readonly Recorded[];

/** As a URL parser writes it: Go keeps the text. */
const plain = (proxy: string): string => (proxy === "" || proxy === "error" ? "" : new URL(proxy).href);

test("chooses what Go chooses, in every recorded case", () => {
  expect(recorded.length).toBeGreaterThan(1000);
  const different = recorded.flatMap(({ url, env, proxy }) => {
    const ours = chooseProxy(new URL(url), undefined, env)?.href ?? "";
    return ours === plain(proxy) ? [] : [`${url} ${JSON.stringify(env)}: ${ours} and not ${proxy}`];
  });
  expect(different).toEqual([]);
});

describe("ALL_PROXY, which Go does not read", () => {
  test.each([
    ["is used for https", "https://a.example", { ALL_PROXY: "socks5://p:1" }, "socks5://p:1"],
    ["is used for http", "http://a.example", { all_proxy: "p:1" }, "http://p:1/"],
    ["comes after the scheme's own", "https://a.example", { ALL_PROXY: "p:1", https_proxy: "q:1" }, "http://q:1/"],
    ["heeds NO_PROXY", "https://a.example", { ALL_PROXY: "p:1", NO_PROXY: "a.example" }, undefined],
    ["heeds localhost", "https://localhost", { ALL_PROXY: "p:1" }, undefined],
  ] as const)("%s", (_, server, env, expected) => {
    expect(choose(server, env)).toBe(expected);
  });
});

const HTTPS_PROXY = "http://proxy:3128";

test.each([
  ["https takes HTTPS_PROXY", "https://a.example", { HTTPS_PROXY }, "http://proxy:3128/"],
  ["or https_proxy", "https://a.example", { https_proxy: HTTPS_PROXY }, "http://proxy:3128/"],
  ["http takes HTTP_PROXY", "http://a.example", { HTTP_PROXY: "http://p:1", HTTPS_PROXY }, "http://p:1/"],
  ["a proxy without a scheme is http", "https://a.example", { HTTPS_PROXY: "proxy:3128" }, "http://proxy:3128/"],
  ["localhost has none", "https://localhost:6443", { HTTPS_PROXY }, undefined],
  ["nor has a loopback address", "https://127.0.0.1:6443", { HTTPS_PROXY }, undefined],
  ["nor has ::1", "https://[::1]:6443", { HTTPS_PROXY }, undefined],
] as const)("%s", (_, server, env, expected) => {
  expect(choose(server, env)).toBe(expected);
});

describe("NO_PROXY", () => {
  test.each([
    ["*", "https://a.example", true],
    ["a.example", "https://a.example", true],
    ["example", "https://a.example", true],
    ["a.example", "https://ba.example", false],
    [".example", "https://a.example", true],
    [".a.example", "https://a.example", false],
    ["*.example", "https://a.example", true],
    ["A.EXAMPLE", "https://a.example", true],
    ["other, a.example", "https://a.example", true],
    ["a.example:6443", "https://a.example:6443", true],
    ["a.example:443", "https://a.example", true],
    ["a.example:6443", "https://a.example", false],
    ["10.0.0.1", "https://10.0.0.1", true],
    ["10.0.0.0/8", "https://10.1.2.3:6443", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.0.0.0/99", "https://10.1.2.3", false],
    ["0.0.0.1", "https://10.0.0.1", false],
    ["fd00::/8", "https://[fd00::1]:6443", true],
    ["fd00::1", "https://[fd00::1]", true],
    ["[fd00::1]:6443", "https://[fd00::1]:6443", true],
    ["", "https://a.example", false],
  ])("%s excepts %s: %s", (exceptions, server, excepted) => {
    expect(choose(server, { HTTPS_PROXY, NO_PROXY: exceptions }) === undefined).toBe(excepted);
  });

  test("does not touch the kubeconfig's own proxy", () => {
    expect(choose("https://a.example", { NO_PROXY: "*" }, "socks5://s:1")).toBe("socks5://s:1");
  });
});

test.each(["ftp://x", "socks4://x:1", "http://", "nonsense"])("%s is no proxy", (proxy) => {
  expect(() => choose("https://a.example", {}, proxy)).toThrow(InvalidInput);
});
