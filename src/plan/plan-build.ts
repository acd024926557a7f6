/** Makes a plan from a command line and the files that it names. Pure, and the only place that refuses a command line. */
import { randomBytes } from "node:crypto";
import { BUILDER_NAMES, isBuilderName } from "./builder-names.ts";
import type { BuilderName } from "./builder-names.ts";
import { withImplied } from "./docker/proxies.ts";
import { readDockerOptions } from "./docker/read-options.ts";
import { refuseOtherBytes } from "../lib/dockerfile/encoding.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { bytesOf } from "./docker/resources.ts";
import { InvalidInput } from "../errors.ts";
import { AUTO, TRANSPORTS, candidatesOf } from "./transports.ts";
import type { TransportChoice } from "./transports.ts";
import { accessOf, nameOf, scopesOf } from "./access.ts";
import { argumentsOf, splitPair } from "./build-args.ts";
import { parseDuration } from "../lib/text/duration.ts";
import { egressOf } from "./egress.ts";
import { basesOf, cachesOf, contextImages, generatorsOf } from "./images-used.ts";
import { completeName } from "./complete-name.ts";
import type { BuildInputs } from "./gather.ts";
import type { BuildPlan, Repository } from "./plan.ts";
import { podSettingsOf } from "./pod-settings.ts";
import { Reference, hasVersion, parseReference } from "../lib/image/reference.ts";
import type { BuildRequest } from "./request.ts";
import { verifyBases } from "./verify-base.ts";
import { trimChars } from "../lib/text/linear.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export interface PlanFacts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The builder's image if the command line names none. */
  readonly builderImage: string;
  readonly user: string;
  readonly version: string;
}

/** @throws InvalidInput for anything in the request that cannot be done. Nothing has been created yet. */
export function planBuild(request: BuildRequest, inputs: BuildInputs, facts: PlanFacts): BuildPlan {
  const builder = builderOf(request);
  const docker = readDockerOptions(request.docker ?? {}, facts.env);
  // Docker completes a name that is only written into an archive.
  const registry = docker.options.noPush === true ? undefined : { prefix: request.registry };
  const typed = [...request.tags, ...docker.names];
  for (const text of typed) parseReference(text, "tag");
  const names = typed.map((text) => (registry === undefined ? text : completeName(text, registry.prefix)));
  const tags = docker.options.byDigest === true ? names.map(repositoryOf) : names.map(tagOf);
  if (docker.push && tags.length === 0) {
    throw new InvalidInput("tag is needed when pushing to registry", {
      docker: "refuses",
      suggestions: ["Name the image with -t REGISTRY/NAME[:TAG]."],
    });
  }
  const buildArgs = withImplied(argumentsOf(request.buildArgs, facts.env), inputs.proxies ?? {}, facts.env);
  if (inputs.dockerfile.text !== undefined && inputs.dockerfile.bytes !== undefined)
    refuseOtherBytes(parseDockerfile(inputs.dockerfile.text), inputs.dockerfile.bytes);
  if (request.verifyBase === true && inputs.dockerfile.text !== undefined)
    verifyBases(parseDockerfile(inputs.dockerfile.text), new Map(buildArgs), docker.options.buildContexts);
  const bases = basesOf(request, inputs, buildArgs, docker.options);
  const contexts = contextImages(docker.options);
  const insecure = request.insecureRegistries.map((text) => hostOf(text, "insecure-registry"));
  const further = (request.baseRegistries ?? []).map((text) => hostOf(text, "base-registry"));
  const registries = {
    hosts: [
      ...new Set(
        [
          ...tags,
          ...bases,
          ...generatorsOf(docker.options),
          ...cachesOf(docker.options.cacheFrom),
          ...cachesOf(docker.options.cacheTo),
          ...contexts,
        ]
          .map((reference) => reference.registry)
          .concat(further),
      ),
    ],
    pulledFrom: [...new Set([...bases, ...contexts].map(({ registry }) => registry))],
    insecure,
    ...omitUndefined({ ca: inputs.ca }),
  };
  return {
    ...docker.options,
    ...podSettingsOf(request.pod ?? {}, inputs.podTemplate, docker.options),
    name: buildName(tags),
    builder,
    builderImage: request.builderImage ?? facts.builderImage,
    helperImage: request.helperImage,
    ...omitUndefined({ context: inputs.context, repository: inputs.repository }),
    dockerfile: inputs.dockerfile,
    ...omitUndefined({ directories: inputs.directories }),
    ...layoutsOf(request, inputs),
    sendAll: request.sendAll === true,
    ...(request.reproducible === true ? { latestTime: epochOf(buildArgs) } : {}),
    tags,
    names,
    buildArgs,
    ...(request.buildArgs.some((text) => /^SOURCE_DATE_EPOCH(?:=.|$)/.test(text)) ? { sourceDateEpoch: true } : {}),
    ...omitUndefined({ target: request.target }),
    labels: labelsOf([...(inputs.labels ?? []), ...request.labels]),
    noCache: request.noCache,
    registries,
    ...accessOf(request),
    ...(request.registryTokens === true
      ? {
          registryScopes: scopesOf(
            [...bases, ...contexts, ...cachesOf(docker.options.cacheFrom)],
            [...tags, ...cachesOf(docker.options.cacheTo)],
          ),
        }
      : {}),
    ...networkOf(request, registries, inputs.repository),
    ...signatureOf(request),
    transport: inputs.repository === undefined ? transportOf(request, inputs) : "none",
    // Builds of the same image share one cache, even if they start in different directories.
    cacheName: request.cacheName ?? tags[0]?.name ?? inputs.context?.project ?? inputs.context?.root ?? "",
    volume: {
      size: quantityOf(request.volumeSize),
      ...omitUndefined({ storageClass: request.storageClass }),
    },
    ...(request.cacheVolume === undefined ? {} : { cacheVolume: nameOf(request.cacheVolume, "cache-volume") }),
    ...keepOf(request),
    ...warningOf(request),
    timeoutSeconds: parseDuration(request.timeout, "timeout"),
    ttlSeconds: parseDuration(request.ttl, "ttl"),
    user: facts.user,
    version: facts.version,
  };
}

