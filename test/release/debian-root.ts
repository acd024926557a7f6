/** A Debian of the test's own, of only the packages that every Debian has: a machine on which nobody has installed anything yet. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "./artefacts.ts";
import { mustBash } from "./checkout.ts";

/** From the mirror that this machine installs its own packages from. */
const MAKE = `
  source test/cluster/images/debian.sh
  debootstrap --variant=minbase bookworm "$1" $(debian_mirror) >"$1.log" 2>&1 || { tail "$1.log"; exit 1; }
  rm "$1.log"
`;

/** Node reads /proc. The mount ends with its namespace. */
const WITH_PROC = 'mount -t proc proc /proc; cd /root; eval "$1"';

/** What a shell of root has there, and nothing of this machine's. */
const ENVIRONMENT = {
  HOME: "/root",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LANG: "C.UTF-8",
};

export interface DebianRoot {
  readonly path: string;
  /** Runs a script of bash there as root, in /root. @param typed is its standard input */
  readonly run: (script: string, typed?: string) => { status: number | null; stdout: string; stderr: string };
  readonly remove: () => Promise<void>;
}

/** Needs root. @throws Error if the mirror does not give it */
export async function debianRoot(): Promise<DebianRoot> {
  const path = await mkdtemp(join(tmpdir(), "slipway-debian-"));
  mustBash(MAKE, [path], { cwd: ROOT });
  return {
    path,
    run: (script, typed = "") => {
      // Without --norc, bash takes its standard input for a remote login and runs the machine's bashrc.
      const bash = ["bash", "--norc", "-ec", WITH_PROC, "bash", script];
      const command = ["--mount", "--pid", "--fork", "chroot", path, ...bash];
      const { status, stdout, stderr } = spawnSync("unshare", command, {
        env: ENVIRONMENT,
        input: typed,
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      });
      return { status, stdout, stderr };
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
