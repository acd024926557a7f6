/** The signature that macOS asks of every program for Apple's processors. Ad hoc: it has hashes of the file, and nobody's name. */
import { mustRun } from "./run.ts";
import { compiledTool } from "./tools.ts";

export async function signAdHoc(executable: string): Promise<void> {
  await mustRun(await compiledTool("quill"), ["sign", "--ad-hoc", "--identity", "slipway", "--quiet", executable]);
}