function builderOf({ builder }: BuildRequest): BuilderName {
  if (isBuilderName(builder)) return builder;
  throw new InvalidInput(`there is no builder "${builder}"`, {
    docker: "refuses",
    suggestions: [`Choose one of: ${BUILDER_NAMES.join(", ")}.`],
  });
}

function transportOf({ transport }: BuildRequest, { directories = [] }: BuildInputs): TransportChoice {
  const found = [AUTO, ...TRANSPORTS].find((name): name is TransportChoice => name === transport);
  if (
    found !== undefined &&
    directories.length > 0 &&
    candidatesOf(found).some(({ oneDirectory }) => oneDirectory === true)
  ) {
    throw new InvalidInput(`--transport ${found} supports only one directory, and --build-context names another one`, {
      suggestions: ["Remove --transport, or use --transport stream."],
    });
  }
  if (found !== undefined) return found;
  throw new InvalidInput(`there is no transport "${transport}"`, {
    suggestions: [`Choose one of: ${AUTO}, ${TRANSPORTS.join(", ")}.`],
  });
}

/** `--sign-log none` is accepted without `--sign`, so that a configuration may set it for all builds. */
function signatureOf({ sign, signKey, signLog }: BuildRequest): Pick<BuildPlan, "sign" | "signLog"> {
  if (sign !== true && signKey === undefined) return {};
  const key = signKey ?? "";
  if (key === "" && signLog === "none") {
    throw new InvalidInput(
      "--sign-log none needs a key: a signature without a key is verified by its entry in the log",
      {
        suggestions: ["Name a key with --sign-key, or remove --sign-log none."],
      },
    );
  }
  return { sign: key, ...omitUndefined({ signLog }) };
}

function networkOf(
  { networkPolicy, egress = [] }: BuildRequest,
  { hosts, insecure }: BuildPlan["registries"],
  repository: Repository | undefined,
): Pick<BuildPlan, "egress"> {
  const servers = repository === undefined ? hosts : [...hosts, serverOf(repository)];
  if (networkPolicy === true) return { egress: egressOf(servers, insecure, egress) };
  if (egress.length === 0) return {};
  throw new InvalidInput("--egress has no effect without --network-policy", {
    suggestions: ["Add --network-policy."],
  });
}

/** The git server as `HOST:PORT`. */
function serverOf({ remote }: Repository): string {
  const { hostname, port, protocol } = new URL(remote);
  return `${hostname}:${port || { "http:": 80, "git:": 9418 }[protocol] || 443}`;
}

/** @throws InvalidInput without --keep: only a kept builder asks this client for what it needs */
function layoutsOf({ keep }: BuildRequest, { layouts }: BuildInputs): Pick<BuildPlan, "layouts"> {
  if (layouts === undefined) return {};
  if (keep !== undefined) return { layouts };
  throw new InvalidInput(
    "--build-context with oci-layout:// needs --keep: only a kept builder can read it from this client",
    {
      suggestions: ["Add --keep 30m.", "Or push the image to a registry, and write docker-image://IMAGE."],
    },
  );
}

