/** docs/guides/img-image.md tells how to make an image of img; the one the tests use is made by a recipe. They have to say the same. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../../..");
const read = (path: string): Promise<string> => readFile(join(ROOT, path), "utf8");

const page = await read("docs/guides/img-image.md");
const recipe = await read("test/cluster/images/img.sh");
const part = await read("test/cluster/parts/img/part.sh");
const modules = await read("test/cluster/parts/img/go.mod");
const helpers = await read("test/cluster/lib/images.sh");

/** What the page writes as code that the expression matches, which it has to do at least once. */
function named(pattern: RegExp): string[] {
  const codes = [...page.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => (pattern.test(code) ? [code] : []));
  expect(codes, `code in docs/guides/img-image.md that matches ${pattern}`).not.toEqual([]);
  return codes;
}

test("the program is the version and the module the page names, with its tags and cgo", () => {
  const version = /`img` (v[\d.]+),/.exec(page)?.[1] ?? "none";
  expect(recipe).toContain(`image_name=img:${version}`);
  const [path = ""] = named(/^github\.com\/\w+\/img$/);
  expect(modules).toContain(`${path} ${version}`);
  const [tags = ""] = named(/^seccomp /);
  expect(/^tags="(.*)"$/m.exec(part)?.[1]?.split(" ")).toEqual(expect.arrayContaining(tags.split(" ")));
  expect(part).toMatch(/^cgo=1$/m);
  expect(part).toContain("-extldflags=-static");
});

test("the module file has as many replacements as the page counts", () => {
  expect(page).toMatch(/the four `replace` lines/);
  const [, block = ""] = /^replace \(\n([^)]*)\)/m.exec(modules) ?? [];
  expect(block.match(/=>/g)).toHaveLength(4);
});

test("runc lies beside it, on the base the page names", () => {
  expect(page).toMatch(/on top of busybox/);
  expect(recipe).toMatch(/^image_base=busybox$/m);
  expect(recipe).toContain('"$(program runc runc)" "$1/usr/bin/"');
});

test("the user, his further ids and directories are the page's", () => {
  const [line = ""] = named(/^\w+:\d+:\d+$/);
  const [user, ...range] = line.split(":");
  expect(recipe).toContain(`make_user "$1" ${user}`);
  expect(helpers).toContain(`echo "$name:${range.join(":")}" | tee "$root/etc/subuid" >"$root/etc/subgid"`);
  const [id = ""] = /with id (\d+)/.exec(page)?.slice(1) ?? [];
  expect(helpers).toContain(`$name:x:${id}:${id}::/home/$name:`);
  expect(recipe).toContain(`"User": "${id}:${id}"`);
  for (const directory of named(/^\/run\/user\//)) expect(helpers).toContain(`"$root${directory}"`);
});

test("newuidmap and newgidmap have the capabilities the page gives them", () => {
  expect(recipe).toMatch(/^image_debian=\(uidmap /m);
  const granted = ["uid", "gid"].map((map) => `cap_set${map}+ep`);
  expect(named(/^cap_/)).toEqual(granted);
  // The recipe writes both in one line of a loop.
  expect(helpers).toContain("for map in uid gid; do");
  expect(helpers).toContain('setcap "cap_set${map}+ep" "$root/usr/bin/new${map}map"');
});
