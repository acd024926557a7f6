/** What a repository brings under the name of a result is not believed: the scripts of GitLab's template and of Jenkins' step. */
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { beforeEach, expect, it, onTestFinished } from "vitest";

const INTEGRATIONS = new URL("../../../integrations/", import.meta.url).pathname;
const PLANTED = '{\n  "containerimage.digest": "sha256:bad"\n}\n';

let home: string;
let project: string;

/** With RESULT it writes one, as a build does; without, it succeeds and writes none, as `--call check` does. */
const FAKE = `#!/usr/bin/env bash
while [[ $# -gt 0 ]]; do
  if [[ $1 == --metadata-file && -n \${RESULT:-} ]]; then printf '{\\n  "containerimage.digest": "%s"\\n}\\n' "$RESULT" >"$2"; fi
  shift
done
`;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-planted-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  project = join(home, "project");
  await mkdir(join(home, "bin"));
  await mkdir(project);
  await writeFile(join(home, "bin/slipway"), FAKE, { mode: 0o755 });
  await writeFile(join(home, "profile"), "mine\n");
  await writeFile(join(project, "build.json"), PLANTED);
  await writeFile(join(project, "slipway-build.json"), PLANTED);
  await symlink(join(home, "profile"), join(project, "build.env"));
});

function sh(script: string, result = ""): string {
  const env = {
    PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
    TMPDIR: home,
    RESULT: result,
    CONTEXT: ".",
    DOCKERFILE: "Dockerfile",
    IMAGE: "example.com/a:1",
    CI_REGISTRY: "example.com",
    CI_REGISTRY_USER: "me",
    CI_REGISTRY_PASSWORD: "x",
  };
  const { stdout } = spawnSync("bash", ["-c", script], { cwd: project, env, encoding: "utf8" });
  return stdout;
}

async function gitlabScript(): Promise<string> {
  const text = await readFile(join(INTEGRATIONS, "gitlab/slipway.gitlab-ci.yml"), "utf8");
  return (load(text) as { ".slipway": { script: string[] } })[".slipway"].script.join("\n");
}

it("GitLab's job takes no digest from a planted file, and writes through no planted link", async () => {
  const script = await gitlabScript();
  sh(script);
  expect(await readFile(join(home, "profile"), "utf8")).toBe("mine\n");
  expect(await readFile(join(project, "build.env"), "utf8")).toBe("");
  sh(script, "sha256:0a");
  expect(await readFile(join(project, "build.env"), "utf8")).toBe("IMAGE_DIGEST=sha256:0a\n");
});

/** The shell commands of the Groovy step in their order, with its strings put together. */
async function jenkinsCommands(): Promise<{ folder: string; read: string }> {
  const step = await readFile(join(INTEGRATIONS, "jenkins/vars/slipwayBuild.groovy"), "utf8");
  const folder = /def folder = sh\(script: '([^']+)'/.exec(step)?.[1] ?? "";
  const read = /script: "((?:[^"\\]|\\.)*)" \+ quote\(metadata\)/.exec(step)?.[1] ?? "";
  return { folder, read: read.replaceAll(/\\(.)/g, "$1") };
}

it("Jenkins' step reads its result only from a folder that it has made outside of the workspace", async () => {
  const { folder, read } = await jenkinsCommands();
  expect(folder).toBe("mktemp -d");
  const digestAfter = (result: string): string =>
    sh(`folder=$(${folder}); slipway build --metadata-file "$folder/build.json"; ${read} "$folder/build.json"`, result);
  expect(digestAfter("")).toBe("");
  expect(digestAfter("sha256:0a")).toBe("sha256:0a\n");
  const step = await readFile(join(INTEGRATIONS, "jenkins/vars/slipwayBuild.groovy"), "utf8");
  expect(step).toMatch(/def metadata = folder \+ '\/build\.json'/);
  expect(step).toMatch(/finally \{\s*sh 'rm -rf ' \+ quote\(folder\)/);
});

it("no integration names a result by a path that the repository could have", async () => {
  for (const name of (await readdir(INTEGRATIONS, { recursive: true })).filter((one) =>
    /\.(?:sh|ya?ml|groovy)$/.test(one),
  )) {
    const text = await readFile(join(INTEGRATIONS, name), "utf8");
    const relative = [
      ...text.matchAll(/(?:slipway build|args = )[^\n]*--(?:metadata-file|iidfile)[ =',]+([\w"$][^\s,]*)/g),
    ].map(([, path]) => path);
    const fresh = relative.filter((path) => !/^(?:"?\$work\/|metadata$)/.test(path ?? ""));
    // GitLab's artifacts are below the project: the files are removed first.
    expect([name, fresh]).toEqual([name, name.startsWith("gitlab/") ? ["build.json"] : []]);
  }
});
