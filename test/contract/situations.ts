/** Uses of `docker build` that occur in scripts. Each is compared with docker. The names are keys of recorded/situations.json. */
import { execFileSync } from "node:child_process";
import { REGISTRY } from "../e2e/support/build.ts";
import type { Files } from "../e2e/support/project.ts";
import { FROM, pushed, pushedBy } from "./case.ts";
import type { Case, Use } from "./case.ts";

type Step = Use | readonly string[];
const uses = (...steps: readonly Step[]): Case => ({
  uses: steps.map((step) => (isUse(step) ? step : { args: step })),
});
const isUse = (step: Step): step is Use => !Array.isArray(step);
const project = (files: Files, ...steps: readonly Step[]): Case => ({ ...uses(...steps), files });
/** A case with the given Dockerfile. */
const dockerfile = (text: string, ...steps: readonly Step[]): Case => project({ Dockerfile: text }, ...steps);

const FAILS = `${FROM}RUN echo about to fail && exit 7\n`;
const CONTEXT: Files = {
  Dockerfile: `${FROM}COPY . /all/\n`,
  "sub/Dockerfile": `${FROM}COPY a /a\n`,
  a: "a\n",
  old: "left by the build before",
};
const archive = async (root: string): Promise<Uint8Array> => execFileSync("tar", ["-cf", "-", "-C", root, "."]);
const typed = (text: string) => async (): Promise<string> => text;

const COMMAND_LINE: Readonly<Record<string, Case>> = {
  "an unknown flag": uses(["--nope", "."], ["--nope=1", "."], ["-X", "."]),
  "a flag without its value": uses(["-t"], ["--file"]),
  "no context": uses([]),
  "two contexts": uses([".", "."]),
  "an invalid boolean": uses(["--pull=maybe", "."], ["--no-cache=2", "."], ["--check=maybe", "."]),
  "an invalid number": uses(
    ["--shm-size", "x", "."],
    ["--memory", "x", "."],
    ["--cpu-quota", "x", "."],
    ["--ulimit", "x", "."],
    ["--ulimit", "nofile=x", "."],
  ),
  "an invalid value": uses(
    ["-t", "UPPER", "."],
    ["-t", "", "."],
    ["-o", "type=nope", "."],
    ["--progress", "nope", "."],
    ["--secret", "x", "."],
    { args: ["--secret", "id=a,src=nowhere", "."], env: { SLIPWAY_BUILDER: "buildkit" } },
    { args: ["--ssh", "default=nowhere", "."], env: { SLIPWAY_BUILDER: "buildkit" } },
    ["--add-host", "x", "."],
    ["--label", "=x", "."],
    ["--build-arg", "=x", "."],
    ["--build-context", "x", "."],
    ["--build-context", "x=nowhere", "."],
    ["--call", "nope", "."],
    ["--platform", "nope", "."],
    ["--network", "nope", "."],
    ["--cache-from", "type=nope", "."],
    ["--cache-to", "type=nope", "."],
    ["--attest", "type=nope", "."],
    ["--annotation", "x", "."],
    ["--allow", "nope", "."],
    ["--resource", "x", "."],
    ["--target", "nope", "."],
  ),
  "flags that exclude each other": uses(
    ["-q", "--progress", "plain", "."],
    ["--push", "--load", "."],
    ["--iidfile", "id", "-o", "out", "."],
    ["-f", "-", "-"],
  ),
  "a push without a tag": uses(["--push", "."], ["-o", "type=registry", "."]),
  "flags before and after the context": uses(
    { args: [".", "--push", "-t", "IMAGE"] },
    { args: ["--push", "-qtIMAGE", "."] },
    { args: ["--push", "-qt", "IMAGE", "--", "."] },
    { args: ["--push=true", "--tag=IMAGE", "--quiet=true", "--pull=0", "."] },
  ),
};

