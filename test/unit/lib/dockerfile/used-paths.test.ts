import { describe, expect, it } from "vitest";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";
import { findUsedPaths, type UsedPathsOptions } from "../../../../src/lib/dockerfile/used-paths.ts";

function patterns(text: string, options?: UsedPathsOptions): string[] {
  const used = findUsedPaths(parseDockerfile(text), options);
  return used.kind === "paths" ? used.sources.map(({ pattern }) => pattern) : [`everything: ${used.because}`];
}

const base = (env: string[] = [], onBuild: string[] = []) => new Map([["img", { env, onBuild }]]);

describe("what a Dockerfile reaches", () => {
  it.each<[name: string, dockerfile: string, expected: string[], options?: UsedPathsOptions]>([
    ["nothing", "FROM img\nRUN true", []],
    ["sources and no destination", "FROM img\nCOPY a ./b/ /c//d dest", ["a", "b", "c/d"]],
    ["lists of JSON", 'FROM img\nADD ["with blank", "b", "/dest"]', ["with blank", "b"]],
    ["wildcards", "FROM img\nCOPY package*.json s?c/[ab]* ./", ["package*.json", "s?c/[ab]*"]],
    ["no stages and images", "FROM img AS a\nCOPY x .\nFROM img\nCOPY --from=a /y /z\nCOPY --from=other /v .", ["x"]],
    ["flags that choose nothing", "FROM img\nCOPY --chown=1:1 --chmod=755 --link --parents --exclude=*.md a b", ["a"]],
    ["URLs, as they could be paths", "FROM img\nADD https://example.com/a.tgz b", ["https:/example.com/a.tgz"]],
    ["heredocs' places", "FROM img\nCOPY <<EOF a /dest/\nx\nEOF", ["a"]],
    ["bind mounts", "FROM img\nRUN --mount=type=bind,source=src,target=/src make", ["src"]],
    ["bind mounts without a type", "FROM img\nRUN --mount=target=/src,src=/a/b make", ["a/b"]],
    ["no other mounts", "FROM img\nRUN --mount=type=cache,target=/c --mount=type=secret,id=x --network=none make", []],
    ["no mounts of stages", "FROM img AS s\nFROM img\nRUN --mount=from=s,target=/c make", []],
    ["arguments", "FROM img\nARG D=src\nCOPY $D/a ${D}/b dest", ["$D/a", "src/a", "${D}/b", "src/b"]],
    ["--build-arg", "FROM img\nARG D\nCOPY $D dest", ["$D", "lib"], { buildArgs: new Map([["D", "lib"]]) }],
    ["global arguments, declared again", "ARG D=x\nFROM img\nARG D\nCOPY $D dest", ["$D", "x"]],
    ["ENV", "FROM img\nENV A=x B=y\nCOPY $A$B dest", ["$A$B", "xy"]],
    ["ENV of the stage it starts from", "FROM img AS a\nENV A=x\nFROM a\nCOPY $A dest", ["$A", "x"]],
    ["ENV of the base image", "FROM img\nCOPY $A dest", ["$A", "x"], { bases: base(["A=x"]) }],
    [
      "platforms as anything",
      "FROM img\nARG TARGETARCH\nCOPY bin/app-$TARGETARCH /",
      ["bin/app-$TARGETARCH", "bin/app-*"],
    ],
    [
      "whole platforms",
      "FROM img\nARG TARGETPLATFORM\nCOPY bin/$TARGETPLATFORM/x /",
      ["bin/$TARGETPLATFORM/x", "bin/**/x"],
    ],
    ["BuildKit's own frontend", "# syntax=docker/dockerfile:1.7-labs\nFROM img\nCOPY a b", ["a"]],
    ["stages up to the target", "FROM img AS a\nCOPY x .\nFROM img AS b\nCOPY . .", ["x"], { target: "a" }],
    ["all stages above the target", "FROM img AS a\nCOPY x .\nFROM img AS b\nCOPY y .", ["x", "y"], { target: "b" }],
    [
      "ONBUILD that copies from a stage",
      "FROM img AS a\nONBUILD COPY --from=a /x /y\nONBUILD ENV A=b\nCOPY z .",
      ["z"],
    ],
  ])("has %s", (_, dockerfile, expected, options) => {
    expect(patterns(dockerfile, options)).toEqual(expected);
  });

  it.each<[dockerfile: string, because: string, options?: UsedPathsOptions]>([
    ["FROM img\nCOPY . /app", "line 2 uses the whole context"],
    ["FROM img\nADD ./ /app", "line 2 uses the whole context"],
    ["FROM img\nCOPY a/../../b /app", "line 2 has a path with .."],
    ["FROM img\nRUN --mount=target=/src make", "line 2 uses the whole context"],
    [
      "FROM img\nRUN --mount=type=bind,from=,source=a,target=/src make",
      "the mount on line 2 is not known before the build",
    ],
    ["FROM img\nRUN --mount=type=new,target=/src make", "the mount on line 2 is not known before the build"],
    ["FROM img\nRUN --mount=source=$A,target=/src make", "the mount on line 2 is not known before the build"],
    ["FROM img\nRUN --device=gpu make", "--device on line 2 is not supported"],
    ["FROM img\nCOPY --newly=a b c", "--newly on line 2 is not supported"],
    ["FROM img\nCOPY --from=$A b c", "the source of line 2 is not known before the build"],
    ["FROM img\nCOPY --from= b c", "the source of line 2 is not known before the build"],
    ["FROM img\nCOPY $A b", "the value of $A on line 2 is not known before the build"],
    ["FROM img\nCOPY ${A:-x} b", "the value of ${A:-x} on line 2 is not known before the build"],
    ["FROM img\nARG A\nCOPY $A b", "the value of $A on line 3 is not known before the build"],
    ["FROM img\nARG A=\nCOPY $A b", '$A on line 3 has the value ""'],
    ["FROM img\nARG A=x\nENV A=y\nCOPY $A b", "the value of $A on line 4 is not known before the build"],
    [
      "FROM img\nARG A=x\nCOPY $A b",
      "the value of $A on line 3 is not known before the build",
      { bases: base(["A=y"]) },
    ],
    ["FROM img\nCOPY $A b", "the value of $A on line 2 is not known before the build", { bases: base(["A=y", "A=z"]) }],
    ["FROM img AS a\nARG A=x\nFROM a\nCOPY $A b", "the value of $A on line 4 is not known before the build"],
    ["FROM img AS a\nARG A=x\nFROM a\nARG A=y\nCOPY $A b", "the value of $A on line 5 is not known before the build"],
    ["FROM img\nENV A of old\nCOPY $A b", "the value of $A on line 3 is not known before the build"],
    ['FROM img\nCOPY "a b" c', "line 2 has quotes or escapes"],
    ["FROM img\nCOPY a\\ b c", "line 2 has quotes or escapes"],
    ["# syntax=me/mine:1\nFROM img\nCOPY a b", "the frontend me/mine:1 may read any file"],
    [
      "FROM img\nCOPY a b",
      "the frontend me/mine may read any",
      { buildArgs: new Map([["BUILDKIT_SYNTAX", "me/mine"]]) },
    ],
    ["FROM img\nARG BUILDKIT_SBOM_SCAN_CONTEXT=true\nCOPY a b", "BUILDKIT_SBOM_SCAN_CONTEXT scans the whole context"],
    ["FROM img\nONBUILD COPY a b", "line 2 is an ONBUILD trigger"],
    ["FROM img\nONBUILD RUN --mount=target=/x ls", "line 2 is an ONBUILD trigger"],
    ["FROM img\nCOPY a b", "the base image img has ONBUILD triggers", { bases: base([], ["COPY . ."]) }],
    ["ARG I\nFROM $I\nCOPY a b", "the image $I on line 2 is not known before the build"],
    [
      "FROM img AS a\nCOPY --from=b x y\nCOPY z .\nFROM img AS b\nCOPY . .",
      "line 5 uses the whole context",
      { target: "a" },
    ],
  ])("the whole context is sent for %j", (dockerfile, because, options) => {
    expect(patterns(dockerfile, options)).toEqual([expect.stringContaining(because)]);
    expect(patterns(dockerfile, options)[0]).toMatch(/^everything: /);
  });

  it("names the images whose triggers have to be asked for", () => {
    const text = "ARG V=1\nFROM img:$V AS a\nFROM a\nFROM scratch\nFROM other\nCOPY --from=third /x /y";
    const used = findUsedPaths(parseDockerfile(text));
    expect(used.kind === "paths" && used.bases).toEqual(["img:1", "other"]);
  });
});
