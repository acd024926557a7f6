/**
 * Chooses the proxy for a server, by the rules of Go and so of kubectl and docker
 * (https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config). Registries, URLs, Vault and the API server have the same.
 */
import { BlockList, isIP } from "node:net";
import { InvalidInput } from "../../errors.ts";
import { publicUrl } from "../text/public-url.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * A proxy of the server's own configuration, else HTTPS_PROXY or HTTP_PROXY by the server's scheme, else ALL_PROXY, which Go does not read but
 * curl and git do. None of them where NO_PROXY matches the server. Each variable may be in lower case; upper case comes first, as in Go up
 * to 1.26.
 * @param own the kubeconfig's proxy-url
 * @throws InvalidInput for a proxy URL that cannot be used
 */
export function chooseProxy(server: URL, own: string | undefined, env: Environment): URL | undefined {
  if (own !== undefined) return parseProxy(own, "the kubeconfig's proxy-url");
  const name = [server.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY", "ALL_PROXY"].find((one) =>
    valueOf(one, env),
  );
  if (name === undefined) return undefined;
  // A web server hands a request's header Proxy to a CGI program as HTTP_PROXY (golang.org/s/cgihttpproxy).
  if (name === "HTTP_PROXY" && env["REQUEST_METHOD"]) return undefined;
  if (isExcepted(server, valueOf("NO_PROXY", env))) return undefined;
  const value = valueOf(name, env);
  return parseProxy(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`, name);
}

function valueOf(name: string, env: Environment): string {
  return env[name] || env[name.toLowerCase()] || "";
}

function parseProxy(text: string, source: string): URL {
  const url = URL.parse(text);
  if (url === null || !["http:", "https:", "socks5:", "socks5h:"].includes(url.protocol) || url.hostname === "") {
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
  const network = parseNetwork(exception);
  if (network !== undefined) return isInNetwork(host, network);
  const { name, port: onlyPort } = splitPort(exception);
  if (name === "" || (onlyPort !== undefined && onlyPort !== "" && onlyPort !== port)) return false;
  if (isIP(name) !== 0) return isSameAddress(name, host);
  if (isIP(host) !== 0) return false;
  const suffix = toAscii(name.startsWith("*.") ? name.slice(1) : name);
  return suffix.startsWith(".") ? host.endsWith(suffix) : host === suffix || host.endsWith(`.${suffix}`);
}

/** As Go's net.SplitHostPort: a text with several colons and no brackets has no port. */
function splitPort(text: string): { name: string; port?: string } {
  const bracketed = /^\[([^\]]*)\]:([^:[\]]*)$/.exec(text);
  if (bracketed !== null) return { name: bracketed[1] ?? "", port: bracketed[2] ?? "" };
  const [name = "", port, more] = text.split(":");
  return port === undefined || more !== undefined || /[[\]]/.test(text) ? { name: text } : { name, port };
}

interface Network {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

function parseNetwork(text: string): Network | undefined {
  const [, address = "", digits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = isIP(address);
  const bits = Number(digits);
  if (family === 0 || address.includes("%") || bits > (family === 4 ? 32 : 128)) return undefined;
  const plain = plainAddress(address);
  if (family === 6 && isIP(plain) === 6) return { address, bits, family: "ipv6" };
  // Of an IPv4 address that is written as an IPv6 one, the last 32 bits count.
  return { address: plain, bits: family === 4 ? bits : Math.max(0, bits - 96), family: "ipv4" };
}

function isInNetwork(host: string, { address, bits, family }: Network): boolean {
  const plain = plainAddress(host);
  if (isIP(plain) !== (family === "ipv4" ? 4 : 6)) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, family);
  return list.check(plain, family);
}

function isSameAddress(one: string, other: string): boolean {
  if (isIP(other) === 0) return false;
  const [a, b] = [plainAddress(one), plainAddress(other)];
  if (isIP(a) !== isIP(b)) return false;
  const list = new BlockList();
  list.addAddress(a, isIP(a) === 4 ? "ipv4" : "ipv6");
  return list.check(b, isIP(b) === 4 ? "ipv4" : "ipv6");
}

/** An IPv4 address that is written as an IPv6 one is the IPv4 address. */
function plainAddress(text: string): string {
  const parsed = isIP(text) === 6 ? (URL.parse(`http://[${text}]`)?.hostname ?? "") : "";
  const mapped = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(parsed);
  if (mapped === null) return text;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

function toAscii(name: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the ASCII characters
  if (/^[\u0000-\u007F]*$/.test(name)) return name;
  const dotted = name.startsWith(".");
  return `${dotted ? "." : ""}${URL.parse(`http://${dotted ? name.slice(1) : name}`)?.hostname ?? name}`;
}

/** @param host an IP address */
export function isLoopback(host: string): boolean {
  const plain = plainAddress(host);
  return plain === "::1" || (isIP(plain) === 4 && plain.startsWith("127."));
}

/** A URL's host without the brackets of an IPv6 address. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").toLowerCase();
}
