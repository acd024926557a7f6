/** RUN --mount: what each type's options say. */
import { generateKeyPairSync } from "node:crypto";
import { ABSENT, file } from "../case.ts";
import type { FeatureCase } from "../case.ts";

/** Nobody's: it opens nothing. */
const KEY = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" });

export const MOUNT_CASES: readonly FeatureCase[] = [
  {
    id: "mount-bind-image",
    title: "RUN --mount=type=bind,from=IMAGE",
    lines: "RUN --mount=type=bind,from=@other@,source=/other.txt,target=/o.txt mkdir -p /c/@id@ && cp /o.txt /c/@id@/a",
    expect: { files: { "c/@id@/a": file("other\n") } },
  },
  {
    id: "mount-bind-written",
    title: "RUN --mount=type=bind,rw: what is written is not kept",
    files: { "a.txt": "a\n" },
    lines:
      "RUN --mount=type=bind,source=@id@,target=/c/@id@-bound,rw mkdir -p /c/@id@ && echo w > /c/@id@-bound/w && cp /c/@id@-bound/w /c/@id@/",
    expect: { files: { "c/@id@/w": file("w\n"), "c/@id@-bound/w": ABSENT } },
  },
  {
    id: "mount-bind-in-directory",
    title: "RUN --mount=type=bind in a directory of the image: what RUN writes beside it is kept",
    files: { "a.txt": "a\n" },
    lines:
      "RUN mkdir -p /c/@id@\nRUN --mount=type=bind,source=@id@,target=/c/@id@/bound,rw echo w > /c/@id@/bound/w && cp /c/@id@/bound/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n"), "c/@id@/bound/w": ABSENT } },
  },
  {
    id: "mount-cache-in-directory",
    title: "RUN --mount=type=cache in a directory of the image: what RUN writes beside it is kept",
    lines:
      "RUN mkdir -p /c/@id@/modules\nRUN --mount=type=cache,target=/c/@id@/modules/.cache echo k > /c/@id@/modules/.cache/k && echo l > /c/@id@/modules/left",
    expect: { files: { "c/@id@/modules/left": file("l\n"), "c/@id@/modules/.cache/k": ABSENT } },
  },
  {
    id: "mount-cache-made",
    title: "RUN --mount=type=cache in a directory that is made for it: what RUN writes beside it is kept",
    dockerfile:
      "FROM @base@\nWORKDIR /app\nRUN --mount=type=cache,target=/app/node_modules/.cache mkdir -p /app/node_modules/left && echo 1 > /app/node_modules/left/index.js && echo 2 > /app/built.js",
    expect: { files: { "app/built.js": file("2\n"), "app/node_modules/left/index.js": file("1\n") } },
  },
  {
    id: "mount-relative",
    title: "RUN --mount with a target relative to WORKDIR",
    files: { "a.txt": "a\n" },
    dockerfile:
      "FROM @base@\nWORKDIR /work\nRUN --mount=type=bind,source=@id@,target=bound cp /work/bound/a.txt /copied",
    expect: { files: { copied: file("a\n") } },
  },
  {
    id: "mount-cache-options",
    title: "RUN --mount=type=cache with id, sharing, uid, gid and mode",
    lines:
      "RUN --mount=type=cache,id=@id@,sharing=locked,uid=1000,gid=2000,mode=0750,target=/kept mkdir -p /c/@id@ && stat -c '%u:%g %a' /kept > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("1000:2000 750\n") } },
  },
  {
    id: "mount-cache-from",
    title: "RUN --mount=type=cache,from=STAGE: filled to begin with",
    stages: "FROM @base@ AS cache-source\nRUN mkdir /seed && echo seeded > /seed/a",
    lines:
      "RUN --mount=type=cache,from=cache-source,source=/seed,target=/kept mkdir -p /c/@id@ && cp /kept/a /c/@id@/a",
    expect: { files: { "c/@id@/a": file("seeded\n") } },
  },
  {
    id: "mount-tmpfs-size",
    title: "RUN --mount=type=tmpfs,size=",
    lines:
      "RUN --mount=type=tmpfs,target=/scratch,size=1m mkdir -p /c/@id@ && df -k /scratch | awk 'END { print $2 }' > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("1024\n") } },
  },
  {
    id: "mount-secret-target",
    title: "RUN --mount=type=secret with target, mode, uid and gid",
    files: { secret: "hush\n" },
    dockerfile:
      "FROM @base@\nRUN --mount=type=secret,id=token,target=/etc/token,mode=0440,uid=1000,gid=2000 mkdir -p /c/@id@ && stat -c '%u:%g %a %s' /etc/token > /c/@id@/a",
    flags: ["--secret=id=token,src=@root@/@id@/secret"],
    ignore: "@id@/secret",
    expect: { files: { "c/@id@/a": file("1000:2000 440 5\n"), "etc/token": ABSENT } },
  },
  {
    id: "mount-secret-env",
    title: "RUN --mount=type=secret,env=NAME",
    files: { secret: "hush" },
    dockerfile:
      'FROM @base@\nRUN --mount=type=secret,id=token,env=TOKEN mkdir -p /c/@id@ && echo "${#TOKEN}" > /c/@id@/a',
    flags: ["--secret=id=token,src=@root@/@id@/secret"],
    ignore: "@id@/secret",
    expect: { files: { "c/@id@/a": file("4\n") }, config: { Env: ["@path@"] } },
  },
  {
    id: "mount-secret-required",
    title: "RUN --mount=type=secret,required=true that is not given fails",
    dockerfile: "FROM @base@\nRUN --mount=type=secret,id=missing,required=true true",
    expect: { fails: /secret.*(?:missing|required|not found)/i },
  },
  {
    id: "mount-ssh-key",
    title: "RUN --mount=type=ssh with --ssh",
    files: { key: KEY },
    dockerfile:
      'FROM @base@\nRUN --mount=type=ssh mkdir -p /c/@id@ && if [ -S "$SSH_AUTH_SOCK" ]; then echo there; else echo none; fi > /c/@id@/a',
    flags: ["--ssh=default=@root@/@id@/key"],
    ignore: "@id@/key",
    expect: { files: { "c/@id@/a": file("there\n") } },
  },
];
