import { describe, expect, it } from "vitest";
import { refuseFeatures } from "../../../../src/builders/dockerfile-features.ts";
import { findFeatures } from "../../../../src/lib/dockerfile/features.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

const DEFAULT = "ghcr.io/osscontainertools/kaniko:v1.28.3";

/** What the default kaniko says of a Dockerfile; empty if it builds it. */
function answer(text: string, buildArgs: Readonly<Record<string, string>> = {}): string {
  try {
    const uses = findFeatures(parseDockerfile(text), new Map(Object.entries(buildArgs)));
    refuseFeatures(uses, "kaniko", DEFAULT, DEFAULT);
    return "";
  } catch (error) {
    const { message, suggestions } = error as Error & { suggestions: string[] };
    return [message, suggestions[0]].join("\n");
  }
}

const cache = (target: string): string => `RUN --mount=type=cache,target=${target} x`;
const MADE = "kaniko cannot do RUN --mount in a directory that may not exist";

describe("a mount of kaniko's", () => {
  it.each([
    ["the root directory", `FROM a\n${cache("/cache")}`],
    ["a WORKDIR", `FROM a\nWORKDIR /app\n${cache("/app/.cache")}`],
    ["a directory above a WORKDIR", `FROM a\nWORKDIR /srv/app/web\n${cache("/srv/app/.cache")}`],
    ["a relative WORKDIR after an absolute one", `FROM a\nWORKDIR /srv\nWORKDIR app\n${cache("/srv/app/.cache")}`],
    ["a WORKDIR of a variable", `FROM a\nARG home=/app\nWORKDIR $home\n${cache("$home/.cache")}`],
    ["what mkdir -p made", `FROM a\nRUN mkdir -p /root/.cache /other\n${cache("/root/.cache/go-build")}`],
    [
      "what mkdir -p made before other commands",
      `FROM a\nRUN mkdir -p /root/.cache && echo\n${cache("/root/.cache/x")}`,
    ],
    ["the destination of a COPY", `FROM a\nCOPY package.json /app/\n${cache("/app/.cache")}`],
    ["the directory of a COPY's destination", `FROM a\nCOPY package.json /app/p.json\n${cache("/app/.cache")}`],
    ["the stage that it starts from", `FROM a AS one\nWORKDIR /app\nFROM one\n${cache("/app/.cache")}`],
  ])("is taken in %s", (_what, text) => {
    expect(answer(text)).toBe("");
  });

  it.each([
    ["a directory of the base image", `FROM a\n${cache("/root/.npm")}`, 2, "/root"],
    [
      "a directory below a WORKDIR",
      `FROM a\nWORKDIR /app\n${cache("/app/node_modules/.cache")}`,
      3,
      "/app/node_modules",
    ],
    ["another stage's directory", `FROM a AS one\nWORKDIR /app\nFROM b\n${cache("/app/.cache")}`, 4, "/app"],
    ["a later WORKDIR", `FROM a\n${cache("/app/.cache")}\nWORKDIR /app`, 2, "/app"],
    [
      "what a RUN with a mount made",
      `FROM a\nRUN --mount=type=cache,target=/c mkdir -p /c/d\n${cache("/c/d/e")}`,
      3,
      "/c/d",
    ],
    ["what mkdir made of a variable", `FROM a\nRUN mkdir -p $DIR\n${cache("/app/.cache")}`, 3, "/app"],
    ["what mkdir may not have reached", `FROM a\nRUN true || mkdir -p /app\n${cache("/app/.cache")}`, 3, "/app"],
    ["a trigger's stage", `FROM a\nWORKDIR /app\nONBUILD ${cache("/app/.cache")}`, 3, "/app"],
    ["a bind mount's directory", "FROM a\nRUN --mount=target=/app/src x", 2, "/app"],
  ])("is refused in %s, which may not exist", (_what, text, line, directory) => {
    expect(answer(text)).toBe(
      `Dockerfile line ${line}: ${MADE}\nMake the directory in an earlier line: RUN mkdir -p ${directory}`,
    );
  });

  it.each([
    ["RUN --mount=target=. x", "RUN --mount with a relative target"],
    ["RUN --mount=type=cache,target=node_modules x", "RUN --mount with a relative target"],
    ["RUN --mount=type=cache,from=one,target=/c x", "RUN --mount=type=cache,from=…"],
    ["RUN --mount=from=one,target=/c x", "RUN --mount=type=bind,from=…"],
    ["RUN --mount=type=cache,target=$HOME/.cache x", "RUN --mount in a directory that may not exist"],
    ["RUN --mount=type=secret,id=a,target=/root/.netrc x", "RUN --mount=type=secret,target=…"],
    ["RUN --mount=type=secret,id=a,dst=/etc/apt/auth.conf x", "RUN --mount=type=secret,target=…"],
    ["RUN --mount=type=secret,id=a,target=/run/secrets/../x y", "RUN --mount=type=secret,target=…"],
    ["RUN --mount=type=secret,id=a mkdir -p /run/app", "RUN --mount in a directory that may not exist"],
    ["RUN --mount=type=secret,id=a <<E\necho > /var/run/a\nE", "RUN --mount in a directory that may not exist"],
  ])("%s is refused", (line, title) => {
    expect(answer(`FROM a AS one\n${line}`)).toContain(`Dockerfile line 2: kaniko cannot do ${title}\n`);
  });

  it.each([
    "RUN --mount=type=secret,id=a cat /run/secrets/a",
    "RUN --mount=type=secret,id=a,target=/run/secrets/b cat /run/secrets/b",
    "RUN --mount=type=secret,id=a,env=TOKEN x",
    "RUN --mount=type=secret,id=a make /srv/run/x",
    "RUN --mount=target=/src cp /src/a /b",
  ])("%s is taken", (line) => {
    expect(answer(`FROM a\n${line}`)).toBe("");
  });

  it("is looked up with the values of --build-arg", () => {
    const text = `FROM a\nARG dir=/app\nWORKDIR /app\n${cache("$dir/.cache")}`;
    expect(answer(text)).toBe("");
    expect(answer(text, { dir: "/other" })).toContain("RUN mkdir -p /other");
  });
});
