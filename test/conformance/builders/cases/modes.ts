/** `--chmod`: octal and symbolic, of files and of the directories that COPY makes. */
import { directory, file } from "../case.ts";
import type { ContextFile, FeatureCase } from "../case.ts";

const FILES: Readonly<Record<string, ContextFile>> = {
  "a.txt": { content: "a\n", mode: 0o600 },
  "x.sh": { content: "x\n", mode: 0o700 },
  "dir/d": { content: "d\n", mode: 0o640 },
};

export const MODE_CASES: readonly FeatureCase[] = [
  {
    id: "copy-chmod-special",
    title: "COPY --chmod=4755",
    files: FILES,
    lines: "COPY --chmod=4755 @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n", { mode: 0o4755 }) } },
  },
  {
    id: "copy-chmod-variable",
    title: "COPY --chmod=$MODE",
    files: FILES,
    lines: "ARG copy_mode=751\nCOPY --chmod=$copy_mode @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n", { mode: 0o751 }) } },
  },
  {
    id: "copy-chmod-symbolic",
    title: "COPY --chmod=u=rwX,go=rX",
    files: FILES,
    lines: "COPY --chmod=u=rwX,go=rX @id@/a.txt @id@/x.sh @id@/dir /c/@id@/",
    expect: {
      files: {
        "c/@id@": directory(),
        "c/@id@/a.txt": file("a\n"),
        "c/@id@/x.sh": file("x\n", { mode: 0o755 }),
        "c/@id@/d": file("d\n"),
      },
    },
  },
  {
    id: "copy-chmod-symbolic-forms",
    title: "COPY --chmod=+x and --chmod=go=u",
    files: FILES,
    lines: "COPY --chmod=+x @id@/a.txt /c/@id@/plus\nCOPY --chmod=go=u @id@/a.txt /c/@id@/copied",
    expect: {
      files: { "c/@id@/plus": file("a\n", { mode: 0o711 }), "c/@id@/copied": file("a\n", { mode: 0o666 }) },
    },
  },
  {
    id: "copy-chmod-symbolic-variable",
    title: "COPY --chmod=$MODE with a symbolic mode",
    files: FILES,
    lines: "ARG copy_symbolic=u=rwX\nCOPY --chmod=$copy_symbolic @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n", { mode: 0o600 }) } },
  },
  {
    id: "copy-chmod-symbolic-directory",
    title: "COPY --chmod=a-w of a directory",
    files: FILES,
    lines: "COPY --chmod=a-w @id@/dir /c/@id@",
    expect: { files: { "c/@id@": directory(), "c/@id@/d": file("d\n", { mode: 0o440 }) } },
  },
  {
    id: "copy-chmod-directory",
    title: "COPY --chmod=0775 of a directory: the directory too",
    files: FILES,
    dockerfile: "FROM @base@\nRUN mkdir -p /c\nCOPY --chmod=0775 @id@/dir /c/@id@",
    expect: { files: { "c/@id@": directory({ mode: 0o775 }), "c/@id@/d": file("d\n", { mode: 0o775 }) } },
  },
  {
    id: "add-chmod-symbolic",
    title: "ADD --chmod=u=rwX,go=rX",
    files: FILES,
    lines: "ADD --chmod=u=rwX,go=rX @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n") } },
  },
];
