/**
 * What git learns from its surroundings. Only what concerns access to a server counts: credentials, `insteadOf`, proxies, certificates, ssh.
 * Nothing else of the environment and of the user's configuration changes a clone, or runs a program: no `GIT_DIR` of a hook, no filter,
 * no template, no setting of line ends. BuildKit's own git, in its daemon, has none of them either.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables of git that count. Those that name a repository, its index or its objects are not among them (`git rev-parse --local-env-vars`). */
const ACCESS_VARIABLE =
  /^GIT_(?:SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|TERMINAL_PROMPT|CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|PARAMETERS|KEY_\d+|VALUE_\d+)|SSL_\w+|HTTP_\w+|PROXY_\w+|ALLOW_PROTOCOL|PROTOCOL|PROTOCOL_FROM_USER|EXEC_PATH|TRACE\w*|CURL_VERBOSE)$/;

/** The environment for git: all of it but variables of git that do not concern access. */
export function gitEnvironment(env: Environment): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !name.toUpperCase().startsWith("GIT_") || ACCESS_VARIABLE.test(name)),
  );
}

/** Settings as git lists them, in order: a key may occur more than once. */
export type Settings = readonly (readonly [key: string, value: string])[];

/** @param listed output of `git config --null --list` */
export function parseSettings(listed: string): Settings {
  return listed
    .split("\0")
    .filter((entry) => entry !== "")
    .map((entry) => {
      const end = entry.indexOf("\n");
      // A key without a value is true.
      return end === -1 ? [entry, "true"] : [entry.slice(0, end), entry.slice(end + 1)];
    });
}

const ACCESS_SETTING = /^(?:(?:credential|url|http|ssh|protocol)\.|core\.(?:sshcommand|askpass|gitproxy)$)/;
/** Settings that hold a credential, or lead to one. */
const CREDENTIAL_SETTING =
  /^(?:credential\.|core\.(?:sshcommand|askpass)$|http\.(?:.*\.)?(?:extraheader|cookiefile|savecookies|sslcert|sslkey|sslcertpasswordprotected|emptyauth|proactiveauth|delegation)$)/;

/** Settings that concern access. */
export function accessSettings(settings: Settings): Settings {
  return settings.filter(([key]) => ACCESS_SETTING.test(key));
}

/** The same without the user's credentials. A rewritten URL may have a password, or be for ssh. */
export function anonymousSettings(settings: Settings): Settings {
  return [
    ...settings.filter(
      ([key]) => !CREDENTIAL_SETTING.test(key) && !(key.startsWith("url.") && !/^url\.https?:\/\/[^/@]*\//.test(key)),
    ),
    // An empty value empties the list of helpers, and no answer is taken from a Kerberos ticket.
    ["credential.helper", ""],
    ["core.askpass", ""],
    ["http.emptyauth", "false"],
  ];
}

/** The same where a server may not send git on to another one, which would get credentials of its own. */
export function withoutRedirects(settings: Settings): Settings {
  return [...settings, ["http.followRedirects", "false"]];
}

const NO_FILES = { GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };

/**
 * Variables that make git read these settings and no file (since git 2.32; an older one reads the user's files too). In variables, and not
 * in arguments, because other users see those.
 */
export function settingVariables(settings: Settings): NodeJS.ProcessEnv {
  return {
    ...NO_FILES,
    GIT_CONFIG_PARAMETERS: undefined,
    ...numbered(settings, 0),
  };
}

/** The environment for git with more settings, which come last. @param env made by `settingVariables` */
export function withSettings(env: NodeJS.ProcessEnv, settings: Settings): NodeJS.ProcessEnv {
  return { ...env, ...numbered(settings, Number(env["GIT_CONFIG_COUNT"] ?? 0)) };
}

/** @param first number of the first one */
function numbered(settings: Settings, first: number): NodeJS.ProcessEnv {
  return {
    GIT_CONFIG_COUNT: String(first + settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${first + index}`, key],
        [`GIT_CONFIG_VALUE_${first + index}`, value],
      ]),
    ),
  };
}

/** Variables that keep git, and the libraries it uses, from the user's passwords and keys. @param home an empty directory: the user's has a .netrc */
export function anonymousVariables(home: string): NodeJS.ProcessEnv {
  return {
    HOME: home,
    XDG_CONFIG_HOME: undefined,
    GIT_ASKPASS: undefined,
    SSH_ASKPASS: undefined,
    SSH_AUTH_SOCK: undefined,
    GIT_SSH: undefined,
    GIT_SSH_COMMAND: "false",
    GIT_SSL_CERT: undefined,
    GIT_SSL_KEY: undefined,
    GIT_TERMINAL_PROMPT: "0",
  };
}