const FILES_AND_FAILURES: Readonly<Record<string, Case>> = {
  "a missing context": uses(["nowhere"], ["./Dockerfile"]),
  "no Dockerfile": project({ a: "a" }, pushed(), ["-f", "nope", "."]),
  "an invalid Dockerfile": project(
    { Dockerfile: "FORM x\n", empty: "", late: "RUN x\nFROM scratch\n", bare: "FROM\n" },
    pushed(),
    pushed("-f", "empty"),
    pushed("-f", "late"),
    pushed("-f", "bare"),
  ),
  "a RUN that fails": dockerfile(
    FAILS,
    pushed(),
    pushed("-q"),
    pushed("--progress", "plain"),
    pushed("--progress", "rawjson"),
  ),
  "a COPY of a missing file": dockerfile(`${FROM}COPY nothing /\n`, pushed()),
  "a missing base image": dockerfile(`FROM ${REGISTRY}/nobody/built:this\n`, pushed()),
  "an unreachable registry": dockerfile(FROM, ["--push", "-t", "127.0.0.1:9/a", "."]),
  "the files a failed build leaves": project(
    { Dockerfile: FAILS, id: "sha256:old", "m.json": "{}" },
    pushed("--iidfile", "id", "--metadata-file", "m.json"),
    ["--iidfile", "id", "-t", "UPPER", "."],
    ["--iidfile", "id", "nowhere"],
    ["--iidfile", "id", "--nope", "."],
  ),
  "files that cannot be written": uses(pushed("--iidfile", "no/id"), pushed("--metadata-file", "no/m.json")),
};

const RESULTS: Readonly<Record<string, Case>> = {
  "the files a build leaves": project(
    { Dockerfile: `${FROM}RUN echo x > /x\n`, id: "sha256:old" },
    pushed("--iidfile", "id", "--metadata-file", "m.json"),
    pushed("-q", "--iidfile", "out.txt"),
    { args: ["--push", "-t", "IMAGE:1", "-t", "IMAGE:2", "--metadata-file", "m.json", "."] },
  ),
  "default attestations": uses({
    ...pushed("--iidfile", "id", "--metadata-file", "m.json"),
    env: { BUILDX_NO_DEFAULT_ATTESTATIONS: "0" },
  }),
  "provenance in the metadata file": uses(
    { ...pushed("--metadata-file", "m.json"), env: { BUILDX_METADATA_PROVENANCE: "min" } },
    { ...pushed("--metadata-file", "m.json"), env: { BUILDX_METADATA_PROVENANCE: "max" } },
    { ...pushed("--metadata-file", "m.json"), env: { BUILDX_METADATA_PROVENANCE: "disabled" } },
    { ...pushed("--metadata-file", "m.json"), env: { BUILDX_METADATA_PROVENANCE: "0" } },
    { ...pushed("--metadata-file", "m.json"), env: { BUILDX_METADATA_PROVENANCE: "nonsense" } },
    pushedBy("buildkit", "--metadata-file", "m.json"),
  ),
  "the command line in provenance": project(
    {
      "sub/app.Dockerfile": `${FROM.trim()} AS one\nARG A\nRUN --mount=type=secret,id=s echo $A > /a\nFROM scratch\n`,
      token: "hush",
    },
    ...["min", "max"].map((mode) => ({
      args: "--push -t IMAGE --metadata-file m.json -f sub/app.Dockerfile --build-arg A=1 --label l=m --target one --secret id=s,src=token --no-cache --add-host h:10.0.0.1 .".split(
        " ",
      ),
      env: { SLIPWAY_BUILDER: "buildkit", BUILDX_METADATA_PROVENANCE: mode },
    })),
  ),
  "forms of progress": uses(
    pushed("-q"),
    pushed("--progress", "quiet"),
    pushed("--progress", "none"),
    pushed("--progress", "plain"),
    pushed("--progress", "rawjson"),
    pushed("-q", "--progress", "quiet"),
    { ...pushed(), env: { BUILDKIT_PROGRESS: "rawjson" } },
    { ...pushed("-q"), env: { BUILDKIT_PROGRESS: "plain" } },
  ),
  "a directory as the result": project(
    {
      Dockerfile: `${FROM.trim()} AS tools\nRUN mkdir -p /out/bin && echo made > /out/bin/made && chmod 750 /out/bin/made && ln -s bin/made /out/link\nFROM scratch\nCOPY --from=tools /out/ /\n`,
      "out/old": "old",
    },
    { args: ["-o", "out", "."], env: { SLIPWAY_BUILDER: "buildkit" } },
    { args: ["-o", "type=local,dest=new", "--metadata-file", "m.json", "."], env: { SLIPWAY_BUILDER: "buildkit" } },
    { args: ["-q", "-o", "type=tar,dest=files.tar", "."], env: { SLIPWAY_BUILDER: "buildkit" } },
  ),
  "a build without a result": uses(["-q", "-o", "type=cacheonly", "."], {
    args: ["-o", "type=cacheonly", "--metadata-file", "m.json", "--iidfile", "id", "."],
  }),
  "an image that is not pushed": uses({
    args: ["-q", "-o", "type=image,name=IMAGE", "--metadata-file", "m.json", "--iidfile", "id", "."],
  }),
  "an archive as the result": dockerfile(
    `${FROM}RUN echo x > /x\n`,
    { args: ["-t", "IMAGE", "-o", "type=oci,dest=o.tar", "--metadata-file", "m.json", "--iidfile", "id", "."] },
    {
      args: ["-t", "IMAGE", "-o", "type=docker,dest=d.tar", "--metadata-file", "m.json", "--iidfile", "id", "-q", "."],
    },
  ),
};

