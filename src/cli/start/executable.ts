/**
 * The main script of a single executable for a system on which no snapshot can be made (see snapshot.ts): Node with the program and its
 * manifest inside. It compiles the program at its first start.
 */
import { dirname } from "node:path";
import { codeCachePlaces, runProgram } from "./code-cache.ts";
import { PROGRAM, manifestInside, programInside } from "./inside.ts";
import { startProgram } from "./start-program.ts";

// In a single executable, Node repeats the executable's name where the script's path usually is.
const [, calledAs = "", ...typed] = process.argv;
process.argv[1] = process.execPath;
void startProgram(calledAs, typed, {
  root: dirname(process.execPath),
  manifest: manifestInside,
  load: (purpose) => runProgram(programInside(PROGRAM), codeCachePlaces(process.env), purpose),
});
