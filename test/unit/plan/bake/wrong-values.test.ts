/** What buildx v0.38.2 refuses before it prints a target, and what it prints beside that. Each row was compared with `buildx bake --print`. */
import { describe, expect, it } from "vitest";
import { CaseDirectory, answerOurs } from "../../../conformance/bake/answer.ts";

function isRefused(body: string, args: readonly string[] = []): boolean {
  const one = { files: { "docker-bake.hcl": `target "default" {\n  ${body}\n}\n` }, args, env: {} };
  using directory = new CaseDirectory(one);
  return "refused" in answerOurs(one, directory.path);
}

describe("a field with a wrong value is refused before the target is printed", () => {
  it.each([
    'dockerfile = "-"',
    'shm-size = "x"',
    'shm-size = ""',
    'shm-size = "-1"',
    'shm-size = " 64m"',
    'shm-size = "64Mi"',
    'resources = {memory = "x"}',
    'resources = {memory = "64Mi"}',
    'resources = {memory-swap = "-2"}',
    "resources = null",
    'platforms = ["foo"]',
    'platforms = ["a/b/c/d"]',
    'platforms = ["linux/"]',
    'platforms = [" linux/amd64"]',
    'platforms = ["linux/amd64, linux/arm64"]',
    'platforms = ["linux/*"]',
    'platforms = ["windows(%zz)/amd64"]',
    'secret = ["src=f"]',
    'secret = [{env = "C"}]',
    "secret = null",
    "ssh = [null]",
    'annotations = ["a"]',
    'annotations = ["foo:a=b"]',
    'annotations = ["manifest[x/y/z/w]:a=b"]',
    'annotations = ["manifest[foo]:a=b"]',
    'ulimits = ["x"]',
    'ulimits = ["foo=1"]',
    'ulimits = ["nofile=a"]',
    'ulimits = ["nofile=2:1"]',
    'ulimits = ["nofile=-1:5"]',
    'ulimits = ["nofile=1:2:3"]',
    'ulimits = ["cpu=99999999999999999999"]',
    'output = ["type=local"]',
    'output = ["type=local,dest=-"]',
    'output = ["type=oci,tar=false"]',
    'output = ["type=docker,tar=f"]',
    'output = ["type=oci,tar=0,dest=-"]',
    'output = ["-", "type=tar"]',
    'output = ["type=docker,dest=-", "type=oci"]',
    "output = null",
    "cache-from = null",
    "attest = null",
    "policy = null",
  ])("%s", (body) => {
    expect(isRefused(body)).toBe(true);
  });

  it("also where --set adds the second output to standard output", () => {
    expect(isRefused('output = ["-"]', ["--set", "*.output+=type=oci"])).toBe(true);
  });

  it("the error names the target and the value", () => {
    const one = {
      files: { "docker-bake.hcl": 'target "default" {\n  platforms = ["linux/amd64", "foo"]\n}\n' },
      args: [],
      env: {},
    };
    using directory = new CaseDirectory(one);
    expect(answerOurs(one, directory.path)).toEqual({ refused: 'target default: "foo" is not a platform' });
  });
});

describe("an unusual value that buildx prints is printed", () => {
  it.each([
    'dockerfile = "./-"',
    'shm-size = "1.5g"',
    'shm-size = "64 m"',
    'shm-size = "64KiB"',
    'shm-size = "1e3"',
    'shm-size = ".5g"',
    'shm-size = "9999999p"',
    'resources = {memory = " 64m "}',
    'resources = {memory-swap = "-1"}',
    'platforms = ["windows(10.0+win32k)/amd64", "MACOS", "x86-64"]',
    'platforms = ["linux/amd64,linux/arm/x", "LOCAL", "foo/bar"]',
    'annotations = ["index-descriptor:a=b", "manifest[linux/amd64]:a="]',
    'ulimits = ["nofile=+1", "nproc=1:-1", "core=-1:-1"]',
    'output = ["type=foo,dest=x"]',
    'output = ["type=image,dest=-", "-"]',
    'output = ["type=docker,tar=false,dest=d"]',
    'output = ["type=docker", "type=tar"]',
    "tags = null",
    "inherits = null",
    "args = null",
  ])("%s", (body) => {
    expect(isRefused(body)).toBe(false);
  });
});
