/** Build arguments that docker adds itself: the proxies of its configuration, and SOURCE_DATE_EPOCH. */
import { homedir } from "node:os";
import { join } from "node:path";
import { readRegularFile } from "../../lib/files/regular-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const PROXIES = {
  httpProxy: "HTTP_PROXY",
  httpsProxy: "HTTPS_PROXY",
  ftpProxy: "FTP_PROXY",
  noProxy: "NO_PROXY",
  allProxy: "ALL_PROXY",
} as const;

/** Arguments that docker gives to every RUN, declared or not (https://docs.docker.com/reference/dockerfile/#predefined-args). */
export const PREDEFINED_ARGUMENTS: ReadonlySet<string> = new Set(
  Object.values(PROXIES).flatMap((name) => [name, name.toLowerCase()]),
);

/** The `proxies` of docker's configuration, in upper and lower case, as docker adds them. Empty if the file has none or cannot be read. */
export async function readProxies(env: Environment, home: string = homedir()): Promise<Record<string, string>> {
  let proxies: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>> | undefined;
  try {
    const file = await readRegularFile(join(env["DOCKER_CONFIG"] || join(home, ".docker"), "config.json"));
    proxies = (JSON.parse(file.toString()) as { proxies?: typeof proxies }).proxies;
  } catch {
    // The code that reads the credentials reports an invalid configuration.
    return {};
  }
  const chosen = proxies?.[env["DOCKER_HOST"] ?? ""] ?? proxies?.["default"] ?? {};
  return Object.fromEntries(
    Object.entries(PROXIES).flatMap(([key, name]) => {
      const value = chosen[key];
      return typeof value === "string" && value !== ""
        ? [
            [name, value],
            [name.toLowerCase(), value],
          ]
        : [];
    }),
  );
}

/** Adds the implied arguments. The user's own arguments come first; names of proxies are compared without case. */
export function withImplied(
  given: readonly (readonly [name: string, value: string])[],
  proxies: Readonly<Record<string, string>>,
  env: Environment,
): (readonly [name: string, value: string])[] {
  const taken = new Set(given.map(([name]) => name.toUpperCase()));
  const implied = Object.entries(proxies).filter(([name]) => !taken.has(name.toUpperCase()));
  const epoch = env["SOURCE_DATE_EPOCH"] ?? "";
  if (epoch !== "" && !given.some(([name]) => name === "SOURCE_DATE_EPOCH")) implied.push(["SOURCE_DATE_EPOCH", epoch]);
  return [...given, ...implied];
}
