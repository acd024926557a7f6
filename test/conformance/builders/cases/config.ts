/** Instructions that go into the image's configuration. */
import { directory, file } from "../case.ts";
import type { FeatureCase } from "../case.ts";

export const CONFIG_CASES: readonly FeatureCase[] = [
  {
    id: "label",
    title: "LABEL: several, quoted, with variables",
    lines:
      'ARG label_value=filled\nLABEL org.example.one=1 "org.example.with space"="two words" org.example.three="a \\\nb"\nLABEL org.example.filled=$label_value',
    expect: {
      config: {
        Labels: {
          "org.example.one": "1",
          "org.example.with space": "two words",
          "org.example.three": "a b",
          "org.example.filled": "filled",
        },
      },
    },
  },
  {
    id: "expose",
    title: "EXPOSE: ports, protocols, variables",
    lines: "ARG expose_port=9090\nEXPOSE 80 53/udp $expose_port",
    expect: { config: { ExposedPorts: { "80/tcp": {}, "53/udp": {}, "9090/tcp": {} } } },
  },
  {
    id: "expose-range",
    title: "EXPOSE of a range",
    dockerfile: "FROM @base@\nEXPOSE 7000-7002",
    expect: { config: { ExposedPorts: { "7000/tcp": {}, "7001/tcp": {}, "7002/tcp": {} } } },
  },
  {
    id: "volume",
    title: "VOLUME, in both forms",
    lines: 'VOLUME /c/@id@/one\nVOLUME ["/c/@id@/two", "/c/@id@/three"]',
    expect: { config: { Volumes: { "/c/@id@/one": {}, "/c/@id@/two": {}, "/c/@id@/three": {} } } },
  },
  {
    id: "volume-written",
    title: "What RUN writes into a VOLUME stays",
    dockerfile: "FROM @base@\nRUN mkdir /data\nVOLUME /data\nRUN echo kept > /data/a",
    expect: { files: { "data/a": file("kept\n") } },
  },
  {
    id: "stopsignal",
    title: "STOPSIGNAL by name",
    dockerfile: "FROM @base@\nSTOPSIGNAL SIGQUIT",
    expect: { config: { StopSignal: "SIGQUIT" } },
  },
  {
    id: "healthcheck",
    title: "HEALTHCHECK with all its options",
    dockerfile:
      'FROM @base@\nHEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=4 CMD ["test", "-e", "/ok"]',
    expect: {
      config: {
        Healthcheck: {
          Test: ["CMD", "test", "-e", "/ok"],
          Interval: 5_000_000_000,
          Timeout: 3_000_000_000,
          StartPeriod: 10_000_000_000,
          Retries: 4,
        },
      },
    },
  },
  {
    id: "healthcheck-none",
    title: "HEALTHCHECK NONE",
    dockerfile: "FROM @base@\nHEALTHCHECK NONE",
    expect: { config: { Healthcheck: { Test: ["NONE"] } } },
  },
  {
    id: "shell",
    title: "SHELL: for RUN, CMD and in the configuration",
    dockerfile: 'FROM @base@\nSHELL ["/bin/sh", "-ec"]\nRUN echo "$-" | grep -o e > /a\nCMD serve it',
    expect: { files: { a: file("e\n") }, config: { Shell: ["/bin/sh", "-ec"], Cmd: ["/bin/sh", "-ec", "serve it"] } },
  },
  {
    id: "cmd-json",
    title: "CMD and ENTRYPOINT in the JSON form",
    dockerfile: 'FROM @base@\nENTRYPOINT ["/bin/echo", "a b"]\nCMD ["$HOME"]',
    expect: { config: { Entrypoint: ["/bin/echo", "a b"], Cmd: ["$HOME"] } },
  },
  {
    id: "cmd-shell",
    title: "CMD and ENTRYPOINT in the shell form",
    dockerfile: "FROM @base@\nENTRYPOINT exec serve $HOME\nCMD run --it",
    expect: {
      config: { Entrypoint: ["/bin/sh", "-c", "exec serve $HOME"], Cmd: ["/bin/sh", "-c", "run --it"] },
    },
  },
  {
    id: "entrypoint-resets",
    title: "ENTRYPOINT takes away the CMD of the base image",
    dockerfile: 'FROM @base@\nENTRYPOINT ["/bin/true"]',
    expect: { config: { Entrypoint: ["/bin/true"], Cmd: null } },
  },
  {
    id: "last-counts",
    title: "Of several CMDs the last counts",
    dockerfile: 'FROM @base@\nCMD ["one"]\nCMD ["two"]',
    expect: { config: { Cmd: ["two"] } },
  },
  {
    id: "onbuild",
    title: "ONBUILD is kept for the next build, and not carried out",
    dockerfile: "FROM @base@\nONBUILD RUN echo triggered > /triggered\nONBUILD COPY a.txt /",
    expect: { config: { OnBuild: ["RUN echo triggered > /triggered", "COPY a.txt /"] } },
  },
  {
    id: "workdir",
    title: "WORKDIR: made, relative, with variables",
    dockerfile: "FROM @base@\nENV DIR=three\nWORKDIR /one\nWORKDIR two/$DIR\nRUN pwd > /where",
    expect: {
      files: { where: file("/one/two/three\n"), "one/two": directory(), "one/two/three": directory() },
      config: { WorkingDir: "/one/two/three" },
    },
  },
  {
    id: "workdir-owner",
    title: "WORKDIR under USER: the directory is that user's",
    dockerfile: "FROM @base@\nUSER 1000:1000\nWORKDIR /made",
    expect: { files: { made: directory({ owner: "1000:1000" }) }, config: { User: "1000:1000", WorkingDir: "/made" } },
  },
  {
    id: "user",
    title: "USER UID:GID: for RUN and in the configuration",
    dockerfile: "FROM @base@\nRUN mkdir -m 777 /out\nUSER 1000:2000\nRUN id -u > /out/uid && id -g > /out/gid",
    expect: {
      files: {
        "out/uid": file("1000\n", { owner: "1000:2000" }),
        "out/gid": file("2000\n", { owner: "1000:2000" }),
      },
      config: { User: "1000:2000" },
    },
  },
  {
    id: "user-name",
    title: "USER NAME, by /etc/passwd of the image",
    dockerfile: "FROM @base@\nRUN mkdir -m 777 /out\nUSER nobody\nRUN id -u > /out/uid",
    expect: { files: { "out/uid": file("65534\n", { owner: "65534:65534" }) }, config: { User: "nobody" } },
  },
  {
    id: "user-copy",
    title: "COPY under USER: the files are root's",
    files: { "a.txt": "a\n" },
    dockerfile: "FROM @base@\nUSER 1000\nCOPY @id@/a.txt /copied",
    expect: { files: { copied: file("a\n") } },
  },
  {
    id: "user-home",
    title: "RUN under USER NAME has that user's HOME",
    dockerfile: 'FROM @base@\nRUN mkdir -m 777 /out\nUSER nobody\nRUN echo "$HOME" > /out/home',
    expect: { files: { "out/home": file("/home\n", { owner: "65534:65534" }) } },
  },
  {
    id: "label-flag",
    title: "--label",
    dockerfile: "FROM @base@\nLABEL a=dockerfile b=dockerfile",
    flags: ["--label=b=command", "--label=c=command"],
    expect: { config: { Labels: { a: "dockerfile", b: "command", c: "command" } } },
  },
  {
    id: "maintainer",
    title: "MAINTAINER",
    dockerfile: "FROM @base@\nMAINTAINER somebody@example.com",
    expect: {},
  },
];
