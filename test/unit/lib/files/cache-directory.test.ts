import { expect, it } from "vitest";
import { cacheDirectory, configDirectory } from "../../../../src/lib/files/cache-directory.ts";

it.each([
  ["linux", { HOME: "/home/jane" }, "/home/jane/.cache/slipway"],
  ["linux", { HOME: "/home/jane", XDG_CACHE_HOME: "/var/cache/jane" }, "/var/cache/jane/slipway"],
  ["linux", { HOME: "/home/jane", XDG_CACHE_HOME: "relative" }, "/home/jane/.cache/slipway"],
  ["darwin", { HOME: "/Users/jane" }, "/Users/jane/Library/Caches/slipway"],
])("on %s with %j the cache is in %s", (platform, env, directory) => {
  expect(cacheDirectory(env, platform)).toBe(directory);
});

it.each([
  ["linux", "/home/jane", {}, "/home/jane/.config/slipway"],
  ["linux", "/home/jane", { XDG_CONFIG_HOME: "/etc/jane" }, "/etc/jane/slipway"],
  ["darwin", "/Users/jane", {}, "/Users/jane/.config/slipway"],
  ["win32", "C:\\Users\\jane", { APPDATA: "D:\\Roaming" }, "D:\\Roaming\\slipway"],
  ["win32", "C:\\Users\\jane", {}, "C:\\Users\\jane\\AppData\\Roaming\\slipway"],
])("on %s with the home directory %s and %j the configuration is in %s", (platform, home, env, directory) => {
  expect(configDirectory(env, home, platform)).toBe(directory);
});