const CONTEXTS: Readonly<Record<string, Case>> = {
  "an archive on standard input": project(
    CONTEXT,
    { args: ["--push", "-t", "IMAGE", "-"], stdin: archive },
    { args: ["--push", "-t", "IMAGE", "-q", "-f", "sub/Dockerfile", "-"], stdin: archive },
  ),
  "a Dockerfile on standard input": project(
    CONTEXT,
    { args: ["--push", "-t", "IMAGE", "-"], stdin: typed(`${FROM}LABEL a=b\n`) },
    { args: ["--push", "-t", "IMAGE", "-f", "-", "."], stdin: typed(`${FROM}COPY a /\n`) },
    { args: ["--push", "-t", "IMAGE", "-"], stdin: typed("") },
    { args: ["-f", "Dockerfile", "-"], stdin: typed(FROM) },
    { args: ["--iidfile", "old", "-"], stdin: typed("this is no Dockerfile\n") },
  ),
};

const OUTLINED = `# syntax is not asked for
# VERSION of the thing
ARG VERSION=1
ARG EMPTY

# test runs the tests
${FROM.trim()} AS test
# LEVEL of noise
ARG LEVEL=2
ARG VERSION
RUN --mount=type=secret,id=token,required=true --mount=type=ssh true

FROM test
ARG LAST="a b"
`;

const CALLS: Readonly<Record<string, Case>> = {
  "--call outline": dockerfile(
    OUTLINED,
    ["--call", "outline", "."],
    ["--call", "outline", "--target", "test", "."],
    ["--call", "outline", "--build-arg", "LEVEL=9", "."],
  ),
  "--call targets": dockerfile(
    `${OUTLINED}# last but one\nFROM test AS One\n# two is the last\n\nFROM scratch AS two\n`,
    ["--call", "targets", "."],
    ["--call", "targets", "--target", "nope", "."],
  ),
  "--call in JSON": dockerfile(
    "# a is the first\nFROM scratch AS a\n# X marks\nARG X=1\nFROM a\n",
    ["--call", "targets,format=json", "."],
    ["--call", "outline,format=json", "."],
    ["--call", "check,format=json", "."],
  ),
  "results of a check": dockerfile(
    "FROM scratch AS Build\n\nLABEL a b\n",
    ["--check", "."],
    ["--call", "check,format=json", "."],
    ["--call", "check,ignorestatus=true", "."],
    ["--check", "--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all", "."],
    ["--check", "--metadata-file", "m.json", "."],
    ["--check", "-q", "."],
  ),
  "a check of one target": dockerfile(
    "FROM scratch AS B\nCMD x\nFROM scratch\nCMD y\nCOPY --from=b . .\nFROM scratch AS e\nCMD z\n",
    ["--check", "."],
    ["--check", "--target", "b", "."],
    ["--check", "--target", "1", "."],
    ["--check", "--target", "e", "."],
    ["--check", "--target", "nope", "."],
  ),
};

export const SITUATIONS: Readonly<Record<string, Case>> = {
  ...COMMAND_LINE,
  ...FILES_AND_FAILURES,
  ...RESULTS,
  ...CONTEXTS,
  ...CALLS,
};
