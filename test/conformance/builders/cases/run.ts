/** RUN: its forms, its mounts, and what it leaves in the file system. */
import { ABSENT, directory, file, symlink } from "../case.ts";
import type { FeatureCase } from "../case.ts";

export const RUN_CASES: readonly FeatureCase[] = [
  {
    id: "run-shell",
    title: "RUN in the shell form",
    lines: "RUN mkdir -p /c/@id@ && echo one > /c/@id@/a; false || echo two >> /c/@id@/a",
    expect: { files: { "c/@id@": directory(), "c/@id@/a": file("one\ntwo\n") } },
  },
  {
    id: "run-json",
    title: "RUN in the JSON form: no shell, no variables",
    lines: 'RUN ["/bin/mkdir", "-p", "/c/@id@/$HOME"]',
    expect: { files: { "c/@id@/$HOME": directory() } },
  },
  {
    id: "run-continued",
    title: "Lines continued, with comments and empty lines between",
    lines: "RUN mkdir -p /c/@id@ && \\\n  # a comment\n\n  echo continued > \\\n/c/@id@/a",
    expect: { files: { "c/@id@/a": file("continued\n") } },
  },
  {
    id: "lower-case",
    title: "Instructions in lower case",
    lines: "run mkdir -p /c/@id@\nworkdir /c/@id@\nrun echo l > a\nworkdir /",
    expect: { files: { "c/@id@/a": file("l\n") } },
  },
  {
    id: "escape-directive",
    title: "The escape directive",
    dockerfile: "# escape=`\nFROM @base@\nRUN mkdir -p /c/@id@ && `\n  echo escaped > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("escaped\n") } },
  },
  {
    id: "run-heredoc",
    title: "RUN with a heredoc",
    lines: "RUN <<END\nset -e\nmkdir -p /c/@id@\necho here > /c/@id@/a\nEND",
    expect: { files: { "c/@id@/a": file("here\n") } },
  },
  {
    id: "run-heredoc-interpreter",
    title: "RUN with a heredoc for another interpreter",
    lines: 'RUN awk -f /dev/stdin <<END\nBEGIN { system("mkdir -p /c/@id@"); print "awk" > "/c/@id@/a" }\nEND',
    expect: { files: { "c/@id@/a": file("awk\n") } },
  },
  {
    id: "copy-heredoc",
    title: "COPY with a heredoc, with variables and without",
    lines:
      'ARG heredoc_name=world\nCOPY <<END /c/@id@/expanded\nhello ${heredoc_name}\nEND\nCOPY <<"END" /c/@id@/literal\nhello ${heredoc_name}\nEND',
    expect: {
      files: { "c/@id@/expanded": file("hello world\n"), "c/@id@/literal": file("hello ${heredoc_name}\n") },
    },
  },
  {
    id: "run-exit-code",
    title: "A RUN that fails ends the build",
    dockerfile: "FROM @base@\nRUN exit 7",
    expect: { fails: /RUN exit 7.*(?:exit code 7|failed)/ },
  },
  {
    id: "mount-bind",
    title: "RUN --mount=type=bind, of the context",
    files: { "a.txt": "bound\n" },
    lines: "RUN --mount=type=bind,source=@id@,target=/bound mkdir -p /c/@id@ && cp /bound/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("bound\n") } },
  },
  {
    id: "mount-bind-from",
    title: "RUN --mount=type=bind,from=STAGE",
    stages: "FROM @base@ AS bind-source\nRUN echo made > /made.txt",
    lines:
      "RUN --mount=type=bind,from=bind-source,source=/made.txt,target=/m.txt mkdir -p /c/@id@ && cp /m.txt /c/@id@/",
    expect: { files: { "c/@id@/m.txt": file("made\n") } },
  },
  {
    id: "mount-cache",
    title: "RUN --mount=type=cache: shared by two RUNs, not in the image",
    lines:
      "RUN --mount=type=cache,target=/c/@id@-kept echo kept > /c/@id@-kept/a\nRUN --mount=type=cache,target=/c/@id@-kept mkdir -p /c/@id@ && cp /c/@id@-kept/a /c/@id@/",
    expect: { files: { "c/@id@/a": file("kept\n"), "c/@id@-kept/a": ABSENT } },
  },
  {
    id: "mount-tmpfs",
    title: "RUN --mount=type=tmpfs",
    lines:
      "RUN --mount=type=tmpfs,target=/scratch mkdir -p /c/@id@ && echo t > /scratch/a && grep -c ' /scratch tmpfs' /proc/mounts > /c/@id@/mounts",
    expect: { files: { "c/@id@/mounts": file("1\n"), "scratch/a": ABSENT } },
  },
  {
    id: "mount-secret",
    title: "RUN --mount=type=secret with --secret",
    files: { secret: "hush\n" },
    dockerfile:
      "FROM @base@\nRUN --mount=type=secret,id=token mkdir -p /c/@id@ && sha256sum < /run/secrets/token | cut -c1-8 > /c/@id@/sum",
    flags: ["--secret=id=token,src=@root@/@id@/secret"],
    ignore: "@id@/secret",
    expect: { files: { "c/@id@/sum": file("7935b0a7\n"), "run/secrets/token": ABSENT } },
  },
  {
    id: "mount-secret-optional",
    title: "RUN --mount=type=secret that is not given",
    lines:
      "RUN --mount=type=secret,id=none mkdir -p /c/@id@ && if [ -e /run/secrets/none ]; then echo there; else echo none; fi > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("none\n") } },
  },
  {
    id: "mount-ssh",
    title: "RUN --mount=type=ssh that is not given",
    lines:
      'RUN --mount=type=ssh mkdir -p /c/@id@ && if [ -S "$SSH_AUTH_SOCK" ]; then echo there; else echo none; fi > /c/@id@/a',
    expect: { files: { "c/@id@/a": file("none\n") } },
  },
  {
    id: "network-none",
    title: "RUN --network=none",
    lines: "RUN --network=none mkdir -p /c/@id@ && grep -c 'eth0' /proc/net/dev > /c/@id@/interfaces || true",
    expect: { files: { "c/@id@/interfaces": file("0\n") } },
  },
  {
    id: "network-host",
    title: "RUN --network=host",
    lines: "RUN --network=host mkdir -p /c/@id@ && grep -c 'eth0' /proc/net/dev > /c/@id@/interfaces",
    expect: { files: { "c/@id@/interfaces": file("1\n") } },
  },
  {
    id: "network-default",
    title: "RUN --network=default",
    lines: "RUN --network=default mkdir -p /c/@id@ && echo d > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("d\n") } },
  },
  {
    id: "security-sandbox",
    title: "RUN --security=sandbox",
    lines: "RUN --security=sandbox mkdir -p /c/@id@ && echo s > /c/@id@/a",
    expect: { files: { "c/@id@/a": file("s\n") } },
  },
  {
    id: "security-insecure",
    title: "RUN --security=insecure",
    lines: "RUN --security=insecure true",
    expect: {},
  },
  {
    id: "whiteout-file",
    title: "A RUN removes a file of the base image",
    dockerfile: "FROM @base@\nRUN rm /bin/tac",
    expect: { files: { "bin/tac": ABSENT, "bin/tail": symlink("busybox") } },
  },
  {
    id: "whiteout-copied",
    title: "A RUN removes a file that was copied",
    files: { "a.txt": "a\n", "b.txt": "b\n" },
    lines: "COPY @id@ /c/@id@\nRUN rm /c/@id@/a.txt",
    expect: { lists: { "c/@id@": ["b.txt"] } },
  },
  {
    id: "whiteout-directory",
    title: "A RUN removes a directory and makes it anew",
    lines:
      "RUN mkdir -p /c/@id@/d && echo old > /c/@id@/d/old && echo both > /c/@id@/d/both\nRUN rm -r /c/@id@/d && mkdir /c/@id@/d && echo new > /c/@id@/d/new && echo new > /c/@id@/d/both",
    expect: { lists: { "c/@id@/d": ["both", "new"] }, files: { "c/@id@/d/both": file("new\n") } },
  },
  {
    id: "whiteout-name",
    title: "A RUN puts a directory where a file was, and a symlink where a directory was",
    lines:
      "RUN mkdir -p /c/@id@/dir && echo f > /c/@id@/file && echo i > /c/@id@/dir/in\nRUN cd /c/@id@ && rm file && mkdir file && echo i > file/in && rm -r dir && ln -s file dir",
    expect: { files: { "c/@id@/file": directory(), "c/@id@/file/in": file("i\n"), "c/@id@/dir": symlink("file") } },
  },
  {
    id: "hardlink",
    title: "A hard link made by RUN",
    lines: "RUN mkdir -p /c/@id@ && echo linked > /c/@id@/a && ln /c/@id@/a /c/@id@/b",
    expect: { files: { "c/@id@/a": file("linked\n"), "c/@id@/b": { kind: "hardlink", of: "c/@id@/a" } } },
  },
  {
    id: "hardlink-across",
    title: "A hard link to a file of an earlier layer",
    lines: "RUN mkdir -p /c/@id@ && echo linked > /c/@id@/a\nRUN ln /c/@id@/a /c/@id@/b",
    expect: { files: { "c/@id@/a": file("linked\n"), "c/@id@/b": file("linked\n") } },
  },
  {
    id: "run-modes",
    title: "setuid, setgid and sticky bits set by RUN",
    lines:
      "RUN mkdir -p /c/@id@/tmp && touch /c/@id@/u /c/@id@/g && chmod 4755 /c/@id@/u && chmod 2755 /c/@id@/g && chmod 1777 /c/@id@/tmp",
    expect: {
      files: {
        "c/@id@/u": file("", { mode: 0o4755 }),
        "c/@id@/g": file("", { mode: 0o2755 }),
        "c/@id@/tmp": directory({ mode: 0o1777 }),
      },
    },
  },
  {
    id: "run-chown",
    title: "chown by RUN; a later chmod keeps content and owner",
    lines: "RUN mkdir -p /c/@id@ && echo mine > /c/@id@/a && chown -R 1234:4321 /c/@id@\nRUN chmod 600 /c/@id@/a",
    expect: {
      files: {
        "c/@id@": directory({ owner: "1234:4321" }),
        "c/@id@/a": file("mine\n", { owner: "1234:4321", mode: 0o600 }),
      },
    },
  },
  {
    id: "run-mtime",
    title: "Times set by RUN",
    lines: "RUN mkdir -p /c/@id@ && touch -d '2001-09-09 01:46:40' /c/@id@/a",
    expect: { files: { "c/@id@/a": file("", { mtime: 1_000_000_000 }) } },
  },
  {
    id: "run-fifo",
    title: "A named pipe made by RUN",
    lines: "RUN mkdir -p /c/@id@ && mkfifo -m 640 /c/@id@/pipe",
    expect: { files: { "c/@id@/pipe": { kind: "fifo", mode: 0o640 } } },
  },
  {
    id: "run-left-running",
    title: "What RUN leaves running ends with it",
    dockerfile:
      "FROM @base@\nRUN setsid sh -c 'while :; do date >> /log; sleep 0.1; done' > /dev/null 2>&1 & sleep 1\nRUN wc -l < /log > /before; sleep 2; wc -l < /log > /after; cmp -s /before /after && echo ended > /state || echo running > /state",
    expect: { files: { state: file("ended\n") } },
  },
  {
    id: "run-left-holding",
    title: "What RUN leaves running with RUN's output open ends with it too",
    dockerfile: "FROM @base@\nRUN (sleep 15; echo late > /late) & echo done > /done",
    expect: { files: { done: file("done\n"), late: ABSENT } },
  },
  {
    id: "large-uid",
    title: "A uid of 60000, and one over 65536",
    dockerfile:
      "FROM @base@\nRUN mkdir -p /c/@id@ && touch /c/@id@/a /c/@id@/b && chown 60000:60000 /c/@id@/a && chown 1000640000:1000640000 /c/@id@/b",
    expect: {
      files: {
        "c/@id@/a": file("", { owner: "60000:60000" }),
        "c/@id@/b": file("", { owner: "1000640000:1000640000" }),
      },
    },
  },
  {
    id: "xattrs",
    title: "File capabilities of a base image, through COPY --from",
    lines: "COPY --from=@capable@ /with-capability /c/@id@/",
    expect: {
      files: { "c/@id@/with-capability": file("capable\n", { mode: 0o755, xattrs: ["security.capability"] }) },
    },
  },
  {
    id: "run-var-run",
    title: "What RUN writes below /var/run",
    dockerfile: "FROM @base@\nRUN mkdir -p /var/run/app && echo r > /var/run/app/a",
    expect: { files: { "var/run/app/a": file("r\n") } },
  },
  {
    id: "run-tmp",
    title: "What RUN writes below /tmp, /workspace and /kaniko-not",
    dockerfile:
      "FROM @base@\nRUN mkdir -p /workspace /kaniko-not && for d in /tmp /workspace /kaniko-not; do echo t > $d/a; done",
    expect: { files: { "tmp/a": file("t\n"), "workspace/a": file("t\n"), "kaniko-not/a": file("t\n") } },
  },
];
