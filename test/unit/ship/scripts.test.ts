/** The commands that a client runs in a build's pod: values are arguments of a script, and never a part of it. */
import { expect, it } from "vitest";
import { cacheCommand, outcomeCommand, pathOf } from "../../../src/ship/cache/pod-script.ts";
import { presenceCommand } from "../../../src/ship/export/exporter.ts";
import { commitCommand, receiveCommand, receiver } from "../../../src/ship/receiver.ts";

const HOSTILE = "a'b\"; $(id) `id` ${X} | & > * \\ \n c";
const IDENTITY = { image: "busybox:stable", user: 0, group: 0 };

it.each<[string, (value: string) => readonly string[]]>([
  ["waits for a context", (value) => receiver(IDENTITY, value).command ?? []],
  ["receives a context", (value) => receiveCommand(value, value)],
  ["takes a context as whole", (value) => commitCommand(value, value, value)],
  ["makes a context from a cache", (value) => cacheCommand(value, pathOf(value), [value])],
  ["asks for the outcome of that", (value) => outcomeCommand(value, value)],
  ["says that the client is there", (value) => presenceCommand(value as never)],
])("the script that %s is the same with every value", (_, command) => {
  const [shell, flag, script, ...args] = command(HOSTILE);
  expect([shell, flag, script]).toEqual(command("plain").slice(0, 3));
  expect(args.filter((arg) => arg.includes(HOSTILE))).not.toEqual([]);
  expect(script).not.toContain("plain");
});
