/** What is said when there is no such command: scripts that take slipway for docker also ask things of an engine. */
import { EXIT } from "../exit-codes.ts";

/** @param id as oclif puts it together: `image:rm` for `image rm` */
export function commandNotFound(id: string): void {
  const words = id.replaceAll(":", " ");
  process.stderr.write(
    `ERROR: slipway builds images, and has no command \`${words}\`\n  - Ask docker itself, podman or nerdctl for what needs a container engine; \`slipway --help\` lists what is here.\n`,
  );
  process.exitCode = EXIT.usage;
}
