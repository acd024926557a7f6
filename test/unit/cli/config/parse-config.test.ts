import { describe, expect, it } from "vitest";
import { parseConfiguration } from "../../../../src/cli/config/parse-config.ts";
import type { Configuration } from "../../../../src/cli/config/parse-config.ts";
import { PROJECT_KEYS } from "../../../../src/cli/config/keys.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { BUILD_KEYS } from "./build-keys.ts";

function parse(text: string, trustLevel: Configuration["trustLevel"] = "untrusted"): Configuration {
  const source = { path: "/p/.slipway.yaml", text, trustLevel, home: "/home/jane", userPath: "/home/jane/config.yaml" };
  return parseConfiguration(source, BUILD_KEYS);
}

function fault(text: string, trustLevel?: Configuration["trustLevel"]): { message: string; hints: string } {
  try {
    parse(text, trustLevel);
  } catch (error) {
    if (error instanceof InvalidInput) return { message: error.message, hints: error.suggestions.join("\n") };
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

describe("a configuration", () => {
  it("keys are flags, and values stay as they are written", () => {
    const text = `
# comments too
builder: buildkit
target: 1.10
pull: yes
no-cache: false
tag: app
build-arg:
  VERSION: 1.10
  EMPTY: ""
  PADDED: "  x  "
label: [a=1, "b=x,y"]
memory:
`;
    expect([...parse(text).settings]).toEqual([
      ["builder", ["buildkit"]],
      ["target", ["1.10"]],
      ["pull", ["true"]],
      ["no-cache", ["false"]],
      ["tag", ["app"]],
      ["build-arg", ["VERSION=1.10", "EMPTY=", "PADDED=  x  "]],
      ["label", ["a=1", "b=x,y"]],
    ]);
  });

  it("a configuration may be empty", () => {
    expect(parse("").settings.size).toBe(0);
    expect(parse("# nothing\n---\n").settings.size).toBe(0);
  });

  it("a configuration has keys that are not flags", () => {
    const text =
      "registry: r.io/team/\nbuilder-order: [buildah, kaniko]\nimages:\n  kaniko: r.io/k:1\ntrust: [~/work, ../q]\n";
    expect(parse(text, "user")).toMatchObject({
      registry: "r.io/team",
      builderOrder: ["buildah", "kaniko"],
      images: { kaniko: "r.io/k:1" },
      trust: ["/home/jane/work", "/q"],
    });
  });

  it("paths are relative to the directory of the file", () => {
    const settings = parse("registry-ca: ca.pem\nkubeconfig: ~/k\nfile: docker/Dockerfile\n", "user").settings;
    expect(Object.fromEntries(settings)).toEqual({
      "registry-ca": ["/p/ca.pem"],
      kubeconfig: ["/home/jane/k"],
      file: ["/p/docker/Dockerfile"],
    });
  });

  it.each([
    ["\nbuildr: kaniko", '/p/.slipway.yaml:2: unknown key "buildr"', 'Did you mean "builder"?'],
    ["no_cache: true", '/p/.slipway.yaml:1: unknown key "no_cache"', 'Did you mean "no-cache"?'],
    ["regsitry: r.io", '/p/.slipway.yaml:1: unknown key "regsitry"', 'Did you mean "registry"?'],
    ["constructor: 1", '/p/.slipway.yaml:1: unknown key "constructor"', "The keys are the names of the flags"],
    ["pull: maybe", '/p/.slipway.yaml:1: "pull" must be true or false', "`pull: true`"],
    ["target: [a, b]", '/p/.slipway.yaml:1: "target" takes one value, not a list', "`target: VALUE`"],
    ["target:\n  a: b", '/p/.slipway.yaml:2: "target" takes one value, not keys below it', "`target: VALUE`"],
    ["tag:\n- [a]", '/p/.slipway.yaml:2: "tag" takes one value, not a list', ""],
    ["progress: loud", '/p/.slipway.yaml:1: "progress" cannot be "loud"', "auto, plain"],
    ["- a\n- b", "/p/.slipway.yaml:1: a configuration must consist of keys with values", "`key: value`"],
    ["pull: true\npull: true", '/p/.slipway.yaml:2: the key "pull" occurs twice', "Remove one"],
    ["tag: &a x\ntarget: *a", "/p/.slipway.yaml:2: aliases (*name) are not supported", "Write the value instead"],
    ["pull: true\n  x: [", "/p/.slipway.yaml:2: this is not YAML:", ""],
    [
      "registry: https://r.io",
      '/p/.slipway.yaml:1: "https://r.io" is not a prefix for image names',
      "registry.example.com/team",
    ],
    ["a: 1\n---\nb: 2", "/p/.slipway.yaml holds more than one document", ""],
  ])("the error for %j names file and line, and a remedy", (text, message, hint) => {
    const found = fault(text);
    expect(found.message).toContain(message);
    expect(found.hints).toContain(hint);
  });
});

describe("a project's file", () => {
  const hostile = [
    "kubeconfig: evil.yaml",
    "context: other",
    "namespace: other",
    "service-account: admin",
    "registry-secret: theirs",
    "secret: id=x,src=/home/jane/.ssh/id_rsa",
    "secret: id=x,env=TOKEN",
    "ssh: default",
    "build-context: x=/home/jane",
    "build-arg: AWS_SECRET_ACCESS_KEY",
    "output: /home/jane/.ssh",
    "iidfile: /home/jane/.bashrc",
    "metadata-file: /home/jane/.bashrc",
    "registry-ca: ca.pem",
    "insecure-registry: r.io",
    "allow: security.insecure",
    "builder-image: evil/kaniko",
    "helper-image: evil/busybox",
    "images: {kaniko: evil/kaniko}",
    "trust: [/]",
    "no-credentials: false",
    "cache-to: type=local,dest=/home/jane",
    "cache-from: type=s3,bucket=b",
    "file: ../../etc/passwd",
    "file: '-'",
    "file: https://evil.example/Dockerfile",
    "detach: true",
    "dry-run: true",
  ];

  it.each(hostile)("an untrusted project's file cannot set %s", (text) => {
    const { message, hints } = fault(`\n${text}`);
    expect(message).toContain("/p/.slipway.yaml:2: ");
    expect(message).toContain("not allowed in a project's file");
    expect(hints).toContain('trust: ["/p"]');
  });

  it.each(hostile.filter((text) => !text.startsWith("cache-")))("a trusted project's file can set %s", (text) => {
    expect(() => parse(text, "trusted")).not.toThrow();
  });

  it("a project's file may set every key of PROJECT_KEYS, and all of these are flags", () => {
    expect([...PROJECT_KEYS].filter((key) => !Object.hasOwn(BUILD_KEYS, key))).toEqual([]);
    expect(parse("build-arg: {A: 1}\ncache-to: r.io/cache\ncache-from: type=registry,ref=r.io/c\n").settings.size).toBe(
      3,
    );
  });

  it("a project's file may not set a flag that PROJECT_KEYS does not name", () => {
    const shut = Object.keys(BUILD_KEYS).filter((key) => !PROJECT_KEYS.has(key));
    for (const key of ["kubeconfig", "secret", "ssh", "output", "service-account"]) expect(shut).toContain(key);
    for (const key of shut) expect(() => parse(`${key}: x`)).toThrow("not allowed in a project's file");
  });
});
