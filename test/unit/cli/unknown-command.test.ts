import { expect, it } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.ts";
import { unknownCommand } from "../../../src/cli/unknown-command.ts";

it.each([
  ["buidl", "unknown command: buidl", "Did you mean `slipway build`?"],
  ["cache:sl", "unknown command: cache sl", "Did you mean `slipway cache ls`?"],
  ["buidl:.", "unknown command: buidl .", "Did you mean `slipway build`?"],
  ["images", "unknown command: images", "use docker, podman or nerdctl"],
  ["constructor", "unknown command: constructor", "use docker, podman or nerdctl"],
  ["--verison", "unknown flag: --verison", "Write the command before its flags."],
])("%s is refused with a hint", (id, message, hint) => {
  const error = unknownCommand(id, Object.keys(COMMANDS));
  expect(error.message).toBe(message);
  expect(error.suggestions.join("\n")).toContain(hint);
  expect(error.suggestions.at(-1)).toBe("Run `slipway --help` to list the commands.");
});
