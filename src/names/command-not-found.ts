/** What oclif asks when there is no such command: scripts that take slipway for docker also ask things of an engine. */
import { EXIT } from "../errors.ts";

/** Never returns: oclif would end with an exit code of its own. */
export async function commandNotFound({ id = "" }: { readonly id?: string }): Promise<never> {
  const words = id.replaceAll(":", " ");
  process.stderr.write(
    `ERROR: slipway builds images, and has no command \`${words}\`\n  - Ask docker itself, podman or nerdctl for what needs a container engine; \`slipway --help\` lists what is here.\n`,
  );
  process.exit(EXIT.usage);
}
