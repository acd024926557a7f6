/** ADD: archives and URLs, besides what COPY does. */
import { archive } from "../tar-archive.ts";
import { directory, file } from "../case.ts";
import type { FeatureCase } from "../case.ts";

const CONTENT = { "in/one.txt": "one\n", "in/two.txt": "two\n" };
const SHA256_OF_SERVED = "c5acc4ae7d85cda11df11e6bc0c06ab55bffbd2b3db121d0a9e3ebb98bd98cac";

export const ADD_CASES: readonly FeatureCase[] = [
  {
    id: "add-file",
    title: "ADD of a file",
    files: { "a.txt": "a\n" },
    lines: "ADD @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n") } },
  },
  {
    id: "add-chown",
    title: "ADD --chown",
    files: { "a.txt": "a\n" },
    lines: "ADD --chown=1000:2000 @id@/a.txt /c/@id@/",
    expect: { files: { "c/@id@/a.txt": file("a\n", { owner: "1000:2000" }) } },
  },
  {
    id: "add-tar",
    title: "ADD unpacks a tar",
    files: { "x.tar": archive(CONTENT) },
    lines: "ADD @id@/x.tar /c/@id@/",
    expect: { files: { "c/@id@/in": directory(), "c/@id@/in/one.txt": file("one\n") }, lists: { "c/@id@": ["in"] } },
  },
  {
    id: "add-tar-gz",
    title: "ADD unpacks a tar.gz, whatever it is called",
    files: { "x.data": archive(CONTENT, "gzip") },
    lines: "ADD @id@/x.data /c/@id@/",
    expect: { files: { "c/@id@/in/two.txt": file("two\n") }, lists: { "c/@id@": ["in"] } },
  },
  {
    id: "add-not-a-tar",
    title: "ADD of a .tar that is none copies it",
    files: { "x.tar": "not an archive\n" },
    lines: "ADD @id@/x.tar /c/@id@/",
    expect: { files: { "c/@id@/x.tar": file("not an archive\n") } },
  },
  {
    id: "copy-tar",
    title: "COPY leaves a tar as it is",
    files: { "x.tar": archive(CONTENT) },
    lines: "COPY @id@/x.tar /c/@id@/",
    expect: { lists: { "c/@id@": ["x.tar"] } },
  },
  {
    id: "add-unpack",
    title: "ADD --unpack=false",
    files: { "x.tar": archive(CONTENT) },
    lines: "ADD --unpack=false @id@/x.tar /c/@id@/",
    expect: { lists: { "c/@id@": ["x.tar"] } },
  },
  {
    id: "add-url",
    title: "ADD of a URL: mode 0600",
    lines: "ADD @served@/served.txt /c/@id@/",
    expect: { files: { "c/@id@/served.txt": file("served\n", { mode: 0o600 }) } },
  },
  {
    id: "add-checksum",
    title: "ADD --checksum of a URL",
    lines: `ADD --checksum=sha256:${SHA256_OF_SERVED} @served@/served.txt /c/@id@/`,
    expect: { files: { "c/@id@/served.txt": file("served\n", { mode: 0o600 }) } },
  },
  {
    id: "add-checksum-wrong",
    title: "ADD --checksum that does not match fails",
    dockerfile: `FROM @base@\nADD --checksum=sha256:${"0".repeat(64)} @served@/served.txt /c/@id@/`,
    expect: { fails: /digest mismatch|unexpected response digest|checksum/i },
  },
  {
    id: "add-git",
    title: "ADD of a git repository: its branch, without .git",
    lines: "ADD @repository@#main /c/@id@/",
    expect: { files: { "c/@id@/committed.txt": file("second\n") }, lists: { "c/@id@": ["committed.txt"] } },
  },
  {
    id: "add-git-tag",
    title: "ADD of a git repository at a tag",
    lines: "ADD @repository@#first /c/@id@/",
    expect: { files: { "c/@id@/committed.txt": file("first\n") } },
  },
  {
    id: "add-git-dir",
    title: "ADD --keep-git-dir",
    lines: "ADD --keep-git-dir=true @repository@#main /c/@id@/",
    expect: { files: { "c/@id@/committed.txt": file("second\n") }, lists: { "c/@id@": [".git", "committed.txt"] } },
  },
];
