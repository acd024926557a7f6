/** The files that Kubernetes mounts into every container: a builder without a root file system of its own cannot write them. */
import { file, symlink } from "../case.ts";
import type { ExpectedFile, FeatureCase } from "../case.ts";
import { archive } from "../tar-archive.ts";

const BROUGHT = { "etc/hosts": "10.0.0.7 db\n", "etc/hostname": "box\n" } as const;
const LINK = "/run/systemd/resolve/stub-resolv.conf";
const EXPECTED: Readonly<Record<string, ExpectedFile>> = {
  "etc/hosts": file("10.0.0.7 db\n"),
  "etc/hostname": file("box\n"),
};

export const POD_FILE_CASES: readonly FeatureCase[] = [
  {
    id: "copy-pod-files",
    title: "COPY of a directory with /etc/hosts, /etc/hostname and /etc/resolv.conf",
    files: {
      "root/etc/hosts": "10.0.0.7 db\n",
      "root/etc/hostname": "box\n",
      "root/etc/resolv.conf": { symlink: LINK },
    },
    dockerfile: "FROM @base@\nCOPY @id@/root /\nRUN true",
    expect: { files: { ...EXPECTED, "etc/resolv.conf": symlink(LINK) } },
  },
  {
    id: "copy-pod-file",
    title: "COPY of a file to /etc/hosts",
    files: { hosts: "10.0.0.7 db\n" },
    dockerfile: "FROM @base@\nCOPY @id@/hosts /etc/hosts",
    expect: { files: { "etc/hosts": file("10.0.0.7 db\n") } },
  },
  {
    id: "copy-stage-pod-files",
    title: "COPY --from=IMAGE of its whole /etc",
    dockerfile: "FROM @base@\nCOPY --from=@pod-files@ /etc /etc",
    expect: { files: EXPECTED },
  },
  {
    id: "add-pod-files",
    title: "ADD of an archive with /etc/hosts",
    files: { "root.tar": archive(BROUGHT) },
    dockerfile: "FROM @base@\nADD @id@/root.tar /",
    expect: { files: EXPECTED },
  },
  {
    id: "from-pod-files",
    title: "A base image with /etc/hosts and /etc/hostname",
    dockerfile: "FROM @pod-files@\nRUN echo made > /made",
    expect: { files: { ...EXPECTED, made: file("made\n") } },
  },
  {
    id: "run-hostname",
    title: "RUN that writes /etc/hostname",
    dockerfile: "FROM @base@\nRUN echo box > /etc/hostname",
    expect: { files: { "etc/hostname": file("box\n") } },
  },
];
