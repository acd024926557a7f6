/**
 * Go for Windows takes random bytes from a library that wine 8 does not have (bcryptprimitives.dll, ProcessPrng). The same bytes come from
 * an older function with the same arguments (advapi32.dll, SystemFunction036), which Go used until 1.21.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Files of Go's own library, with what is replaced in each. */
const REPLACED: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "src/runtime/os_windows.go": [
    [
      `bcryptprimitivesdll = [...]uint16{${letters("bcryptprimitives.dll")}, 0}`,
      `bcryptprimitivesdll = [...]uint16{${letters("advapi32.dll")}, 0}`,
    ],
    ["ProcessPrng\\000", "SystemFunction036\\000"],
  ],
  "src/internal/syscall/windows/zsyscall_windows.go": [
    [`"bcryptprimitives.dll"`, `"advapi32.dll"`],
    [`"ProcessPrng"`, `"SystemFunction036"`],
  ],
};

function letters(text: string): string {
  return [...text].map((letter) => `'${letter}'`).join(", ");
}

/**
 * @param directory is made, for the changed files
 * @returns path of a file for `go build -overlay`
 * @throws Error if Go's library has changed
 */
export function overlayForWine(directory: string, env: NodeJS.ProcessEnv): string {
  mkdirSync(directory, { recursive: true });
  const root = execFileSync("go", ["env", "GOROOT"], { env, encoding: "utf8" }).trim();
  const files = Object.entries(REPLACED).map(([name, changes]) => {
    let text = readFileSync(join(root, name), "utf8");
    for (const [old, now] of changes) {
      if (!text.includes(old)) throw new Error(`${name} of Go has no ${old}`);
      text = text.replace(old, now);
    }
    const changed = join(directory, basename(name));
    writeFileSync(changed, text);
    return [join(root, name), changed];
  });
  const overlay = join(directory, "overlay.json");
  writeFileSync(overlay, JSON.stringify({ Replace: Object.fromEntries(files) }));
  return overlay;
}
