/** Why a builder's image of the one Dockerfile is not as BuildKit's: by builder, then by what of the image. */
import type { Way } from "../columns.ts";

const EMPTY_MOUNT = "img leaves the empty file over which it mounts its own for RUN.";
const TWO_FILES = "makisu makes two files of a hard link.";

/** One for every difference, and none that is not there. */
export const REASONS: Readonly<Record<Way, Readonly<Record<string, string>>>> = {
  kaniko: {
    "/app/made/tool": "kaniko v1.24 loses setuid bits on the way from one stage to the next.",
    "/app/with-capability": "kaniko v1.24 loses file capabilities on the way from one stage to the next.",
    "/data/after": "kaniko v1.24 leaves out what RUN writes into a volume, as docker did before BuildKit.",
  },
  buildkit: {},
  "buildkit --keep": {},
  buildah: { "config Labels": "Buildah signs its images with its version." },
  img: { "/etc/hosts": EMPTY_MOUNT, "/etc/resolv.conf": EMPTY_MOUNT },
  makisu: {
    "/app/with-capability": "makisu leaves out extended attributes.",
    "/app/work/hard.txt": TWO_FILES,
    "/app/work/made.txt": TWO_FILES,
    "/app/work/pipe": "makisu leaves out what is neither file, directory nor link.",
    "/late": "makisu makes a WORKDIR as root, for any USER.",
    "config ExposedPorts": "makisu leaves out /tcp, which means the same.",
  },
};

/** Differences of a builder that are not explained, and explanations of what is as BuildKit's. */
export function unexplained(builder: Way, differences: readonly { readonly where: string }[]): string[] {
  const seen = differences.map(({ where }) => where);
  const known = Object.keys(REASONS[builder]);
  return [
    ...seen
      .filter((where) => !known.includes(where))
      .map((where) => `${builder}: ${where} differs, and reasons.ts does not say why`),
    ...known
      .filter((where) => !seen.includes(where))
      .map((where) => `${builder}: ${where} is as BuildKit's: take it out of reasons.ts`),
  ];
}
