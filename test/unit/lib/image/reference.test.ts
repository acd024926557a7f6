import { describe, expect, it } from "vitest";
import { parseReference } from "../../../../src/lib/image/reference.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { MOST_GROWTH, growthOf } from "../../support/growth.ts";

const HEX = "0123456789abcdef".repeat(4);

function refusal(attempt: () => unknown): InvalidInput {
  try {
    attempt();
  } catch (error) {
    if (error instanceof InvalidInput) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("a reference reads as docker reads it", () => {
  it.each([
    ["alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
    ["library/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["me/app", "docker.io/me/app:latest", "me/app:latest"],
    ["docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"],
    ["index.docker.io/me/app:1", "docker.io/me/app:1", "me/app:1"],
    ["docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
    ["docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"],
    ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
    ["localhost:5000/app:v1", "localhost:5000/app:v1", "localhost:5000/app:v1"],
    ["app:5000", "docker.io/library/app:5000", "app:5000"],
    ["app:5000/x", "app:5000/x:latest", "app:5000/x:latest"],
    ["GHCR/me/app", "GHCR/me/app:latest", "GHCR/me/app:latest"],
    [
      "ghcr.io/me/a-b__c.d_e--f/g:V1.0_x-y",
      "ghcr.io/me/a-b__c.d_e--f/g:V1.0_x-y",
      "ghcr.io/me/a-b__c.d_e--f/g:V1.0_x-y",
    ],
    ["[2001:db8::1]:5000/app", "[2001:db8::1]:5000/app:latest", "[2001:db8::1]:5000/app:latest"],
    ["[::1]/app:2", "[::1]/app:2", "[::1]/app:2"],
    ["127.0.0.1:80/app", "127.0.0.1:80/app:latest", "127.0.0.1:80/app:latest"],
    [`alpine@sha256:${HEX}`, `docker.io/library/alpine@sha256:${HEX}`, `alpine@sha256:${HEX}`],
    [`r.io/a:1@sha256:${HEX}`, `r.io/a:1@sha256:${HEX}`, `r.io/a:1@sha256:${HEX}`],
    [`a@sha512:${HEX}${HEX}`, `docker.io/library/a@sha512:${HEX}${HEX}`, `a@sha512:${HEX}${HEX}`],
  ])("%s", (text, full, familiar) => {
    const reference = parseReference(text);
    expect(reference.toString()).toBe(full);
    expect(reference.toFamiliarString()).toBe(familiar);
    expect(parseReference(full)).toEqual(reference);
    expect(parseReference(familiar)).toEqual(reference);
  });

  it("keeps the parts apart", () => {
    expect(parseReference("r.io:1/a/b:t")).toMatchObject({
      registry: "r.io:1",
      repository: "a/b",
      tag: "t",
      name: "r.io:1/a/b",
    });
    expect(parseReference(`a@sha256:${HEX}`).tag).toBeUndefined();
  });

  it("a repository of 255 characters and a tag of 128 are accepted", () => {
    expect(parseReference(`r.io/${"a".repeat(255)}:${"t".repeat(128)}`).repository).toHaveLength(255);
  });
});

describe("an invalid reference is refused with docker's message", () => {
  it.each([
    ["", "repository name must have at least one component"],
    ["Alpine", "repository name (library/Alpine) must be lowercase"],
    ["r.io/Me/app", "repository name (Me/app) must be lowercase"],
    [HEX, "cannot specify 64-byte hexadecimal strings"],
    ["app:", "the tag is empty"],
    ["app:.x", 'invalid reference format: tag ".x"'],
    ["app:a b", 'invalid reference format: tag "a b"'],
    [`app:${"t".repeat(129)}`, "invalid reference format: tag"],
    [`r.io/${"a".repeat(256)}`, "must not be more than 255 characters"],
    ["a//b", "a part of the name is empty"],
    ["/a", "a part of the name is empty"],
    ["a/", "a part of the name is empty"],
    ["-a", 'invalid reference format: "-a"'],
    ["a___b", 'invalid reference format: "a___b"'],
    ["a..b", 'invalid reference format: "a..b"'],
    ["a/b c", 'invalid reference format: "b c"'],
    ["-r.io/a", '"-r.io" is not a registry host'],
    ["r_r.io/a", '"r_r.io" is not a registry host'],
    ["[::1/a", '"[::1" is not a registry host'],
    ["r.io:port/a", '"r.io:port" is not a registry host'],
    ["https://r.io/a", "a scheme is not part of it"],
    ["a@", 'invalid reference format: digest ""'],
    ["a@sha256:abc", "invalid reference format: digest"],
    [`a@sha256:${HEX.slice(1)}`, "invalid checksum digest length: 63"],
    [`a@sha256:${HEX.toUpperCase()}`, "invalid checksum digest format"],
    [`a@md5:${HEX}`, 'unsupported digest algorithm "md5"'],
    [`a@sha256:${HEX}:t`, "invalid reference format: digest"],
    ["app\n", "invalid reference format"],
  ])("%j", (text, reason) => {
    expect(refusal(() => parseReference(text, "tag"))).toMatchObject({
      message: expect.stringContaining(`invalid tag "${text}": `),
      suggestions: [expect.any(String)],
    });
    expect(() => parseReference(text, "tag")).toThrow(reason);
  });

  it.each(["a-", "a.", "[", ":", "-", "/a", "a_"])("many %j cost work in proportion to their number", (unit) => {
    const input = (size: number): string => `${unit.repeat(size)}!`;
    const work = (text: string): void => expect(() => parseReference(text)).toThrow(InvalidInput);
    expect(growthOf({ input, work, size: 40_000 })).toBeLessThan(MOST_GROWTH);
  });
});
