import { describe, expect, it } from "vitest";
import { runChecks } from "../../../src/check/checks.ts";
import { checkJson, checkText, outlineOf, targetsOf } from "../../../src/check/report.ts";
import { callOf } from "../../../src/docker/call.ts";
import { parseDockerfile } from "../../../src/dockerfile/parse.ts";

function rulesOf(text: string, argument?: string): string[] {
  return runChecks(parseDockerfile(text), text, argument).map(({ rule, line }) => `${line} ${rule}`);
}

describe("docker's checks", () => {
  it.each([
    ["FROM a AS Build", ["1 StageNameCasing"]],
    ["FROM a as b", ["1 FromAsCasing"]],
    ["FROM a AS b\nFROM c AS b", ["2 DuplicateStageName"]],
    ["FROM a AS scratch", ["1 ReservedStageName"]],
    ["FROM a\nrun x\nCOPY a b", ["2 ConsistentInstructionCasing"]],
    ["from a\nrun x\nCOPY a b", ["3 ConsistentInstructionCasing"]],
    ["FROM a\nRUN x \\\n\n  y\n", ["3 NoEmptyContinuation"]],
    ["FROM a\nCMD x", ["2 JSONArgsRecommended"]],
    ['FROM a\nSHELL ["/bin/bash", "-c"]\nCMD x', []],
    ['FROM a\nCMD ["x"]\nCMD ["y"]', ["2 MultipleInstructionsDisallowed"]],
    ['FROM a\nCMD ["x"]\nFROM b\nCMD ["y"]', []],
    ["FROM a\nMAINTAINER x", ["2 MaintainerDeprecated"]],
    ["FROM a\nENV A b\nENV C=d", ["2 LegacyKeyValueFormat"]],
    [
      "FROM a\nARG API_TOKEN\nENV PASSWORD=x\nENV PUBLIC_KEY=x\nARG MONKEY",
      ["2 SecretsUsedInArgOrEnv", "3 SecretsUsedInArgOrEnv"],
    ],
    ["FROM a\nEXPOSE 80/TCP 127.0.0.1:80:80 53/udp", ["2 ExposeProtoCasing", "2 ExposeInvalidFormat"]],
    ["FROM --platform=$TARGETPLATFORM a", ["1 RedundantTargetPlatform"]],
    ["FROM --platform=linux/amd64 a", ["1 FromPlatformFlagConstDisallowed"]],
    ["FROM --platform=$BUILDPLATFORM a", []],
    ["FROM a:$TAG", ["1 UndefinedArgInFrom"]],
    ["ARG TAG\nFROM a:$TAG", ["2 InvalidDefaultArgInFrom"]],
    ["ARG TAG=1\nFROM a:${TAG}", []],
    ["ARG TAG\nFROM a:${TAG:-1}", []],
    ["FROM a AS b\nWORKDIR x\nWORKDIR /y\nFROM b\nWORKDIR z", ["2 WorkdirRelativePath"]],
  ])("of %j", (text, rules) => {
    expect(rulesOf(text)).toEqual(rules);
  });

  it("are skipped by the directive, and by the argument in its place", () => {
    const text = "# check=skip=JSONArgsRecommended,StageNameCasing\nFROM a AS B\nCMD x\nMAINTAINER y";
    expect(rulesOf(text)).toEqual(["4 MaintainerDeprecated"]);
    expect(rulesOf(text, "skip=all")).toEqual([]);
    expect(rulesOf(text, "skip=MaintainerDeprecated;error=true")).toEqual([
      "2 StageNameCasing",
      "3 JSONArgsRecommended",
    ]);
  });
});

describe("the answer", () => {
  const text =
    "# build the thing\n# VERSION of it\nARG VERSION=1\n# test runs the tests\nFROM a AS test\nARG X\nFROM test\nCMD x\n";
  const dockerfile = parseDockerfile(text);
  const checked = { file: "Dockerfile", text, findings: runChecks(dockerfile, text) };

  it("of check has docker's form", () => {
    expect(checkText(checked)).toBe(`Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:8
--------------------
   6 |     ARG X
   7 |     FROM test
   8 | >>> CMD x
--------------------
`);
    expect(checkText({ ...checked, findings: [] })).toBe("Check complete, no warnings found.\n");
    expect(JSON.parse(checkJson(checked))).toMatchObject({
      warnings: [{ ruleName: "JSONArgsRecommended", location: { ranges: [{ start: { line: 8 }, end: { line: 8 } }] } }],
      sources: [{ filename: "Dockerfile", data: Buffer.from(text).toString("base64") }],
    });
  });

  it("of targets and outline", () => {
    expect(targetsOf(dockerfile, text)).toEqual([
      { name: "test", default: false, description: "runs the tests", base: "a" },
      { name: "", default: true, description: "", base: "test" },
    ]);
    const last = dockerfile.stages.at(-1);
    const rows = last === undefined ? [] : outlineOf(dockerfile, text, last, new Map([["X", "given"]]));
    expect(rows.map(({ name, value }) => [name, value])).toEqual([
      ["VERSION", "1"],
      ["X", "given"],
    ]);
  });
});

describe("--call", () => {
  it("names a method and its form", () => {
    expect(callOf({})).toBeUndefined();
    expect(callOf({ call: "build" })).toBeUndefined();
    expect(callOf({ check: true })).toEqual({ method: "check", json: false, ignoreStatus: false });
    expect(callOf({ call: "targets,format=json" })).toEqual({ method: "targets", json: true, ignoreStatus: false });
    expect(callOf({ call: "check,ignorestatus=true" })).toEqual({ method: "check", json: false, ignoreStatus: true });
    expect(() => callOf({ call: "guess" })).toThrow("--call guess is not known");
    expect(() => callOf({ call: "targets", check: true })).toThrow("cannot use --call and --check together");
  });
});
