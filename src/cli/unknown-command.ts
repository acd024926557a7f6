/** The error for a command that does not exist. Scripts that take slipway for docker also ask for commands of a container engine. */
import { InvalidInput } from "../errors.ts";
import { aThirdOf, nearest } from "../lib/text/suggest.ts";

/**
 * @param id as oclif joins it: `image:rm` for `image rm`, `--nope` for a flag in a command's place
 * @param known ids of the commands
 */
export function unknownCommand(id: string, known: readonly string[]): InvalidInput {
  const list = "Run `slipway --help` to list the commands.";
  const name = id.replaceAll(":", " ");
  if (name.startsWith("-")) {
    return new InvalidInput(`unknown flag: ${name}`, { suggestions: ["Write the command before its flags.", list] });
  }
  const names = known.map((one) => one.replaceAll(":", " "));
  // What follows a command that does not exist may be its args: `buidl .`.
  const [first = name] = name.split(" ", 1);
  const closest = (text: string): string | undefined => nearest(text, names, () => Math.max(1, aThirdOf(text)));
  const meant = closest(name) ?? closest(first);
  return new InvalidInput(`unknown command: ${name}`, {
    suggestions: [
      meant === undefined
        ? "slipway only builds images: for a command of a container engine use docker, podman or nerdctl."
        : `Did you mean \`slipway ${meant}\`?`,
      list,
    ],
  });
}
