/** The registry logins of a Drone step, as docker's configuration. */
import { InvalidInput } from "../../errors.ts";
import type { Environment, Settings } from "./settings.ts";

interface Login {
  readonly username: string;
  readonly password: string;
}

/**
 * @param registry the registry of the image
 * @returns docker's configuration as text, if the step has logins
 * @throws InvalidInput for a user name without a password, or the reverse
 */
export function credentialsOf(settings: Settings, env: Environment, registry: string): { dockerConfig?: string } {
  const whole = settings.text("CONFIG");
  if (whole !== undefined) return { dockerConfig: whole };
  const docker = (name: string): string | undefined =>
    settings.text(`DOCKER_${name}`) ?? (env[`DOCKER_${name}`] || undefined);
  const key = settings.text("JSON_KEY");
  const own = key === undefined ? login("PLUGIN_", settings.text("USERNAME"), settings.text("PASSWORD")) : jsonKey(key);
  const base = login("PLUGIN_BASE_IMAGE_", settings.text("BASE_IMAGE_USERNAME"), settings.text("BASE_IMAGE_PASSWORD"));
  const pulling = login("DOCKER_", docker("USERNAME"), docker("PASSWORD"));
  // If the step has no other login, it pushes as DOCKER_USERNAME, as banzaicloud/kaniko-plugin documents it.
  const pullRegistry = docker("REGISTRY") ?? (own === undefined ? registry : "https://index.docker.io/v1/");
  const logins = new Map<string, Login>();
  if (pulling !== undefined) logins.set(pullRegistry, pulling);
  if (base !== undefined) logins.set(settings.text("BASE_IMAGE_REGISTRY") ?? "https://index.docker.io/v1/", base);
  if (own !== undefined) logins.set(registry, own);
  if (logins.size === 0) return {};
  const auths = Object.fromEntries(
    [...logins].map(([host, { username, password }]) => [
      host,
      { auth: Buffer.from(`${username}:${password}`).toString("base64") },
    ]),
  );
  return { dockerConfig: JSON.stringify({ auths }) };
}

/** The login by which Google's registries accept a service account's key. */
function jsonKey(key: string): Login {
  return { username: "_json_key", password: key };
}

function login(prefix: string, username: string | undefined, password: string | undefined): Login | undefined {
  if (username === undefined && password === undefined) return undefined;
  if (username !== undefined && password !== undefined) return { username, password };
  const [given, missing] = username === undefined ? ["PASSWORD", "USERNAME"] : ["USERNAME", "PASSWORD"];
  throw new InvalidInput(`${prefix}${given} is set, but ${prefix}${missing} is not`, {
    suggestions: ["Set both of them, or neither."],
  });
}
