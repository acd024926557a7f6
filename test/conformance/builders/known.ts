/** Known differences of builders, with reasons. The suite fails if a case is correct now, or fails in another way. */
import type { KnownDifference } from "./case.ts";

const differs = (why: string): KnownDifference => ({ kind: "differs", why });
const fails = (why: string): KnownDifference => ({ kind: "fails", why });

const NO_GIT = "The builder's image on the test cluster has no git, which it calls to fetch a repository.";

const UMASK = "kaniko makes the directory with its umask, 022.";
const SURVIVES =
  "kaniko ends only the processes of RUN's own process group; one that calls setsid stays until the build ends.";

const NO_PID_NAMESPACE =
  "In an unprivileged pod BuildKit's RUN shares the pod's processes (--oci-worker-no-process-sandbox), so they are not ended with it.";

/** By column of the page, then by case. The kaniko entries are for v1.24, which the test cluster has. */
export const KNOWN: Readonly<Record<string, Readonly<Record<string, KnownDifference>>>> = {
  kaniko: {
    "arg-scope": differs("kaniko v1.24 hands an ARG on to the stages after its own."),
    "run-left-running": differs(SURVIVES),
    "copy-from-stage": differs("kaniko v1.24 loses setuid bits on the way from one stage to the next."),
    "copy-mtime": differs("kaniko v1.24 gives a copied file the time of the build."),
    "copy-symlink-itself": differs("kaniko v1.24 copies the symlink, not what it points at."),
    "expose-range": differs("kaniko v1.24 keeps the range as one port."),
    "label-flag": differs("In kaniko v1.24 LABEL wins over --label."),
    "unused-stage": fails(
      "kaniko v1.24 leaves out unused stages only where something is copied from a stage with a name; here it builds them all.",
    ),
    user: differs("kaniko v1.24 runs with the gid of the uid, and ignores the group in USER."),
    "volume-written": differs(
      "kaniko v1.24 leaves what is in a volume out of the image, as docker did before BuildKit.",
    ),
    xattrs: differs("kaniko v1.24 loses file capabilities on the way from one stage to the next."),
  },
  "kaniko v1.28.3": {
    "copy-chmod-directory": differs(UMASK),
    "copy-from-stage": differs("kaniko v1.28.3 loses setuid bits on the way from one stage to the next."),
    "copy-symlink-itself": differs("kaniko v1.28.3 copies the symlink, not what it points at."),
    "expose-range": differs("kaniko v1.28.3 keeps the range as one port."),
    "label-flag": differs("In kaniko v1.28.3 LABEL wins over --label."),
    "run-left-running": differs(SURVIVES),
    "volume-written": differs(
      "kaniko v1.28.3 leaves what is in a volume out of the image, as docker did before BuildKit.",
    ),
  },
  buildkit: {
    "copy-setuid": differs(
      "BuildKit writes a file's content after its mode, and without root the kernel takes the bit away then.",
    ),
    "large-uid": fails("The builder has the users 0 to 65536 and no others."),
    "run-left-holding": differs(`${NO_PID_NAMESPACE} RUN also waits until such a process closes its output.`),
    "run-left-running": differs(NO_PID_NAMESPACE),
  },
  "buildkit --keep": {
    "copy-setuid": differs(
      "BuildKit writes a file's content after its mode, and without root the kernel takes the bit away then; COPY --chmod=4755 keeps it.",
    ),
    "large-uid": fails("The builder has the users 0 to 65536 and no others."),
    "run-left-running": differs(
      "A RUN shares the pod's processes (--oci-worker-no-process-sandbox); a kept builder ends what it left within a minute, not at once.",
    ),
  },
  buildah: {
    "copy-chmod-directory": differs("Buildah gives a directory that it makes the mode 0755."),
    "add-git": fails(NO_GIT),
    "add-git-tag": fails(NO_GIT),
    "copy-setuid": differs("Buildah takes the bit from what it copies."),
    "expose-range": differs("Buildah keeps the range as one port."),
    shell: differs("Buildah runs RUN by it, and CMD by /bin/sh -c."),
    "workdir-owner": differs("Buildah makes it only when a RUN needs it."),
  },
  img: {
    "add-tar": fails("img unpacks by a second user namespace, which its own does not allow."),
    "add-tar-gz": fails("img unpacks by a second user namespace, which its own does not allow."),
    "copy-setuid": differs("As BuildKit's."),
    "env-pattern": fails("Its frontend is of 2020 and does not know these forms."),
    "large-uid": fails("The builder has the users 0 to 65536 and no others."),
    "whiteout-directory": fails("In its overlay a directory of an earlier layer cannot be removed."),
    "whiteout-name": fails("In its overlay a directory of an earlier layer cannot be removed."),
  },
  makisu: {
    "copy-from-stage": differs("makisu gave it to root in whole runs, and to its owner when it had less company."),
    "add-tar": differs("makisu copies it."),
    "add-tar-gz": differs("makisu copies it."),
    "entrypoint-resets": differs("makisu keeps the base image's CMD."),
    "env-expansion": differs("makisu does not know \\\\$ as a dollar sign."),
    "env-pattern": fails("makisu does not know these forms."),
    expose: differs("makisu leaves out /tcp, which means the same."),
    "expose-range": differs("makisu keeps the range as one port."),
    "from-stage": fails("makisu looks for the layer of the first stage in a cache that does not have it."),
    hardlink: differs("makisu makes two files of it."),
    "healthcheck-none": differs("makisu writes None, which no engine knows."),
    label: fails("makisu takes no quoted key."),
    "onbuild-base": fails("makisu looks for a layer in a cache that does not have it."),
    "run-fifo": differs("makisu leaves out what is neither file, directory nor link."),
    "unused-stage": fails("makisu builds every stage."),
    "user-home": differs("makisu uses /home/NAME, and ignores /etc/passwd."),
    "whiteout-copied": differs("makisu leaves such a file in the image, which every build with it is told."),
    "workdir-owner": differs("makisu makes it only when a RUN needs it."),
    xattrs: differs("makisu leaves out extended attributes."),
  },
};
