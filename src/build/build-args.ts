/** `--build-arg` as docker reads it. */
import { InvalidInput } from "../errors.ts";

/** @throws InvalidInput for one without a name. */
export function argumentsOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): [string, string][] {
  return args.flatMap((text): [string, string][] => {
    const [name, value] = splitPair(text);
    if (name === "")
      throw new InvalidInput(`invalid build argument "${text}": it has no name`, {
        docker: "refuses",
        suggestions: ["Write --build-arg NAME=VALUE."],
      });
    // Docker leaves an argument out, rather than empty, when the environment has no such variable.
    const given = value ?? env[name];
    return given === undefined ? [] : [[name, given]];
  });
}

/** Name and value; undefined where there is no equals sign. */
export function splitPair(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
