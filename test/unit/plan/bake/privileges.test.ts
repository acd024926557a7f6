/** What a bake file may name without --allow: the table, over every field that can name something of the machine. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { composeReader } from "../../../../src/plan/bake/compose-targets.ts";
import { FIELD_NAMES } from "../../../../src/plan/bake/fields.ts";
import { planBake } from "../../../../src/plan/bake/plan-bake.ts";
import {
  MAY_NAME,
  flagsFor,
  missingPrivileges,
  parseAllowed,
  refuseMissing,
} from "../../../../src/plan/bake/privileges.ts";
import { readDefinition } from "../../../../src/plan/bake/read-files.ts";

let base = "";
let project = "";
beforeAll(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), "slipway-bake-")));
  project = join(base, "project");
  mkdirSync(join(project, "sub"), { recursive: true });
  mkdirSync(join(base, "home"));
  writeFileSync(join(base, "home", "key"), "secret");
  symlinkSync("../home", join(project, "way-out"));
  symlinkSync("../home/new", join(project, "dangling"));
  mkdirSync(join(project, "lower"));
  symlinkSync("../../home/key", join(project, "lower", "dockerfile"));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

function missing(fields: object, allow: readonly string[] = [], sets: readonly string[] = []): readonly string[] {
  const text = JSON.stringify({ target: { default: fields } });
  const definition = readDefinition(
    [{ name: "docker-bake.json", text }],
    { lookup: () => undefined, variables: new Map(), builtIn: new Map() },
    () => {
      throw new InvalidInput("no compose file");
    },
  );
  const plan = planBake(definition, { names: [], sets }, () => undefined);
  return flagsFor(missingPrivileges(plan, parseAllowed(allow), project), project);
}

const ATTACKS: readonly (readonly [string, object, string])[] = [
  ["a context", { context: "../home" }, "fs.read=../home"],
  ["a context by a link", { context: "way-out" }, "fs.read=../home"],
  ["a named context", { contexts: { a: "../home" } }, "fs.read=../home"],
  ["a layout", { contexts: { a: "oci-layout://../home" } }, "fs.read=../home"],
  ["a Dockerfile", { dockerfile: "../../home/key", context: "sub" }, "fs.read=../home/key"],
  ["a Dockerfile in lower case by a symlink", { context: "lower" }, "fs.read=../home/key"],
  ["an absolute Dockerfile", { dockerfile: "/etc/passwd" }, "fs.read=/etc/passwd"],
  ["a cache to read", { "cache-from": ["type=local,src=../home"] }, "fs.read=../home"],
  ["a cache to write", { "cache-to": ["type=local,dest=../home"] }, "fs.write=../home"],
  ["a secret", { secret: ["id=x,src=../home/key"] }, "fs.read=../home/key"],
  ["a secret by a link", { secret: ["id=x,src=way-out/key"] }, "fs.read=../home/key"],
  ["a secret with only an ID", { secret: ["id=/etc/passwd"] }, "fs.read=/etc/passwd"],
  ["keys", { ssh: [{ id: "a", paths: ["../home/key"] }] }, "fs.read=../home/key"],
  ["the agent", { ssh: ["default"] }, "ssh"],
  ["a directory to write", { output: ["type=local,dest=../home"] }, "fs.write=../home"],
  ["a file to write", { output: ["type=tar,dest=../new/x.tar"] }, "fs.write=../new/x.tar"],
  ["a directory to write by a link", { output: ["way-out/x"] }, "fs.write=../home/x"],
  ["a file to write by a dangling symlink", { output: ["type=tar,dest=dangling"] }, "fs.write=../home/new"],
  ["what an output deletes", { output: ["type=local,dest=out,mode=delete"] }, "buildx.local.delete"],
  ["the network of the node", { network: "host" }, "network.host"],
  ["privileged steps", { entitlements: ["security.insecure"] }, "security.insecure"],
  ["devices", { entitlements: ["device=gpu"] }, "device"],
  ["a policy", { policy: [{ filename: "../home/key" }] }, "fs.read=../home/key"],
];

describe("privileges of a bake file", () => {
  it.each(ATTACKS)("%s needs --allow", (_, fields, flag) => {
    expect(missing(fields)).toEqual([`--allow=${flag}`]);
    expect(missing(fields, [flag])).toEqual([]);
  });

  it("paths in the project and URLs need no privilege", () => {
    expect(
      missing({
        context: "sub",
        contexts: { a: "docker-image://x", b: "https://example.com/a.git", c: "./sub" },
        secret: ["id=a,src=sub/key", "id=b,env=HOME"],
        "cache-from": ["type=gha", "r/x"],
        "cache-to": ["type=local,dest=cache"],
        output: ["type=local,dest=out", "type=tar,dest=-"],
        ssh: [{ id: "a", paths: ["sub/key"] }],
      }),
    ).toEqual([]);
  });

  it("a sibling directory with the same prefix needs a privilege", () => {
    expect(missing({ context: "../project-2" })).toEqual(["--allow=fs.read=../project-2"]);
    expect(missing({ context: "../home-2" }, ["fs.read=../home"])).toEqual(["--allow=fs.read=../home-2"]);
  });

  it("--allow=fs.read=* grants every path, but only for reading", () => {
    expect(missing({ context: "../home", output: ["../home"] }, ["fs.read=*"])).toEqual(["--allow=fs.write=../home"]);
    expect(missing({ context: "../home", output: ["../home"] }, ["fs=*"])).toEqual([]);
  });

  it("paths in --set need no privilege, other paths do", () => {
    expect(missing({}, [], ["default.output=type=local,dest=../home"])).toEqual([]);
    expect(missing({ secret: ["id=x"] }, [], ["default.secret.x=src=../home/key"])).toEqual([]);
    expect(missing({}, [], ["default.entitlements=network.host"])).toEqual([]);
    expect(missing({ output: ["type=local,dest=../home"] }, [], ["default.output+=type=local,dest=../other"])).toEqual([
      "--allow=fs.write=../home",
    ]);
    expect(missing({ secret: ["id=y,src=../home/key"] }, [], ["default.tags=a"])).toEqual([
      "--allow=fs.read=../home/key",
    ]);
  });

  it("a refusal names the flags that grant the privileges", () => {
    const refused = (): void => refuseMissing([{ key: "ssh" }, { key: "fs.read", path: join(base, "home") }], project);
    expect(refused).toThrow(
      expect.objectContaining({
        message: `additional privileges requested: the bake file wants to use your SSH agent, and to read ${base}/home`,
        suggestions: ["If you trust it, add --allow=ssh --allow=fs.read=../home"],
      }),
    );
  });

  it("an unknown privilege is refused", () => {
    expect(() => parseAllowed(["everything"])).toThrow("--allow everything is not a privilege that bake knows");
  });
});

describe("the table of fields", () => {
  /** Fields that name nothing of this machine. */
  const HARMLESS = [
    "description",
    "inherits",
    "annotations",
    "attest",
    "dockerfile-inline",
    "args",
    "labels",
    "tags",
    "target",
    "platforms",
    "pull",
    "no-cache",
    "network",
    "no-cache-filter",
    "shm-size",
    "ulimits",
    "resources",
    "call",
    "extra-hosts",
  ];

  it("each field of a target has a row, or names nothing of this machine", () => {
    expect([...Object.keys(MAY_NAME), ...HARMLESS].toSorted()).toEqual(FIELD_NAMES.toSorted());
  });
});

describe("files of a compose file", () => {
  const read = (files: Readonly<Record<string, string>>, isAllowed: boolean) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
    const reader = composeReader({
      env: {},
      directory: project,
      mayRead: (path) => {
        if (!isAllowed && path.includes("..")) throw new InvalidInput(`asked for ${path}`);
      },
    });
    return reader(Object.entries(files).map(([name, text]) => ({ name, text })));
  };

  it.each([
    ["include", "include: [../home/key]\nservices: {a: {build: .}}\n"],
    ["extends", "services:\n  a:\n    extends: {service: b, file: ../home/key}\n"],
    ["env_file", "services:\n  a:\n    env_file: ../home/key\n    build: .\n"],
  ])("%s reads no file outside the project without --allow", (_, text) => {
    expect(() => read({ "compose.yaml": text }, false)).toThrow("asked for ../home/");
  });
});
