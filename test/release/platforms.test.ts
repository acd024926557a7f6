/** The executables for other platforms, as far as this machine can run or read them. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { interpreterFor } from "../../scripts/release/interpreter.ts";
import { BUSYBOX, environment, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { VERSION, artefact } from "./artefacts.ts";
import { readSignature } from "./mach-o.ts";

const namespace = useNamespace();
let home = "";

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-platforms-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("the executable for linux-arm64 builds on the cluster, under an emulator", async () => {
  const [command = "", ...args] =
    (await interpreterFor("linux-arm64", await artefact(`slipway-${VERSION}-linux-arm64`))) ?? [];
  const run = (typed: readonly string[]) =>
    spawnSync(command, [...args, ...typed], {
      cwd: home,
      encoding: "utf8",
      env: {
        HOME: home,
        KUBECONFIG: namespace.kubeconfig,
        SLIPWAY_KANIKO_IMAGE: environment("SLIPWAY_KANIKO_IMAGE"),
        SLIPWAY_HELPER_IMAGE: environment("SLIPWAY_HELPER_IMAGE"),
      },
    });
  expect(run(["--version"]).stdout).toMatch(new RegExp(`^slipway/${VERSION} linux-arm64 node-v`));
  const image = uniqueImage();
  await writeFile(join(home, "Dockerfile"), `FROM ${BUSYBOX}\nRUN true\n`);
  const build = ["build", "-n", namespace.name, "--metadata-file", "build.json", "-t", `${image}:1`, "."];
  expect(run(build)).toMatchObject({ status: 0, stdout: "" });
  const metadata = JSON.parse(await readFile(join(home, "build.json"), "utf8")) as Record<string, string>;
  expect(metadata["containerimage.digest"]).toBe((await readImage(`${image}:1`)).digest);
});

test.each(["x64", "arm64"])("the executable for darwin-%s has a whole ad hoc signature", async (cpu) => {
  const file = await readFile(await artefact(`slipway-${VERSION}-darwin-${cpu}`));
  const signature = readSignature(file);
  expect(signature).toMatchObject({ cpu, isAdHoc: true, wrong: 0 });
  expect(signature.pages).toBeGreaterThan(10_000);
});

test("the executable for Windows is a console program for x64 with the program inside, and no signature of others'", async () => {
  const file = await readFile(await artefact(`slipway-${VERSION}-win-x64.exe`));
  const header = file.readUInt32LE(0x3c);
  expect(file.toString("latin1", header, header + 4)).toBe("PE\0\0");
  expect(file.readUInt16LE(header + 4)).toBe(0x8664);
  const optional = header + 24;
  expect(file.readUInt16LE(optional + 68)).toBe(3);
  // Entry 4 of the data directories is the certificate table (Microsoft's PE format).
  expect([file.readUInt32LE(optional + 112 + 4 * 8), file.readUInt32LE(optional + 112 + 4 * 8 + 4)]).toEqual([0, 0]);
  const program = await readFile(new URL("../../dist/slipway.cjs", import.meta.url));
  expect(file.includes(program)).toBe(true);
});
