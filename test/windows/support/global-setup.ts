/** Fetches Node for Windows, compiles docker's credential helper for it, and makes wine's directory, where they are missing. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fetchNodePackage } from "../../../scripts/release/fetch-node.ts";
import { overlayForWine } from "./go-for-wine.ts";
import { HELPERS, NODE, NODE_PACKAGE, NODE_VERSION, PREFIX, SHARE, TOOLS, WINE, wineEnvironment } from "./wine.ts";

export default async function setup(): Promise<() => void> {
  if (!existsSync(WINE)) throw new Error(`${WINE} is missing: make windows installs it`);
  await fetchNodePackage(NODE_PACKAGE, NODE_VERSION, TOOLS);
  if (!existsSync(NODE)) throw new Error(`${NODE} is missing`);
  mkdirSync(HELPERS, { recursive: true });
  const env = {
    ...process.env,
    GOOS: "windows",
    GOARCH: "amd64",
    CGO_ENABLED: "0",
    GOTOOLCHAIN: "local",
    GOWORK: "off",
    GOFLAGS: "-mod=readonly",
    PATH: `${process.env["PATH"] ?? ""}:/usr/local/go/bin`,
  };
  const helper = join(HELPERS, "docker-credential-wincred.exe");
  const overlay = overlayForWine(join(TOOLS, "go"), env);
  execFileSync("go", ["build", "-trimpath", "-overlay", overlay, "-ldflags", "-s -w", "-o", helper, "tool"], {
    cwd: new URL("../wincred/", import.meta.url).pathname,
    env,
    stdio: ["ignore", "inherit", "inherit"],
  });
  // One that a killed run left. Without one this fails.
  spawnSync(WINE_SERVER, ["-k"], { env: wineEnvironment(), stdio: "ignore" });
  if (!existsSync(join(PREFIX, "system.reg"))) {
    mkdirSync(PREFIX, { recursive: true });
    execFileSync(WINE, ["wineboot", "-i"], { env: wineEnvironment(), stdio: "ignore" });
    // The files are not whole before its server has ended, and while that runs no other one starts.
    execFileSync(WINE_SERVER, ["-w"], { env: wineEnvironment(), stdio: "ignore" });
  }
  // The share `//slipway/root`.
  rmSync(SHARE, { force: true });
  mkdirSync(dirname(SHARE), { recursive: true });
  symlinkSync("/", SHARE);
  // Its server stays, so that programs start faster.
  execFileSync(WINE_SERVER, ["-p"], { env: wineEnvironment(), stdio: "ignore" });
  return () => void execFileSync(WINE_SERVER, ["-k"], { env: wineEnvironment(), stdio: "ignore" });
}

const WINE_SERVER = `${dirname(WINE)}/wineserver`;
