/** An archive is built as its directory is, by each builder and each way it can travel. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import type { Image } from "./support/registry.ts";

const namespace = useNamespace({ rbac: ["--transport", "cache"] });

/** Modes with which their owner may not read a file, or not list or search a directory. Root may. */
const CLOSED_FILES = ["000", "111", "200"];
const CLOSED_DIRECTORIES = ["000", "311", "444"];

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What a context may have that a program other than tar loses. */
async function tricky(base: string): Promise<string> {
  const root = await project({
    Dockerfile: `FROM ${base}\nCOPY . /all/\n`,
    "all.txt": { content: "all\n", mode: 0o666 },
    "modcache/m/f": { content: "module\n", mode: 0o444 },
    "up/f": "up\n",
  });
  await mkdir(join(root, "open"));
  await chmod(join(root, "open"), 0o777);
  await symlink("/etc/alternatives/vi", join(root, "vi"));
  await symlink("../../../up", join(root, "up/up"));
  await writeFile(join(root, "disk.img"), "");
  await truncate(join(root, "disk.img"), 300_000);
  await writeFile(join(root, "disk.img"), "END", { flag: "a" });
  for (const mode of CLOSED_FILES) {
    await writeFile(join(root, `file-${mode}`), `${mode}\n`);
    await chmod(join(root, `file-${mode}`), Number.parseInt(mode, 8));
  }
  for (const mode of CLOSED_DIRECTORIES) {
    await mkdir(join(root, `directory-${mode}/deep`), { recursive: true });
    await writeFile(join(root, `directory-${mode}/deep/f`), `${mode}\n`);
    await chmod(join(root, `directory-${mode}`), Number.parseInt(mode, 8));
  }
  await chmod(join(root, "modcache/m"), 0o555);
  onTestFinished(async () => {
    await chmod(join(root, "modcache/m"), 0o755);
    for (const mode of CLOSED_DIRECTORIES) await chmod(join(root, `directory-${mode}`), 0o755);
  });
  return root;
}

function archiveOf(root: string, ...args: string[]): Buffer {
  return execFileSync("tar", [...args, "-cf", "-", "-C", root, "."], { maxBuffer: 1024 ** 3 });
}

