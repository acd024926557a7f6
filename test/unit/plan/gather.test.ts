import { chmod, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { gatherInputs } from "../../../src/plan/gather.ts";
import type { BuildRequest } from "../../../src/plan/request.ts";
import { InvalidInput } from "../../../src/errors.ts";
import { REQUEST } from "./sample.ts";

let root: string;
const cwd = process.cwd();

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "slipway-gather-")));
  process.chdir(root);
});

afterEach(async () => {
  process.chdir(cwd);
  await rm(root, { recursive: true, force: true });
});

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

async function gather(request: Partial<BuildRequest>) {
  const { context, ...inputs } = await gatherInputs({ ...REQUEST, ...request });
  if (context === undefined) throw new Error("nothing was gathered");
  return { ...inputs, context };
}

describe("the Dockerfile", () => {
  it("is PATH/Dockerfile by default", async () => {
    await write({ "app/Dockerfile": "FROM a", "app/dockerfile": "FROM b", Dockerfile: "FROM c" });
    const { context, dockerfile } = await gather({ path: "app" });
    expect(context.root).toBe(join(root, "app"));
    expect(dockerfile).toEqual({ path: join(root, "app/Dockerfile"), text: "FROM a" });
  });

  it("is PATH/dockerfile if there is no PATH/Dockerfile", async () => {
    await write({ dockerfile: "FROM b" });
    expect((await gather({})).dockerfile.text).toBe("FROM b");
  });

  it("with -f is relative to the working directory, not to PATH", async () => {
    await write({ "app/x": "", "app/d/Dockerfile": "FROM wrong", "d/Dockerfile": "FROM right" });
    expect((await gather({ path: "app", file: "d/Dockerfile" })).dockerfile.text).toBe("FROM right");
  });

  it("may be outside of the context, and may be a symlink", async () => {
    await write({ "app/x": "", real: "FROM a" });
    await symlink("real", "link");
    expect((await gather({ path: "app", file: "link" })).dockerfile).toEqual({
      path: join(root, "link"),
      text: "FROM a",
    });
  });
});

describe("the ignore file", () => {
  const ignored = async (request: Partial<BuildRequest>) => {
    const { ignoreFile, ignoreName } = (await gather(request)).context;
    return [ignoreFile === undefined ? undefined : Buffer.from(ignoreFile).toString(), ignoreName];
  };

  it("may be missing", async () => {
    await write({ Dockerfile: "FROM a" });
    expect(await ignored({})).toEqual([undefined, undefined]);
  });

  it("is the .dockerignore of the context", async () => {
    await write({ "app/Dockerfile": "FROM a", "app/.dockerignore": "context", ".dockerignore": "cwd" });
    expect(await ignored({ path: "app" })).toEqual(["context", "app/.dockerignore"]);
  });

  it("is the Dockerfile's own if it exists, even if it is empty", async () => {
    await write({ Dockerfile: "FROM a", "Dockerfile.dockerignore": "", ".dockerignore": "context" });
    expect(await ignored({})).toEqual(["", "Dockerfile.dockerignore"]);
  });

  it("belongs to the Dockerfile of -f, in any directory", async () => {
    await write({ "d/prod": "FROM a", "d/prod.dockerignore": "prod", "app/.dockerignore": "context", "app/x": "" });
    expect(await ignored({ path: "app", file: "d/prod" })).toEqual(["prod", "d/prod.dockerignore"]);
  });

  it("is read as bytes, because it need not be UTF-8", async () => {
    await write({ Dockerfile: "FROM a" });
    await writeFile(".dockerignore", Buffer.from([0xff, 0xfe]));
    expect((await gather({})).context.ignoreFile).toEqual(Buffer.from([0xff, 0xfe]));
  });
});

describe("a registry's certificate", () => {
  it("is read from the file of --registry-ca", async () => {
    const pem = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n";
    await write({ Dockerfile: "FROM a", "ca.pem": pem });
    expect((await gather({ registryCa: "ca.pem" })).ca).toBe(pem);
    expect(await gather({})).not.toHaveProperty("ca");
  });
});

describe("what is refused", () => {
  it.each<[string, Partial<BuildRequest>, string | RegExp]>([
    ["a path that is not there", { path: "nowhere" }, 'unable to prepare context: path "nowhere" not found'],
    ["a path that is a file", { path: "file" }, 'unable to prepare context: path "file" is not a directory'],
    ["a path below a file", { path: "file/x" }, /path "file\/x" is below something that is not a directory/],
    ["a directory without a Dockerfile", { path: "empty" }, "no Dockerfile in empty"],
    ["a directory that is no Dockerfile", { path: "odd" }, /odd\/Dockerfile is a directory$/],
    ["a -f that is not there", { file: "x" }, "the Dockerfile x not found"],
    ["a -f that is a directory", { file: "empty" }, "the Dockerfile empty is a directory"],
    ["an ignore file that is a directory", { path: "ignore" }, /ignore\/\.dockerignore is a directory$/],
    ["a Dockerfile that is a link to itself", { file: "circle" }, /^the Dockerfile circle cannot be read: ELOOP/],
    ["a certificate that is not there", { registryCa: "x.pem" }, "the registry's certificate x.pem not found"],
    ["a certificate that is none", { registryCa: "file" }, "--registry-ca file has no PEM certificate"],
  ])("%s", async (_name, request, message) => {
    await write({
      Dockerfile: "FROM a",
      file: "x",
      "empty/x": "",
      "odd/Dockerfile/x": "",
      "ignore/Dockerfile": "FROM a",
      "ignore/.dockerignore/x": "",
    });
    await symlink("circle", "circle");
    const refused = await gather(request).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(InvalidInput);
    expect((refused as Error).message).toMatch(message);
  });

  it("refuses a Dockerfile that cannot be read", async () => {
    await write({ Dockerfile: "FROM a" });
    await chmod(".", 0o755);
    await chmod("Dockerfile", 0);
    // Root may read every file. For a file with mode 0, every other user is like `nobody`.
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    try {
      await expect(gather({})).rejects.toThrow(/Dockerfile may not be read by you$/);
    } finally {
      if (root) process.seteuid?.(0);
    }
  });
});

describe("the directories of --build-context", () => {
  const named = async (...contexts: string[]) =>
    (await gather({ docker: { "build-context": contexts } })).directories ?? [];

  it("are numbered in the order of the command line, each with the ignore file at its root", async () => {
    await write({ Dockerfile: "", "lib/.dockerignore": "*.log", "lib/x": "", "other/.containerignore": "x" });
    expect(await named("image=docker-image://alpine", "lib=lib", "other=./other")).toEqual([
      { number: 1, root: join(root, "lib"), ignoreFile: Buffer.from("*.log"), ignoreName: "lib/.dockerignore" },
      { number: 2, root: join(root, "other"), ignoreFile: undefined, hasContainerignore: true },
    ]);
  });

  it("are refused if they are not directories", async () => {
    await write({ Dockerfile: "" });
    await expect(named("lib=lib")).rejects.toThrow('failed to get build context lib: path "lib" not found');
    await expect(named("lib=Dockerfile")).rejects.toThrow(
      'failed to get build context lib: path "Dockerfile" is not a directory',
    );
  });
});
