/**
 * The Dockerfile features that each builder supports. A builder refuses an unsupported feature with its own message or, worse,
 * ignores it: kaniko v1.24 ignores every `RUN --mount`, buildah `RUN --network=none`, makisu the JSON form of RUN. Slipway refuses
 * both cases before it creates anything.
 */
import type { Feature, FeatureUse } from "../lib/dockerfile/features.ts";
import { BuilderUnable } from "../errors.ts";
import { isAtLeast, useLaterImage, versionOf } from "./image-version.ts";
import type { BuilderName } from "../plan/builder-names.ts";
import { useAnother } from "../plan/docker/capability-needs.ts";

/** True, or the first version of the builder that has the feature enabled. Not listed: unsupported. */
type Ability = true | string;

interface FeatureRow {
  /** As written in a Dockerfile. */
  readonly title: string;
  readonly builders: Readonly<Partial<Record<BuilderName, Ability>>>;
}

const EVERY_BUT_MAKISU = { kaniko: true, buildkit: true, buildah: true, img: true } as const;
const EVERY_BUT_KANIKO = { buildkit: true, buildah: true, img: true, makisu: true } as const;
const NEWER = { buildkit: true, buildah: true } as const;

/**
 * test/conformance/builders tests these features on the real builders. That Buildah can ADD a git repository is from its source,
 * because its image on the test cluster has no git.
 */
export const DOCKERFILE_FEATURES: Readonly<Record<Feature, FeatureRow>> = {
  "add-checksum": { title: "ADD --checksum", builders: NEWER },
  "add-git": { title: "ADD of a git repository", builders: NEWER },
  "add-keep-git-dir": { title: "ADD --keep-git-dir", builders: { buildkit: true } },
  "add-unpack": { title: "ADD --unpack", builders: { buildkit: true } },
  "add-url": { title: "ADD of a URL", builders: EVERY_BUT_MAKISU },
  // With the other builders these variables are empty, and the build continues.
  "arg-platform": {
    title: "ARG TARGETARCH and similar arguments",
    builders: { ...NEWER, img: true, kaniko: "1.25.6" },
  },
  "arg-platform-from": {
    title: "FROM with $TARGETARCH and similar arguments",
    // Kaniko v1.28.3 takes the name of a stage for an image.
    builders: { ...NEWER, img: true },
  },
  "copy-chmod": { title: "COPY --chmod", builders: { ...NEWER, kaniko: true } },
  // Kaniko v1.24 loses these bits.
  "copy-chmod-special": {
    title: "COPY --chmod with setuid, setgid or sticky",
    builders: { ...NEWER, kaniko: "1.28.3" },
  },
  "copy-chmod-symbolic": { title: "COPY --chmod with a symbolic mode", builders: { buildkit: true, kaniko: "1.28.3" } },
  // Kaniko changes the directories that COPY makes, too.
  "copy-chmod-symbolic-directory": {
    title: "COPY --chmod with a symbolic mode that changes 0755",
    builders: { buildkit: true },
  },
  // BuildKit and img ask the client for it in a header, and fail while they build.
  "copy-control-character": {
    title: "COPY of a name with a control character",
    builders: { kaniko: true, buildah: true, makisu: true },
  },
  "copy-exclude": { title: "COPY --exclude", builders: NEWER },
  // It changes how layers depend on each other, and not the files of the image.
  "copy-link": { title: "COPY --link", builders: { ...NEWER, kaniko: true } },
  "copy-parents": { title: "COPY --parents", builders: NEWER },
  // Kubernetes mounts these files into kaniko's root file system, so kaniko leaves them out of the image.
  "copy-pod-file": {
    title: "COPY or ADD of /etc/hosts, /etc/hostname or /etc/resolv.conf",
    builders: EVERY_BUT_KANIKO,
  },
  escape: { title: "the escape directive", builders: EVERY_BUT_MAKISU },
  "from-platform": { title: "FROM --platform", builders: EVERY_BUT_MAKISU },
  "from-platform-fixed": {
    title: "FROM --platform with a fixed platform",
    builders: { ...NEWER, img: true },
  },
  heredoc: { title: "heredocs", builders: { ...NEWER, kaniko: "1.25.4" } },
  "mount-bind": { title: "RUN --mount=type=bind", builders: { ...NEWER, kaniko: "1.28.0" } },
  "mount-bind-from": { title: "RUN --mount=type=bind,from=…", builders: NEWER },
  "mount-cache": { title: "RUN --mount=type=cache", builders: { ...NEWER, kaniko: "1.26.0" } },
  "mount-cache-from": { title: "RUN --mount=type=cache,from=…", builders: NEWER },
  // Kaniko removes a directory that it made for a mount, with all that the RUN wrote there.
  "mount-made": { title: "RUN --mount in a directory that may not exist", builders: NEWER },
  "mount-relative": { title: "RUN --mount with a relative target", builders: NEWER },
  "mount-secret": { title: "RUN --mount=type=secret", builders: { ...NEWER, kaniko: "1.27.0" } },
  // Kaniko writes the secret over the image's file of that name, and then removes it.
  "mount-secret-target": { title: "RUN --mount=type=secret,target=…", builders: NEWER },
  "mount-ssh": { title: "RUN --mount=type=ssh", builders: NEWER },
  "mount-tmpfs": { title: "RUN --mount=type=tmpfs", builders: NEWER },
  "mount-tmpfs-size": { title: "RUN --mount=type=tmpfs,size=…", builders: { buildkit: true } },
  onbuild: { title: "ONBUILD", builders: EVERY_BUT_MAKISU },
  // In the other builders' RUN, this file is a mount.
  "run-hostname": { title: "RUN that writes /etc/hostname", builders: { buildkit: true } },
  "run-json": { title: "RUN in the JSON form", builders: EVERY_BUT_MAKISU },
  "run-network-default": { title: "RUN --network=default", builders: { ...NEWER, kaniko: true } },
  // Buildah's RUN shares the pod's network, which is all that `host` can mean in a pod.
  "run-network-host": { title: "RUN --network=host", builders: { buildah: true } },
  "run-network-none": { title: "RUN --network=none", builders: { buildkit: true } },
  "run-security": { title: "RUN --security=insecure", builders: {} },
  "run-security-sandbox": { title: "RUN --security=sandbox", builders: { buildkit: true } },
  shell: { title: "SHELL", builders: EVERY_BUT_MAKISU },
  stopsignal: { title: "STOPSIGNAL by name", builders: EVERY_BUT_MAKISU },
};