/** A client that builds postpones the end each third of this time, so a shorter one could pass in between. */
const SHORTEST_KEEP_SECONDS = 60;

function keepOf({ keep, transport, registryTokens }: BuildRequest): Pick<BuildPlan, "keepSeconds"> {
  if (keep === undefined) return {};
  const keepSeconds = parseDuration(keep, "keep");
  if (keepSeconds < SHORTEST_KEEP_SECONDS) {
    throw new InvalidInput(
      `--keep ${keep} is too short: a kept builder stays for at least ${SHORTEST_KEEP_SECONDS} seconds`,
      {
        suggestions: ["Write for example --keep 30m."],
      },
    );
  }
  if (transport !== "auto") {
    throw new InvalidInput(
      `--transport ${transport} cannot go with --keep: a kept builder asks this client for the files that it needs`,
      {
        suggestions: ["Leave out --transport or --keep."],
      },
    );
  }
  if (registryTokens === true) {
    throw new InvalidInput(
      "--registry-tokens cannot go with --keep: no login is sent, as a kept builder asks this client for each",
      {
        suggestions: ["Leave out --registry-tokens or --keep."],
      },
    );
  }
  return { keepSeconds };
}

function warningOf({ contextWarning = "0" }: BuildRequest): Pick<BuildPlan, "contextWarning"> {
  const bytes = bytesOf(contextWarning, "context-warning");
  return bytes === 0 ? {} : { contextWarning: bytes };
}

/** @throws InvalidInput if the value is not a number of seconds. */
function epochOf(buildArgs: readonly (readonly [string, string])[]): number {
  const text = buildArgs.find(([name]) => name === "SOURCE_DATE_EPOCH")?.[1] ?? "0";
  if (/^\d{1,11}$/.test(text)) return Number(text);
  throw new InvalidInput(`SOURCE_DATE_EPOCH=${text} is not a Unix time in seconds`, {
    docker: "refuses",
    suggestions: ["Set it, for example: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)."],
  });
}

function tagOf(text: string): Reference {
  const reference = parseReference(text, "tag");
  if (reference.digest === undefined) return reference;
  throw new InvalidInput(`invalid tag "${text}": the digest of an image is not known before the build`, {
    docker: "refuses",
    suggestions: ["Remove the @ and what follows it."],
  });
}

/** The name of an image that gets no tag. */
function repositoryOf(text: string): Reference {
  const { registry, repository } = tagOf(text);
  if (!hasVersion(text)) return new Reference({ registry, repository });
  throw new InvalidInput(`can't push tagged ref ${text} by digest`, {
    docker: "refuses",
    suggestions: [`Leave out the tag: ${text.slice(0, text.lastIndexOf(":"))}`, "Or leave out push-by-digest=true."],
  });
}

/** If two labels have the same key, the last one counts. */
function labelsOf(texts: readonly string[]): [string, string][] {
  return [...new Map(texts.map(labelOf))];
}

function labelOf(text: string): [string, string] {
  const [key, value] = splitPair(text);
  if (key === "")
    throw new InvalidInput(`invalid label "${text}": it has no key`, {
      docker: "refuses",
      suggestions: ["Write --label KEY=VALUE."],
    });
  return [key, value ?? ""];
}

function hostOf(text: string, flag: string): string {
  if (/^(?:[\w.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?$/.test(text)) return text;
  throw new InvalidInput(`--${flag} ${text} is not a registry host`, {
    suggestions: ["Write HOST or HOST:PORT, without a scheme or path."],
  });
}

/** A Kubernetes quantity (apimachinery, resource.Quantity); only the forms that make sense for the size of a volume. */
function quantityOf(text: string): string {
  if (/^[1-9]\d*(?:[kMGTP]|[KMGTP]i)?$/.test(text)) return text;
  throw new InvalidInput(`--volume-size ${text} is not a size`, {
    suggestions: ["Write it as Kubernetes does: 500Mi, 10Gi."],
  });
}

/**
 * A unique name that tells people what is built. At most 63 characters, because it becomes a label and a pod name (the Job's
 * controller adds six).
 */
function buildName(tags: readonly Reference[]): string {
  const image = tags[0]?.repository.split("/").at(-1) ?? "build";
  const slug = trimChars(image.replaceAll(/[^a-z0-9]+/g, "-").slice(0, 30), "-");
  // 8 characters of the alphabet that Kubernetes uses for generated names. It has no vowels, so it makes no words.
  const alphabet = "bcdfghjklmnpqrstvwxz2456789";
  const random = Array.from(randomBytes(8), (byte) => alphabet[byte % alphabet.length]).join("");
  return `slipway-${slug}-${random}`;
}
