/**
 * The main script of a single executable for a system on which no snapshot can be made (see snapshot.ts): Node with the program and its
 * manifest inside. It compiles the program at its first start.
 */
import { codeCachePlaces, runProgram } from "./code-cache.ts";
import { PROGRAM, manifestInside, programInside } from "./inside.ts";
import { startInside } from "./start-program.ts";

void startInside({
  manifest: manifestInside,
  load: (purpose) => runProgram(programInside(PROGRAM), codeCachePlaces(process.env), purpose),
});
