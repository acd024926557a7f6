import { expect, it } from "vitest";
import { expandSafe } from "../../../src/builders/arguments.ts";

/** Kubernetes' own reading (third_party/forked/golang/expansion/expand.go) with HOME=/root in the environment. */
function expand(text: string): string {
  return text.replaceAll(/\$\$|\$\((\w*)\)/g, (found, name: string) =>
    found === "$$" ? "$" : name === "HOME" ? "/root" : found,
  );
}

it.each([
  "",
  "plain",
  "$",
  "$$",
  "$$$",
  "$HOME",
  "$(HOME)",
  "$$(HOME)",
  "a$(HOME)b${HOME}",
  "$(",
  "100$",
  "\\$(HOME)",
  "$&",
  "$1",
])("%j arrives as written", (text) => {
  expect(expand(expandSafe(text))).toBe(text);
});
