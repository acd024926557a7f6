import { describe, expect, it } from "vitest";
import { DOCKERFILE_FEATURES, refuseFeatures } from "../../../../src/builders/dockerfile-features.ts";
import { findFeatures } from "../../../../src/lib/dockerfile/features.ts";
import type { FeatureUse } from "../../../../src/lib/dockerfile/features.ts";
import { parseDockerfile } from "../../../../src/lib/dockerfile/parse.ts";

const usesOf = (text: string): FeatureUse[] => findFeatures(parseDockerfile(text));

describe("what a Dockerfile uses", () => {
  it.each([
    ["RUN echo a", []],
    ["RUN <<EOF\necho\nEOF", ["heredoc"]],
    ["COPY <<EOF /a\nx\nEOF", ["heredoc"]],
    ["RUN --mount=type=cache,target=/c x", ["mount-cache"]],
    ["RUN --mount=target=/c x", ["mount-bind"]],
    ["RUN --mount=type=bind,from=one,target=/c x", ["mount-bind-from"]],
    ["RUN --mount=type=secret,id=a --mount=type=ssh x", ["mount-secret", "mount-ssh"]],
    ["RUN --mount=type=tmpfs,target=/t x", ["mount-tmpfs"]],
    ["RUN --network=none x", ["run-network-none"]],
    ["RUN --mount=type=tmpfs,target=/t,size=1m x", ["mount-tmpfs", "mount-tmpfs-size"]],
    ["RUN --network=default x", ["run-network-default"]],
    ["RUN --network=host x", ["run-network-host"]],
    ["RUN --security=insecure x", ["run-security"]],
    ["RUN --security=sandbox x", ["run-security-sandbox"]],
    ['RUN ["a", "b"]', ["run-json"]],
    ["RUN [ -e /a ]", []],
    ["COPY --from=one /a /b", []],
    ["COPY --from=0 /a /b", []],
    ["COPY --from=alpine /a /b", []],
    ["COPY --link --chmod=600 --parents --exclude=b a /b", ["copy-link", "copy-chmod", "copy-parents", "copy-exclude"]],
    ["COPY --link=false a /b", []],
    ["COPY --chmod=0644 a /b", ["copy-chmod"]],
    ["COPY --chmod=4755 a /b", ["copy-chmod", "copy-chmod-special"]],
    ["ADD --chmod=u=rwX,go=rX a /b", ["copy-chmod", "copy-chmod-symbolic"]],
    ["COPY --chmod=a-w a /b", ["copy-chmod", "copy-chmod-symbolic", "copy-chmod-symbolic-directory"]],
    ["COPY --chmod=$UNKNOWN a /b", ["copy-chmod"]],
    ["COPY hosts /etc/hosts", ["copy-pod-file"]],
    ['COPY --from=one ["a\\nb", "/x"]', []],
    ['COPY ["a\\nb", "/x"]\nADD ./ /y', []],
    ['COPY ["a b\u00e9%", "/x\\ny/"]', []],
    ["RUN --mount=target=/x,source=ab,from=one ls", ["mount-bind-from"]],
    ["RUN echo box > /etc/hostname", ["run-hostname"]],
    ["RUN <<E\necho box | tee -a /etc/hostname\nE", ["heredoc", "run-hostname"]],
    ["RUN cat /etc/hostname > /x", []],
    ['RUN echo box >"/etc/hostname"', ["run-hostname"]],
    ["RUN echo box |tee -a --append '/etc/hostname'", ["run-hostname"]],
    ["RUN tee /x /etc/hostname.d > /etc/hostname-of", []],
    ["ADD --unpack=false a.tar /b", ["add-unpack"]],
    ["ARG TARGETARCH", ["arg-platform"]],
    ["ARG A=1 BUILDPLATFORM=linux/amd64", ["arg-platform"]],
    ["ARG TARGET=app", []],
    ["ADD --checksum=sha256:0 https://a.io/b /b", ["add-checksum", "add-url"]],
    ["ADD https://a.io/b.git#main /b", ["add-git"]],
    ["ADD --keep-git-dir=true git@a.io:b /b", ["add-keep-git-dir", "add-git"]],
    ["ONBUILD RUN --mount=type=cache,target=/c x", ["onbuild", "mount-cache"]],
    ['SHELL ["/bin/bash"]', ["shell"]],
    ["STOPSIGNAL 9", []],
    ["STOPSIGNAL SIGINT", ["stopsignal"]],
    ["FROM --platform=$BUILDPLATFORM b", ["from-platform"]],
    ["FROM --platform=linux/arm64 b", ["from-platform-fixed"]],
    ["FROM --platform=$TARGETPLATFORM b", ["from-platform"]],
    ["FROM b-$TARGETARCH", ["arg-platform-from"]],
    ["FROM b:${TARGETOS:-linux} AS c", ["arg-platform-from"]],
    ["FROM b-$TARGETARCHIVE", []],
  ])("%s", (line, features) => {
    expect(usesOf(`FROM a AS one\n${line}\n`)).toEqual(features.map((feature) => ({ feature, line: 2 })));
  });

  it.each([
    ['COPY ["a\\nb", "/x"]', "Copy the directory that it is in."],
    ['ADD ["a", "b\u007fc", "/x"]', "Copy the directory that it is in."],
    ["RUN --mount=target=/x,source=a\u0001b ls", "Mount the directory that it is in."],
  ])("%s asks for a name with a control character", (line, remedy) => {
    expect(usesOf(`FROM a AS one\n${line}\n`)).toContainEqual({ feature: "copy-control-character", line: 2, remedy });
  });

  it("is looked up with the variables of its stage, and the values of --build-arg", () => {
    const dockerfile = parseDockerfile("FROM a\nARG M=755\nCOPY --chmod=$M a /b\n");
    expect(findFeatures(dockerfile).map(({ feature }) => feature)).toEqual(["copy-chmod"]);
    expect(findFeatures(dockerfile, new Map([["M", "+x"]])).map(({ feature }) => feature)).toEqual([
      "copy-chmod",
      "copy-chmod-symbolic",
    ]);
  });

  it("another escape character is a feature", () => {
    expect(usesOf("# escape=`\nFROM a\n")).toEqual([{ feature: "escape", line: 1 }]);
  });
});

