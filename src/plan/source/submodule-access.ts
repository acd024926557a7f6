/**
 * Which submodules get the user's credentials. A repository names its submodules itself, so a stranger's could name the user's private
 * ones and copy them into an image. Only those of the same host and the same owner get credentials, and those that the user names.
 */
import { InvalidInput } from "../../errors.ts";
import { trimEndChars } from "../../lib/text/linear.ts";
import { publicUrl } from "../../lib/text/public-url.ts";

/** The parts of a repository's URL that decide about access. */
export interface Origin {
  readonly scheme: string;
  /** `HOST`, or `HOST:PORT` where the port is not the scheme's. */
  readonly host: string;
  /** Directories of the path, without the repository's own name. */
  readonly owner: readonly string[];
}

const SCP_LIKE = /^(?:([\w.-]+)@)?([a-zA-Z0-9.-]+):(?!\/\/)(.+)$/;
const SCHEMES = ["https:", "http:", "ssh:", "git:"];

/** Undefined for what is not a URL that git fetches over a network. */
export function originOf(url: string): Origin | undefined {
  const scp = url.includes("://") ? undefined : SCP_LIKE.exec(url);
  if (scp) return made("ssh:", scp[2] ?? "", scp[3] ?? "");
  if (!URL.canParse(url)) return undefined;
  const { protocol, host, pathname } = new URL(url);
  if (!SCHEMES.includes(protocol) || host === "") return undefined;
  // Servers differ in what they make of these, so the path is compared as it was written.
  const written = url.slice(url.indexOf("/", url.indexOf("://") + 3));
  const isPlain = !/[\\%]|\/\.\.?(?:\/|$)/.test(written) && written.startsWith("/");
  return made(protocol, host, isPlain ? pathname : "\0");
}

function made(scheme: string, host: string, path: string): Origin {
  const parts = path.split("/").filter((part) => part !== "");
  const isPlain = !parts.some((part) => part === ".." || part === "." || /[\\%\0]/.test(part));
  return { scheme, host: host.toLowerCase(), owner: isPlain ? parts.slice(0, -1) : ["\0"] };
}

/**
 * Whether a submodule may use the user's credentials.
 * @param top the repository that the user named
 * @param allowed values of --submodule-credentials
 */
export function mayUseCredentials(submodule: Origin, top: Origin | undefined, allowed: readonly string[]): boolean {
  if (submodule.owner.includes("\0")) return false;
  // A password for https must not travel in clear.
  const isDowngrade = (submodule.scheme === "http:" || submodule.scheme === "git:") && submodule.scheme !== top?.scheme;
  if (isDowngrade) return false;
  if (top !== undefined && submodule.host === top.host && submodule.owner[0] === top.owner[0]) return true;
  return allowed.map(parseAllowed).some(({ host, path }) => {
    return host === submodule.host && path.every((part, index) => submodule.owner[index] === part);
  });
}

/** `HOST[:PORT][/OWNER…]`. @throws InvalidInput */
export function parseAllowed(value: string): { readonly host: string; readonly path: readonly string[] } {
  const [host = "", ...path] = trimEndChars(value, "/").split("/");
  if (
    /^[a-zA-Z0-9.-]+(?::\d+)?$|^\[[0-9a-fA-F:]+\](?::\d+)?$/.test(host) &&
    path.every((part) => part !== "" && !part.startsWith("."))
  )
    return { host: host.toLowerCase(), path };
  throw new InvalidInput(`--submodule-credentials ${value} is not a host`, {
    suggestions: ["Write HOST or HOST/OWNER, for example --submodule-credentials github.com/my-company."],
  });
}

/**
 * The URL of a submodule, whose `./` and `../` are relative to the URL of its repository (git-submodule(1), "add").
 * @throws InvalidInput for what leads nowhere
 */
export function resolveSubmodule(remote: string, url: string): string {
  if (!/^\.\.?\//.test(url)) return url;
  let base = trimEndChars(remote, "/");
  let rest = url;
  let separator = "/";
  for (;;) {
    if (rest.startsWith("./")) rest = rest.slice(2);
    else if (rest.startsWith("../")) {
      rest = rest.slice(3);
      const slash = base.lastIndexOf("/");
      const at = slash === -1 ? base.lastIndexOf(":") : slash;
      if (at === -1)
        throw new InvalidInput(`the submodule ${url} leads out of ${publicUrl(remote)}`, { docker: "refuses" });
      separator = slash === -1 ? ":" : "/";
      base = base.slice(0, at);
    } else return `${base}${separator}${trimEndChars(rest, "/")}`;
  }
}

/** Without the user and password that a relative URL has from its repository. */
export function withoutUser(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === "" && parsed.password === "") return url;
  [parsed.username, parsed.password] = ["", ""];
  return parsed.href;
}
