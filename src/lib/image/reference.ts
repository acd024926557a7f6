/**
 * Image references by the grammar of distribution/reference, normalised the way docker reads what a person types:
 * https://github.com/distribution/reference/blob/main/{reference,normalize,regexp}.go
 */
import { InvalidInput } from "../../errors.ts";

const DOCKER_HUB = "docker.io";
const LEGACY_HUB = "index.docker.io";
const OFFICIAL = "library/";

/** Longest repository path, without its registry. */
const PATH_LIMIT = 255;
const TAG_LIMIT = 128;

const REGISTRY =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:[_.]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]*$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Hex digits of each algorithm a registry may be asked for. */
const DIGEST_LENGTH: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

/** An image's full name. Without tag and digest in the text, `tag` is `latest`. */
export class Reference {
  /** Host and port as typed, `docker.io` for Docker Hub. */
  readonly registry: string;
  /** Path below the registry: `library/alpine`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;

  constructor(parts: { registry: string; repository: string; tag?: string | undefined; digest?: string | undefined }) {
    this.registry = parts.registry;
    this.repository = parts.repository;
    if (parts.tag !== undefined) this.tag = parts.tag;
    if (parts.digest !== undefined) this.digest = parts.digest;
  }

  /** Registry and repository without tag and digest: what a digest is appended to. */
  get name(): string {
    return `${this.registry}/${this.repository}`;
  }

  /** The full form, which parses to the same reference: `docker.io/library/alpine:latest`. */
  toString(): string {
    return this.name + this.#version();
  }

  /** The short form docker shows a person: `alpine:latest`. */
  toFamiliarString(): string {
    if (this.registry !== DOCKER_HUB) return this.toString();
    // Only what reads back as the same image: `library/a/b` keeps its prefix, `localhost/a` on Docker Hub its registry.
    const short = [this.repository.replace(/^library\//, ""), this.repository].find((form) => {
      const { registry, rest } = splitRegistry(form);
      return registry === DOCKER_HUB && rest === this.repository;
    });
    return (short ?? this.name) + this.#version();
  }

  #version(): string {
    return (this.tag === undefined ? "" : `:${this.tag}`) + (this.digest === undefined ? "" : `@${this.digest}`);
  }
}

/**
 * Read an image reference as docker would.
 * @param role what the text is to the user, for the message: `tag` gives docker's `invalid tag "X": …`
 * @throws InvalidInput naming the text, what is wrong with it and what to write instead
 */
export function parseReference(text: string, role = "image reference"): Reference {
  const refuse = (reason: string, remedy: string): never => {
    throw new InvalidInput(`invalid ${role} "${text}": ${reason}`, { docker: "refuses", suggestions: [remedy] });
  };
  if (text === "")
    refuse("repository name must have at least one component", "Write it as [registry/]repository[:tag].");
  if (/^https?:\/\//i.test(text)) {
    refuse("invalid reference format: a scheme is not part of it", `Write "${text.replace(/^https?:\/\//i, "")}".`);
  }
  if (IDENTIFIER.test(text)) {
    refuse(
      `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`,
      `To name an image by its digest, write repository@sha256:${text}.`,
    );
  }

  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const { registry, rest } = splitRegistry(at < 0 ? text : text.slice(0, at));
  const colon = rest.indexOf(":");
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);

  if (!REGISTRY.test(registry)) {
    refuse(
      `invalid reference format: "${registry}" is not a registry host`,
      "A registry is a host name, an IPv4 address or an IPv6 address in brackets, with an optional :port.",
    );
  }
  if (repository !== repository.toLowerCase()) {
    const typed = text.includes("/") ? repository : repository.slice(OFFICIAL.length);
    refuse(
      `invalid reference format: repository name (${repository}) must be lowercase`,
      `Write "${typed.toLowerCase()}" in place of "${typed}".`,
    );
  }
  for (const part of repository.split("/")) {
    if (PATH_PART.test(part)) continue;
    refuse(
      part === "" ? "invalid reference format: a part of the name is empty" : `invalid reference format: "${part}"`,
      "Between slashes use a-z and 0-9, with single dots, one or two underscores, or dashes inside.",
    );
  }
  if (repository.length > PATH_LIMIT) {
    refuse(
      `repository name must not be more than ${PATH_LIMIT} characters`,
      `Shorten the repository by ${repository.length - PATH_LIMIT} characters.`,
    );
  }
  if (tag !== undefined && (!TAG.test(tag) || tag.length > TAG_LIMIT)) {
    refuse(
      tag === "" ? "invalid reference format: the tag is empty" : `invalid reference format: tag "${tag}"`,
      `A tag has 1 to ${TAG_LIMIT} of A-Z a-z 0-9 _ . - and does not start with a dot or a dash.`,
    );
  }
  if (digest !== undefined) {
    const reason = faultOfDigest(digest);
    if (reason !== undefined) refuse(reason, "A digest is sha256: and 64 hex digits in lower case.");
  }
  return new Reference({
    registry,
    repository,
    tag: tag ?? (digest === undefined ? "latest" : undefined),
    digest,
  });
}

/** docker's rule for whether the text before the first slash is a host: it has a dot, a colon or a capital, or is `localhost`. */
function splitRegistry(name: string): { registry: string; rest: string } {
  const slash = name.indexOf("/");
  if (slash < 0) return { registry: DOCKER_HUB, rest: OFFICIAL + name };
  const first = name.slice(0, slash);
  const isHost = first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
  if (!isHost) return { registry: DOCKER_HUB, rest: name };
  const rest = name.slice(slash + 1);
  if (first !== DOCKER_HUB && first !== LEGACY_HUB) return { registry: first, rest };
  return { registry: DOCKER_HUB, rest: rest.includes("/") ? rest : OFFICIAL + rest };
}

/** Whether the text says which registry, `docker.io` included, rather than leaving it open. */
export function namesRegistry(text: string): boolean {
  const first = text.includes("/") ? text.slice(0, text.indexOf("/")) : "";
  return first !== "" && (splitRegistry(text).registry !== DOCKER_HUB || first === DOCKER_HUB || first === LEGACY_HUB);
}

function faultOfDigest(digest: string): string | undefined {
  if (!DIGEST.test(digest)) return `invalid reference format: digest "${digest}"`;
  const [algorithm = "", hex = ""] = digest.split(":");
  const length = DIGEST_LENGTH.get(algorithm);
  if (length === undefined) return `unsupported digest algorithm "${algorithm}"`;
  if (hex.length !== length) return `invalid checksum digest length: ${hex.length} in place of ${length}`;
  return /^[a-f0-9]+$/.test(hex) ? undefined : `invalid checksum digest format: "${digest}"`;
}