/** Mode, size, content and target of what was copied. */
function factsOf(image: Image): unknown {
  return [...image.files]
    .filter(([path]) => path.startsWith("all/") && !path.startsWith("all/Dockerfile"))
    .map(([path, { mode, size, sha256, link }]) => ({ path: path.replace(/\/$/, ""), mode, size, sha256, link }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

const EXPECTED = [
  { path: "all/all.txt", mode: 0o666, size: 4 },
  ...CLOSED_DIRECTORIES.flatMap((mode) => [
    { path: `all/directory-${mode}`, mode: Number.parseInt(mode, 8) },
    { path: `all/directory-${mode}/deep`, mode: 0o755 },
    { path: `all/directory-${mode}/deep/f`, sha256: digestOf(`${mode}\n`) },
  ]),
  { path: "all/disk.img", mode: 0o644, size: 300_003 },
  ...CLOSED_FILES.map((mode) => ({
    path: `all/file-${mode}`,
    mode: Number.parseInt(mode, 8),
    sha256: digestOf(`${mode}\n`),
  })),
  { path: "all/modcache", mode: 0o755 },
  { path: "all/modcache/m", mode: 0o555 },
  { path: "all/modcache/m/f", mode: 0o444, size: 7 },
  { path: "all/open", mode: 0o777 },
  { path: "all/up", mode: 0o755 },
  { path: "all/up/f", size: 3 },
  { path: "all/up/up", link: "../../../up" },
  { path: "all/vi", link: "/etc/alternatives/vi" },
];

describe.each<[BuilderName, readonly string[]]>([
  ["buildkit", ["configmap", "stream", "pvc", "cache"]],
  ["kaniko", ["configmap", "stream"]],
  ["buildah", ["configmap", "stream"]],
])("%s has the files of an archive by", (name, transports) => {
  const builder = testBuilder(name);
  test.each(transports)("%s", { tags: ["long"] }, async (transport) => {
    const root = await tricky(builder.base);
    const image = uniqueImage(builder.registry);
    const flags = [
      ...builder.flags,
      "--transport",
      transport,
      "--volume-size",
      "200Mi",
      "--cache-name",
      `${name}-tricky`,
    ];
    await mustBuild(namespace, [...flags, "-t", image, "-"], { stdin: archiveOf(root, "--format=pax", "-S") });
    expect(factsOf(await builder.read(image))).toMatchObject(EXPECTED);
  });
});

test.each<BuilderName>(["img", "makisu"])("%s has the files of an archive", { tags: ["long"] }, async (name) => {
  const builder = testBuilder(name);
  const root = await tricky(builder.base);
  const image = uniqueImage(builder.registry);
  await mustBuild(namespace, [...builder.flags, "--transport", "stream", "-t", image, "-"], {
    stdin: archiveOf(root, "--format=pax", "-S"),
  });
  expect(factsOf(await builder.read(image))).toMatchObject(EXPECTED);
});

test("a kept builder has the files of an archive", { tags: ["long"] }, async () => {
  const builder = testBuilder("buildkit");
  const root = await tricky(builder.base);
  const image = uniqueImage(builder.registry);
  await mustBuild(namespace, [...builder.flags, "--keep", "5m", "-t", image, "-"], {
    stdin: archiveOf(root, "--format=pax", "-S"),
  });
  expect(factsOf(await builder.read(image))).toMatchObject(EXPECTED);
});

test("a pod that may not read a file names it, and does not make an empty one of it", async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nCOPY . /all/\n`,
    shut: { content: "shut\n", mode: 0o000 },
  });
  const run = await build(namespace, ["--builder", "kaniko", "--security", "restricted", root]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("ERROR: Dockerfile line 2: `COPY . /all/` failed: ");
  expect(run.stderr).toContain("open shut: permission denied");
});

test("a tree with read-only directories is replaced on the volume of --transport cache", async () => {
  const builder = testBuilder("buildkit");
  const root = await tricky(builder.base);
  const cached = [...builder.flags, "--transport", "cache", "--volume-size", "200Mi", "--cache-name", "replaced"];
  await mustBuild(namespace, [...cached, "-t", uniqueImage(), root]);
  await chmod(join(root, "modcache/m"), 0o755);
  await writeFile(join(root, "modcache/m/g"), "second\n");
  await chmod(join(root, "modcache/m"), 0o555);
  const image = uniqueImage();
  const run = await mustBuild(namespace, [...cached, "-t", image, root]);
  expect(run.stderr).not.toContain("WARNING");
  expect(run.stderr).toMatch(/packing context: [0-9]+ of [0-9]+ entries changed/);
  const { files } = await builder.read(image);
  expect(files.get("all/directory-000/deep/f")?.sha256).toBe(digestOf("000\n"));
  expect(files.get("all/modcache/m/g")?.size).toBe(7);
  expect(files.get("all/modcache/m")?.mode ?? files.get("all/modcache/m/")?.mode).toBe(0o555);
});

test("a result as a directory has the links and modes of the image", async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX} AS b
RUN mkdir -p /o/usr/bin /o/a /o/ro && ln -s /etc/alternatives/awk /o/usr/bin/awk && ln -s ../../../up /o/a/up && echo f > /o/ro/f && chmod 4755 /o/ro/f && chmod 555 /o/ro
FROM scratch
COPY --from=b /o /
`,
  });
  await mustBuild(namespace, ["--builder", "buildkit", "-o", `type=local,dest=${join(root, "out")}`, root]);
  const listed = execFileSync("find", [join(root, "out"), "-mindepth", "1", "-printf", "%P %y %m %l\n"], {
    encoding: "utf8",
  });
  await chmod(join(root, "out/ro"), 0o755);
  expect(listed.trim().split("\n").sort()).toEqual([
    "a d 755 ",
    "a/up l 777 ../../../up",
    "ro d 555 ",
    "ro/f f 4755 ",
    "usr d 755 ",
    "usr/bin d 755 ",
    "usr/bin/awk l 777 /etc/alternatives/awk",
  ]);
  expect(await readFile(join(root, "out/ro/f"), "utf8")).toBe("f\n");
});

test("a device in an archive is named before anything is created", async () => {
  const root = await project({ Dockerfile: "FROM scratch\nCOPY . /\n" });
  execFileSync("mknod", [join(root, "null"), "c", "1", "3"]);
  const run = await build(namespace, ["-t", uniqueImage(), "-"], { stdin: archiveOf(root) });
  expect([run.code, run.stderr]).toEqual([
    1,
    "ERROR: the archive from standard input cannot be used: ./null: it is a device\n",
  ]);
});
