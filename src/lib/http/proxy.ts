/** Chooses the proxy for the API server, by the rules of Go and so of kubectl. */
import { BlockList, isIP } from "node:net";
import { InvalidInput } from "../../errors.ts";
import { publicUrl } from "../text/public-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The cluster's own proxy-url, else HTTPS_PROXY or HTTP_PROXY unless NO_PROXY matches the server.
 * Rules: https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 * @throws InvalidInput for a proxy URL that cannot be used
 */
export function chooseProxy(server: URL, proxyUrl: string | undefined, env: Environment): URL | undefined {
  if (proxyUrl !== undefined) return parseProxy(proxyUrl, "the kubeconfig's proxy-url");
  const name = server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = env[name] || env[name.toLowerCase()];
  if (!value || isExcepted(server, env["NO_PROXY"] || env["no_proxy"] || "")) return undefined;
  return parseProxy(value.includes("://") ? value : `http://${value}`, name);
}

function parseProxy(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol) || url.hostname === "") {
    throw new InvalidInput(`the proxy "${publicUrl(text)}", from ${source}, cannot be used`, {
      suggestions: ["Write it as http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT."],
    });
  }
  return url;
}

function isExcepted(server: URL, exceptions: string): boolean {
  const host = hostOf(server);
  const port = server.port || (server.protocol === "https:" ? "443" : "80");
  if (host === "localhost" || isLoopback(host)) return true;
  return exceptions.split(",").some((exception) => matches(exception.trim().toLowerCase(), host, port));
}

function matches(exception: string, host: string, port: string): boolean {
  if (exception === "") return false;
  if (exception === "*") return true;
  if (exception.includes("/")) return isInNetwork(host, exception);
  const [, name = exception, onlyPort] =
    /^(.*?|\[.*\]):(\d+)$/.exec(isIP(exception) === 6 ? `[${exception}]` : exception) ?? [];
  if (onlyPort !== undefined && onlyPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return bare === host;
  const suffix = bare.replace(/^\*/, "");
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

function isInNetwork(host: string, network: string): boolean {
  const [address = "", bits = ""] = network.split("/");
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || !/^\d+$/.test(bits)) return false;
  const type = family === 4 ? "ipv4" : "ipv6";
  const list = new BlockList();
  try {
    list.addSubnet(address, Number(bits), type);
  } catch {
    return false;
  }
  return list.check(host, type);
}

function isLoopback(host: string): boolean {
  return host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** A URL's host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}
