import { Parser } from "@oclif/core";
import { expect, it } from "vitest";
import InstallPlugin from "../../../src/cli/commands/install-plugin.ts";
import Push from "../../../src/cli/commands/push.ts";
import Tag from "../../../src/cli/commands/tag.ts";
import { missingArgs } from "../../../src/cli/missing-args.ts";

type Args = NonNullable<Parameters<typeof Parser.parse>[1]["args"]>;

/** oclif's own error. */
async function errorOf(args: Args, argv: string[]): Promise<Error> {
  return Parser.parse(argv, { args, strict: true }).then(
    () => new Error("it was accepted"),
    (error: unknown) => error as Error,
  );
}

it.each([
  [
    "install-plugin",
    InstallPlugin.args,
    [],
    "slipway install-plugin needs HOST: the program that gets the plugin",
    ["Write `slipway install-plugin docker`, or in place of docker: kubectl, compose."],
  ],
  ["push", Push.args, [], "slipway push needs NAME: REGISTRY/NAME[:TAG]", []],
  ["tag", Tag.args, [], "slipway tag needs SOURCE and TARGET", []],
  ["tag", Tag.args, ["a"], "slipway tag needs TARGET: REGISTRY/NAME[:TAG]", []],
])("slipway %s without one of its words says which, and an example", async (command, args, argv, message, examples) => {
  const error = missingArgs(command, await errorOf(args, argv));
  expect(error?.message).toBe(message);
  expect(error?.suggestions).toEqual([...examples, `Run \`slipway ${command} --help\` to list its args and flags.`]);
});

it("one word too many is not a missing one", async () => {
  expect(missingArgs("push", await errorOf(Push.args, ["a", "b"]))).toBeUndefined();
});
