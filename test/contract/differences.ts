/**
 * Where slipway means to do otherwise than the docker that was recorded, and why. A difference that is not listed fails its test, and
 * so does a listed one that is no longer there.
 */
export interface Difference {
  readonly reason: string;
  /** As the test of the case prints them. `*` stands for any case, `…` for any text. */
  readonly lines: readonly string[];
}

const METADATA = "*: files > m.json > json";
const PROVENANCE = `${METADATA} > buildx.build.provenance`;

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: "A stage may be named by its number, as docker's classic builder took it.",
    lines: [
      `a check of one target 3: stdout has in line 1 "Check complete, 3 warnings have been found!", docker's "Check complete, 1 warning has been found!" (32 lines, docker's 12)`,
    ],
  },
  {
    reason: "An unprivileged pod has no entitlements to give.",
    lines: ["--allow: code is 125, docker's 0"],
  },
  {
    reason: "Docker has dropped the flag with its classic builder, and scripts still have it.",
    lines: ["--disable-content-trust: code is 0, docker's 125"],
  },
  {
    reason: "Slipway has no source policies, whether the file is there or not.",
    lines: ["--policy: code is 125, docker's 1"],
  },
  {
    reason: "A cache of a kind that does not exist is refused, where docker passes over it.",
    lines: ["a value that is none 16: code is 125, docker's 0"],
  },
  {
    reason: "What cannot be parsed is refused for that alone, where docker first says what it has seen before.",
    lines: [
      `a Dockerfile that cannot be parsed 2: stdout has in line 1 "", docker's "Check complete, 1 warning has been found!" (1 lines, docker's 12)`,
    ],
  },
  {
    reason: "BuildKit's own graph of how it read the file is BuildKit's alone.",
    lines: [
      `--call in JSON 3: stdout > json > sources > 0 > definition is nothing, docker's "<definition>"`,
      `what a check answers 2: stdout > json > sources > 0 > definition is nothing, docker's "<definition>"`,
      `what a check answers 5: files > m.json > json > result.json > sources > 0 > definition is nothing, docker's "<definition>"`,
    ],
  },
  {
    reason: "Kaniko writes images in the form that their base has, which is docker's own in the test cluster.",
    lines: [
      `${METADATA} > containerimage.descriptor > mediaType is "application/vnd.docker.distribution.manifest.v2+json", docker's "application/vnd.oci.image.manifest.v1+json"`,
    ],
  },
  {
    reason:
      "Docker attests by an index of the image and its attestation. Slipway attests what it is asked to attest, by a referrer.",
    lines: ["--provenance 1", "what is attested unasked"].flatMap((name) => [
      `${name}: files > m.json > json > containerimage.descriptor > mediaType is "application/vnd.docker.distribution.manifest.v2+json", docker's "application/vnd.oci.image.index.v1+json"`,
      `${name}: files > m.json > json > containerimage.descriptor > digest is "sha256:<digest 2>", docker's "sha256:<digest 1>"`,
      `${name}: files > m.json > json > containerimage.descriptor > platform is {"architecture":"amd64","os":"linux"}, docker's nothing`,
      `${name}: files > m.json > json > containerimage.digest is "sha256:<digest 2>", docker's "sha256:<digest 1>"`,
      `${name}: files > m.json > json > containerimage.config.digest is "sha256:<digest 1>", docker's nothing`,
    ]),
  },
  {
    reason: "It is slipway that built, and the provenance says so.",
    lines: [
      `${PROVENANCE} > builder > id is "https://slipway.dev/builders/…", docker's ""`,
      `${PROVENANCE} > buildType is "https://slipway.dev/provenance/dockerfile/v1", docker's "https://mobyproject.org/buildkit@v1"`,
    ],
  },
  {
    reason: "What only BuildKit knows of a build is not in provenance that the client makes.",
    lines: [
      `${PROVENANCE} > materials > 0 > digest is nothing, docker's {"sha256":"<digest …>"}`,
      `${PROVENANCE} > invocation > parameters > compatibilityVersion is nothing, docker's 30`,
      `${PROVENANCE} > invocation > parameters > root is nothing, docker's {"configSource":…}`,
      `${PROVENANCE} > invocation > environment > dockerfileVersion is nothing, docker's "1.28.0"`,
      `${PROVENANCE} > buildConfig is nothing, docker's "<graph>"`,
      `${PROVENANCE} > metadata > completeness > environment is false, docker's true`,
      `${PROVENANCE} > metadata > https://mobyproject.org/buildkit@v1#metadata is nothing, docker's "<BuildKit's own>"`,
    ],
  },
  {
    reason:
      "For which platform an image is stands in its registry: of one that is in none it is known only when it was asked for.",
    lines: [
      `${PROVENANCE} > materials > 0 > uri is "pkg:docker/<registry>/busybox@1.35", docker's "pkg:docker/<registry>/busybox@1.35?platform=linux%2Famd64"`,
      `${PROVENANCE} > invocation > environment > platform is nothing, docker's "linux/amd64"`,
      `an archive as the result 1: files > m.json > json > containerimage.descriptor > platform is nothing, docker's {"architecture":"amd64","os":"linux"}`,
      `an image that is not pushed: files > m.json > json > containerimage.config.digest is nothing, docker's "sha256:<digest 1>"`,
      `an image that is not pushed: files > m.json > json > containerimage.descriptor is nothing, docker's {"mediaType":…}`,
      `an image that is not pushed: files > m.json > json > containerimage.digest is "sha256:<digest 1>", docker's "sha256:<digest 2>"`,
    ],
  },
  {
    reason: "Kaniko's archive for docker has no OCI layout in it, only the list that `docker load` reads.",
    lines: [
      `--output: files > d.tar > archive has in line 1 "<digest>.tar.gz", docker's "blobs/" (3 lines, docker's 6)`,
      `an archive as the result 2: files > d.tar > archive has in line 1 "<digest>.tar.gz", docker's "blobs/" (3 lines, docker's 6)`,
      `an archive as the result 2: files > m.json > json > containerimage.descriptor is nothing, docker's {"mediaType":…}`,
    ],
  },
  {
    reason: "When an archive was made is said by BuildKit alone.",
    lines: [
      `an archive as the result 1: files > m.json > json > containerimage.descriptor > annotations is nothing, docker's {"org.opencontainers.image.created":"<time>"}`,
    ],
  },
];

/** The listed line that a found one is, if there is one. */
export function listedAs(found: string): string | undefined {
  return DIFFERENCES.flatMap(({ lines }) => lines).find((line) => patternOf(line).test(found));
}

function patternOf(line: string): RegExp {
  const literal = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*").replace(/^\\\*: /, ".*?: ")}$`);
}

/** Those that a case of this name has to have. */
export function listedFor(name: string): string[] {
  const all = DIFFERENCES.flatMap(({ lines }) => lines);
  return all.filter(
    (line) => line.startsWith(`${name}: `) || (line.startsWith(name) && /^ \d+: /.test(line.slice(name.length))),
  );
}

/** Those that any case may have, and one has to. */
export const LISTED_FOR_ANY: readonly string[] = DIFFERENCES.flatMap(({ lines }) => lines).filter((line) =>
  line.startsWith("*: "),
);
