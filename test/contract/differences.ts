/**
 * The intended differences between slipway and the recorded docker, with their reasons. A difference that is not listed fails its
 * test, and so does a listed difference that no longer occurs.
 */
export interface Difference {
  readonly reason: string;
  /** Lines as the test of the case prints them. `*` stands for any case, `…` for any text. */
  readonly lines: readonly string[];
}

const METADATA = "*: files > m.json > json";
const PROVENANCE = `${METADATA} > buildx.build.provenance`;

export const DIFFERENCES: readonly Difference[] = [
  {
    reason: "Slipway accepts the number of a stage, like docker's classic builder.",
    lines: [
      `a check of one target 3: stdout has in line 1 "Check complete, 3 warnings have been found!", docker's "Check complete, 1 warning has been found!" (32 lines, docker's 12)`,
    ],
  },
  {
    reason: "Slipway prints no carriage return of a Dockerfile: on a terminal it could write over its own line.",
    lines: [
      `lines shown with a warning 4: stdout has in line 7 "   1 |     FROM <registry>/busybox:1.35", docker's "   1 |     FROM <registry>/busybox:1.35\\r"`,
    ],
  },
  {
    reason: "An unprivileged pod cannot grant entitlements.",
    lines: ["--allow: code is 125, docker's 0"],
  },
  {
    reason: "Docker has removed the flag with its classic builder, but scripts still use it.",
    lines: ["--disable-content-trust: code is 0, docker's 125"],
  },
  {
    reason: "Slipway does not support source policies, so it does not read the file.",
    lines: ["--policy: code is 125, docker's 1"],
  },
  {
    reason: "Slipway refuses a cache type that does not exist; docker ignores it.",
    lines: ["an invalid value 16: code is 125, docker's 0"],
  },
  {
    reason: "Slipway reports only the parse error; docker also prints the warnings before it.",
    lines: [
      `a Dockerfile that cannot be parsed 2: stdout has in line 1 "", docker's "Check complete, 1 warning has been found!" (1 lines, docker's 12)`,
    ],
  },
  {
    reason: "Only BuildKit has the graph of how it read the Dockerfile.",
    lines: [
      `--call in JSON 3: stdout > json > sources > 0 > definition is nothing, docker's "<definition>"`,
      `results of a check 2: stdout > json > sources > 0 > definition is nothing, docker's "<definition>"`,
      `results of a check 5: files > m.json > json > result.json > sources > 0 > definition is nothing, docker's "<definition>"`,
    ],
  },
  {
    reason: "Kaniko writes images in the format of their base, which is docker's format on the test cluster.",
    lines: [
      `${METADATA} > containerimage.descriptor > mediaType is "application/vnd.docker.distribution.manifest.v2+json", docker's "application/vnd.oci.image.manifest.v1+json"`,
    ],
  },
  {
    reason:
      "Docker pushes an index of the image and its attestation. Slipway attests only on request, and pushes a referrer.",
    lines: ["--provenance 1", "default attestations"].flatMap((name) => [
      `${name}: files > m.json > json > containerimage.descriptor > mediaType is "application/vnd.docker.distribution.manifest.v2+json", docker's "application/vnd.oci.image.index.v1+json"`,
      `${name}: files > m.json > json > containerimage.descriptor > digest is "sha256:<digest 2>", docker's "sha256:<digest 1>"`,
      `${name}: files > m.json > json > containerimage.descriptor > platform is {"architecture":"amd64","os":"linux"}, docker's nothing`,
      `${name}: files > m.json > json > containerimage.digest is "sha256:<digest 2>", docker's "sha256:<digest 1>"`,
      `${name}: files > m.json > json > containerimage.config.digest is "sha256:<digest 1>", docker's nothing`,
    ]),
  },
  {
    reason: "The provenance names slipway as the builder.",
    lines: [
      `${PROVENANCE} > builder > id is "https://slipway.dev/builders/…", docker's ""`,
      `${PROVENANCE} > buildType is "https://slipway.dev/provenance/dockerfile/v1", docker's "https://mobyproject.org/buildkit@v1"`,
    ],
  },
  {
    reason: "Provenance that the client makes lacks the facts that only BuildKit knows.",
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
      "The platform of an image is read from its registry. For an image that is not pushed it is known only from --platform.",
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
    reason: "Kaniko's archive for docker has no OCI layout, only the manifest.json that `docker load` reads.",
    lines: [
      `--output: files > d.tar > archive has in line 1 "<digest>.tar.gz", docker's "blobs/" (3 lines, docker's 6)`,
      `an archive as the result 2: files > d.tar > archive has in line 1 "<digest>.tar.gz", docker's "blobs/" (3 lines, docker's 6)`,
      `an archive as the result 2: files > m.json > json > containerimage.descriptor is nothing, docker's {"mediaType":…}`,
    ],
  },
  {
    reason: "Only BuildKit writes the time of an archive.",
    lines: [
      `an archive as the result 1: files > m.json > json > containerimage.descriptor > annotations is nothing, docker's {"org.opencontainers.image.created":"<time>"}`,
    ],
  },
];

/** Returns the listed line that matches a difference; undefined if there is none. */
export function listedAs(found: string): string | undefined {
  return DIFFERENCES.flatMap(({ lines }) => lines).find((line) => patternOf(line).test(found));
}

function patternOf(line: string): RegExp {
  const literal = line.split("…").map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*").replace(/^\\\*: /, ".*?: ")}$`);
}

/** Returns the lines that the case with this name must have. */
export function listedFor(name: string): string[] {
  const all = DIFFERENCES.flatMap(({ lines }) => lines);
  return all.filter(
    (line) => line.startsWith(`${name}: `) || (line.startsWith(name) && /^ \d+: /.test(line.slice(name.length))),
  );
}

/** Lines that any case may have, and that at least one case must have. */
export const LISTED_FOR_ANY: readonly string[] = DIFFERENCES.flatMap(({ lines }) => lines).filter((line) =>
  line.startsWith("*: "),
);
