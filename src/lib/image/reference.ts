/**
 * Image references by the grammar of distribution/reference, normalised as docker does for names that a person types:
 * https://github.com/distribution/reference/blob/main/{reference,normalize,regexp}.go
 */
import { publicUrl } from "../text/public-url.ts";
import { InvalidInput } from "../../errors.ts";

const DOCKER_HUB = "docker.io";
const LEGACY_HUB = "index.docker.io";
const OFFICIAL = "library/";

/** Longest repository path without the registry, in characters. */
const MAX_PATH_LENGTH = 255;
const MAX_TAG_LENGTH = 128;

const REGISTRY =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:[_.]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]*$/;
const IDENTIFIER = /^[a-f0-9]{64}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Number of hex digits of each digest algorithm. */
const DIGEST_LENGTH: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

/** The full name of an image. If the text has neither tag nor digest, `tag` is `latest`. */
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

  /** Registry and repository, without tag and digest. */
  get name(): string {
    return `${this.registry}/${this.repository}`;
  }

  /** The full form, which parses to the same reference: `docker.io/library/alpine:latest`. */
  toString(): string {
    return this.name + this.#version();
  }

  /** The short form that docker shows: `alpine:latest`. */
  toFamiliarString(): string {
    if (this.registry !== DOCKER_HUB) return this.toString();
    // The short form must parse to the same image: `library/a/b` keeps its prefix, `localhost/a` on Docker Hub its registry.
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

/** Whether a name of an image, as it was typed, ends with a tag or a digest. A port of the registry is neither. */
export function hasVersion(name: string): boolean {
  return name.slice(name.lastIndexOf("/") + 1).includes(":");
}

/**
 * Reads an image reference as docker does.
 * @param role the kind of text, for the message: `tag` gives docker's `invalid tag "X": …`
 * @throws InvalidInput with the text, its error and a remedy
 */
export function parseReference(text: string, role = "image reference"): Reference {
  const refuse = (reason: string, remedy: string): never => {
    throw new InvalidInput(`invalid ${role} "${publicUrl(text)}": ${reason}`, {
      docker: "refuses",
      suggestions: [remedy],
    });
  };
  if (text === "")
    refuse("repository name must have at least one component", "Write it as [registry/]repository[:tag].");
  if (/^https?:\/\//i.test(text)) {
    refuse(
      "invalid reference format: a scheme is not part of it",
      `Write "${publicUrl(text).replace(/^https?:\/\//i, "")}".`,
    );
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
      `Write "${typed.toLowerCase()}" instead of "${typed}".`,
    );
  }
  for (const part of repository.split("/")) {
    if (PATH_PART.test(part)) continue;
    refuse(
      part === "" ? "invalid reference format: a part of the name is empty" : `invalid reference format: "${part}"`,
      "Between slashes use a-z and 0-9, separated by single dots, one or two underscores, or dashes.",
    );
  }
  if (repository.length > MAX_PATH_LENGTH) {
    refuse(
      `repository name must not be more than ${MAX_PATH_LENGTH} characters`,
      `Shorten the repository by ${repository.length - MAX_PATH_LENGTH} characters.`,
    );
  }
  if (tag !== undefined && (!TAG.test(tag) || tag.length > MAX_TAG_LENGTH)) {
    refuse(
      tag === "" ? "invalid reference format: the tag is empty" : `invalid reference format: tag "${tag}"`,
      `A tag has 1 to ${MAX_TAG_LENGTH} characters of A-Z a-z 0-9 _ . - and does not start with a dot or a dash.`,
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

/** Docker's rule: the text before the first slash is a host if it has a dot, a colon or a capital, or is `localhost`. */
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

/** Whether the text names a registry, `docker.io` included. */
export function namesRegistry(text: string): boolean {
  const first = text.includes("/") ? text.slice(0, text.indexOf("/")) : "";
  return first !== "" && (splitRegistry(text).registry !== DOCKER_HUB || first === DOCKER_HUB || first === LEGACY_HUB);
}

/** Whether the text is a whole digest. What a registry or a builder calls one may be anything, such as a tag or a path. */
export function isDigest(text: string): boolean {
  return faultOfDigest(text) === undefined;
}

function faultOfDigest(digest: string): string | undefined {
  if (!DIGEST.test(digest)) return `invalid reference format: digest "${digest}"`;
  const [algorithm = "", hex = ""] = digest.split(":");
  const length = DIGEST_LENGTH.get(algorithm);
  if (length === undefined) return `unsupported digest algorithm "${algorithm}"`;
  if (hex.length !== length) return `invalid checksum digest length: ${hex.length} instead of ${length}`;
  return /^[a-f0-9]+$/.test(hex) ? undefined : `invalid checksum digest format: "${digest}"`;
}
