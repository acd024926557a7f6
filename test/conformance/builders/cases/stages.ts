/** FROM, stages, and variables. */
import { ABSENT, directory, file } from "../case.ts";
import type { FeatureCase } from "../case.ts";

export const STAGE_CASES: readonly FeatureCase[] = [
  {
    id: "copy-from-stage",
    title: "COPY --from=STAGE keeps owners and modes",
    stages:
      "FROM @base@ AS source-of-copy\nRUN mkdir -p /o/sub && echo m > /o/sub/made && chown -R 5:6 /o && chmod 4750 /o/sub/made",
    lines: "COPY --from=source-of-copy /o /c/@id@",
    expect: {
      files: {
        "c/@id@/sub": directory({ owner: "5:6" }),
        "c/@id@/sub/made": file("m\n", { mode: 0o4750, owner: "5:6" }),
      },
    },
  },
  {
    id: "copy-from-chown",
    title: "COPY --from=STAGE --chown",
    stages: "FROM @base@ AS source-of-chown\nRUN echo m > /made",
    lines: "COPY --from=source-of-chown --chown=7:8 /made /c/@id@/",
    expect: { files: { "c/@id@/made": file("m\n", { owner: "7:8" }) } },
  },
  {
    id: "copy-from-number",
    title: "COPY --from=0",
    dockerfile:
      "FROM @base@\nRUN echo zero > /made\nFROM @base@\nRUN echo one > /made\nFROM @base@\nCOPY --from=0 /made /c/@id@/zero\nCOPY --from=1 /made /c/@id@/one",
    expect: { files: { "c/@id@/zero": file("zero\n"), "c/@id@/one": file("one\n"), made: ABSENT } },
  },
  {
    id: "copy-from-image",
    title: "COPY --from=IMAGE",
    lines: "COPY --from=@other@ /other.txt /c/@id@/",
    expect: { files: { "c/@id@/other.txt": file("other\n") } },
  },
  {
    id: "copy-from-symlink",
    title: "COPY --from of a directory with symlinks and hard links",
    stages: "FROM @base@ AS source-of-links\nRUN mkdir /l && echo a > /l/a && ln -s a /l/s && ln /l/a /l/h",
    lines: "COPY --from=source-of-links /l /c/@id@",
    expect: {
      files: {
        "c/@id@/a": file("a\n"),
        "c/@id@/s": { kind: "symlink", target: "a" },
        "c/@id@/h": file("a\n"),
      },
    },
  },
  {
    id: "from-stage",
    title: "FROM STAGE",
    dockerfile: "FROM @base@ AS first\nENV FIRST=yes\nRUN echo 1 > /first\nFROM first\nRUN echo $FIRST > /second",
    expect: { files: { first: file("1\n"), second: file("yes\n") }, config: { Env: ["@path@", "FIRST=yes"] } },
  },
  {
    id: "target",
    title: "--target",
    dockerfile: "FROM @base@ AS wanted\nRUN echo w > /wanted\nFROM @base@ AS last\nRUN exit 1",
    flags: ["--target=wanted"],
    expect: { files: { wanted: file("w\n") } },
  },
  {
    id: "unused-stage",
    title: "A stage that nothing needs is not built",
    dockerfile: "FROM @base@ AS unused\nRUN exit 1\nFROM @base@\nRUN echo l > /last",
    expect: { files: { last: file("l\n") } },
  },
  {
    id: "from-scratch",
    title: "FROM scratch",
    files: { app: { content: "app", mode: 0o755 } },
    dockerfile: 'FROM scratch\nCOPY @id@/app /app\nENTRYPOINT ["/app"]',
    expect: { files: { app: file("app", { mode: 0o755 }) }, lists: { "": ["app"] }, config: { Entrypoint: ["/app"] } },
  },
  {
    id: "from-index",
    title: "FROM an image of several platforms",
    dockerfile: "FROM @index@\nRUN true",
    expect: { files: { "other.txt": file("other\n") } },
  },
  {
    id: "from-digest",
    title: "FROM IMAGE@sha256:…",
    dockerfile: "FROM @base-digest@\nRUN echo d > /d",
    expect: { files: { d: file("d\n") } },
  },
  {
    id: "from-buildplatform",
    title: "FROM --platform=$BUILDPLATFORM",
    dockerfile: "FROM --platform=$BUILDPLATFORM @base@\nRUN echo p > /p",
    expect: { files: { p: file("p\n") } },
  },
  {
    id: "arg-platform",
    title: "The platform's own ARGs: TARGETARCH, TARGETOS",
    lines: 'ARG TARGETARCH\nARG TARGETOS\nRUN mkdir -p /c/@id@ && echo "$TARGETOS/$TARGETARCH" > /c/@id@/a',
    expect: { files: { "c/@id@/a": file("@platform@\n") } },
  },
  {
    id: "from-platform-fixed",
    title: "FROM --platform=linux/…, the node's own written out",
    dockerfile: "FROM --platform=@platform@ @base@\nRUN echo p > /p",
    expect: { files: { p: file("p\n") } },
  },
  {
    id: "from-platform-foreign",
    title: "FROM --platform of another processor, without RUN",
    files: { "a.txt": "a\n" },
    dockerfile: "FROM --platform=@foreign@ @index@\nCOPY @id@/a.txt /a.txt",
    expect: { files: { "a.txt": file("a\n") }, lists: { "": ["a.txt", "other.txt"] } },
  },
  {
    id: "arg-platform-all",
    title: "The platform's own ARGs: TARGETPLATFORM, BUILDPLATFORM, BUILDOS, BUILDARCH",
    lines:
      'ARG TARGETPLATFORM\nARG BUILDPLATFORM\nARG BUILDOS\nARG BUILDARCH\nRUN mkdir -p /c/@id@ && echo "$TARGETPLATFORM $BUILDPLATFORM $BUILDOS/$BUILDARCH" > /c/@id@/a',
    expect: { files: { "c/@id@/a": file("@platform@ @platform@ @platform@\n") } },
  },
  {
    id: "arg-platform-from",
    title: "FROM stage-$TARGETARCH",
    dockerfile:
      "FROM @base@ AS stage-@architecture@\nRUN echo chosen > /chosen\nFROM stage-$TARGETARCH AS last\nRUN cp /chosen /copied",
    expect: { files: { copied: file("chosen\n") } },
  },
  {
    id: "arg-before-from",
    title: "ARG before FROM: for FROM, and after it only when asked for again",
    dockerfile:
      'ARG IMAGE=@base@\nARG SHARED=outside\nFROM $IMAGE\nRUN echo "[$SHARED]" > /a\nARG SHARED\nRUN echo "[$SHARED]" > /b',
    expect: { files: { a: file("[]\n"), b: file("[outside]\n") } },
  },
  {
    id: "arg-scope",
    title: "ARG ends with its stage",
    dockerfile:
      'FROM @base@ AS one\nARG WHAT=one\nRUN echo "[$WHAT]" > /a\nFROM @base@\nCOPY --from=one /a /a\nRUN echo "[$WHAT]" > /b',
    expect: { files: { a: file("[one]\n"), b: file("[]\n") } },
  },
  {
    id: "build-arg",
    title: "--build-arg over the default of ARG, and not in the image's environment",
    dockerfile: 'FROM @base@\nARG GIVEN=default\nARG OTHER=default\nRUN echo "$GIVEN $OTHER" > /a',
    flags: ["--build-arg=GIVEN=from the command line"],
    expect: { files: { a: file("from the command line default\n") }, config: { Env: ["@path@"] } },
  },
  {
    id: "arg-env",
    title: "ENV wins over ARG of the same name",
    dockerfile: 'FROM @base@\nARG WHO=arg\nENV WHO=env\nRUN echo "$WHO" > /a',
    flags: ["--build-arg=WHO=command"],
    expect: { files: { a: file("env\n") }, config: { Env: ["@path@", "WHO=env"] } },
  },
  {
    id: "env-expansion",
    title: "ENV made of ENV, with :- and :+",
    dockerfile:
      'FROM @base@\nENV A=one\nENV B=$A-two C="${A} three" D=${MISSING:-four} E=${A:+five} F=\\$A\nRUN echo "$B|$C|$D|$E|$F" > /a',
    expect: {
      files: { a: file("one-two|one three|four|five|$A\n") },
      config: { Env: ["@path@", "A=one", "B=one-two", "C=one three", "D=four", "E=five", "F=$A"] },
    },
  },
  {
    id: "env-at-once",
    title: "ENV: variables of one line see those of the lines before",
    dockerfile: "FROM @base@\nENV X=before\nENV X=now Y=$X",
    expect: { config: { Env: ["@path@", "X=now", "Y=before"] } },
  },
  {
    id: "env-old-form",
    title: "ENV KEY VALUE with spaces",
    dockerfile: "FROM @base@\nENV OLD a value with spaces",
    expect: { config: { Env: ["@path@", "OLD=a value with spaces"] } },
  },
  {
    id: "env-pattern",
    title: "ENV with ${X#pattern}, ${X%pattern} and ${X/pattern/new}",
    dockerfile: "FROM @base@\nENV X=a.b.c\nENV P=${X#*.} Q=${X%.*} R=${X/./-}",
    expect: { config: { Env: ["@path@", "X=a.b.c", "P=b.c", "Q=a.b", "R=a-b.c"] } },
  },
  {
    id: "onbuild-base",
    title: "A base image with ONBUILD",
    files: { "a.txt": "a\n" },
    dockerfile: "FROM @onbuild@\nRUN cat /triggered > /seen",
    expect: { files: { triggered: file("triggered\n"), seen: file("triggered\n") }, config: { OnBuild: null } },
  },
];
