import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { checksPage } from "../../../../../docs/generate/checks-page.ts";
import { RULES, faultOf, runChecks } from "../../../../../src/lib/dockerfile/checks/rules.ts";
import { outlineJson, outlineOf, outlineText } from "../../../../../src/lib/dockerfile/checks/outline.ts";
import { checkJson, checkText, pageOf } from "../../../../../src/lib/dockerfile/checks/report.ts";
import { targetsJson, targetsText } from "../../../../../src/lib/dockerfile/checks/targets.ts";
import { callOf } from "../../../../../src/plan/docker/call.ts";
import { findTarget, parseDockerfile } from "../../../../../src/lib/dockerfile/parse.ts";

function rulesOf(text: string, argument?: string): string[] {
  return runChecks(parseDockerfile(text), text, { argument }).map(({ rule, line }) => `${line} ${rule}`);
}

describe("docker's checks", () => {
  it.each([
    ["FROM a AS Build", ["1 StageNameCasing"]],
    ["FROM a as b", ["1 FromAsCasing"]],
    ["FROM a AS b\nFROM c AS b", ["2 DuplicateStageName"]],
    ["FROM a AS scratch", ["1 ReservedStageName"]],
    ["FROM a\nrun x\nCOPY a b", ["2 ConsistentInstructionCasing"]],
    ["from a\nrun x\nCOPY a b", ["3 ConsistentInstructionCasing"]],
    ["FROM a\nRUN x \\\n\n  y\n", ["4 NoEmptyContinuation"]],
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
    ["FROM a:$TAG", ["1 InvalidDefaultArgInFrom", "1 UndefinedArgInFrom"]],
    ["FROM a$TAG", ["1 UndefinedArgInFrom"]],
    ["ARG TAG\nFROM a:$TAG", ["2 InvalidDefaultArgInFrom"]],
    ["ARG TAG=1\nFROM a:${TAG}", []],
    ["ARG TAG\nFROM a:${TAG:-1}", []],
    ["FROM a AS b\nWORKDIR x\nWORKDIR /y\nFROM b\nWORKDIR z", ["2 WorkdirRelativePath"]],
  ])("of %j", (text, rules) => {
    expect(rulesOf(text)).toEqual(rules);
  });

  it("checks are skipped by the directive, and by the build argument that overrides it", () => {
    const text = "# check=skip=JSONArgsRecommended,StageNameCasing\nFROM a AS B\nCMD x\nMAINTAINER y";
    expect(rulesOf(text)).toEqual(["4 MaintainerDeprecated"]);
    expect(rulesOf(text, "skip=all")).toEqual([]);
    expect(rulesOf(text, "skip=MaintainerDeprecated;error=true")).toEqual([
      "2 StageNameCasing",
      "3 JSONArgsRecommended",
    ]);
  });
});

describe("the table", () => {
  it("docs/reference/checks.md has the table (npm run docs)", async () => {
    expect(await readFile(new URL("../../../../../docs/reference/checks.md", import.meta.url), "utf8")).toBe(
      checksPage(),
    );
  });

  it.each(Object.keys(RULES))("has for %s an example that is found, and one that is not", (rule) => {
    const { bad = "", good = "" } = RULES[rule] ?? {};
    expect(runChecks(parseDockerfile(bad), bad).map((finding) => finding.rule)).toEqual([rule]);
    expect(runChecks(parseDockerfile(good), good)).toEqual([]);
  });
});

describe("a check", () => {
  const text = "FROM a AS B\nCMD x\nFROM c\nCMD y\nCOPY --from=B . .\nFROM d AS e\nCMD z\n";

  it("the check of a target covers the stages it needs, and every FROM", () => {
    const dockerfile = parseDockerfile(text);
    const lines = (target?: string): number[] =>
      runChecks(dockerfile, text, { target: target === undefined ? undefined : findTarget(dockerfile, target) }).map(
        ({ line }) => line,
      );
    expect(lines()).toEqual([1, 2, 4, 7]);
    expect(lines("e")).toEqual([1, 7]);
    expect(lines("1")).toEqual([1, 2, 4]);
  });

  it("a check is skipped by a comment above its instruction", () => {
    expect(rulesOf("FROM a\n# check=skip=JSONArgsRecommended\nCMD x\nENTRYPOINT y")).toEqual(["4 JSONArgsRecommended"]);
    expect(rulesOf("FROM a\n# check=skip=all\n#\nCMD x")).toEqual(["4 JSONArgsRecommended"]);
  });

  it("knows what would not be built", () => {
    const fault = (source: string, given: [string, string][] = []): string | undefined => {
      const dockerfile = parseDockerfile(source);
      return faultOf(dockerfile, runChecks(dockerfile, source), { given: new Map(given) });
    };
    expect(fault("ARG A\nFROM b:$A")).toBe("line 2: b:$A is not a valid image name with these arguments");
    expect(fault("ARG A\nFROM b:$A", [["A", "1"]])).toBeUndefined();
    expect(fault("# check=error=true\nFROM b AS C")).toBe("lint violation found for rules: StageNameCasing");
    expect(() => rulesOf("FROM a", "nonsense")).toThrow('invalid check option "nonsense"');
  });
});

