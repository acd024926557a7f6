/**
 * The main script of a single executable that starts from a snapshot: Node's memory after the program was loaded. So a start neither
 * reads, compiles nor loads the program (nodejs.org/api/single-executable-applications.html, startup snapshot support).
 *
 * It runs once, while the executable is made, in the root of the repository. Node then keeps the memory, and each start calls the
 * function that was set here.
 */
import { readFileSync } from "node:fs";
import { setFlagsFromString, startupSnapshot } from "node:v8";
import { compileProgram, runCompiled } from "./code-cache.ts";
import { PROGRAM, requireInside } from "./inside.ts";
import { HEAP_FLAGS } from "./snapshot-flags.ts";
import { Guard } from "./snapshot-guard.ts";
import { startInside } from "./start-program.ts";
import type { preload } from "../main.ts";

/** Modules of Node with parts that a snapshot cannot keep: connections, terminals. They are loaded when one of their names is first used. */
const LATER: ReadonlySet<string> = new Set(["http", "http2", "https", "sea", "tls"]);

// As UTF-8 both times: for another encoding, Node asks for the file's status, which would be kept.
const manifest = JSON.parse(readFileSync("oclif.manifest.json", "utf8")) as object;
// V8 refuses compiled code, Node's own too, that was made with other flags than it runs with: each has its default value again in the end.
for (const flag of HEAP_FLAGS) setFlagsFromString(`${flag}=0`);
// All functions at once, and kept: a function that is compiled later costs each start.
setFlagsFromString("--no-lazy");
setFlagsFromString("--no-flush-bytecode");
// From UTF-8 directly, V8 would keep the text twice.
const source = Buffer.from(readFileSync(`dist/${PROGRAM}`, "utf8")).toString("latin1");
const script = compileProgram({ path: PROGRAM, source });
setFlagsFromString("--lazy");

const guard = new Guard();
const program = runCompiled(script, { path: PROGRAM, require: load });
void finish(program as { preload: typeof preload });

startupSnapshot.setDeserializeMainFunction(() => {
  // oclif listens to the stream of the process that it is loaded in.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  void startInside({ manifest: () => manifest, load: () => program });
});

async function finish(loaded: { preload: typeof preload }): Promise<void> {
  await loaded.preload();
  guard.end();
  setFlagsFromString("--flush-bytecode");
  // Each start sets them anew. Until then they are of this machine and of this run.
  for (const name of ["argv", "execArgv", "execPath", "pid", "ppid"]) Reflect.deleteProperty(process, name);
}

/** The program's `require`. */
function load(id: string): unknown {
  const name = id.replace("node:", "");
  return guard.isOn && LATER.has(name) ? later(name) : requireInside(id);
}

/** A module that is loaded when the program uses it. */
function later(name: string): object {
  const get = (_: object, property: string | symbol): unknown => {
    // Asked for by a bundle and by ws when they are loaded. This version of Node has neither of the functions for ws.
    if (guard.isOn && /^(?:__esModule|websocketMask|websocketUnmask)$/.test(String(property))) return undefined;
    guard.refuse(`${name}.${String(property)}`);
    return (process.getBuiltinModule(name) as Record<string | symbol, unknown>)[property];
  };
  return new Proxy({}, { get });
}