describe("a builder that cannot do it", () => {
  const refuse = (
    text: string,
    builder: "kaniko" | "buildkit" | "buildah" | "img" | "makisu",
    image: string,
  ): string => {
    try {
      refuseFeatures(usesOf(text), builder, image, "k:v1.28.3");
      return "";
    } catch (error) {
      const { message, suggestions } = error as Error & { suggestions: string[] };
      return [message, ...suggestions].join("\n");
    }
  };
  const HEREDOC = "FROM a\nRUN <<EOF\nx\nEOF\n";

  it("the error names the line, the feature, and the builders that support it", () => {
    expect(refuse("FROM a\n\nCOPY --parents b /c\n", "kaniko", "k:v1.28.3")).toBe(
      "Dockerfile line 3: kaniko cannot do COPY --parents\nUse --builder buildkit or --builder buildah.\nOr let slipway choose a builder: --builder auto.",
    );
  });

  it("the error names the version that supports the feature", () => {
    expect(refuse(HEREDOC, "kaniko", "r.io:5000/kaniko:v1.24.0-debug")).toBe(
      "Dockerfile line 2: kaniko v1.24.0 cannot do heredocs\n" +
        "Use an image of kaniko v1.25.4 or later, with --builder-image or SLIPWAY_KANIKO_IMAGE; " +
        "this build uses r.io:5000/kaniko:v1.24.0-debug.\n" +
        "Use --builder buildkit or --builder buildah.\nOr let slipway choose a builder: --builder auto.",
    );
    for (const image of ["k:v1.25.4", "k:1.26", "k:v1.28.3@sha256:0", "k:latest", "r.io:5000/k"]) {
      expect(refuse(HEREDOC, "kaniko", image)).toBe("");
    }
  });

  it("the error says if no builder supports all features", () => {
    expect(refuse("FROM a\nRUN --security=insecure x\n", "buildkit", "b:1")).toContain("remove it");
  });
});

it("every feature has a title", () => {
  for (const { title } of Object.values(DOCKERFILE_FEATURES)) expect(title).not.toBe("");
});