/**
 * @param image the builder's image; its tag gives the version
 * @param defaultImage the default image; its version counts if the tag of `image` has none
 * @param kept whether the builder is to stay for the next build
 * @throws BuilderUnable for the first line that the builder would ignore or not understand
 */
export function refuseFeatures(
  uses: readonly FeatureUse[],
  builder: BuilderName,
  image: string,
  defaultImage: string | undefined,
  kept = false,
): void {
  const version = versionOf(image) ?? versionOf(defaultImage ?? "");
  for (const { feature, line, remedy } of uses) {
    const { title, builders } = DOCKERFILE_FEATURES[feature];
    const ability = builders[builder];
    if (canBuild(feature, builder, image, defaultImage)) continue;
    const which = ability === undefined || version === undefined ? builder : `${builder} v${version}`;
    const able = (Object.keys(builders) as BuilderName[]).filter((name) => name !== builder);
    const suggestions = [
      ...(remedy === undefined ? [] : [remedy]),
      ...(typeof ability === "string" ? [useLaterImage(builder, ability, image)] : []),
      ...(able.length === 0 ? ["No builder can do this in an unprivileged pod: remove it."] : useAnother(able, kept)),
    ];
    throw new BuilderUnable(`${which} cannot do ${title}`, { suggestions }, line);
  }
}

/** Whether a builder supports a feature, in the version of its image. */
export function canBuild(
  feature: Feature,
  builder: BuilderName,
  image: string,
  defaultImage: string | undefined,
): boolean {
  const ability = DOCKERFILE_FEATURES[feature].builders[builder];
  const version = versionOf(image) ?? versionOf(defaultImage ?? "");
  return ability === true || (ability !== undefined && version !== undefined && isAtLeast(version, ability));
}
