import { defineConfig } from "vitest/config";
import { WAIT } from "./test/e2e/support/wait.ts";

export default defineConfig({
  test: {
    disableConsoleIntercept: true,
    tags: [{ name: "long", description: "only in `make e2e`: `make test` runs the other end-to-end tests" }],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          // Only for a test that hangs: on a busy machine some take half a minute.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 60_000, interval: 5 } },
          // Many of them wait for programs that they start.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts", "test/conformance/**/*.test.ts"],
          globalSetup: ["test/e2e/support/global-setup.ts"],
          expect: { poll: WAIT },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // The builds share one two-core node: more at once only makes each slower.
          maxWorkers: 3,
        },
      },
      {
        extends: true,
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          globalSetup: ["test/e2e/support/global-setup.ts"],
          expect: { poll: WAIT },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxWorkers: 3,
        },
      },
      {
        extends: true,
        test: {
          name: "release",
          include: ["test/release/**/*.test.ts"],
          globalSetup: ["test/e2e/support/global-setup.ts"],
          expect: { poll: WAIT },
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
        },
      },
      {
        extends: true,
        test: {
          name: "windows",
          include: ["test/windows/**/*.test.ts"],
          globalSetup: ["test/e2e/support/global-setup.ts", "test/windows/support/global-setup.ts"],
          expect: { poll: WAIT },
          // Programs of Windows start slowly under wine.
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 1,
        },
      },
      {
        extends: true,
        test: {
          name: "chaos",
          include: ["test/chaos/**/*.test.ts"],
          globalSetup: ["test/e2e/support/global-setup.ts"],
          expect: { poll: WAIT },
          hookTimeout: 300_000,
          maxWorkers: 1,
        },
      },
    ],
  },
});
