/** With DEBUG, the command line stays out of what is printed. */
import { spawnSync } from "node:child_process";
import { expect, it } from "vitest";
import { hideCommandLine } from "../../../../src/cli/start/debug-output.ts";

const PROGRAM = new URL("../../../../bin/run.js", import.meta.url).pathname;

it.each([
  [undefined, undefined],
  ["", ""],
  ["1", "1"],
  ["express:router", "express:router"],
  ["*", "*,-oclif*"],
  ["oclif:config", "oclif:config,-oclif*"],
  ["*:slipway:*", "*:slipway:*,-oclif*"],
])("DEBUG=%s becomes %s", (wanted, left) => {
  const env = wanted === undefined ? {} : { DEBUG: wanted };
  hideCommandLine(env);
  expect(env).toEqual(left === undefined ? {} : { DEBUG: left });
});

it.each(["*", "oclif*", "oclif:slipway:build,oclif:config"])(
  "DEBUG=%s prints no token of a URL and no value of a build argument",
  (wanted) => {
    const args = [
      "build",
      "--dry-run",
      "--build-arg",
      "TOKEN=s3cret-value",
      "http://bot:s3cret-value@127.0.0.1:9/x.git",
    ];
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      encoding: "utf8",
      env: { ...process.env, DEBUG: wanted },
    });
    expect([status === 0, stderr]).toEqual([false, expect.stringMatching(/^ERROR: /m)]);
    expect(stderr).not.toContain("s3cret-value");
  },
);