describe("the answer", () => {
  const text =
    "# build the thing\n# VERSION of it\nARG VERSION=1\n# test runs the tests\nFROM a:$VERSION AS test\nARG X\nRUN --mount=type=secret,id=s x\nFROM test\nCMD x\n";
  const dockerfile = parseDockerfile(text);
  const checked = { file: "Dockerfile", text, findings: runChecks(dockerfile, text) };

  it("the output of --check has docker's form", () => {
    expect(checkText(checked)).toBe(`Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:9
--------------------
   7 |     RUN --mount=type=secret,id=s x
   8 |     FROM test
   9 | >>> CMD x
  10 |     
--------------------
`);
    expect(checkText({ ...checked, findings: [] })).toBe("Check complete, no warnings found.\n");
    expect(checkText({ ...checked, findings: [], fault: "x" })).toBe("");
    expect(JSON.parse(checkJson(checked))).toMatchObject({
      warnings: [
        {
          ruleName: "JSONArgsRecommended",
          description: RULES["JSONArgsRecommended"]?.description,
          location: { ranges: [{ start: { line: 9 }, end: { line: 9 } }] },
        },
      ],
      sources: [{ filename: "Dockerfile", data: Buffer.from(text).toString("base64"), language: "Dockerfile" }],
    });
    expect(JSON.parse(checkJson({ ...checked, findings: [] }))).toMatchObject({ warnings: null });
    expect(pageOf("BuilderUnable")).toBeUndefined();
  });

  it("the output of --call targets has docker's form", () => {
    expect(targetsText(dockerfile)).toBe("TARGET    DESCRIPTION\ntest      runs the tests\n(default) \n");
    expect(JSON.parse(targetsJson(dockerfile, text))).toMatchObject({
      targets: [
        { name: "test", description: "runs the tests", base: "a:$VERSION" },
        { default: true, base: "test" },
      ],
    });
  });

  it("the output of --call outline has docker's form", () => {
    const outline = outlineOf(dockerfile, findTarget(dockerfile), new Map([["X", "given"]]));
    expect(outlineText(outline)).toBe(
      "BUILD ARG   VALUE   DESCRIPTION\nVERSION     1       of it\nX           given   \n\nSECRET   REQUIRED\ns        \n\n",
    );
    expect(JSON.parse(outlineJson(outline, text))).toMatchObject({
      args: [
        { name: "VERSION", value: "1", description: "of it" },
        { name: "X", value: "given" },
      ],
      secrets: [{ name: "s" }],
    });
    expect(outlineText(outlineOf(dockerfile, findTarget(dockerfile, "test"), new Map()))).toMatch(
      /^TARGET: {6}test\nDESCRIPTION: runs the tests\n\nBUILD ARG/,
    );
  });
});

describe("--call", () => {
  it("names a method and its form", () => {
    expect(callOf({})).toBeUndefined();
    expect(callOf({ call: "build" })).toBeUndefined();
    expect(callOf({ check: true })).toEqual({ method: "check", json: false, ignoreStatus: false });
    expect(callOf({ call: "targets,format=json" })).toEqual({ method: "targets", json: true, ignoreStatus: false });
    expect(callOf({ call: "check,ignorestatus=true" })).toEqual({ method: "check", json: false, ignoreStatus: true });
    expect(() => callOf({ call: "guess" })).toThrow("unknown method --call guess");
    expect(() => callOf({ call: "targets", check: true })).toThrow("cannot use --call and --check together");
  });
});
